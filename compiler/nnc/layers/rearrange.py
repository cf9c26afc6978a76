"""rearrange: axes split, ordered and composed by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnc.ir.arguments import REST, Axes, axes, named
from nnc.ir.dims import Dim, exact_div, product, show
from nnc.ir.types import TensorType
from nnc.layers.base import (
    NOTHING,
    Along,
    Case,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)
from nnc.layers.rules import AXES_COUNT, AXIS_SIZE

Names = list[list[str]]
"""For each axis the names that it is composed of; none for an axis of one number."""


@layer("rearrange")
class Rearrange(Layer):
    """Axes split, ordered and composed by name, as in einops (Rogozhnikov, 2022).

    `rearrange([h, w, c], [c, h, w])`: [H, W, C] -> [C, H, W], any element type. `(g, c)` is one
    axis composed of two, of which the first counts slowly; `1` an axis of one number; `...` all
    axes that are not named. A size that does not follow from the value is given by name, `g=2`; a
    bound size, a parameter or a `let` of an axis's name is its size. PyTorch: reshape, permute,
    reshape; ONNX: Reshape, Transpose, Reshape; what does nothing is left out.
    """

    before: Axes = axes("the axes that come: `[(g, c), h, w]`")
    after: Axes = axes("the same names as they are then: `[(c, g), h, w]`")
    sizes: tuple[tuple[str, Dim], ...] = named("sizes of axes by name: `g=2`")

    kept = NOTHING
    elementwise = True  # its axes are counted without the batch, whether there is one or not
    ports = (Port("x", dtype="any"),)
    cases = (
        Case("rearrange([t, c], [c, t])", "[4, 5]", "[5, 4]", nodes=1),
        Case("rearrange([(g, c), h, w], [(c, g), h, w], g=2)", "[6, 4, 5]", "[6, 4, 5]", nodes=3),
        Case("rearrange([(g, c), h, w], [(c, g), h, w], g=2)", "[6, H, W]", "[6, H, W]"),
        Case("rearrange([c, (h, p), (w, q)], [(h, w), (c, p, q)], p=4, q=2)", "[3, 8, 6]",
             "[6, 24]", nodes=3),
        Case("rearrange([c, (h, p), w], [h, (p, w, c)], p=4)", "[3, H, 5]", "[H // 4, 60]"),
        Case("rearrange([(h, p), (w, q), c], [(h, w), (p, q), c], p=2, q=2)", "[4, 6, 5]",
             "[6, 4, 5]", nodes=3),
        Case("rearrange([(h, w), c], [c, h, w], h=3)", "[12, 5]", "[5, 3, 4]", nodes=2),
        Case("rearrange([c, h, w], [(h, w), c])", "[3, H, W]", "[H*W, 3]"),
        Case("rearrange([..., (n, d)], [n, ..., d], n=2)", "[3, 5, 8]", "[2, 3, 5, 4]", nodes=2),
        Case("rearrange([(a, b), c], [c, (a, b)], a=2)", "token[6, 5]", "token[5, 6]", nodes=1),
        Case("rearrange([(a, b), c], [a, (b, c)], a=2)", "[6, 5]", "[2, 15]", nodes=1),
        Case("rearrange([c, 1, w], [w, 1, 1, c])", "[3, 1, 5]", "[5, 1, 1, 3]", nodes=3),
        Case("rearrange([c, h], [c, h])", "[3, 5]", "[3, 5]", nodes=0),
        Case("rearrange([h, w], [w, h], h=4)", "[3, 5]", refused="NN371"),
        Case("rearrange([(g, c)], [g, c], g=4)", "[6]", refused="NN371"),
        Case("rearrange([(g, c), 1], [g, c], g=2)", "[6, 3]", refused="NN371"),
        Case("rearrange([h, w], [w, h])", "[3, 5, 7]", refused="NN370"),
        Case("rearrange([h, w], [w, k])", "[3, 5]", refused="NN221"),
        Case("rearrange([(a, b)], [a, b])", "[12]", refused="NN223"),
        Case("rearrange([a, a], [a])", "[3, 3]", refused="NN222"),
        Case("rearrange([a, 2], [a])", "[3, 2]", refused="NN220"),
        Case("rearrange([a, b], [b, a], c=2)", "[3, 2]", refused="NN201"),
    )  # fmt: skip

    def shape(self, rules: Rules, x: TensorType) -> tuple[TensorType, ...]:
        wanted = len([a for a in self.before if a != (REST,)])
        has_rest = wanted < len(self.before)
        if wanted > x.rank or (wanted < x.rank and not has_rest):
            rules.refuse(
                AXES_COUNT,
                f"the value has {x.rank} {'axes' if x.rank != 1 else 'axis'}, "
                f"and {wanted} {'are' if wanted != 1 else 'is'} named",
                at="before",
                label=f"the value is {x}",
                help="name each axis once; the batch is not named, `...` stands for the others",
            )
        first = next((i for i, a in enumerate(self.before) if a == (REST,)), len(self.before))
        known = dict(self.sizes)
        for at, names in enumerate(self._names(self.before, x.rank)):
            written = at if at < first else first if at < first + x.rank - wanted else None
            place = at - (x.rank - len(self.before)) if written is None else written
            self._require(rules, names, known, x.dims[at], f"before[{place}]", x)
        time = self._time(x, self._names(self.after, x.rank))
        return (TensorType(self._after(x), x.dtype, time),)

    def _require(
        self,
        rules: Rules,
        names: list[str],
        known: dict[str, Dim],
        d: Dim,
        at: str,
        x: TensorType,
    ) -> None:
        """States that an axis can be composed so."""
        given = [name for name in names if name in known]
        told = product(known[name] for name in given)
        said = ", ".join(f"`{name}` is {show(known[name])}" for name in given)
        label = f"{said}{'; ' if said else ''}this axis of {x} has {show(d)}"
        help = "give a size that fits behind the lists, or take a name that is no number here"
        if not names:
            help = "`1` is an axis of one number; give this axis a name"
        elif len(names) == 1 and isinstance(d, int):
            help = f"write `{names[0]}={show(d)}` behind the lists, or take another name"
        if len(given) == len(names):
            rules.equal(d, told, AXIS_SIZE, "the sizes do not fit", at=at, label=label, help=help)
        elif isinstance(told, int):
            what = f"{told} {'does not' if isinstance(d, int) else 'may not'} divide this axis"
            rules.divisible(d, told, AXIS_SIZE, what, at=at, label=label, help=help)
        elif exact_div(d, told) is None:
            open_ = next(name for name in names if name not in known)
            rules.refuse(
                AXIS_SIZE,
                f"the size of `{open_}` cannot be told",
                at=at,
                label=label,
                help=f"give it behind the lists: `{open_}=...`",
            )

    def _names(self, side: Axes, rank: int) -> Names:
        """The names of each axis, those that `...` stands for included."""
        rest = [[f"{REST}{i}"] for i in range(rank - len(self.before) + 1)]
        out: Names = []
        for names in side:
            if names == (REST,):
                out += rest
            else:
                out.append([n for name in names for n in _spread(name, rest)])
        return out

    def _sizes(self, x: TensorType) -> dict[str, Dim]:
        """The size of each name; what divides with a remainder is rounded down."""
        sizes = dict(self.sizes)
        for names, d in zip(self._names(self.before, x.rank), x.dims):
            told = product(sizes[name] for name in names if name in sizes)
            for name in names:
                if name not in sizes:
                    left = exact_div(d, told)
                    rounded = d // told if isinstance(told, int) else 1
                    sizes[name] = rounded if left is None else left
        return sizes

    def _time(self, x: TensorType, after: Names) -> int | None:
        """Where the axis of time is then, if it still is one."""
        before = self._names(self.before, x.rank)
        if x.time is None or len(before[x.time]) != 1:
            return None
        return after.index(before[x.time]) if before[x.time] in after else None

    def _steps(self, x: TensorType) -> tuple[tuple[Dim, ...] | None, tuple[int, ...] | None, bool]:
        """Sizes of the first reshape, order of the axes, whether a last reshape: None for none."""
        before, after = self._names(self.before, x.rank), self._names(self.after, x.rank)
        sizes, order = self._sizes(x), [name for names in after for name in names]
        if [name for names in before for name in names] == order:  # nothing changes places
            return None, None, before != after
        parts = [part for names in before for part in _whole(names, order)]
        flat = [names for names in after if names]
        found = tuple(parts.index(part) for part in _grouped(parts, order))
        cut = tuple(product(sizes[name] for name in part) for part in parts)
        put = [part for names in after for part in _grouped(parts, names)]
        first = None if parts == before else cut
        return first, found, put != flat or len(flat) != len(after)

    def along(self, axis: int, x: TensorType, *_: TensorType | None) -> Along:
        names = self._names(self.before, x.rank)[axis]
        return "each" if len(names) == 1 and names in self._names(self.after, x.rank) else "mixes"

    def nodes(self, x: TensorType) -> int:
        first, order, last = self._steps(x)
        return (first is not None) + (order is not None) + last

    def torch(self, w: TorchWriter, x: Ref) -> Ref:
        y, (first, order, last) = x, self._steps(x.type)
        if first is not None:
            y = w.view(y, *first)
        if order is not None:
            lead = 0 if x.type.fixed else 1
            y = w.method(y, "permute", *range(lead), *(at + lead for at in order))
        return w.view(y, *self._after(x.type)) if last else y

    def _after(self, x: TensorType) -> tuple[Dim, ...]:
        before, sizes = self._names(self.before, x.rank), self._sizes(x)
        whole = {frozenset(names): d for names, d in zip(before, x.dims) if names}
        after = self._names(self.after, x.rank)
        return tuple(
            whole.get(frozenset(names), product(sizes[name] for name in names)) for names in after
        )

    def onnx(self, w: OnnxWriter, x: Ref) -> Ref:
        type, y = x.type, x
        first, order, last = self._steps(type)

        def reshaped(y: Ref, dims: tuple[Dim, ...]) -> Ref:
            shape = w.ints(*dims) if type.fixed else w.shape(*dims)
            return w.op("Reshape", y, shape, type=type.with_dims(*dims))

        if first is not None:
            y = reshaped(y, first)
        if order is not None:
            lead = 0 if type.fixed else 1
            dims = first or type.dims
            turned = type.with_dims(*(dims[at] for at in order))
            y = w.op("Transpose", y, perm=(*range(lead), *(at + lead for at in order)), type=turned)
        return reshaped(y, self._after(type)) if last else y


def _spread(name: str, rest: Names) -> Iterable[str]:
    return [one for (one,) in rest] if name == REST else [name]


def _whole(names: Sequence[str], order: Sequence[str]) -> Names:
    """The parts of an axis that must be told apart: none, where they stay side by side."""
    if len(names) > 1 and names[0] in order:
        at = order.index(names[0])
        if list(order[at : at + len(names)]) == list(names):
            return [list(names)]
    return [[name] for name in names]


def _grouped(parts: Names, names: Sequence[str]) -> Names:
    """The names in their parts, in this order."""
    by_first = {part[0]: part for part in parts}
    return [by_first[name] for name in names if name in by_first]
