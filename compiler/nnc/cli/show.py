"""`nnc show`: a network as a table of its layers, or the PyTorch source made of it."""

from __future__ import annotations

import click

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.verb import FILE, data_option, json_option, network_option, set_option, verb
from nnc.ir.graph import Network
from nnc.render.json import document
from nnc.render.summary import network_json, network_text


@verb("show")
@click.argument("path", type=FILE, metavar="SPEC|RUN|MODEL")
@json_option
@click.option("--depth", type=click.IntRange(min=0), help="Open so many levels of blocks.")
@click.option("--source", is_flag=True, help="Print the PyTorch source instead.")
@network_option
@set_option
@data_option
def command(
    console: Console,
    path: str,
    depth: int | None,
    source: bool,
    network: str | None,
    sets: dict[str, str],
    moved: dict[str, str],
) -> None:
    """Show the layers of a network: places, shapes, weights and multiply-adds.

    SPEC is a .nn file (`-`: standard input), RUN a folder of a run, MODEL an ONNX file that nnc
    made.
    """
    networks = specs.choose(_networks(path, sets, moved, console), network)
    if source:
        console.result("\n\n".join(_source(each) for each in networks.values()))
    elif console.json:
        console.result(
            document(networks=[network_json(each, depth=depth) for each in networks.values()])
        )
    else:
        look = console.out
        tables = (network_text(each, look, depth=depth) for each in networks.values())
        console.result("\n".join(tables))


def _networks(
    path: str, sets: dict[str, str], moved: dict[str, str], console: Console
) -> dict[str, Network]:
    from nnc.cli import places

    text = places.spec_of(path, console)
    checked = specs.check(text, sets, moved)
    if moved and not checked.errors:
        from nnc.cli import opened

        profiles = opened.profiles(checked, console, only=tuple(moved))
        checked = specs.check(text, sets, moved, profiles)
    return specs.sound(checked, console).networks


def _source(network: Network) -> str:
    from nnc.backends.torch_source import torch_source  # a table of layers has no use for it

    return torch_source(network)
