"""The rules of budgets, each with the explanation that `nnc explain` shows."""

from __future__ import annotations

from nnc.diagnostics import rule

OVER_BUDGET = rule(
    "NN391",
    "over-budget",
    """
A figure of the network is more than its `budget` allows. The message names the three layers that
it mostly comes from. Figures are worked out without a framework: `weights` are the numbers that are
trained, `macs` multiply-adds a sample, `onnx` the size of the exported file, `memory` what a run
needs and `train_memory` a step of training, in float32 and without what kernels take for
themselves while they run.
""",
)
BAD_BUDGET = rule(
    "NN392",
    "malformed-budget",
    """
A budget bounds figures from above: `budget { weights <= 5M; macs <= 600M; onnx <= 20MB;
memory <= 1GB; train_memory <= 8GB }`. `weights` and `macs` are counts, `5M` is five million; the
others are amounts of bytes, and `20MB` is twenty million. It stands in a network, or at the top of
the file, with the network's name where there are several: `budget LeNet5 { weights <= 70K }`. A
size that is free in the network, and `batch`, get a number there for the figures:
`budget { H 224; W 224; macs <= 5G }`.
""",
)
FREE_SIZE = rule(
    "NN393",
    "budget-of-free-size",
    """
The figure depends on a size that is known only when data come, or on the batch. Give it a number
in the budget: `budget { H 224; W 224; macs <= 600M }`. Memory in training depends on the batch and
the optimizer of the network's `train` block; where there is none, `batch 32` in the budget says
how many samples a step takes, and Adam is assumed.
""",
)
