"""Which field of the data feeds which input, and which one each output learns from."""

from __future__ import annotations

from nnc.check.training_rules import (
    BROKEN_CONDITION,
    UNBOUND_INPUT,
    UNBOUND_TARGET,
    WRONG_CLASSES,
    WRONG_FIELD,
    WRONG_METRIC,
    WRONG_TARGET,
)
from nnc.diagnostics import Diagnostic, Refusal, nearest
from nnc.ir.conditions import Condition, holds
from nnc.ir.dims import show
from nnc.ir.graph import Network, Port
from nnc.ir.lossformula import names
from nnc.ir.plan import Binding, Field, MetricPlan, Profile, Target, Term, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import replace


def bind_fields(plan: TrainPlan, network: Network, profile: Profile) -> TrainPlan:
    """The plan with its binding, and each term of the loss with its target.

    Raises:
        Refusal: an input or target has no field, or sizes do not fit.
    """
    given = dict(plan.given)
    _check_given(plan, network, profile, given)
    inputs = _inputs(plan, network, profile, given)
    used = {field.name for field in inputs.values()}
    terms, targets = _targets(plan, network, profile, given, used)
    _sizes(plan, network, inputs)
    read = used | {name for _, name in targets}
    gathered = {c for f in profile.fields if f.name in read for c in f.columns}
    unused = tuple(
        f.name for f in profile.fields if not (f.name in read or _inside(f, read, gathered))
    )
    formulas = [n for p in plan.phases for f in p.formulas for n in names(f.formula)]
    outputs = {t.output for t in terms} | {n.name for n in formulas if n.kind == "output"}
    binding = Binding(
        tuple((name, field.name) for name, field in inputs.items()),
        tuple(targets),
        unused,
        tuple(p.name for p in network.graph.outputs if p.name not in outputs),
    )
    phases = tuple(replace(p, terms=terms) for p in plan.phases)
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
                    plan.span,
                    f"`{wrong}` is no {what}",
                    help=f"did you mean `{guess}`?" if guess else "there are " + ", ".join(known),
                )
            )


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
            fields = [
                f
                for f in profile.fields
                if f.role == "input" and f.name not in taken and feeds(f, type)
            ]
            fields = _whole(fields)
            if len(fields) != 1 or len([p for p in left if _same(network, p, port)]) != 1:
                raise Refusal(_unbound_input(plan, network, profile, port, fields))
            found[port.name] = fields[0]
            taken.add(fields[0].name)
    for port in network.graph.fed:
        type, field = network.graph.types[port.value], found[port.name]
        if not feeds(field, type):
            raise Refusal(_unfitting(plan, port, type, field))
    return {p.name: found[p.name] for p in network.graph.fed}


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
    if field.meaning in ("category", "categories", "class"):
        return type.dtype == "int64" and _fits(field.type, type)
    return type.dtype == "float32" and _fits(field.type, type)


def _fits(have: TensorType, want: TensorType) -> bool:
    """Equal sizes where both are known."""
    return have.rank == want.rank and all(
        a == b or not isinstance(a, int) or not isinstance(b, int)
        for a, b in zip(have.dims, want.dims)
    )


def _listing(network: Network, profile: Profile) -> tuple[str, ...]:
    types = network.graph.types
    sides = ", ".join(f"{p.name} {types[p.value]}" for p in network.graph.fed)
    outs = ", ".join(f"{p.name} {types[p.value]}" for p in network.graph.outputs)
    fields = ", ".join(f"{f.name} {f.type} ({f.role}, {f.meaning})" for f in profile.fields)
    return (f"the network reads {sides} and gives {outs}", f"the data have {fields}")


def _unbound_input(
    plan: TrainPlan, network: Network, profile: Profile, port: Port, fields: list[Field]
) -> Diagnostic:
    names = [f.name for f in fields] or [f.name for f in profile.fields if f.role == "input"]
    problem = "several fields fit" if len(fields) > 1 else "no field fits"
    return UNBOUND_INPUT.at(
        plan.span,
        f"{problem} the input `{port.name}` {network.graph.types[port.value]}",
        notes=_listing(network, profile),
        help=f"say which: `data {profile.data}({port.name}={names[0]})`" if names else "",
    )


def _unfitting(plan: TrainPlan, port: Port, type: TensorType, field: Field) -> Diagnostic:
    help = ""
    if field.meaning == "numbers" and type.rank == 1:
        help = f"write `input {port.name}: [{show(field.type.dims[0])}]`, or `[DATA.numbers]`"
    elif field.meaning == "image":
        help = f"a picture is `input {port.name}: [3, H, W]` or `[1, H, W]`"
    return UNBOUND_INPUT.at(
        plan.span, f"the field `{field.name}` {field.type} does not fit the input {type}", help=help
    )


# --- targets -------------------------------------------------------------------------------------


def _targets(
    plan: TrainPlan, network: Network, profile: Profile, given: dict[str, str], used: set[str]
) -> tuple[tuple[Term, ...], list[tuple[str, str]]]:
    """The terms with their targets, and (output, field or input) pairs."""
    terms = plan.phases[0].terms
    chosen: dict[str, Target] = {t.output: t.target for t in terms if t.target is not None}
    needing = list(dict.fromkeys(t.output for t in terms if t.target is None))
    for output in needing:
        field = profile.field(given.get(output, output))
        if field is not None and (output in given or field.role == "target"):
            chosen[output] = Target("field", field.name)
    taken = used | {t.name for t in chosen.values()}
    left = [o for o in needing if o not in chosen]
    for output in left:
        fields = [
            f
            for f in profile.fields
            if f.role == "target" and f.name not in taken and _learns(f, output, terms)
        ]
        if len(fields) != 1 or len(left) != 1:
            raise Refusal(_unbound_target(plan, network, profile, output, fields))
        chosen[output] = Target("field", fields[0].name)
    bound = tuple(replace(t, target=t.target or chosen[t.output]) for t in terms)
    for term in bound:
        _check_target(network, profile, term)
    _check_metrics(plan, profile, bound)
    pairs = dict.fromkeys((t.output, t.target.name) for t in bound if t.target is not None)
    return bound, list(pairs)


def _learns(field: Field, output: str, terms: tuple[Term, ...]) -> bool:
    """Whether the losses of an output can compare it with a field."""
    classes = field.meaning in ("class", "mask")
    return all(
        classes if t.loss.target == "class" else (not classes or t.loss.word.startswith("bce"))
        for t in terms
        if t.output == output
    )


def _unbound_target(
    plan: TrainPlan, network: Network, profile: Profile, output: str, fields: list[Field]
) -> Diagnostic:
    names = [f.name for f in fields] or [f.name for f in profile.fields if f.role == "target"]
    problem = "several fields could be" if len(fields) > 1 else "no field can be"
    return UNBOUND_TARGET.at(
        plan.span,
        f"{problem} the target of `{output}`",
        notes=_listing(network, profile),
        help=f"say which: `data {profile.data}({output}={names[0]})`"
        if names
        else "these data have no targets; compare with an input: `mse(OUTPUT, INPUT)`",
    )


def _check_target(network: Network, profile: Profile, term: Term) -> None:
    """Sizes of output and target."""
    assert term.target is not None
    types = network.graph.types
    output = next(types[p.value] for p in network.graph.outputs if p.name == term.output)
    if term.target.kind == "input":
        other = next(types[p.value] for p in network.graph.fed if p.name == term.target.name)
        _require(_fits(other, output), term, output, f"the input `{term.target.name}` is {other}")
        return
    field = profile.field(term.target.name)
    if field is None:
        guess = nearest(term.target.name, [f.name for f in profile.fields])
        raise Refusal(
            WRONG_FIELD.at(
                term.span,
                f"the data `{profile.data}` have no field `{term.target.name}`",
                help=f"did you mean `{guess}`?"
                if guess
                else "they have " + ", ".join(f"`{f.name}`" for f in profile.fields),
            )
        )
    if term.loss.target == "class":
        _check_classes(term, output, field)
    elif field.meaning in ("class", "mask"):
        _check_binary(term, output, field)
    else:
        have = field.type if field.type.rank else TensorType((1,))
        _require(_fits(have, output), term, output, f"the target `{field.name}` is {field.type}")


def _require(ok: bool, term: Term, output: TensorType, what: str) -> None:
    if not ok:
        raise Refusal(
            WRONG_TARGET.at(
                term.span,
                f"the output `{term.output}` is {output}, and {what}",
                help="bring the output to the target's size",
            )
        )


def _check_classes(term: Term, output: TensorType, field: Field) -> None:
    """cross_entropy: the first axis is classes, the others are the target's."""
    if field.meaning not in ("class", "mask"):
        raise Refusal(
            WRONG_TARGET.at(
                term.span,
                f"`{term.loss.word}` compares with classes, and `{field.name}` holds numbers",
                help="use `mse`, `l1` or `huber` for numbers",
            )
        )
    classes = len(field.labels)
    if classes == 1:
        raise Refusal(
            WRONG_CLASSES.at(
                term.span,
                f"`{field.name}` has one class, `{field.labels[0]}`: nothing to tell apart",
                help="pictures want one folder a class: `pets/cat/`, `pets/dog/`",
            )
        )
    sizes = output.dims[:1]
    if not sizes or (isinstance(sizes[0], int) and sizes[0] != classes):
        help = (
            f"the last layer gives one number a class: `dense({classes})`, or `dense(DATA.classes)`"
        )
        if output.rank > 1 and output.dims[-1] == classes:
            help = "`dense` works on the last axis: put `flatten ->` before it"
        raise Refusal(
            WRONG_CLASSES.at(
                term.span,
                f"`{field.name}` has {classes} classes, and the output `{term.output}` is {output}",
                help=help,
            )
        )
    rest = TensorType(output.dims[1:])
    _require(_fits(field.type, rest), term, output, f"the target `{field.name}` is {field.type}")


def _other_reading(field: Field) -> str:
    if not all(label.lstrip("+-").isdecimal() for label in field.labels):
        return "use `cross_entropy`"
    numbers = f'numbers=["{field.name}"]'
    return f"use `cross_entropy`, or read a table's column as numbers: `{numbers}` in its source"


def _check_binary(term: Term, output: TensorType, field: Field) -> None:
    """Bce on a class, or on each element of a mask: one number, two classes."""
    if not term.loss.word.startswith("bce"):
        raise Refusal(
            WRONG_TARGET.at(
                term.span,
                f"`{term.loss.word}` compares numbers, and `{field.name}` holds classes",
                help=_other_reading(field),
            )
        )
    one = TensorType((1, *field.type.dims))
    if not _fits(one, output) or len(field.labels) != 2:
        shape = "one number" if field.meaning == "class" else str(one)
        raise Refusal(
            WRONG_CLASSES.at(
                term.span,
                f"`{term.loss.word}` on classes wants {shape} and two classes; "
                f"the output is {output}, and there are {len(field.labels)} classes",
                help="for more classes use `cross_entropy`",
            )
        )


def _check_metrics(plan: TrainPlan, profile: Profile, terms: tuple[Term, ...]) -> None:
    """A metric's kind is that of what its output learns."""
    for metric in plan.metrics:
        own = [term for term in terms if term.output == metric.output]
        decides = next((term for term in own if term.loss.needs), None)
        if metric.metric.target == "value":
            if decides is not None:
                word = decides.loss.word
                raise Refusal(_odd_metric(metric, f"`{word}` makes probabilities of its output"))
            continue
        target = None if decides is None else decides.target
        field = None if target is None else profile.field(target.name)
        if target is None or target.kind == "input" or field is None or field.role == "input":
            what = f"`{target.name}`" if target is not None else "its target"
            raise Refusal(_odd_metric(metric, f"{what} holds no classes to count"))
        if getattr(metric.metric, "top", 1) > 1 and not field.labels:
            raise Refusal(_odd_metric(metric, "of several yes or no there is no best few"))


def _odd_metric(metric: MetricPlan, why: str) -> Diagnostic:
    return WRONG_METRIC.at(
        metric.span,
        f"`{metric.name}` cannot be counted of `{metric.output}`: {why}",
        help="leave it out: the best weights are then chosen by the loss",
    )


def _sizes(plan: TrainPlan, network: Network, inputs: dict[str, Field]) -> None:
    """Symbolic sizes of the network must allow what the data have."""
    env: dict[str, int] = {}
    for port in network.graph.fed:
        for want, have in zip(network.graph.types[port.value].dims, inputs[port.name].type.dims):
            if not isinstance(want, int) and isinstance(have, int):
                name = show(want)
                if name in network.symbols:
                    env[name] = have
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


__all__ = ["bind_fields", "feeds"]
