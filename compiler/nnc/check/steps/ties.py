"""Ties: a layer whose `weight` is that of a named step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from nnc.check.arguments.bind import Bound
from nnc.check.formulas.values import BAD, SharedEntry, Tie, dims_text
from nnc.check.steps.body import Body
from nnc.check.steps.shaperules import Stating
from nnc.check.steps.tienames import NOT_TIED
from nnc.diagnostics import Refusal, rule
from nnc.ir.arguments import Tied
from nnc.ir.graph import Call, Item
from nnc.ir.initial import Fill, Weight
from nnc.ir.types import TensorType
from nnc.layers import computed
from nnc.layers.base import Layer
from nnc.layers.source import Source
from nnc.layers.weighted import Normed, Weighted
from nnc.record import replace

TIED_SHAPES = rule(
    "NN380",
    "tied-shapes",
    """
`tie=words` makes two layers use one weight, so both must need it in the same sizes. A dense layer's
weight is [units, inputs], that of an embedding [count, width], that of a convolution
[channels, inputs, kernel...].
""",
)
NORMED = rule(
    "NN382",
    "weight-with-a-norm",
    """
`spectral_norm=true` divides a weight by its largest singular value, `weight_norm=true` learns its
direction and its lengths apart. What is learned is then not the weight itself, so it cannot be tied
to another layer's, and it cannot start as zeros.
""",
)


def tied_layer(
    body: Body,
    op: Layer,
    types: tuple[TensorType | None, ...],
    bound: Bound,
    rules: Stating,
) -> Layer:
    """The layer with what its `tie=` means in the graph at hand.

    Raises:
        Refusal: it means no weight, or one of other sizes.
    """
    tie = bound.values.get("tie")
    if isinstance(op, Weighted) and computed.WEIGHT in op.ports and types[1] is not None:
        _require_none(rules, op, tie, "init" in bound.stated)
        return op
    if isinstance(op, Normed) and op.norm is not None:
        _require_own(rules, op, op.norm, tie)
    if not isinstance(op, Weighted) or tie is None:
        return op
    return replace(op, tie=_tied(body, op, types, tie, rules, "init" in bound.stated))


def _require_none(rules: Stating, op: Weighted, tie: Tie | None, starts: bool) -> None:
    """States that nothing else is said of a weight that is a value."""
    norm = op.norm if isinstance(op, Normed) else None
    at = "tie" if tie is not None else norm or ("init" if starts else "")
    if at:
        rules.refuse(
            computed.COMPUTED,
            f"the weight of this `{op.word}` is a value, and `{at}` speaks of one of its own",
            at=at,
            help=f"leave out `{at}`, or `weight`",
        )


def _require_own(rules: Stating, op: Normed, norm: str, tie: Tie | None) -> None:
    """States that a weight which is computed is so in one way, of numbers of the layer itself."""
    if op.spectral_norm and op.weight_norm:
        rules.refuse(
            NORMED,
            "a weight has spectral norm or weight norm, not both",
            at="weight_norm",
            help="leave one of the two out",
        )
    if tie is not None:
        rules.refuse(
            NORMED,
            f"a tied weight is used as it is, without `{norm}`",
            at=norm,
            help=f"leave out `{norm}`, or `tie={tie.text}`",
        )
    init = getattr(op, "init", None)
    if isinstance(init, Fill) and init.value == 0:
        rules.refuse(
            NORMED,
            f"a weight of zeros cannot be divided by its {_DIVISOR[norm]}",
            at="init",
            help="start it otherwise, such as `init=normal(0.02)`",
        )


_DIVISOR = {"spectral_norm": "largest singular value", "weight_norm": "length"}


def _tied(
    body: Body,
    op: Weighted,
    types: tuple[TensorType | None, ...],
    tie: Tie,
    rules: Stating,
    starts: bool,
) -> Tied:
    """The weight that a tie means; `starts`: the step says how its own starts."""
    own = _weight(op.arrays(*types), "weight")
    if own is None:
        rules.refuse(NOT_TIED, f"this `{op.word}` has no weight to tie", at="tie")
    if tie.turned and not op.turns:
        rules.refuse(
            NOT_TIED,
            f"`dense` uses a weight turned over, and `{op.word}` as it is",
            at="tie",
            help=f"write `tie={tie.text}`",
        )
    item = _step(body, tie, rules)
    source = "" if isinstance(item.op, Source) else "weight"
    given = tuple(body.builder.types[v] for v in item.inputs if v is not None)
    theirs = _weight(item.op.arrays(*given), source) if isinstance(item.op, Layer) else None
    if theirs is None or theirs.role != "trained":
        _refuse_step(rules, tie, item)
    if isinstance(item.op, Normed) and item.op.norm is not None:
        rules.refuse(
            NORMED,
            f"the weight of `{tie.text}` is computed anew at each use, by its `{item.op.norm}`",
            at="tie",
            help=f"leave out `{item.op.norm}` there, or `tie` here",
        )
    seen = replace(theirs, dims=theirs.dims[::-1]) if tie.turned else theirs
    _require_sizes(rules, tie, op, own, seen)
    if starts:
        rules.refuse(
            NOT_TIED,
            f"`init` has no effect: the weight starts as that of `{tie.text}`",
            at="init",
            help=f"leave it out, or write it where `{tie.text}` is made",
        )
    if isinstance(item.op, Weighted) and item.op.tie is not None:
        return replace(item.op.tie, turned=item.op.tie.turned != tie.turned)
    return Tied(item.instance or item.name, source, tie.turned)


def _weight(weights: Iterable[Weight], name: str) -> Weight | None:
    return next((weight for weight in weights if weight.name == name), None)


def _step(body: Body, tie: Tie, rules: Stating) -> Item:
    """The step that a name means: the first use of a shared one, or what made a label's value."""
    builder, name = body.builder, tie.text
    if isinstance(tie.entry, SharedEntry):
        owner = builder.owners.get(tie.entry)
        if owner is None:
            _refuse_unused(rules, tie.entry, name)
        return builder.items[builder.first[owner]]
    if tie.entry.value == BAD:
        raise Refusal()
    at = builder.maker.get(tie.entry.value)
    if at is not None:
        return builder.items[at]
    if body.top:
        rules.refuse(
            NOT_TIED,
            f"`{name}` is an input, and has no weight",
            at="tie",
            help="tie to a step: one that is `shared`, or that `as NAME` names",
        )
    rules.refuse(
        NOT_TIED,
        f"`{name}` is a value from outside of this block, whose layer is not known here",
        at="tie",
        help=f"make its layer a shared step: `shared {name} = ...`",
    )


def _refuse_unused(rules: Stating, entry: SharedEntry, name: str) -> NoReturn:
    """A shared step without a use, and so without a weight, before the tie."""
    ties = any(arg.name is not None and arg.name.text == "tie" for arg in entry.step.args or ())
    rules.refuse(
        NOT_TIED,
        f"`{name}` has no weight yet: its first use must come before this one",
        at="tie",
        help=f"use `{name}` as a step before"
        + (", and leave one of the two untied" if ties else f", or tie `{name}` to this step"),
    )


def _refuse_step(rules: Stating, tie: Tie, item: Item) -> NoReturn:
    """The step has nothing to tie to."""
    if isinstance(item.op, Call):
        rules.refuse(
            NOT_TIED,
            f"`{tie.text}` is a block, and a weight is tied to that of one layer",
            at="tie",
            help="make the layer a `shared` step, and hand it to the block as a parameter",
        )
    if isinstance(item.op, Source):
        rules.refuse(
            NOT_TIED,
            f"`{tie.text}` is a constant, and does not learn",
            at="tie",
            help=f"declare it as `weight {tie.text}: ...`",
        )
    what = f"`{tie.text}` is" if isinstance(tie.entry, SharedEntry) else f"`{tie.text}` names"
    rules.refuse(
        NOT_TIED,
        f"{what} the value of `{item.op.word}`, which has no weight"
        if not isinstance(tie.entry, SharedEntry)
        else f"{what} `{item.op.word}`, which has no weight",
        at="tie",
        help="put `as NAME` right behind the layer that has the weight"
        if not isinstance(tie.entry, SharedEntry)
        else "tie to a layer with a weight, such as `dense`, `conv` or `embedding`",
    )


def _require_sizes(rules: Stating, tie: Tie, op: Weighted, own: Weight, theirs: Weight) -> None:
    """States that both weights have the same sizes."""
    turned = ", turned over," if tie.turned else ""
    message = (
        f"the weight of `{tie.text}`{turned} is {dims_text(theirs.dims)}, "
        f"and this `{op.word}` needs {dims_text(own.dims)}"
    )
    if len(own.dims) != len(theirs.dims):
        rules.refuse(TIED_SHAPES, message, at="tie", help="tie to a weight with as many axes")
    for at, (mine, other) in enumerate(zip(own.dims, theirs.dims)):
        help = _help(op, at, own, theirs, tie)
        rules.equal(mine, other, TIED_SHAPES, message, at="tie", help=help)


def _help(op: Weighted, at: int, own: Weight, theirs: Weight, tie: Tie) -> str:
    """What to change where the sizes of axis `at` differ, the first that do."""
    turned = len(own.dims) == 2 and own.dims == theirs.dims[::-1]
    if turned and op.turns:
        name = tie.text if tie.turned else f"transpose({tie.text})"
        return f"one is the other turned over: write `tie={name}`"
    wanted = dims_text(theirs.dims[at : at + 1])[1:-1]
    first = next(name for name, arg in op.args.items() if arg.required) if _sized(op) else ""
    if at == 0 and first and op.word != "conv_transpose":
        return f"write `{first}={wanted}`"
    if op.word in ("dense", "conv") and at == 1:
        return f"bring the value to {wanted} {'features' if op.word == 'dense' else 'channels'}"
    return f"axis {at} must be {wanted}"


def _sized(op: Weighted) -> bool:
    return any(arg.required for arg in op.args.values())
