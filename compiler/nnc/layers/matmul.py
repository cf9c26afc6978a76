"""The product of two values as matrices, which may both depend on the sample."""

from __future__ import annotations

from nnc.diagnostics import rule
from nnc.ir.dims import Dim, show
from nnc.ir.types import TensorType
from nnc.layers.arithmetic import broadcast, require_match
from nnc.layers.base import (
    INPUTS,
    Along,
    Case,
    Kept,
    Layer,
    OnnxWriter,
    Port,
    Ref,
    Rules,
    TorchWriter,
    layer,
)

MATRICES = rule(
    "NN394",
    "matrices-do-not-fit",
    """
`matmul(a, b)` takes the last axis of `a` and the last but one of `b` together, so the two are
equal: [M, K] and [K, N] make [M, N]. Axes before these are matched as by `add`. A vector becomes a
matrix by `unsqueeze`; `permute` turns one round.
""",
)


def _matrix(x: TensorType) -> Dim:
    """Numbers of one matrix."""
    return x.dims[-2] * x.dims[-1]


@layer("matmul")
class Matmul(Layer):
    """The product of matrices: `matmul(a, b)`, or `matmul(other=b)` in a chain.

    [..., M, K] and [..., K, N] -> [..., M, N]; axes before the last two are repeated as by `add`.
    PyTorch: torch.matmul; ONNX: MatMul.
    """

    elementwise = True  # either value may be the same for all samples
    ports = (Port("x", ranks=(2, 3, 4, 5)), Port("other", ranks=(2, 3, 4, 5)))
    cases = (
        Case("matmul", ("[4, 5]", "[5, 3]"), "[4, 3]", nodes=1),
        Case("matmul", ("[T, C]", "[C, T]"), "[T, T]", nodes=1),
        Case("matmul", ("[2, 4, 5]", "[2, 5, 3]"), "[2, 4, 3]", nodes=1),
        Case("matmul", ("[7, 1, 4, 5]", "[2, 5, 3]"), "[7, 2, 4, 3]", nodes=2),
        Case("matmul", ("[4, 5]", "[2, 5, 3]"), "[2, 4, 3]", nodes=2),
        Case("matmul", ("[4, 5]", "[4, 5]"), refused="NN394"),
        Case("matmul", ("[2, 4, 5]", "[3, 5, 6]"), refused="NN331"),
        Case("matmul", ("[5]", "[5, 3]"), refused="NN316"),
        Case("matmul", "[4, 5]", refused="NN394"),
    )

    def shape(
        self, rules: Rules, x: TensorType, other: TensorType | None = None
    ) -> tuple[TensorType, ...]:
        if other is None:
            rules.refuse(
                MATRICES,
                "`matmul` multiplies two values, and one comes",
                help="name the other: `matmul(LABEL)`, or `from a, b -> matmul`",
            )
        within, rows = x.dims[-1], other.dims[-2]
        turned = other.dims[-1] == within and other.rank == 2
        rules.equal(
            within,
            rows,
            MATRICES,
            "these matrices cannot be multiplied",
            label=f"{x} and {other}: {show(within)} is not {show(rows)}",
            help="turn the second one: `permute(1, 0)`"
            if turned
            else "the last axis of the first is the last but one of the second",
        )
        one, two = (TensorType(v.dims[:-2]) for v in (x, other))
        require_match(rules, one, two, "multiplied")
        dims = (*broadcast(one, two).dims, x.dims[-2], other.dims[-1])
        return (TensorType(dims).shared(x.fixed and other.fixed),)

    def along(self, axis: int, x: TensorType, other: TensorType, *_: TensorType | None) -> Along:
        return "each" if other.fixed and axis == x.rank - 2 else "mixes"

    def macs(self, x: TensorType, other: TensorType) -> Dim:
        ahead = broadcast(TensorType(x.dims[:-2]), TensorType(other.dims[:-2]))
        return ahead.elements * x.dims[-2] * x.dims[-1] * other.dims[-1]

    def keeps(self, x: TensorType, other: TensorType) -> Kept:
        """Its inputs; of one that is repeated along an axis, the repetitions."""
        ahead = broadcast(TensorType(x.dims[:-2]), TensorType(other.dims[:-2]))
        if x.fixed or other.fixed or x.dims[:-2] == ahead.dims == other.dims[:-2]:
            return INPUTS
        return Kept(other=4 * ahead.elements * (_matrix(x) + _matrix(other)))

    def nodes(self, x: TensorType, other: TensorType) -> int:
        rank = max(x.rank, other.rank)
        return 1 + sum(v.rank < rank and not v.fixed for v in (x, other))

    def torch(self, w: TorchWriter, x: Ref, other: Ref) -> Ref:
        rank = max(x.type.rank, other.type.rank)
        full = []
        for v in (x, other):
            low = v.type.rank < rank and not v.type.fixed
            dims = (*(1,) * (rank - v.type.rank), *v.type.dims)
            full.append(w.view(v, *dims) if low else v)
        return w.infix("@", *full)

    def onnx(self, w: OnnxWriter, x: Ref, other: Ref) -> Ref:
        rank = max(x.type.rank, other.type.rank)
        full = []
        for v in (x, other):
            if v.type.rank < rank and not v.type.fixed:
                dims = (*(1,) * (rank - v.type.rank), *v.type.dims)
                v = w.op("Reshape", v, w.shape(*dims), type=v.type.with_dims(*dims))
            full.append(v)
        return w.op("MatMul", *full)
