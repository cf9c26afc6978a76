"""Connectionist temporal classification: texts of their own length against steps of sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nnc.check.training.training_rules import LOST_TEXT
from nnc.diagnostics import Refusal
from nnc.ir.ownsteps import Steps
from nnc.ir.plan import Term
from nnc.train.data.ragged import length_name
from nnc.train.transcripts import BLANK, lost

Raw = Mapping[str, Tensor]


def steps_of(axes: tuple[Steps, ...], raw: Raw, output: Tensor) -> list[int]:
    """How many steps of an output [batch, T, classes] are each sample's own."""
    for steps in axes:
        if steps.axis == 0:
            return steps.own(raw[steps.length].tolist())
    return [output.shape[1]] * len(output)


def ctc_function(term: Term, axes: tuple[Steps, ...], name: str) -> Callable[[Tensor, Raw], Tensor]:
    """The loss of an output [batch, T, classes] as a function of it and of raw values.

    The mean over samples of nats a token; with `reduce=sum` of nats a text.

    Raises:
        Refusal: while it runs, where a text is too long for its steps.
    """
    summed = getattr(term.loss, "reduce", "mean") == "sum"

    def loss(output: Tensor, raw: Raw) -> Tensor:
        right, length = raw[name], raw[length_name(name)]
        steps, lengths = steps_of(axes, raw, output), length.tolist()
        at = lost(right.cpu().numpy(), lengths, steps)
        if at is not None:
            message = f"a text of {lengths[at]} tokens does not fit into {steps[at]} steps"
            help = "make fewer steps of one: smaller strides and pools, or a longer sequence"
            note = "equal tokens side by side want one step more, for the blank between them"
            raise Refusal(LOST_TEXT.at(term.span, message, help=help, notes=(note,)))
        logs = output.log_softmax(-1).transpose(0, 1)
        if logs.is_cuda and torch.are_deterministic_algorithms_enabled():
            logs, right = logs.cpu(), right.cpu()  # the GPU's gradient is not repeatable
        # Lengths on the CPU: no kernel has to fetch them.
        own, tokens = torch.tensor(steps), length.cpu()
        each = functional.ctc_loss(logs, right, own, tokens, blank=BLANK, reduction="none")
        each = each if summed else each / tokens.clamp(min=1).to(each.device)
        return each.mean().to(output.device)

    return loss
