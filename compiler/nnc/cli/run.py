"""`nnc run MODEL INPUT...`: what a trained model says to pictures, rows or arrays."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from nnc.cli.console import Console
from nnc.cli.failures import MISTAKE, relative, unusable
from nnc.cli.models import model_file
from nnc.cli.nearby import absent
from nnc.cli.verb import FILE, two_forms, verb
from nnc.deploy.about import MOST_PIXELS
from nnc.deploy.gather import STDIN, trained_size
from nnc.deploy.gather_pictures import Size
from nnc.deploy.predict import Prediction, dump, flat, gather, predict, save_pictures, stepped
from nnc.deploy.sample import Remark, Sample
from nnc.deploy.session import Session
from nnc.record import Record, replace
from nnc.render.json import document, line
from nnc.render.table import table
from nnc.train.data.pictures import ENDINGS

FORMATS = ("table", "json", "jsonl", "csv")


class Tally(Record):
    """What a run of a model is told to do with its answers."""

    session: Session
    found: list[Prediction]
    keep: bool

    def counted(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """The same; what is needed at the end is kept, arrays only where they are dumped."""
        for one in predictions:
            kept = one if self.keep else Prediction(one.input, {}, {}, one.error)
            self.found.append(kept)
            yield one

    @property
    def errors(self) -> int:
        """How many samples have no answer."""
        return sum(bool(one.error) for one in self.found)


def _size_of(ctx: click.Context, param: click.Parameter, text: str | None) -> Size:
    if text is None:
        return "trained"
    if text == "native":
        return "native"
    height, _, width = text.lower().partition("x")
    sides = [int(side) for side in (height, width) if side.isascii() and side.isdigit()]
    if len(sides) != 2 or not 0 < sides[0] * sides[1] <= MOST_PIXELS:
        said = f"{text!r} is neither `native` nor a size like 480x640"
        raise click.BadParameter(said, ctx, param)
    return sides[0], sides[1]


@verb("run")
@click.argument("model", type=FILE, metavar="MODEL|RUN")
@click.argument("inputs", nargs=-1, required=True, type=FILE, metavar="INPUT...")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Table on a terminal, else jsonl."
)
@click.option("--json", "json", is_flag=True, help="Short for --format json.")
@click.option(
    "-o",
    "output",
    type=FILE,
    metavar="FILE|DIR",
    help="Write answers there; pictures that it makes: a .png, or a folder, by the inputs' names.",
)
@click.option("--top", type=click.IntRange(min=1), default=3, show_default=True, help="Classes.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True)
@click.option(
    "--size",
    metavar="HxW|native",
    callback=_size_of,
    help="Of pictures: height x width, or their own; by default that of training.",
)
@click.option("--keep-going", is_flag=True, help="List what cannot be read, and go on.")
@click.option("--dump", "dumped", metavar="FILE.npz", help="Write all outputs as arrays.")
def command(
    console: Console,
    model: str,
    inputs: tuple[str, ...],
    form: str | None,
    json: bool,
    output: str | None,
    top: int,
    batch: int,
    size: Size,
    keep_going: bool,
    dumped: str | None,
) -> int:
    """Run a model on files, folders, or `-` for standard input; it needs no PyTorch."""
    if json and form not in (None, "json"):
        raise two_forms(str(form))
    form, pictures = "json" if json else form or _form(output), _draws(output)
    console.json = form == "json"
    session = whole(Session(model_file(model, console)))
    if not session.about.trained:
        console.note(f"note: {session.name} has initial weights: it was not trained")
    missing = [path for path in inputs if path != "-" and not os.path.exists(path)]
    if missing and not keep_going:
        raise absent(missing[0])
    stdin = sys.stdin.buffer.read() if "-" in inputs else b""
    unseen: Counter[str] = Counter()
    _tell_size(session, size, console)
    samples = gather(session, inputs, keep_going=keep_going, stdin=stdin, size=size, unseen=unseen)
    remarks: Counter[Remark] = Counter()
    samples = _remarked(_noted(samples, console), remarks)
    made = predict(session, samples, batch=batch, top=top, keep_going=keep_going)
    tally = Tally(session, [], dumped is not None or pictures)
    text = _written(tally, made, form, len(inputs) > 1 or Path(inputs[0]).is_dir(), console)
    if output is None or pictures:
        for part in text:
            console.result(part)
    else:
        with open(output, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(text)
        console.note(f"{_counted(len(tally.found), 'answer')} in {output}")
    _tell_unseen(unseen, console)
    for remark, count in remarks.items():
        console.note(f"note: {console.shown(remark.said(count))}")
    if pictures:
        _pictures(tally, str(output), console)
    if dumped is not None:
        _dump(tally.found, dumped)
    return MISTAKE if tally.errors else 0


def whole(session: Session) -> Session:
    """The same; a file that takes one step at a time is refused."""
    if session.about.stream is not None:
        raise unusable(
            f"{session.name} takes one step of a sequence at a time",
            help="model.onnx, which lies beside it, takes the whole; `nnc sample` writes with it",
        )
    return session


def _tell_size(session: Session, size: Size, console: Console) -> None:
    """Says which size pictures are run at, where the network leaves it open."""
    trained = trained_size(session)
    if trained is None or size == trained:
        return
    before = f"{trained[0]}x{trained[1]}"
    if size == "trained":
        said = f"pictures are brought to {before}, as in training; --size native keeps their own"
    elif size == "native":
        said = f"pictures are run at their own size; training had {before}"
    else:
        said = f"pictures are brought to {size[0]}x{size[1]}; training had {before}"
    console.note(f"note: {said}")


def _remarked(samples: Iterable[Sample], remarks: Counter[Remark]) -> Iterator[Sample]:
    """The same; adds up what is to be told of them."""
    for sample in samples:
        for remark in sample.remarks:
            remarks[replace(remark, count=1)] += remark.count
        yield sample


def _tell_unseen(unseen: Mapping[str, int], console: Console) -> None:
    for column, count in unseen.items():
        if count:
            rows = "1 row" if count == 1 else f"{count:,} rows"
            said = f"{column}: {rows} with a value that training did not have; taken as unknown"
            console.note(f"note: {console.shown(said)}")


def _form(output: str | None) -> str:
    suffix = Path(output).suffix.lower().lstrip(".") if output else ""
    if suffix in FORMATS:
        return suffix
    return "table" if sys.stdout.isatty() and (output is None or suffix == "png") else "jsonl"


def _noted(samples: Iterable[Sample], console: Console) -> Iterator[Sample]:
    """The same; what people should know of each is told."""
    for one in samples:
        for note in one.notes:
            console.note(f"note: {console.shown(note)}")
        yield one


def _written(
    tally: Tally, made: Iterable[Prediction], form: str, several: bool, console: Console
) -> Iterator[str]:
    """The answers as text, piece by piece where the form allows it; each ends with a newline."""
    found, session = tally.counted(made), tally.session
    if form == "jsonl":
        for one in found:
            yield line(one.document) + "\n"
    elif form == "json":
        yield document(predictions=[one.document for one in found]) + "\n"
    elif form == "csv":
        yield _csv([row for one in found for row in stepped(session.about, one, several)])
    else:
        rows = [row for one in found for row in _readable(one, session, several)]
        head = _columns(rows)
        cells = [[row.get(name, "") for name in head] for row in rows]
        yield table(head, cells, console.out)


def _columns(rows: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """The names of all columns, in order of appearance."""
    return tuple(dict.fromkeys(name for row in rows for name in row))


def _csv(rows: Sequence[Mapping[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _columns(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _readable(one: Prediction, session: Session, several: bool) -> list[dict[str, str]]:
    """Rows for people: probabilities in percent, and the classes that come next."""
    if one.times and not one.error:
        steps = stepped(session.about, one, several)
        return [{name: _short(value) for name, value in step.items()} for step in steps]
    row: dict[str, str] = {}
    for name, value in flat(one).items():
        chance = name.endswith("_probability") and isinstance(value, float)
        row[name.removesuffix("_probability") + " %" if chance else name] = (
            f"{float(str(value)):.1%}" if chance else _short(value)
        )
    for name, said in one.answers.items():
        top = said.get("top") if isinstance(said, dict) else None
        if isinstance(top, list) and len(top) > 1:
            row[f"{name}, else"] = ", ".join(_place(entry) for entry in top[1:])
    return [row]


def _place(entry: object) -> str:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[1], int | float):
        return str(entry)
    return f"{entry[0]} {entry[1]:.1%}"


def _short(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else "" if value is None else str(value)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _draws(output: str | None) -> bool:
    """Whether `-o` names a picture, or a folder for several.

    Raises:
        UsageError: it names a picture of another kind than PNG.
    """
    if output is None:
        return False
    ending = os.path.splitext(output)[1].lower()
    if ending in ENDINGS and ending != ".png":
        better = f"{os.path.splitext(output)[0]}.png"
        raise click.UsageError(f"Pictures are written as PNG, not {ending}: -o {better}")
    return ending == ".png" or output.endswith(("/", os.sep)) or os.path.isdir(output)


def _pictures(tally: Tally, output: str, console: Console) -> None:
    done = [one for one in tally.found if not one.error]
    path, folder = Path(output), not output.lower().endswith(".png") or os.path.isdir(output)
    if folder:
        path.mkdir(parents=True, exist_ok=True)
    taken: Counter[str] = Counter()
    for at, one in enumerate(done):
        place = path
        if folder:
            stem = Path(one.input).stem if one.input != STDIN else "stdin"
            taken[stem] += 1
            place = path / f"{stem}.{taken[stem]}.png" if taken[stem] > 1 else path / f"{stem}.png"
        elif len(done) > 1:
            place = path.with_name(f"{path.stem}.{at + 1}{path.suffix}")
        made = save_pictures(tally.session, one, place)
        if not made:
            raise unusable(f"{tally.session.name} makes no pictures", help=f"leave out -o {output}")
        for file in made if not folder else ():
            console.note(f"picture   {relative(str(file))}")
    if folder:
        console.note(f"{_counted(len(done), 'picture')} in {relative(output)}")


def _dump(found: list[Prediction], path: str) -> None:
    try:
        dump(found, Path(path))
    except ValueError as error:
        help = "dump one input at a time"
        raise unusable("the outputs differ in size from input to input", help=help) from error
