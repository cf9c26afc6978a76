"""What each output learns from: the target of each loss, and whether losses and metrics fit it."""

from __future__ import annotations

from math import prod

from nnc.check.training.classweights import class_weights
from nnc.check.training.fitting import fits, listing
from nnc.check.training.training_rules import (
    UNBOUND_TARGET,
    WRONG_CLASSES,
    WRONG_FIELD,
    WRONG_METRIC,
    WRONG_TARGET,
)
from nnc.diagnostics import Diagnostic, Refusal, nearest
from nnc.ir.dims import Dim
from nnc.ir.graph import Network
from nnc.ir.plan import Field, MetricPlan, Profile, Target, Term, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import replace


def bind_targets(
    plan: TrainPlan, network: Network, profile: Profile, given: dict[str, str], used: set[str]
) -> tuple[tuple[Term, ...], list[tuple[str, str]]]:
    """The terms with their targets, and (output, field or input) pairs.

    Raises:
        Refusal: an output has no target, or one that its loss or metric does not fit.
    """
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
    bound = tuple(
        replace(t, target=_of_ids(t, t.target or chosen[t.output], network)) for t in terms
    )
    for term in bound:
        _check_target(network, profile, term)
    _check_metrics(plan, profile, bound)
    pairs = dict.fromkeys((t.output, t.target.name) for t in bound if t.target is not None)
    return bound, list(pairs)


def _of_ids(term: Term, target: Target, network: Network) -> Target:
    """The target; of an input that holds ids with the number of those that the output tells."""
    if target.kind != "input" or term.loss.target != "class":
        return target
    output = next(p.value for p in network.graph.outputs if p.name == term.output)
    last = (0, *network.graph.types[output].dims)[-1]
    return replace(target, classes=last if isinstance(last, int) else 0)


CLASSES = ("class", "mask", "tokens")
"""What is learnt as classes: one a sample, one a pixel, one a place of a text."""


def _learns(field: Field, output: str, terms: tuple[Term, ...]) -> bool:
    """Whether the losses of an output can compare it with a field."""
    classes, text = field.meaning in CLASSES, field.meaning == "transcript"
    return all(
        text
        if t.loss.target == "text"
        else classes
        if t.loss.target == "class"
        else not text and (not classes or t.loss.word.startswith("bce"))
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
        notes=listing(network, profile),
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
        ids = term.loss.target == "class" and other.dtype == "int64"
        have = TensorType(output.dims[:-1]) if ids and output.rank else output
        _require(fits(other, have), term, output, f"the input `{term.target.name}` is {other}")
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
    if term.loss.target == "text":
        _check_text(term, output, field, profile)
        return
    if field.meaning == "transcript":
        message = f"`{field.name}` is a text of its own length, and `{term.loss.word}` knows none"
        raise Refusal(WRONG_TARGET.at(term.span, message, help="learn it with `ctc`"))
    if term.loss.target == "class":
        _check_classes(term, output, field, profile)
    elif field.meaning in CLASSES:
        _check_binary(term, output, field)
    else:
        have = field.type if field.type.rank else TensorType((1,))
        what, help = f"the target `{field.name}` is {field.type}", _toward(output, have)
        _require(fits(have, output), term, output, what, help)


def _toward(output: TensorType, wanted: TensorType) -> str:
    """The steps that bring an output to a size, where both are known."""
    dims = [d for d in (*output.dims, *wanted.dims) if isinstance(d, int)]
    if len(dims) < output.rank + wanted.rank or not wanted.rank:
        return ""
    last = f"dense({wanted.dims[-1]})"
    if output.rank == wanted.rank and output.dims[:-1] == wanted.dims[:-1]:
        return f"write `{last}` as the last layer"
    if wanted.rank == 1:
        return f"write `flatten -> {last}` at the end"
    sides = ", ".join(map(str, wanted.dims))
    count = prod(d for d in wanted.dims if isinstance(d, int))
    return f"write `flatten -> dense({count}) -> reshape({sides})` at the end"


def _require(ok: bool, term: Term, output: TensorType, what: str, help: str = "") -> None:
    if not ok:
        raise Refusal(
            WRONG_TARGET.at(
                term.span,
                f"the output `{term.output}` is {output}, and {what}",
                help=help or "bring the output to the target's size",
            )
        )


def _check_classes(term: Term, output: TensorType, field: Field, profile: Profile) -> None:
    """cross_entropy: the first axis is classes, the others are the target's.

    Of texts the last axis is classes: features stand last there.
    """
    if field.meaning not in CLASSES:
        raise Refusal(
            WRONG_TARGET.at(
                term.span,
                f"`{term.loss.word}` compares with classes, and `{field.name}` holds numbers",
                help="use `mse`, `l1` or `huber` for numbers",
            )
        )
    classes = len(field.labels) or (field.ids[1] + 1 if field.ids else 0)
    if len(field.labels) == 1:
        raise Refusal(
            WRONG_CLASSES.at(
                term.span,
                f"`{field.name}` has one class, `{field.labels[0]}`: nothing to tell apart",
                help="pictures and sounds want one folder a class: `pets/cat/`, `pets/dog/`",
            )
        )
    last = field.meaning == "tokens"
    sizes = output.dims[-1:] if last else output.dims[:1]
    turned = last and _channels_first(output, classes)
    if turned or (last and (output.rank != 2 or (classes and not _is(sizes[0], classes)))):
        raise Refusal(_wrong_tokens(term, output, field, profile))
    if not last and (not sizes or (isinstance(sizes[0], int) and sizes[0] != classes)):
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
    few = class_weights(term, [classes]) if classes else None
    if few is not None:
        raise Refusal(few)
    rest = TensorType(output.dims[:-1] if last else output.dims[1:])
    _require(fits(field.type, rest), term, output, f"the target `{field.name}` is {field.type}")


def _check_text(term: Term, output: TensorType, field: Field, profile: Profile) -> None:
    """ctc: steps of one number a token, the blank first among them."""
    word = term.loss.word
    if field.meaning != "transcript":
        message = f"`{word}` learns texts without times, and `{field.name}` is none"
        help = "texts come with sounds: `audio(..., labels=..., target=...)`; classes are learnt"
        help = f"{help} with `cross_entropy`"
        raise Refusal(WRONG_TARGET.at(term.span, message, help=help))
    tokens = len(field.labels)
    turned = _channels_first(output, tokens)
    if output.rank == 2 and not turned and (not tokens or _is(output.dims[-1], tokens)):
        return
    message = f"`{field.name}` has {tokens} tokens with the blank, and `{term.output}` is {output}"
    help = f"give [T, {tokens}], features last: `dense({profile.data}.vocab)` as the last layer"
    help = TURN if turned else help
    raise Refusal(WRONG_CLASSES.at(term.span, message, help=help))


TURN = "features stand last: put `rearrange([c, t], [t, c])` behind the last layer"


def _channels_first(output: TensorType, tokens: int) -> bool:
    """An output that has the numbers of a step in its first axis, as convolutions make it."""
    return output.rank == 2 and bool(tokens) and output.dims[0] == tokens != output.dims[1]


def _is(size: Dim, wanted: int) -> bool:
    """A size is that number, or is not known yet."""
    return not isinstance(size, int) or size == wanted


def _wrong_tokens(term: Term, output: TensorType, field: Field, profile: Profile) -> Diagnostic:
    """An output that does not give each place of a text one number a token."""
    count, known = len(field.labels), dict(profile.sizes).get("vocab")
    if not count and field.ids:
        count = known = field.ids[1] + 1
    last = f"dense({profile.data}.vocab)" if known == count or not count else f"dense({count})"
    help = f"give [T, {count or 'VOCAB'}], features last: `{last}` as the last layer"
    if _channels_first(output, count):
        help = TURN
    return WRONG_CLASSES.at(
        term.span,
        f"`{field.name}` is a token at each place, and the output `{term.output}` is {output}",
        help=help,
    )


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
    dims = field.type.dims
    one = TensorType((1, *dims))
    each = (TensorType((*dims, 1)), field.type) if field.meaning == "tokens" or field.padded else ()
    fit = [*each, one] if field.meaning != "tokens" else [*each]
    if not any(fits(type, output) for type in fit) or len(field.labels) != 2:
        shape = "one number" if field.meaning == "class" else " or ".join(map(str, fit))
        raise Refusal(
            WRONG_CLASSES.at(
                term.span,
                f"`{term.loss.word}` on classes wants {shape} and two classes; "
                f"the output is {output}, and there are {len(field.labels)} classes",
                help="give [1]: put `unsqueeze(0)` before the output"
                if not output.rank and one.rank == 1
                else "for more classes use `cross_entropy`",
            )
        )


def _check_metrics(plan: TrainPlan, profile: Profile, terms: tuple[Term, ...]) -> None:
    """A metric's kind is that of what its output learns."""
    for metric in plan.metrics:
        own = [term for term in terms if term.output == metric.output]
        decides = next((term for term in own if term.loss.needs), None)
        if metric.metric.target == "text":
            continue
        if metric.metric.target == "value":
            if decides is not None:
                word = decides.loss.word
                raise Refusal(_odd_metric(metric, f"`{word}` makes probabilities of its output"))
            continue
        target = None if decides is None else decides.target
        field = None if target is None else profile.field(target.name)
        if target is not None and target.classes:
            continue
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
