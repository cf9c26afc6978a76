"""From a path on the command line to a checked spec."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nnc.check import Checked, Override, check_source
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.graph import Network
from nnc.ir.plan import Profile, TrainPlan
from nnc.source import Source
from nnc.syntax.files import read_source

COMMAND_LINE = "<command line>"


def load(path: str) -> Source:
    """The text of a spec; `-` is standard input.

    Raises:
        Refusal: it cannot be read, is too large, or is no text.
    """
    if path != "-" and os.path.isdir(path):
        from nnc.cli.nearby import no_spec  # only a mistake needs it

        raise no_spec(path)
    try:
        return read_source(path, "" if path == "-" else relative(path))
    except Refusal as refused:
        if path != "-" and not os.path.exists(path):
            from nnc.cli.nearby import helped

            helped(refused, path)
        raise


def overrides(sets: Mapping[str, str]) -> tuple[Override, ...]:
    """What `--set` said, each value a source of its own."""
    return tuple(Override(key, Source(COMMAND_LINE, text)) for key, text in sets.items())


def check(
    source: Source,
    sets: Mapping[str, str],
    moved: Mapping[str, str],
    profiles: Mapping[str, Profile] | None = None,
    root: str | None = None,
) -> Checked:
    """Checks a spec as the command line asks for it; mistakes are in the result.

    `root`: the folder that data paths start from, by default that of the source.
    """
    if root is None:
        root = root_of(source)
    with _uncollected():
        return check_source(
            source, overrides=overrides(sets), profiles=profiles, root=root, moved=moved or None
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: a check makes many small objects and next to no cycles.

    On large specs the collector would take half of the time and find nothing.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def root_of(source: Source) -> str:
    """The folder that holds a text; the working folder for standard input."""
    return "" if source.name in ("-", COMMAND_LINE) else os.path.dirname(source.name)


def sound(checked: Checked, console: Console) -> Checked:
    """The same, once it is known to hold no error; warnings are told.

    Raises:
        Refusal: it has errors.
    """
    if checked.errors:
        raise Refusal(*checked.diagnostics)
    if not console.quiet:
        console.diagnostics(checked.diagnostics)
    return checked


def choose(checked: Checked, name: str | None) -> dict[str, Network]:
    """The networks that `--network` names, all by default; a train block's name means its own.

    A gan's name means its players.

    Raises:
        Refusal: there is none, or none of that name.
    """
    networks = checked.networks
    if name is None:
        if not networks:
            raise unusable("the spec declares no network")
        return dict(networks)
    if name not in networks and name in checked.trains:
        name = checked.trains[name].network
    if name in checked.gans:
        return {p.network: networks[p.network] for p in checked.gans[name].players}
    if name not in networks:
        raise unusable(f"the spec has no network `{name}`", help=f"it has {', '.join(networks)}")
    return {name: networks[name]}


def train_of(checked: Checked, network: str, block: str | None) -> TrainPlan | None:
    """The train block of that name, else the first of the network; None where it has none."""
    named = checked.trains.get(block or "")
    if named is not None and named.network == network:
        return named
    return next((plan for plan in checked.trains.values() if plan.network == network), None)


def count(found: tuple[Diagnostic, ...]) -> tuple[int, int]:
    """Numbers of errors and of warnings."""
    errors = sum(d.severity == "error" for d in found)
    return errors, len(found) - errors
