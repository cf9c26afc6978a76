"""Values that no step makes: `input`, `weight`, `constant`, `noise`, `state`."""

from __future__ import annotations

from collections.abc import Callable

from nnc.check.arguments.bind import initial
from nnc.check.foreign.layouts import channels_last, element
from nnc.check.formulas.opensizes import has_free_size, open_constant
from nnc.check.formulas.types import input_type, size_value, starts
from nnc.check.formulas.values import (
    BAD,
    UNKNOWN,
    Family,
    LabelEntry,
    State,
    Unknown,
    dims_text,
    is_real,
)
from nnc.check.rules import BAD_SOURCE, MISPLACED, OPEN_WEIGHT
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.lengths import may_pad, measure
from nnc.check.training.sourcenumbers import counted, listed
from nnc.diagnostics import Diagnostic
from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim, symbols
from nnc.ir.initial import Counted, Fill, Normal, Uniform
from nnc.ir.types import TensorType
from nnc.layers.source import ConstantSource, Source, WeightSource
from nnc.syntax import ast

STANDARD = Normal(1.0)
WEIGHT_INIT = Normal(0.02)
"""What a weight starts from unless told: small numbers that differ, as embeddings and tokens do."""


def read_source(body: Body, statement: ast.SourceDecl, scope: Scope) -> None:
    """`input image: [1, 28, 28]`, `weight gamma: [C, 1, 1] = 1e-6`."""
    kind = statement.kind.text
    read = _READ.get(kind)
    made: tuple[int, ...] | None = None
    if read is None:
        help = {"latent": "a network draws `noise`", "condition": "a network reads `input`"}
        message = f"`{kind}` is declared in a gan, beside its players"
        write = help.get(kind, "a network reads `input`")
        body.world.sink.add(
            MISPLACED.at(statement.kind.span, message, help=f"write `gan NAME {{`; {write}")
        )
    elif kind == "state" and body.states is None:
        body.world.sink.add(
            MISPLACED.at(
                statement.span,
                "`state` stands in a `scan`",
                help=f"write `scan {{ {statement.span.text}; ...; "
                f"next {statement.names[0].text} = ... }}`, which runs step by step",
            )
        )
    elif kind == "state" and scope is not body.scope:
        body.world.sink.add(
            MISPLACED.at(statement.span, "`state` stands directly in the braces of its `scan`")
        )
    elif _is_misplaced(body, kind, scope):
        if not body.world.is_open(statement.span):
            body.world.sink.add(_misplaced(body, statement))
        if kind == "input":
            body.damaged = True
            return
    else:
        made = read(body, statement, scope)
    if made is None:
        body.damaged = True
        made = (BAD,) * len(statement.names)
    for name, number in zip(statement.names, made):
        scope.declare(name.text, LabelEntry(number, name.span), name.span, body.world.sink)


def _is_misplaced(body: Body, kind: str, scope: Scope) -> bool:
    """Whether an input or noise stands elsewhere than at the top of a body that may have it."""
    if kind == "input":
        return not body.top or scope is not body.scope
    return kind == "noise" and (body.states is not None or scope is not body.scope)


def _misplaced(body: Body, statement: ast.SourceDecl) -> Diagnostic:
    kind = statement.kind.text
    help = ""
    if body.states is not None:
        help = "one step of the current value comes to a `scan`"
        if kind == "noise":
            help = "declare it in the network, with an axis for the steps, and join it before"
    elif not body.top:
        help = "a block's input is the value it is called on"
        if kind == "noise":
            help = "declare it before, where the block begins"
    elif kind == "noise":
        help = "declare it before, where the network begins"
    where = "a network's or a block's" if kind == "noise" else "a network's"
    message = f"`{kind}` stands at the top of {where} body"
    return MISPLACED.at(statement.span, message, help=help)


def _free(body: Body, statement: ast.SourceDecl, scope: Scope) -> list[bool]:
    """Which of the names are not taken; declaring the others says so."""
    seen: set[str] = set()
    free = []
    for name in statement.names:
        free.append(scope.clash(name.text) is None and name.text not in seen)
        seen.add(name.text)
    if not all(free):
        body.damaged = True
    return free


def _input(body: Body, statement: ast.SourceDecl, scope: Scope) -> tuple[int, ...] | None:
    if starts(statement, body.world.numbers):
        body.damaged = True
    type = input_type(statement.type, scope, body.world.numbers, body.world.facts)
    turned = channels_last(statement.type)
    if turned is not None:
        body.world.sink.add(turned)
    if statement.padded and type is not None:
        fits = may_pad(statement, body.world.numbers)
        type = TensorType(type.dims, type.dtype, time=0) if fits else None
    made = None
    if type is not None:
        made = tuple(
            body.builder.input(name.text, type, name.span) if free else BAD
            for name, free in zip(statement.names, _free(body, statement, scope))
        )
    if statement.padded and made is not None and type is not None and BAD not in made:
        measure(body, statement, type, scope)
    if body.sole_input:
        body.current = (BAD,) if made is None else made
    return made


def _noise(body: Body, statement: ast.SourceDecl, scope: Scope) -> tuple[int, ...] | None:
    """An input of the network that it draws itself where nobody gives it."""
    type = _type(body, statement, scope)
    drawn = _init(body, statement, scope, type, STANDARD)
    if drawn is not None and not isinstance(drawn, Normal | Uniform):
        assert statement.init is not None
        body.world.sink.add(
            BAD_SOURCE.at(
                statement.init.span,
                "noise is drawn from `normal(std)` or `uniform(low, high)`",
                help="leave it out for standard normal numbers",
            )
        )
        return None
    if type is None or drawn is None:
        return None
    return tuple(
        body.builder.noise(body.builder.prefix + name.text, type, name.span, drawn) if free else BAD
        for name, free in zip(statement.names, _free(body, statement, scope))
    )


def _weight(body: Body, statement: ast.SourceDecl, scope: Scope) -> tuple[int, ...] | None:
    return _array(body, statement, scope, WeightSource, WEIGHT_INIT)


def _constant(body: Body, statement: ast.SourceDecl, scope: Scope) -> tuple[int, ...] | None:
    if statement.init is None:
        name = statement.names[0].text
        body.world.sink.add(
            BAD_SOURCE.at(
                statement.span,
                f"the constant `{name}` needs its numbers",
                help=f"write `constant {name}: {statement.type.span.text} = 0.5`, "
                "or a list `= [1, 2, 3]`",
            )
        )
        return None
    return _array(body, statement, scope, ConstantSource, None)


def _state(body: Body, statement: ast.SourceDecl, scope: Scope) -> tuple[int, ...] | None:
    """`state h: [8]`, an input of the body at each step; its scan has read a value after `=`."""
    type = _type(body, statement, scope)
    start = _start(body, statement, scope)
    assert body.states is not None
    made = []
    for name, free in zip(statement.names, _free(body, statement, scope)):
        number: int = BAD
        begin: float | None = 0.0
        if free and type is not None and not isinstance(start, Unknown):
            number, begin = body.builder.input(name.text, type, name.span), start
        body.states.setdefault(name.text, State(name.text, number, begin, name.span))
        made.append(number)
    return None if BAD in made else tuple(made)


def _start(body: Body, statement: ast.SourceDecl, scope: Scope) -> float | Unknown | None:
    """The number that a state starts from; None for a value of the scan's caller."""
    e = statement.init
    if e is None:
        return 0.0
    if statement.names[0].text in body.given:
        return None
    value = UNKNOWN if isinstance(e, ast.Call) else body.world.numbers.value(e, scope)
    if is_real(value):
        return float(value)
    if isinstance(e, ast.Call) or not isinstance(value, Unknown):
        inside = isinstance(value, (LabelEntry, Family))
        body.world.sink.add(
            BAD_SOURCE.at(
                e.span,
                "a state starts from a number, or from a value outside of its scan",
                help="`state h: [8] = e`, where `e` is a label made before the scan"
                if inside
                else "write a number, or leave it out to start from 0",
            )
        )
    return UNKNOWN


def _array(
    body: Body,
    statement: ast.SourceDecl,
    scope: Scope,
    source: type[Source],
    default: Declared | None,
) -> tuple[int, ...] | None:
    """An array that the network itself owns."""
    type = _type(body, statement, scope)
    init = _init(body, statement, scope, type, default)
    if type is None or init is None:
        return None
    made = []
    if has_free_size(type):
        return _open(body, statement, scope, type, init)
    for name, free in zip(statement.names, _free(body, statement, scope)):
        op = source(type, init)
        (number,) = body.builder.item(op, (), (type.shared(True),), name.span, label=name.text)
        made.append(number if free else BAD)
    return tuple(made)


def _open(
    body: Body, statement: ast.SourceDecl, scope: Scope, type: TensorType, init: Declared
) -> tuple[int, ...] | None:
    """Constants whose sizes follow the inputs."""
    if not isinstance(init, Fill | Counted):
        assert statement.init is not None
        size = dims_text(type.dims)
        body.world.sink.add(
            BAD_SOURCE.at(
                statement.init.span,
                f"a constant of {size} is one number everywhere, or counts along one axis",
                help="write `= 0.5`, or `constant ramp: [T] = 0..T`; compute others of these",
            )
        )
        return None
    free = _free(body, statement, scope)
    made = [open_constant(body, type, init, n.span, n.text) for n in statement.names]
    return tuple(value if ok else BAD for value, ok in zip(made, free))


def _type(body: Body, statement: ast.SourceDecl, scope: Scope) -> TensorType | None:
    """The type of a source whose sizes others bind, or None after a message."""
    numbers, t = body.world.numbers, statement.type
    if t.kind not in ("", "token") or (t.kind and statement.kind.text != "constant"):
        if t.kind in ("", "token"):
            numbers.say(
                BAD_SOURCE.at(
                    t.span,
                    f"a `{statement.kind.text}` holds numbers, not ids",
                    help="write `[...]` without `token`",
                )
            )
        else:
            numbers.say(element(t))
        return None
    dims: list[Dim] = []
    for e in t.dims:
        if isinstance(e, ast.Rest) or (isinstance(e, ast.Ref) and e.text == "_"):
            numbers.say(BAD_SOURCE.at(e.span, f"a `{statement.kind.text}` states each size"))
            return None
        value = size_value(e, scope, numbers)
        if isinstance(value, Unknown):
            return None
        free = [s for s in sorted(symbols(value)) if "." not in s]
        if free and statement.kind.text not in ("noise", "state", "constant"):
            numbers.say(
                OPEN_WEIGHT.at(
                    e.span,
                    f"the size of a `{statement.kind.text}` would depend on `{free[0]}`",
                    help=f"fix `{free[0]}` in the input's type",
                )
            )
            return None
        dims.append(value)
    return TensorType(tuple(dims), "int64" if t.kind == "token" else "float32")


def _init(
    body: Body,
    statement: ast.SourceDecl,
    scope: Scope,
    type: TensorType | None,
    default: Declared | None,
) -> Declared | None:
    """What a source starts from or is drawn from; None after a message."""
    e = statement.init
    if e is None:
        return default
    if isinstance(e, (ast.List, ast.Tuple)):
        return None if type is None else listed(body, e, scope, type)
    if isinstance(e, ast.Range):
        return None if type is None else counted(body, e, scope, type)
    found = initial(e, scope, body.world.numbers)
    return found if isinstance(found, Declared) else None


_READ: dict[str, Callable[[Body, ast.SourceDecl, Scope], tuple[int, ...] | None]] = {
    "input": _input,
    "weight": _weight,
    "constant": _constant,
    "noise": _noise,
    "state": _state,
}
