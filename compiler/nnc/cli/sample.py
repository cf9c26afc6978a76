"""`nnc sample RUN|MODEL`: what a trained model makes, text or pictures; it needs no PyTorch."""

from __future__ import annotations

from pathlib import Path

import click

from nnc.cli import places
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.models import built_in, model_file
from nnc.cli.verb import FILE, verb
from nnc.deploy import pictures_sample, sampling
from nnc.deploy.about import STEPS
from nnc.deploy.session import Session
from nnc.record import Record

MOST, LONGEST = 10_000, 10_000_000


class Options(Record):
    """What the command line said of one kind of samples; None where it said nothing."""

    prompt: str | None
    length: int | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    context: int | None
    label: str | None
    interpolate: int | None
    latent: tuple[tuple[str, tuple[float, ...]], ...] | None = None


OF_TEXT = ("prompt", "length", "temperature", "top_k", "top_p", "context")
OF_PICTURES = ("label", "interpolate", "latent")


@verb("sample")
@click.argument("model", type=FILE, metavar="RUN|MODEL")
@click.option("--prompt", metavar="TEXT", help="Text: what it begins with.")
@click.option("--length", type=click.IntRange(1, LONGEST), help="Text: so many units; 500.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, 100),
    help="Text: below 1 likely units get likelier, 0 takes the likeliest each time; 0.8.",
)
@click.option("--top-k", type=click.IntRange(0), help="Text: among the K likeliest units.")
@click.option(
    "--top-p",
    type=click.FloatRange(0, 1, min_open=True),
    help="Text: among the likeliest units that are this probable together.",
)
@click.option(
    "--context",
    type=click.IntRange(1, LONGEST),
    metavar="N",
    help="Text: keeps so many units in mind; by default attention as many as in training.",
)
@click.option("--label", metavar="CLASS", help="Pictures: of a class alone; by default of all.")
@click.option(
    "--latent",
    "latents",
    multiple=True,
    metavar="NAME=N,..",
    help="Pictures: a latent that is the same in all of them.",
)
@click.option(
    "--interpolate",
    type=click.IntRange(2, 1000),
    metavar="N",
    help="Pictures: N steps between two latents.",
)
@click.option(
    "--count",
    type=click.IntRange(1, MOST),
    help="So many; by default 1 text, 64 pictures, with --interpolate 1 row.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "-o",
    "output",
    type=FILE,
    metavar="FILE|DIR",
    help="Text: the file; pictures: one sheet (.png), or a folder with a file for each.",
)
@click.option("--json", "json", is_flag=True, help="Text: one JSON document on stdout.")
def command(
    console: Console,
    model: str,
    count: int | None,
    seed: int,
    output: str | None,
    json: bool,
    prompt: str | None,
    length: int | None,
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    context: int | None,
    label: str | None,
    latents: tuple[str, ...],
    interpolate: int | None,
) -> None:
    """Write text with a language model as it comes, or draw pictures with a generator.

    A language model is trained with `export X { streaming }`, which writes the step.onnx.
    """
    console.json = json
    held = tuple(_latent(each) for each in latents) or None
    options = Options(prompt, length, temperature, top_k, top_p, context, label, interpolate, held)
    session = Session(_file(model, console))
    if pictures_sample.makes_pictures(session):
        _refuse(options, OF_TEXT, session, "draws pictures")
        _pictures(session, options, count, seed, output, console)
    elif session.about.stream is not None:
        _refuse(options, OF_PICTURES, session, "writes text")
        _text(session, options, count, seed, output, console)
    else:
        raise _neither(session, model, console)


def _latent(text: str) -> tuple[str, tuple[float, ...]]:
    """`code=3`, `turn=-1,0.5`."""
    name, _, values = text.partition("=")
    try:
        return name.strip(), tuple(float(value) for value in values.split(","))
    except ValueError:
        raise unusable(
            f"`--latent {text}` names no numbers", help="write `--latent NAME=NUMBER,...`"
        ) from None


def _pictures(
    session: Session,
    options: Options,
    count: int | None,
    seed: int,
    output: str | None,
    console: Console,
) -> None:
    from nnc.cli.sample_pictures import draw  # Pillow is of the extras

    rows = 1 if options.interpolate else 64
    steps, label = options.interpolate or 0, options.label or ""
    wish = pictures_sample.Wish(count or rows, seed, label, steps, options.latent or ())
    draw(session, wish, output, console)


def _text(
    session: Session,
    options: Options,
    count: int | None,
    seed: int,
    output: str | None,
    console: Console,
) -> None:
    from nnc.cli.sample_text import write  # only a language model needs it

    wish = sampling.Wish(
        500 if options.length is None else options.length,
        0.8 if options.temperature is None else options.temperature,
        options.top_k or 0,
        1.0 if options.top_p is None else options.top_p,
        seed,
        options.context or 0,
    )
    write(session, options.prompt or "", wish, count or 1, output, console)


def _refuse(options: Options, words: tuple[str, ...], session: Session, does: str) -> None:
    for word in words:
        if getattr(options, word) is not None:
            option = "--" + word.replace("_", "-")
            raise click.UsageError(f"{option} says nothing here: {session.name} {does}.")


def _file(path: str, console: Console) -> Path:
    """The file that a model or a run samples with: that of one step where there is one."""
    found = model_file(path, console, "sample")
    beside = found.with_name(STEPS)
    return beside if found.name == "model.onnx" and beside.is_file() else found


def _neither(session: Session, model: str, console: Console) -> Exception:
    """Why a file makes nothing by itself."""
    shown = relative(model)
    if session.about.task == "language":
        name, folder = session.about.network, "build/SPEC"
        if places.kind(model) == "run":
            folder = built_in(places.run_at(model, "any", console))
        else:
            shown = "RUN"
        return unusable(
            f"{session.name} takes texts whole; step.onnx, which writes step by step, is not there",
            help=f"`nnc build {shown} --streaming` makes one of a run's weights: then "
            f"`nnc sample {folder}`; with `export {name} {{ streaming }}` in the spec training "
            "makes it",
        )
    if any(session.about.output(port.name).meaning == "image" for port in session.outputs):
        help = f"`nnc run {shown} PICTURE -o out.png` does"
        return unusable(f"{session.name} translates pictures: it draws none", help=help)
    return unusable(
        f"{session.name} is no generator and no language model: there is nothing to draw",
        help=f"`nnc run {shown} INPUT` runs it",
    )
