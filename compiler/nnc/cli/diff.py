"""`nnc diff A B`: two networks layer by layer, and which weights carry over."""

from __future__ import annotations

import click

from nnc.cli import specs
from nnc.cli.console import Console
from nnc.cli.failures import MISTAKE, unusable
from nnc.cli.verb import FILE, json_option, network_option, verb
from nnc.ir.graph import Network
from nnc.passes.compare import compare
from nnc.render.difference import difference_json, difference_text
from nnc.render.json import document


@verb("diff")
@click.argument("a", type=FILE, metavar="A")
@click.argument("b", type=FILE, metavar="B")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where the networks differ.")
@json_option
@network_option
def command(console: Console, a: str, b: str, exit_code: bool, network: str | None) -> int:
    """Show what makes B of A: layers, shapes, weights, multiply-adds, and what carries over.

    A and B are specs (`-`: standard input), folders of runs, or ONNX files that nnc made. Training
    and data are not compared.
    """
    if a == b == "-":
        raise click.UsageError("Standard input can be read once only.")
    before, after = _networks(a, network, console), _networks(b, network, console)
    pairs, added, removed = _paired(before, after)
    found = [(x, y, compare(x, y)) for x, y in pairs]
    same = not added and not removed and all(each.same for _, _, each in found)
    if console.json:
        entries = [difference_json(*each) for each in found]
        console.result(document(same=same, networks=entries, added=added, removed=removed))
    else:
        texts = [difference_text(x, y, each, console.out) for x, y, each in found]
        texts += [console.shown(f"- network {name}\n") for name in removed]
        texts += [console.shown(f"+ network {name}\n") for name in added]
        console.result("\n".join(texts))
    return MISTAKE if exit_code and not same else 0


def _networks(path: str, name: str | None, console: Console) -> dict[str, Network]:
    from nnc.cli import places  # `--help` needs no runs

    checked = specs.check(places.spec_of(path, console), {}, {})
    found = specs.choose(specs.sound(checked, console), name)
    if not found:
        raise unusable(f"{path} declares no network")
    return found


def _paired(
    a: dict[str, Network], b: dict[str, Network]
) -> tuple[list[tuple[Network, Network]], list[str], list[str]]:
    """Networks of one name; two that are alone are a pair whatever their names."""
    if len(a) == len(b) == 1:
        return [(next(iter(a.values())), next(iter(b.values())))], [], []
    pairs = [(network, b[name]) for name, network in a.items() if name in b]
    return pairs, [name for name in b if name not in a], [name for name in a if name not in b]
