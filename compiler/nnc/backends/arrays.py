"""What the backends share about arrays: their type, and sizes that must be known by now."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from nnc.diagnostics import Refusal, rule
from nnc.ir.dims import Dim, symbols
from nnc.ir.types import DType
from nnc.source import Span

Array = npt.NDArray[np.generic]

DTYPES: dict[DType, type[np.generic]] = {
    "float32": np.float32,
    "int64": np.int64,
    "uint8": np.uint8,
}

UNKNOWN_SIZE = rule(
    "NN540",
    "size-from-data-unknown",
    """
A weight has a size that comes from data, such as `digits.classes`, and nothing has said how large
it is.
Give the number with `--set data.digits.classes=10`, or let nnc look with `--data digits=PATH`.
""",
)


def known_sizes(dims: Iterable[Dim], name: str, span: Span) -> tuple[int, ...]:
    """Sizes as plain numbers.

    Raises:
        Refusal: one of them is symbolic.
    """
    found = []
    for d in dims:
        if not isinstance(d, int):
            first = min(symbols(d))
            raise Refusal(
                UNKNOWN_SIZE.at(
                    span,
                    f"the size of {name} depends on {first}, which is not known",
                    help=f"say it: `--set data.{first}=10`" if "." in first else "",
                )
            )
        found.append(int(d))
    return tuple(found)
