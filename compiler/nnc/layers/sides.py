"""Cells around the axes of space, and sizes taken from another value: for pad, crop, upsample."""

from __future__ import annotations

from nnc.ir.arguments import Sizes
from nnc.ir.dims import Dim, Poly, show
from nnc.ir.types import TensorType
from nnc.layers.base import Port, Ref, Rules, TorchArg, TorchWriter
from nnc.layers.rules import COUNT, LIKE
from nnc.layers.window import Ints, ints, number, numbers

SPACE = (
    Port("x", ranks=(2, 3, 4), channels_first=True),
    Port("like", ranks=(2, 3, 4), dtype="any", optional=True),
)
Sides = tuple[tuple[Dim, ...], tuple[Dim, ...]]
"""Cells before and after, in the order of the axes of space."""


def given_sides(amount: Sizes, axes: int) -> tuple[Ints, Ints]:
    """The cells of `amount`, which is written last axis first: (left, right, top, bottom)."""
    both = ints(amount, 2 * axes)
    return both[::2][::-1], both[1::2][::-1]


def halves(larger: TensorType, smaller: TensorType) -> Sides:
    """What is around the smaller in the middle of the larger; an odd cell is after it."""
    rests = [a - b for a, b in zip(larger.dims[1:], smaller.dims[1:])]
    before = tuple(rest // 2 for rest in rests)
    return before, tuple(rest - low for rest, low in zip(rests, before))


def require_one(
    rules: Rules, word: str, name: str, value: Sizes | None, x: TensorType, like: TensorType | None
) -> None:
    """States that either a number or another value tells the sizes, and that axes are as many."""
    if like is None and value is None:
        rules.refuse(
            LIKE,
            f"`{word}` needs `{name}`, or another value to take sizes from",
            help=f"write `{word}({2 if word == 'upsample' else 1})`, or `{word}(like=LABEL)`",
        )
    if like is None:
        return
    if value is not None:
        rules.refuse(
            LIKE,
            f"`{word}` takes its sizes from `{name}` or from `like`, not from both",
            at=name,
            help=f"leave out `{name}`, or `like`",
        )
    if like.rank != x.rank:
        rules.refuse(
            LIKE,
            f"{like} has {like.rank} axes, and {x} has {x.rank}",
            at="like",
            help="take a value with as many axes",
        )


def require_sides(rules: Rules, amount: Sizes, axes: int) -> None:
    """States that `amount` is one known number, or two an axis."""
    if not isinstance(amount, tuple):
        number(rules, amount, "amount")
        return
    if len(amount) != 2 * axes:
        rules.refuse(
            COUNT,
            f"`amount` has {len(amount)} numbers for {2 * axes} sides",
            at="amount",
            help="write one number, or two an axis: (left, right, top, bottom)",
        )
    numbers(rules, amount, 2 * axes, "amount")


def require_room(
    rules: Rules, larger: TensorType, smaller: TensorType, message: str, help: str
) -> None:
    """States that no axis of space of the one is shorter than that of the other."""
    for a, b in zip(larger.dims[1:], smaller.dims[1:]):
        label = f"{show(a)} is less than {show(b)}" if isinstance(a - b, int) else ""
        rules.at_least(a - b, 0, LIKE, message, at="like", label=label, help=help)


def size_of(w: TorchWriter, x: Ref, axis: int) -> TorchArg:
    """A size of space in PyTorch: a number, or what the value itself tells."""
    d = x.type.dims[axis]
    return w.size(x, axis) if isinstance(d, Poly) else d


def torch_sides(w: TorchWriter, larger: Ref, smaller: Ref) -> list[tuple[TorchArg, TorchArg]]:
    """`halves` in PyTorch, by axis of space."""
    found: list[tuple[TorchArg, TorchArg]] = []
    for at, (low, high) in enumerate(zip(*halves(larger.type, smaller.type)), start=1):
        if isinstance(low, Poly) or isinstance(high, Poly):
            rest = w.infix("-", size_of(w, larger, at), size_of(w, smaller, at))
            half = w.infix("//", rest, 2)
            found.append((half, w.infix("-", rest, half)))
        else:
            found.append((low, high))
    return found
