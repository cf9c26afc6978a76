"""`nnc show`: a network as a table of its layers, a picture, or the PyTorch source made of it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from nnc.check import Checked
from nnc.check.variants import Variant, variant
from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.verb import FILE, data_option, json_option, network_option, pairs, set_option, verb
from nnc.ir.conditions import holds
from nnc.ir.gan import Gan
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan
from nnc.passes.by_network import by_network
from nnc.render.gans import gan_json, gan_text
from nnc.render.json import Json, document
from nnc.render.summary import network_json, network_text
from nnc.render.updates import train_json, update_lines


@verb("show")
@click.argument("path", type=FILE, metavar="SPEC|RUN|MODEL")
@json_option
@click.option("--depth", type=click.IntRange(min=0), help="Open so many levels of blocks.")
@click.option(
    "-o", "output", type=FILE, metavar="FILE.svg", help="Draw a picture; `-` is standard output."
)
@click.option("--source", is_flag=True, help="Print the PyTorch source instead.")
@click.option(
    "--size",
    "sizes",
    metavar="NAME=N",
    multiple=True,
    callback=pairs,
    help="What a free size is: H=256. Repeatable.",
)
@network_option
@set_option
@data_option
def command(
    console: Console,
    path: str,
    depth: int | None,
    output: str | None,
    source: bool,
    sizes: dict[str, str],
    network: str | None,
    sets: dict[str, str],
    moved: dict[str, str],
) -> None:
    """Show the layers of a network: places, shapes, weights and multiply-adds; or draw it.

    SPEC is a .nn file (`-`: standard input), RUN a folder of a run, MODEL an ONNX file that nnc
    made.
    """
    if output is not None:
        _refuse_other_forms(output, source, console)
    if sizes and source:
        raise click.UsageError("The source takes any size: leave --size out.")
    checked = _checked(path, sets, moved, console)
    networks = _sized(specs.choose(checked, network), sizes)
    asked = (p for p in checked.trains.values() if network in (None, p.network, p.name))
    trains = [own for plan in asked for own in by_network(plan)]
    if output is not None:
        _draw(checked, networks, network, depth, output, console)
    elif source:
        texts = (_source(each, variant(checked, name)) for name, each in networks.items())
        console.result("\n\n".join(texts))
    elif console.json:
        found: list[Json] = [_json(each, trains, depth) for each in networks.values()]
        gans: list[Json] = [gan_json(gan, _plans(checked, gan)) for gan in _gans(checked, network)]
        console.result(document(networks=found, **({"gans": gans} if gans else {})))
    else:
        look = console.out
        tables = (
            network_text(each, look, depth=depth, plans=_of(each, trains)) + _updates(each, trains)
            for each in networks.values()
        )
        heads = (
            gan_text(gan, checked.networks, _plans(checked, gan), look)
            for gan in _gans(checked, network)
        )
        console.result("\n".join((*heads, *tables)))


def _gans(checked: Checked, network: str | None) -> list[Gan]:
    """The gans that are shown whole: one player alone is shown without its gan."""
    return [gan for gan in checked.gans.values() if network in (None, gan.name)]


def _plans(checked: Checked, gan: Gan) -> list[TrainPlan]:
    return [plan for plan in checked.trains.values() if plan.network == gan.name]


def _sized(networks: dict[str, Network], sizes: dict[str, str]) -> dict[str, Network]:
    """The networks with numbers for their free sizes.

    Raises:
        Refusal: no network has such a size, or none can have that number.
    """
    if not sizes:
        return networks
    from nnc.passes.sized import sized  # most ask for no numbers

    numbers: dict[str, int] = {}
    free = list(dict.fromkeys(name for each in networks.values() for name in each.symbols))
    for name, text in sizes.items():
        if name not in free:
            names = f"it has {', '.join(free)}" if free else "all of its sizes are known"
            raise unusable(f"there is no free size `{name}`", help=names)
        if not text.replace("_", "").isdecimal() or int(text) < 1:
            raise unusable(f"`{text}` is no size", help=f"a whole number: --size {name}=256")
        numbers[name] = int(text)
    found = {}
    for key, network in networks.items():
        violated = holds(network.facts, numbers)  # type: ignore[arg-type]
        if violated:
            raise unusable(f"{key} cannot have these sizes", help=violated)
        own = {name: n for name, n in numbers.items() if name in network.symbols}
        found[key] = sized(network, own)
    return found


def _of(network: Network, trains: Iterable[TrainPlan]) -> tuple[TrainPlan, ...]:
    """The plans that train a network."""
    return tuple(plan for plan in trains if plan.network == network.name)


def _json(network: Network, trains: Iterable[TrainPlan], depth: int | None) -> dict[str, Json]:
    plans = _of(network, trains)
    own = [train_json(plan, network) for plan in plans]
    return network_json(network, depth=depth, plans=plans) | ({"trains": list(own)} if own else {})


def _updates(network: Network, trains: Iterable[TrainPlan]) -> str:
    """What the train blocks do with which weights, where they do not do the same with all."""
    lines = []
    for plan in trains:
        found = update_lines(plan, network) if plan.network == network.name else []
        lines += [f"\ntrain {plan.name}", *found] if found else []
    return "".join(f"{line}\n" for line in lines)


def _checked(path: str, sets: dict[str, str], moved: dict[str, str], console: Console) -> Checked:
    from nnc.cli import places

    text = places.spec_of(path, console)
    checked = specs.check(text, sets, moved)
    if moved and not checked.errors:
        from nnc.cli import opened

        profiles = opened.profiles(checked, console, only=tuple(moved))
        checked = specs.check(text, sets, moved, profiles)
    return specs.sound(checked, console)


def _source(network: Network, variant: Variant) -> str:
    from nnc.backends.torch_offered import with_offered  # a table of layers has no use for these
    from nnc.backends.torch_source import torch_source

    return torch_source(with_offered(network, variant))


def _refuse_other_forms(output: str, source: bool, console: Console) -> None:
    """Says before any work what `-o` does not write."""
    if source or console.json:
        raise click.UsageError("-o draws a picture: leave --source and --json out.")
    if output != "-" and not output.lower().endswith(".svg"):
        raise unusable(f"{relative(output)}: pictures are SVG", help="call it `NAME.svg`")


def _draw(
    checked: Checked,
    networks: dict[str, Network],
    network: str | None,
    depth: int | None,
    output: str,
    console: Console,
) -> None:
    from nnc.render.scene import TooLarge  # a table has no use for these

    gan = _whole_gan(checked, networks, network)
    if len(networks) > 1 and gan is None:
        raise unusable(
            "a picture shows one network, and there are several",
            help=f"choose one: --network {' or '.join(networks)}",
        )
    try:
        if gan is not None:
            from nnc.render.gan_scene import gan_svg

            plans = (plan.gan for plan in checked.trains.values() if plan.gan is not None)
            own = next((plan for plan in plans if plan.gan.name == gan.name), None)
            name, picture = gan.name, gan_svg(gan, networks, own, depth=depth)
        else:
            from nnc.render.svg import network_svg

            ((name, only),) = networks.items()
            picture = network_svg(only, depth=depth)
    except TooLarge:
        raise unusable(
            f"{name} has too many parts for a picture",
            help="fold its blocks: `--depth 0`, or put what repeats into blocks and loops",
        ) from None
    if output == "-":
        console.result(picture)
        return
    with open(output, "w", encoding="utf-8", newline="\n") as file:
        file.write(picture)
    console.result(relative(output))


def _whole_gan(checked: Checked, networks: dict[str, Network], network: str | None) -> Gan | None:
    """The gan whose players these are, where none of them was asked for."""
    for gan in checked.gans.values():
        players = {player.network for player in gan.players}
        if network in (None, gan.name) and set(networks) == players:
            return gan
    return None
