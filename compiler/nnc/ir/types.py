"""Types of values: sizes per sample, an element type, and which axis is time.

The batch axis is implicit.
"""

from __future__ import annotations

from typing import Literal

from nnc.ir.dims import Dim, product, show
from nnc.record import Record

DType = Literal["float32", "int64", "uint8", "string"]


class TensorType(Record):
    """`[3, H, W]` is float32; `token[T]` is int64.

    `time` is the axis (without the batch) that is time. A `fixed` value is the same for all samples
    (a weight, a constant, what is computed of them): no batch axis stands before its sizes.
    """

    dims: tuple[Dim, ...]
    dtype: DType = "float32"
    time: int | None = None
    fixed: bool = False

    @property
    def rank(self) -> int:
        """Number of axes, the batch left out."""
        return len(self.dims)

    @property
    def elements(self) -> Dim:
        """Number of elements a sample."""
        return product(self.dims)

    def with_dims(self, *dims: Dim) -> TensorType:
        """The same element type with other sizes; the mark of the time axis stays where it was."""
        time = self.time if self.time is not None and self.time < len(dims) else None
        return TensorType(dims, self.dtype, time, self.fixed)

    def shared(self, fixed: bool) -> TensorType:
        """The same type, `fixed` or with a batch axis."""
        return self if self.fixed == fixed else TensorType(self.dims, self.dtype, self.time, fixed)

    def __str__(self) -> str:
        kind = {"float32": "", "int64": "token"}.get(self.dtype, self.dtype)
        return f"{kind}[{', '.join(show(d) for d in self.dims)}]"
