"""`--set K=V`: parameters, settings and sizes from the command line.

With messages that point there.
"""

from __future__ import annotations

from collections.abc import Callable

from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import UNKNOWN, Unknown, Value, is_number, is_whole, written
from nnc.check.rules import BAD_OVERRIDE, WRONG_KIND
from nnc.check.scope import Scope
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


def meant(override: Override, target: ast.Expr | None) -> ast.Expr:
    """The override's value; where a text stands, what is written is taken as it is.

    Raises:
        Refusal: it does not parse, or no text can hold it.
    """
    if not isinstance(target, ast.String):
        return expression(override)
    raw = override.value.text
    span = Span(override.value, 0, len(raw))
    if len(raw) > 1 and raw[0] == raw[-1] == '"':
        raw = raw[1:-1]
    if '"' in raw or "\n" in raw or "\r" in raw:
        raise Refusal(BAD_OVERRIDE.at(span, "a text holds no quotes and no line breaks"))
    return ast.String(span, raw)


def written_as(e: ast.Expr) -> str:
    """A value of the command line as a `.nn` file has it."""
    return f'"{e.value}"' if isinstance(e, ast.String) else e.span.text


def override_value(
    numbers: Numbers, override: Override, scope: Scope, target: ast.Expr | None = None
) -> Value:
    """The value of an override, of the kind of the value that it takes the place of.

    UNKNOWN after a message.
    """
    try:
        e = meant(override, target)
    except Refusal as refusal:
        for diagnostic in refusal.diagnostics:
            numbers.say(diagnostic)
        return UNKNOWN
    value = numbers.value(e, scope)
    if target is None or isinstance(value, Unknown):
        return value
    before = numbers.value(target, scope)
    for kind, wanted in _KINDS:
        if kind(before):
            if kind(value):
                break
            return numbers.say(
                WRONG_KIND.at(
                    e.span,
                    f"`{override.key}` takes {wanted}",
                    label=f"this is {written(value)}",
                    help=f"in the file it is {written(before)}",
                )
            )
    return value


_KINDS: tuple[tuple[Callable[[object], bool], str], ...] = (
    (lambda v: isinstance(v, bool), "`true` or `false`"),
    (is_whole, "a whole number"),
    (is_number, "a number"),
    (lambda v: isinstance(v, tuple), "a list"),
)

SIZES = ("classes", "vocab", "numbers")


def route(overrides: tuple[Override, ...], file: ast.File) -> Routed:
    """Sorts overrides by what they speak of.

    Raises:
        Refusal: a key is unknown or ambiguous.
    """
    routed = Routed({}, {}, {}, {}, {})
    decls = file.declarations
    params = [d.name.text for d in decls if isinstance(d, ast.FileParam)]
    networks = {d.name.text: d for d in decls if isinstance(d, (ast.Network, ast.Gan))}
    data = [d.name.text for d in decls if isinstance(d, ast.Data)]
    trains = [d for d in decls if isinstance(d, ast.Train)]
    for override in overrides:
        head, _, rest = override.key.partition(".")
        if head == "train" and rest:
            name, path = _train_path(override, rest, trains)
            routed.settings.setdefault(name, {})[path] = override
        elif head == "data" and rest:
            name, _, path = rest.partition(".")
            if name not in data or not path:
                raise Refusal(unknown_key(override, [f"data.{d}.classes" for d in data]))
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
            if not rest and len(owners) > 1:
                listed = [f"{n}.{head}" for n in owners]
                raise Refusal(unknown_key(override, listed, f"several networks have `{head}`"))
            if rest or not owners:
                known = [*params, "train.epochs", "train.batch", "train.seed"]
                known += [f"{n}.{p}" for n, d in networks.items() for p in _params(d)]
                raise Refusal(unknown_key(override, known))
            routed.networks.setdefault(owners[0], {})[head] = override
    return routed


def _train_path(override: Override, rest: str, trains: list[ast.Train]) -> tuple[str, str]:
    """The train block that `train.*` speaks of ("" for all) and the setting."""
    blocks = {d.name.text if d.name else d.network.text: d for d in trains}
    if not blocks:
        raise Refusal(unknown_key(override, [], "the file has no train block"))
    name, _, path = rest.partition(".")
    if not path or name in blocks:
        return _callable(override, *((name, path) if path else ("", rest)))
    of = [block for block, d in blocks.items() if d.network.text == name]
    if len(of) > 1:
        known = [f"train.{block}.{path}" for block in of]
        raise Refusal(unknown_key(override, known, f"several blocks train `{name}`"))
    return _callable(override, *((of[0], path) if of else ("", rest)))


CALLS = ("optimizer", "schedule", "loss", "objective")
"""Settings whose value has arguments."""


def _callable(override: Override, block: str, path: str) -> tuple[str, str]:
    head, _, argument = path.partition(".")
    if argument and head not in CALLS:
        known = [f"train.{word}" for word in CALLS]
        raise Refusal(unknown_key(override, known, f"`{head}` has no arguments"))
    return block, path


def _params(network: ast.Network | ast.Gan) -> list[str]:
    return [p.name.text for p in network.params]


def unknown_key(override: Override, known: list[str], why: str = "") -> Diagnostic:
    """The message for a key that names nothing; `why` where something else is wrong with it."""
    key = Source("<command line>", f"--set {override.key}={override.value.text}")
    guess = nearest(override.key, known)
    listed = ", ".join(known[:8])
    return BAD_OVERRIDE.at(
        Span(key, 6, 6 + len(override.key)),
        why or f"nothing is called `{override.key}`",
        help=f"did you mean `{guess}`?"
        if guess and not why
        else f"there are: {listed}"
        if listed
        else "",
    )
