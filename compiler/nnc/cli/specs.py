"""From a path on the command line to a checked spec."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from nnc.check import Checked, Override, check_source
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.diagnostics import Diagnostic, Refusal, Rule
from nnc.ir.graph import Network
from nnc.ir.plan import Profile
from nnc.source import Source, Span
from nnc.syntax.rules import TOO_DEEP, UNREADABLE

COMMAND_LINE = "<command line>"
LIMIT = 16_000_000
"""Bytes of a text; more is not read."""


def load(path: str) -> Source:
    """The text of a spec; `-` is standard input.

    Raises:
        Refusal: it cannot be read, is too large, or is no text.
    """
    name = path if path == "-" else relative(path)
    try:
        if path == "-":
            data = sys.stdin.buffer.read(LIMIT + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise _unreadable(name, UNREADABLE, f"cannot read {name}: {reason}", "") from None
    if len(data) > LIMIT:
        raise _unreadable(name, TOO_DEEP, "the text is larger than 16 MB", "use `repeat` and `for`")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        help = "save it as UTF-8; a spec is plain text"
        message = f"{name} is not text in UTF-8 (byte {error.start + 1:,})"
        raise _unreadable(name, UNREADABLE, message, help) from None
    return Source(name, text)


def _unreadable(name: str, rule: Rule, message: str, help: str) -> Refusal:
    return Refusal(rule.at(Span(Source(name, ""), 0, 0), message, help=help))


def overrides(sets: Mapping[str, str]) -> tuple[Override, ...]:
    """What `--set` said, each value a source of its own."""
    return tuple(Override(key, Source(COMMAND_LINE, text)) for key, text in sets.items())


def check(
    source: Source,
    sets: Mapping[str, str],
    moved: Mapping[str, str],
    profiles: Mapping[str, Profile] | None = None,
) -> Checked:
    """Checks a spec as the command line asks for it; mistakes are in the result."""
    root = "" if source.name in ("-", COMMAND_LINE) else os.path.dirname(source.name)
    return check_source(
        source, overrides=overrides(sets), profiles=profiles, root=root, moved=moved or None
    )


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


def choose(networks: Mapping[str, Network], name: str | None) -> dict[str, Network]:
    """The networks that `--network` names, all by default.

    Raises:
        Refusal: there is none, or none of that name.
    """
    if name is None:
        if not networks:
            raise unusable("the spec declares no network")
        return dict(networks)
    if name not in networks:
        raise unusable(f"the spec has no network `{name}`", help=f"it has {', '.join(networks)}")
    return {name: networks[name]}


def count(found: tuple[Diagnostic, ...]) -> tuple[int, int]:
    """Numbers of errors and of warnings."""
    errors = sum(d.severity == "error" for d in found)
    return errors, len(found) - errors
