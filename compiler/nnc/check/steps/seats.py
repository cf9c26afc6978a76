"""Which value goes to which input of a layer: those that flow in, labels, and ports by name."""

from __future__ import annotations

from nnc.check.formulas.formula import formula, has_values
from nnc.check.formulas.values import BAD, Family, LabelEntry, Unknown, written
from nnc.check.rules import DOUBLED_ARGUMENT, SEVERAL_VALUES, WRONG_KIND
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.diagnostics import Diagnostic, Label
from nnc.layers.base import Layer
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast


def too_many(span: Span, word: str, takes: int, come: int) -> Diagnostic:
    """More values come to a layer than it takes."""
    return SEVERAL_VALUES.at(
        span,
        f"`{word}` takes {'one value' if takes == 1 else f'{takes} values'}, and {come} come",
        help="join them first: `-> concat` or `-> add`",
    )


class Extra(Record):
    """A value among the arguments: for the next input, or for the one of this name."""

    value: int
    port: str
    span: Span


def port_values(
    body: Body, layer: type[Layer], args: tuple[ast.Arg, ...], scope: Scope
) -> tuple[tuple[ast.Arg, ...], tuple[Extra, ...], bool]:
    """Splits values for further inputs (`add(e1)`, `attention(8, to=memory)`) from arguments."""
    takes, ports = [p for p in layer.written_ports() if not p.named], layer.named_inputs()
    single = len(takes) == 1 and not takes[0].many
    if single and not ports:
        return args, (), True
    rest: list[ast.Arg] = []
    extra: list[Extra] = []
    ok = True
    for arg in args:
        name = arg.name.text if arg.name is not None else ""
        if name not in ports and (name or single or not has_values(arg.value, scope)):
            rest.append(arg)
            continue
        found = formula(body, arg.value, scope)
        if isinstance(found, LabelEntry):
            extra.append(Extra(found.value, name, arg.span))
        elif isinstance(found, Family) and not name:
            extra += [Extra(m.value, "", arg.span) for m in found.members.values()]
        else:
            ok = False
            if not isinstance(found, Unknown):
                body.world.sink.add(
                    WRONG_KIND.at(
                        arg.value.span,
                        f"`{name}` takes a value of the network",
                        label=f"this is {written(found)}",
                    )
                )
    body.builder.used.update(e.value for e in extra if e.value != BAD)
    return tuple(rest), tuple(extra), ok


def seated(
    body: Body, layer: type[Layer], values: tuple[int, ...], extra: tuple[Extra, ...], span: Span
) -> tuple[int | None, ...] | None:
    """The value of each input in order, None for one left open; None after a message."""
    seats: list[int | None] = [*values, *(e.value for e in extra if not e.port)]
    takes = [port for port in layer.written_ports() if not port.named]
    if len(seats) > len(takes) and not takes[-1].many:
        body.world.sink.add(too_many(span, layer.word, len(takes), len(seats)))
        return None
    names = [port.name for port in layer.ports]
    for e in extra:
        if not e.port:
            continue
        at = names.index(e.port)
        seats += [None] * (at + 1 - len(seats))
        if seats[at] is not None:
            flows = at < len(values)
            first = next((o.span for o in extra if o is not e and o.value == seats[at]), None)
            body.world.sink.add(
                DOUBLED_ARGUMENT.at(
                    e.span,
                    f"`{e.port}` is given twice",
                    label="a value flows in for it already" if flows else "",
                    others=() if first is None or flows else (Label(first, "the first"),),
                )
            )
            return None
        seats[at] = e.value
    return tuple(seats)
