"""`--set K=V`: parameters, settings and sizes from the command line.

With messages that point there.
"""

from __future__ import annotations

from nnc.check.expressions import Numbers
from nnc.check.rules import BAD_OVERRIDE
from nnc.check.scope import Scope
from nnc.check.values import UNKNOWN, Value
from nnc.diagnostics import Diagnostic, Refusal, nearest
from nnc.record import Record
from nnc.source import Source, Span
from nnc.syntax import ast
from nnc.syntax.parser import parse_expression


class Override(Record):
    """One `--set KEY=VALUE`; the value is a source of its own named "<command line>"."""

    key: str
    value: Source


class Routed(Record):
    """Overrides by what they speak of.

    `params` of the file by name; `networks`: by network and parameter; `settings`: by train block's
    name (""
    for the only one) and path; `sizes`: data sizes by name and attribute; `data`: by block and
    path.
    """

    params: dict[str, Override]
    networks: dict[str, dict[str, Override]]
    settings: dict[str, dict[str, Override]]
    sizes: dict[tuple[str, str], Override]
    data: dict[str, dict[str, Override]]


def expression(override: Override) -> ast.Expr:
    """The override's value as an expression; plain words may stand for texts.

    Raises:
        Refusal: it does not parse.
    """
    parsed = parse_expression(override.value)
    if isinstance(parsed, tuple):
        raise Refusal(*parsed)
    return parsed


def override_value(numbers: Numbers, override: Override, scope: Scope) -> Value:
    """The value of an override; UNKNOWN after a message."""
    try:
        return numbers.value(expression(override), scope)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            numbers.say(diagnostic)
        return UNKNOWN


SIZES = ("classes", "vocab", "numbers")


def route(overrides: tuple[Override, ...], file: ast.File) -> Routed:
    """Sorts overrides by what they speak of.

    Raises:
        Refusal: a key is unknown or ambiguous.
    """
    routed = Routed({}, {}, {}, {}, {})
    decls = file.declarations
    params = [d.name.text for d in decls if isinstance(d, ast.FileParam)]
    networks = {d.name.text: d for d in decls if isinstance(d, ast.Network)}
    data = [d.name.text for d in decls if isinstance(d, ast.Data)]
    trains = [d.name.text if d.name else d.network.text for d in decls if isinstance(d, ast.Train)]
    for override in overrides:
        head, _, rest = override.key.partition(".")
        if head == "train" and rest:
            name, _, path = rest.partition(".")
            if name in trains and path:
                routed.settings.setdefault(name, {})[path] = override
            else:
                routed.settings.setdefault("", {})[rest] = override
        elif head == "data" and rest:
            name, _, path = rest.partition(".")
            if name not in data or not path:
                raise Refusal(_unknown(override, [f"data.{d}.classes" for d in data]))
            if path in SIZES or path.endswith(".values"):
                routed.sizes[name, path] = override
            else:
                routed.data.setdefault(name, {})[path] = override
        elif head in networks and rest in _params(networks[head]):
            routed.networks.setdefault(head, {})[rest] = override
        elif not rest and head in params:
            routed.params[head] = override
        else:
            owners = [n for n, d in networks.items() if head in _params(d)]
            if rest or len(owners) != 1:
                known = [*params, "train.epochs", "train.batch", "train.seed"]
                known += [f"{n}.{p}" for n, d in networks.items() for p in _params(d)]
                raise Refusal(_unknown(override, [f"{n}.{head}" for n in owners] or known))
            routed.networks.setdefault(owners[0], {})[head] = override
    return routed


def _params(network: ast.Network) -> list[str]:
    return [p.name.text for p in network.params]


def _unknown(override: Override, known: list[str]) -> Diagnostic:
    key = Source("<command line>", f"--set {override.key}={override.value.text}")
    guess = nearest(override.key, known)
    listed = ", ".join(known[:8])
    return BAD_OVERRIDE.at(
        Span(key, 6, 6 + len(override.key)),
        f"nothing is called `{override.key}`",
        help=f"did you mean `{guess}`?" if guess else f"there are: {listed}" if listed else "",
    )
