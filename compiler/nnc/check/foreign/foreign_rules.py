"""The rules of forms that other tools have: calls, joins, layouts."""

from __future__ import annotations

from nnc.diagnostics import rule

FOREIGN_CALL = rule(
    "NN215",
    "call-of-another-tool",
    """
The layer is called as PyTorch or Keras would call it. Here a step takes what flows, so neither the
value nor its size is written: `dense(5)`, not `Linear(10, 5)`; `batch_norm`, not `BatchNorm2d(64)`;
`relu`, not `relu(x)`. An activation is a step of its own: `conv(32, 3) -> relu`. To start from a
value with a name, write `from NAME ->` before the step.
""",
)
DOUBLED_VALUE = rule(
    "NN216",
    "joined-with-itself",
    """
`add(a)`, `concat(a)` and `mul(a)` join what flows with `a`. Where the last step made `b`, write
`add(a)` for a + b: `add(a, b)` would be a + b + b.
""",
    "warning",
)
CHANNELS_LAST = rule(
    "NN327",
    "channels-last",
    """
Keras and Pillow put the channels of a picture last: `[28, 28, 1]`. Here, as in PyTorch and ONNX,
they come first: `[1, 28, 28]`. Pictures are brought to that order when they are read.
""",
    "warning",
)
