"""What PyTorch raises about a user's data or batch, as messages."""

from __future__ import annotations

from collections.abc import Callable

from nnc.diagnostics import Refusal, rule
from nnc.source import NOWHERE
from nnc.train.losses import BEYOND

ONE_SAMPLE = rule(
    "NN486",
    "batch-norm-of-one",
    """
batch_norm needs more than one number a channel while it trains: a batch of a single vector has no
variance.
Use `batch 2` or more, or `layer_norm`.
""",
)


def guarded(step: Callable[..., None], *batch: object) -> None:
    """Runs a step; what PyTorch raises about a user's data or batch becomes a message."""
    try:
        step(*batch)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        message = "batch_norm cannot learn from a batch of one sample"
        help = "use a larger `batch`"
        raise Refusal(ONE_SAMPLE.at(NOWHERE, message, help=help)) from None
    except RuntimeError as error:
        if "should be between 0 and 1" not in str(error):
            raise
        message = "bce compares with 0 to 1, and a target lies beyond"
        raise Refusal(BEYOND.at(NOWHERE, message, help="use `mse`, `l1` or `huber`")) from None
