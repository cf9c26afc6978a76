"""Where a flat view of a network enters and leaves a scan."""

from __future__ import annotations

from nnc.ir.dims import Dim
from nnc.ir.graph import Scan
from nnc.ir.initial import Weight
from nnc.ir.types import TensorType
from nnc.record import Record


class Border(Record):
    """Where a flat view enters or leaves a scan: it takes values apart, or stacks them."""

    word: str
    count: int = 0

    def nodes(self, *x: TensorType | None) -> int:
        """How many ONNX nodes it becomes."""
        return self.count

    @property
    def tied(self) -> None:
        """None."""
        return None

    def weights(self, *x: TensorType | None) -> tuple[Weight, ...]:
        """None."""
        return ()

    def arrays(self, *x: TensorType | None) -> tuple[Weight, ...]:
        """None."""
        return ()

    def macs(self, *x: TensorType | None) -> Dim:
        """None."""
        return 0


def border_nodes(op: Scan) -> tuple[int, int]:
    """How many ONNX nodes stand before a scan's steps and behind them."""
    body = op.graph
    if not op.starts:
        same = body.inputs[op.stepped :]
        repeated = sum(not body.types[port.value].fixed for port in same)
        return op.stepped + 3 * repeated, op.results
    values = [port.value for port in body.outputs]
    made = {value for value in values if value >= len(body.inputs)}
    copies = len(values) - len(made)  # an output of the body is a value of its own
    return sum(start is not None for start in op.starts), 1 + copies
