"""One phase as one function: inputs, outputs, loss, gradients, clipping, update."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnc.ir.plan import Phase
from nnc.ir.updates import Clip, Group
from nnc.record import Record
from nnc.train.compiling import PLAIN, Compiler
from nnc.train.feed import Raw
from nnc.train.memory import Memory
from nnc.train.optimizers import Named, groups, named_weights, torch_optimizer
from nnc.train.schedules import Factor, Span, factor
from nnc.train.terms import Terms, added, told
from nnc.train.wiring import Member, TotalLoss, Wiring, call

Step = Callable[[Raw, int], None]


class NotFinite(Exception):
    """A loss became infinite or NaN; where `clean`, no update has followed it."""

    def __init__(self, step: int, value: float, clean: bool, terms: str = "") -> None:
        """`terms`: those of several that are not finite."""
        more = f": {terms}" if terms else ""
        super().__init__(f"the loss is {value} at step {step}{more}")
        self.step = step
        self.clean = clean


class Losses:
    """Adds up the losses of an epoch without making the device wait for each.

    On a CPU every loss is looked at before its update; elsewhere they are fetched `window` at a
    time.
    """

    def __init__(self, device: torch.device, window: int = 64) -> None:
        self._eager = device.type == "cpu"
        self._window = window
        self._pending: list[tuple[Tensor, int, Terms]] = []
        self._before: Terms = ()
        self.names: tuple[str, ...] = ()  # of the terms
        self.step = 0  # steps done before the one that comes next
        self.sum = 0.0
        self.samples = 0
        self.last = math.nan

    def start(self, total: float = 0.0, samples: int = 0) -> None:
        """Begins an epoch, or goes on within one."""
        self.sum, self.samples = total, samples

    def add(self, loss: Tensor, size: int, terms: Terms = ()) -> None:
        """Takes the loss of a batch, and its terms, before its update.

        Raises:
            NotFinite: it, or one before it, is infinite or not a number.
        """
        if self._eager:
            value = loss.item()
            if not math.isfinite(value):
                why = told(self.names, terms, self._before)
                raise NotFinite(self.step + 1, value, clean=True, terms=why)
            self._before = terms
            self.sum += value * size
            self.samples += size
            self.last = value
            return
        self._pending.append((loss.detach(), size, terms))
        if len(self._pending) >= self._window:
            # This loss belongs to a step that is not done yet.
            self.fetch(self.step + 1)

    def fetch(self, step: int | None = None) -> None:
        """Fetches what is pending.

        Raises:
            NotFinite: one of the losses is infinite or not a number.
        """
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        values: list[float] = torch.stack([loss for loss, _, _ in pending]).tolist()
        last = self.step if step is None else step
        for i, (value, (_, size, terms)) in enumerate(zip(values, pending)):
            if not math.isfinite(value):
                why, step = told(self.names, terms, self._before), last - len(pending) + 1 + i
                raise NotFinite(step, value, clean=False, terms=why)
            self._before = terms
            self.sum += value * size
            self.samples += size
        self.last = values[-1]

    @property
    def mean(self) -> float:
        """Mean over the samples of the epoch so far."""
        return self.sum / self.samples if self.samples else math.nan


class Updater(Record):
    """One group's weights with their optimizer; `rate` is the share of `lr` at a step."""

    player: str
    weights: Named
    optimizer: torch.optim.Optimizer
    lr: float
    rate: Factor
    group: Group


def updaters(member: Member, phase: Phase, span: Span) -> tuple[Updater, ...]:
    """The optimizers of a phase, one a group that has weights."""
    made = []
    for group, weights in groups(member.module, phase.groups):
        optimizer = torch_optimizer(group.optimizer, weights.values())
        lr = float(optimizer.param_groups[0]["lr"])
        rate = factor(group.schedule, span)
        made.append(Updater(member.name, weights, optimizer, lr, rate, group))
    return tuple(made)


class Numerics(Record):
    """How a step computes: `pieces` of a batch, largest norms of gradients, bf16 or float32."""

    clips: tuple[Clip, ...]
    pieces: int
    bf16: bool
    compiler: Compiler = PLAIN


def _clipped(
    clips: tuple[Clip, ...], updates: tuple[Updater, ...]
) -> list[tuple[float, list[nn.Parameter]]]:
    """The norms, each with the weights whose gradients have it together."""
    learned = {name: w for u in updates for name, w in u.weights.items()}
    return [
        (clip.norm, list((named_weights(learned, clip.weights) or learned).values()))
        for clip in clips
    ]


def _network_loss(
    module: nn.Module, wiring: Wiring, total: TotalLoss, numerics: Numerics
) -> Callable[[Raw], tuple[Tensor, Terms]]:
    """The loss of some samples with its terms, which is compiled where the plan says so."""

    def network_loss(raw: Raw) -> tuple[Tensor, Terms]:
        inputs = wiring.inputs(raw)
        if not numerics.bf16:
            return total.apart(call(module, inputs), raw, inputs)
        with torch.autocast(wiring.device.type, torch.bfloat16):
            outputs = call(module, inputs)
        return total.apart(outputs, raw, inputs)

    return numerics.compiler(network_loss)


def _loss_of(
    network_loss: Callable[[Raw], tuple[Tensor, Terms]], memory: Memory | None
) -> Callable[[Raw, int], tuple[Tensor, Terms]]:
    """The same, of a piece of a batch with what it carries."""

    def loss_of(raw: Raw, piece: int) -> tuple[Tensor, Terms]:
        if memory is not None:
            memory.piece = piece
        return network_loss(raw)

    return loss_of


def make_step(
    member: Member,
    wiring: Wiring,
    total: TotalLoss,
    updates: tuple[Updater, ...],
    losses: Losses,
    numerics: Numerics,
    memory: Memory | None = None,
) -> Step:
    """The function that does one update with a batch, all looked up before the first.

    Args:
        memory: what recurrent layers carry from batch to batch, each piece of a batch its own.
    """
    device, optimizers = wiring.device, [u.optimizer for u in updates]
    clips, pieces = _clipped(numerics.clips, updates), numerics.pieces
    loss_of = _loss_of(_network_loss(member.module, wiring, total, numerics), memory)

    losses.names = total.names

    def gradients(raw: Raw, size: int) -> None:
        loss, terms = loss_of(raw, 0)
        losses.add(loss, size, terms)
        loss.backward()  # type: ignore[no-untyped-call]

    def in_pieces(raw: Raw, size: int) -> None:
        # Pieces weigh by their samples, so that the sum is the mean over the batch.
        part = -(-size // pieces)
        value = torch.zeros((), device=device)
        terms: Terms = ()
        for number, start in enumerate(range(0, size, part)):
            piece = {name: x[start : start + part] for name, x in raw.items()}
            share = min(part, size - start) / size
            loss, own = loss_of(piece, number)
            loss = loss * share
            loss.backward()  # type: ignore[no-untyped-call]
            value += loss.detach()
            terms = added(terms, own, share)
        losses.add(value, size, terms)

    compute = in_pieces if pieces > 1 else gradients

    def step(raw: Raw, size: int) -> None:
        compute(raw, size)
        for norm, weights in clips:
            torch.nn.utils.clip_grad_norm_(weights, norm)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()

    return step
