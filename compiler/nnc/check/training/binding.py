"""Which field of the data feeds which input, and which one each output learns from."""

from __future__ import annotations

import re

from nnc.check.training.fitting import fits, listing
from nnc.check.training.formulabinding import formula_fields
from nnc.check.training.idranges import few_classes, small_table
from nnc.check.training.ownsteps import formula_steps, own_steps
from nnc.check.training.targets import bind_targets
from nnc.check.training.training_rules import (
    BROKEN_CONDITION,
    UNBOUND_INPUT,
    WRONG_FIELD,
)
from nnc.diagnostics import Diagnostic, Refusal, nearest
from nnc.ir.conditions import Condition, holds
from nnc.ir.dims import show
from nnc.ir.graph import Network, Port
from nnc.ir.lossformula import names
from nnc.ir.plan import Binding, Field, Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import replace
from nnc.source import Span


def bind_fields(plan: TrainPlan, network: Network, profile: Profile) -> TrainPlan:
    """The plan with its binding, and each term of the loss with its target.

    Raises:
        Refusal: an input or target has no field, or sizes do not fit.
    """
    given = dict(plan.given)
    _check_given(plan, network, profile, given)
    inputs = _inputs(plan, network, profile, given)
    used = {field.name for field in inputs.values()}
    terms, targets = bind_targets(plan, network, profile, given, used)
    _sizes(plan, network, inputs)
    small = small_table(network, profile, inputs) or few_classes(profile, inputs, terms)
    if small is not None:
        raise Refusal(small)
    read = used | {name for _, name in targets} | {*formula_fields(plan, network, profile)}
    gathered = {c for f in profile.fields if f.name in read for c in f.columns}
    unused = tuple(
        f.name
        for f in profile.fields
        if not (f.name in read or f.meaning == "length" or _inside(f, read, gathered))
    )
    formulas = [n for p in plan.phases for f in p.formulas for n in names(f.formula)]
    outputs = {t.output for t in terms} | {n.name for n in formulas if n.kind == "output"}
    binding = Binding(
        tuple((name, field.name) for name, field in inputs.items()),
        tuple(targets),
        unused,
        tuple(p.name for p in network.graph.outputs if p.name not in outputs),
        own_steps(plan, network, profile, inputs, terms),
    )
    phases = tuple(
        replace(
            p,
            terms=terms,
            formulas=tuple(formula_steps(f, network, profile, inputs) for f in p.formulas),
        )
        for p in plan.phases
    )
    return replace(plan, binding=binding, phases=phases)


def _inside(field: Field, read: set[str], gathered: set[str]) -> bool:
    """A column that a gathered field holds, or a gathering whose columns are read one by one."""
    return field.name in gathered or (bool(field.columns) and set(field.columns) <= read)


def _check_given(
    plan: TrainPlan, network: Network, profile: Profile, given: dict[str, str]
) -> None:
    """The names written out must exist on both sides."""
    sides = [p.name for p in (*network.graph.fed, *network.graph.outputs)]
    fields = [f.name for f in profile.fields]
    for name, field in given.items():
        wrong, known = (name, sides) if name not in sides else (field, fields)
        if wrong not in known:
            what = (
                "input or output of the network" if known is sides else f"field of `{profile.data}`"
            )
            guess = nearest(wrong, known)
            raise Refusal(
                WRONG_FIELD.at(
                    _written(plan, name, field, wrong),
                    f"`{wrong}` is no {what}",
                    help=f"did you mean `{guess}`?" if guess else "there are " + ", ".join(known),
                )
            )


def _written(plan: TrainPlan, name: str, field: str, wrong: str) -> Span:
    """Where a binding is written, `digits(image=picture)`."""
    form = rf"\b{re.escape(name)}\s*=\s*{re.escape(field)}\b"
    found = re.search(form, plan.span.text)
    if found is None:
        return plan.span
    start = plan.span.start + found.start() + (0 if wrong == name else len(found[0]) - len(field))
    return Span(plan.span.source, start, start + len(wrong))


def _inputs(
    plan: TrainPlan, network: Network, profile: Profile, given: dict[str, str]
) -> dict[str, Field]:
    """The field of each input."""
    found: dict[str, Field] = {}
    for port in network.graph.fed:
        field = profile.field(given.get(port.name, port.name))
        if field is not None and (port.name in given or field.role == "input"):
            found[port.name] = field
    left = [p for p in network.graph.fed if p.name not in found]
    taken = {f.name for f in found.values()}
    if left:
        for port in left:
            type = network.graph.types[port.value]
            length = _length_of(port, found, profile)
            if length is not None:
                found[port.name] = length
                continue
            fields = [
                f
                for f in profile.fields
                if f.role == "input"
                and f.meaning != "length"
                and f.name not in taken
                and feeds(f, type)
            ]
            fields = _whole(fields)
            if len(fields) != 1 or len([p for p in left if _same(network, p, port)]) != 1:
                raise Refusal(_unbound_input(plan, network, profile, port, fields))
            found[port.name] = fields[0]
            taken.add(fields[0].name)
    for port in network.graph.fed:
        type, field = network.graph.types[port.value], found[port.name]
        known = any(other.measures == port.name for other in network.graph.fed)
        if not feeds(field, type) or (field.padded and not known):
            raise Refusal(_unfitting(plan, port, type, field))
    return {p.name: found[p.name] for p in network.graph.fed}


def _length_of(port: Port, found: dict[str, Field], profile: Profile) -> Field | None:
    """The lengths of the padded field that the input before reads, where this one asks for them."""
    field = found.get(port.measures)
    return profile.field(f"{field.name}_length") if field is not None and field.padded else None


def _whole(fields: list[Field]) -> list[Field]:
    """Fields without those columns that another of them gathers."""
    gathered = {c for f in fields for c in f.columns}
    return [f for f in fields if f.name not in gathered]


def _same(network: Network, a: Port, b: Port) -> bool:
    x, y = network.graph.types[a.value], network.graph.types[b.value]
    return x.dtype == y.dtype and x.rank == y.rank


def feeds(field: Field, type: TensorType) -> bool:
    """Whether a field's values can be an input of this type."""
    if field.meaning == "image":
        return type.rank == 3 and type.dtype == "float32" and type.dims[0] in (1, 3, 4)
    ids = field.meaning in ARRAYS and field.type.dtype == type.dtype == "int64"
    kind = "int64" if ids or field.meaning in IDS else "float32"
    if field.padded and type.dims and isinstance(type.dims[0], int):
        return False  # samples differ in length, and this input has one
    have = field.type.dims[1:] if field.padded else field.type.dims
    want = type.dims[1:] if field.padded else type.dims
    return type.dtype == kind and fits(TensorType(have), TensorType(want))


IDS = ("category", "categories", "class", "text", "tokens", "transcript", "length")
"""What is read as ids."""
ARRAYS = ("array", "sequence")


def _unbound_input(
    plan: TrainPlan, network: Network, profile: Profile, port: Port, fields: list[Field]
) -> Diagnostic:
    if port.measures:
        return UNBOUND_INPUT.at(
            plan.span,
            f"`{port.measures}` is `padded`, and its field has samples of one length",
            help=f"take `padded` out of `input {port.measures}`; lengths of arrays are an array "
            f"`{port.measures}_length`",
        )
    names = [f.name for f in fields] or [f.name for f in profile.fields if f.role == "input"]
    problem = "several fields fit" if len(fields) > 1 else "no field fits"
    return UNBOUND_INPUT.at(
        plan.span,
        f"{problem} the input `{port.name}` {network.graph.types[port.value]}",
        notes=listing(network, profile),
        help=f"say which: `data {profile.data}({port.name}={names[0]})`" if names else "",
    )


def _padded(field: Field, type: TensorType) -> str:
    """The type of a field whose samples differ in length, as an input says it."""
    free = type.dims[:1] if type.dims and not isinstance(type.dims[0], int) else ()
    sizes = ", ".join([show(free[0]) if free else "T", *(show(d) for d in field.type.dims[1:])])
    ids = field.meaning in IDS or field.type.dtype == "int64"
    return f"token[{sizes}]" if ids else f"[{sizes}]"


def _unfitting(plan: TrainPlan, port: Port, type: TensorType, field: Field) -> Diagnostic:
    help = ""
    if field.meaning == "numbers" and type.rank == 1:
        help = f"write `input {port.name}: [{show(field.type.dims[0])}]`, or `[DATA.numbers]`"
    elif field.padded:
        help = f"samples differ in length: write `input {port.name}: {_padded(field, type)} padded`"
    elif field.meaning in ("text", "past"):
        sizes = ", ".join(show(d) for d in field.type.dims)
        kind = "token" if field.meaning == "text" else ""
        help = f"write `input {port.name}: {kind}[{sizes}]`, or another `window` in the data"
    elif field.meaning == "image":
        help = f"a picture is `input {port.name}: [3, H, W]` or `[1, H, W]`"
    message = f"the field `{field.name}` {field.type} does not fit the input {type}"
    if field.padded:
        message = f"the samples of `{field.name}` differ in length, and the input is {type}"
    return UNBOUND_INPUT.at(port.span if port.span.end else plan.span, message, help=help)


def _sizes(plan: TrainPlan, network: Network, inputs: dict[str, Field]) -> None:
    """Symbolic sizes of the network must allow what the data have, padded ones the shortest too."""
    env: dict[str, int] = {}
    least: dict[str, tuple[int, str]] = {}
    for port in network.graph.fed:
        for want, have in zip(network.graph.types[port.value].dims, inputs[port.name].type.dims):
            if not isinstance(want, int) and isinstance(have, int):
                name = show(want)
                if name in network.symbols:
                    env[name] = have
        field = inputs[port.name]
        if field.padded and field.shortest:
            steps = show(network.graph.types[port.value].dims[0])
            least[steps] = field.shortest, field.name
    conditions = [c for c in network.facts if isinstance(c, Condition)]
    broken = holds(conditions, env)
    if broken is not None:
        sizes = ", ".join(f"{k} = {v}" for k, v in env.items())
        raise Refusal(
            BROKEN_CONDITION.at(
                plan.span,
                f"{broken}, and the data have {sizes}",
                help="set `size` in the data block",
            )
        )
    for symbol, (shortest, name) in least.items():
        broken = holds(conditions, {**env, symbol: shortest})
        if broken is not None:
            raise Refusal(
                BROKEN_CONDITION.at(
                    plan.span,
                    f"{broken}, and the shortest sample of `{name}` has {symbol} = {shortest}",
                    help="leave short samples out, or shrink them less in the network",
                )
            )


__all__ = ["bind_fields", "feeds"]
