"""A run in memory: everything that its job becomes before the first step."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnc.backends.torch_module import state_of
from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import Phase, Term
from nnc.ir.training import Plateau
from nnc.ir.updates import Frozen
from nnc.train.compiling import Compiler
from nnc.train.data.carried import carried_order, lanes
from nnc.train.data.keyed import order
from nnc.train.device import Device
from nnc.train.evaluation import Examination, TorchPredictor
from nnc.train.events import Events
from nnc.train.feed import Augmentation, Feed, Indices, Reader, Subset, batch_bounds
from nnc.train.job import Job, Weights
from nnc.train.memory import Memory
from nnc.train.monitor import Monitor, monitor_of, stopper_of
from nnc.train.schedules import Plateaus, Span
from nnc.train.step import Losses, Numerics, Step, Updater, make_step, updaters
from nnc.train.unpaired import Unpaired
from nnc.train.wiring import Wiring, binding_of, lessons

NEEDS_VALIDATION = rule(
    "NN485",
    "needs-validation",
    """
`early_stop` and `schedule plateau` watch a value on the validation part, and the data has none.
Give the data a `split` with validation, or take the setting out.
""",
)


class Session:
    """A run between its first and its last step.

    Attributes:
        step: steps done in all; epoch: epochs done; batch: batches done in the epoch that is under
            way.
        evaluated: what was trained so far has been evaluated.
        best: the best weights by `player/place`, on the CPU, None before the first.
        good: weights to fall back on until there is a checkpoint.
        compiler: what compiles the step's losses, where the plan says so.
        memories: by player, what its recurrent layers carry from batch to batch.
    """

    def __init__(self, job: Job, device: Device) -> None:
        self.job = job
        self.plan = job.plan
        self.device = device
        self.place = device.torch
        self.members = {member.name: member for member in job.members}
        for member in job.members:
            _move(member.module, self.place, device.precision)
            _freeze(member.module, self.frozen_of(member.name))
        self._read_data()
        members = self.members.items() if self.carried else ()
        self.memories = {n: Memory(member.module, member.carriers) for n, member in members}
        self._plan_length()
        # What is carried from batch to batch changes beside the step, which compiled code must not.
        self.compiler = Compiler(self.plan.compile and not self.carried)
        self._build_steps()
        self._build_monitors()
        self.step = self.epoch = self.batch = 0
        self.evaluated = True
        self.best: dict[str, Tensor] | None = None
        self.good: dict[str, Tensor] | None = self.weights()
        self._before = 0.0
        self._began = time.perf_counter()

    # --- building ---------------------------------------------------------------------------------

    def _read_data(self) -> None:
        plan, profile = self.plan, self.job.data.profile
        binding = binding_of(plan)
        self.wirings = {
            name: Wiring(member.inputs, member.outputs, binding, profile, self.place)
            for name, member in self.members.items()
        }
        self.fields = tuple(
            dict.fromkeys(
                field
                for phase in plan.phases
                for field in self.wirings[phase.player].fields(phase.terms, phase.formulas)
            )
        )
        train: Reader = self.job.data.part("train")
        valid = self.job.data.part("validation") if profile.part("validation") else None
        if self.job.overfit:
            train = valid = Subset(train, self.job.overfit)
        self.train: Feed | Unpaired = self.feed(train, self._augmentation())
        self.valid = None if valid is None or not len(valid) else self.feed(valid)

    def _augmentation(self) -> Augmentation | None:
        profile = self.job.data.profile
        pictures = tuple(
            f.name
            for f in profile.fields
            if f.meaning in ("image", "mask") and f.name in self.fields
        )
        if not self.job.augment or not pictures:
            return None
        return Augmentation(self.job.augment, pictures, self.plan.seed)

    def feed(
        self,
        reader: Reader,
        augmentation: Augmentation | None = None,
        place: torch.device | None = None,
    ) -> Feed:
        """A part's batches on the run's device, or on another."""
        return Feed(reader, self.fields, place or self.place, augmentation, self.job.workers)

    def _plan_length(self) -> None:
        norm = any(
            isinstance(part, nn.modules.batchnorm._BatchNorm)
            for member in self.members.values()
            for part in member.module.modules()
        )
        if self.carried:
            wide = lanes(len(self.train), self.plan.batch)
            self.bounds = batch_bounds(len(self.train) // wide * wide, wide, False)
        else:
            self.bounds = batch_bounds(len(self.train), self.plan.batch, norm)
        whole = -(-len(self.train) // self.plan.batch)
        self.merged = norm and not self.carried and len(self.bounds) < whole
        steps, length = len(self.bounds), self.plan.length
        self.span = (
            Span(steps, length.count * steps) if length.unit == "epochs" else Span(1, length.count)
        )
        self.epochs = -(-self.span.total // steps)

    def _build_steps(self) -> None:
        plan, bf16 = self.plan, self.device.precision == "bf16"
        self.losses = Losses(self.place)
        self.phases: list[tuple[Phase, Step]] = []
        self.updaters: list[Updater] = []
        numerics = Numerics(plan.clips, self.job.accumulate, bf16, self.compiler)
        for phase in plan.phases:
            member, wiring = self.members[phase.player], self.wirings[phase.player]
            updates = updaters(member, phase, self.span)
            total = wiring.total_loss(phase.terms, phase.formulas)
            memory = self.memories.get(phase.player)
            step = make_step(member, wiring, total, updates, self.losses, numerics, memory)
            self.phases.append((phase, step))
            self.updaters += updates

    def _build_monitors(self) -> None:
        plan = self.plan
        schedules = tuple(updater.group.schedule for updater in self.updaters)
        self.plateaus = Plateaus(schedules)
        self.monitor: Monitor | None = None
        self.stopper: Monitor | None = None
        if self.valid is not None:
            if plan.monitor:
                self.monitor = monitor_of(plan, plan.monitor)
            if plan.early_stop is not None:
                self.stopper = stopper_of(plan, plan.early_stop)
        falls = any(isinstance(schedule, Plateau) for schedule in schedules)
        if self.valid is None and (plan.early_stop is not None or falls):
            what = "schedule plateau" if falls else "early_stop"
            message = f"{what} watches a validation part, and there is none"
            help = "add `split 0.9/0.1/0` to the data, or take the setting out"
            raise Refusal(NEEDS_VALIDATION.at(plan.span, message, help=help))
        watched = plan.monitor or "loss"
        self.falls = monitor_of(plan, watched) if falls and self.monitor is None else self.monitor

    # --- what other kinds of sessions add ---------------------------------------------------------

    def epoch_ended(self, number: int, note: Callable[[str], None], events: Events) -> None:
        """An epoch has ended, and was evaluated."""

    def shown(self) -> dict[str, float]:
        """What an epoch's line tells instead of the loss."""
        return {}

    def ended(self, note: Callable[[str], None]) -> None:
        """The run has ended."""

    def kept_weights(self) -> dict[str, Tensor]:
        """The weights that stay where no epoch is the best."""
        return self.weights()

    def more(self) -> dict[str, Tensor]:
        """What a checkpoint holds beside weights, optimizers and random numbers."""
        return {}

    def take_more(self, left: dict[str, Tensor]) -> None:
        """Takes that out of a checkpoint's tensors."""

    def restored(self) -> None:
        """Weights and counts are those of a checkpoint now."""

    # --- asking -----------------------------------------------------------------------------------

    def frozen_of(self, player: str) -> Frozen:
        """What stays of a player."""
        return self.plan.frozen

    @property
    def carried(self) -> bool:
        """Windows follow on one another, lane by lane."""
        return self.job.data.profile.carried

    def order(self) -> Indices:
        """The order of the samples in the epoch under way."""
        if self.carried:
            return carried_order(len(self.train), self.plan.batch)
        return order(len(self.train), self.plan.seed, self.epoch)

    @property
    def limit(self) -> int:
        """Batches of the epoch under way: the last one may end early where the run counts steps."""
        return min(len(self.bounds), self.span.total - (self.step - self.batch))

    @property
    def epochs_done(self) -> int:
        """Epochs that were evaluated; one cut short by the run's end counts."""
        return self.epoch + (1 if self.batch and self.evaluated else 0)

    @property
    def seconds(self) -> float:
        """Time of the run, all sessions together."""
        return self._before + time.perf_counter() - self._began

    def learn(self) -> None:
        """Puts the modules in training mode; running statistics of what is frozen stay.

        What is carried from batch to batch starts from zeros with each epoch.
        """
        for memory in self.memories.values():
            memory.on = True
            if not self.batch:
                memory.clear()
        for member in self.members.values():
            member.module.train()
            for place in self.frozen_of(member.name).still:
                member.module.get_submodule(place).eval()

    def begin(self, seconds: float) -> None:
        """Starts the clock at the seconds that earlier sessions took."""
        self._before, self._began = seconds, time.perf_counter()

    def weights(self) -> dict[str, Tensor]:
        """Copies of all weights and states by `player/place`, on the CPU."""
        return {
            f"{name}/{place}": value.detach().cpu().clone()
            for name, member in self.members.items()
            for place, value in state_of(member.module).items()
        }

    def load(self, weights: dict[str, Tensor]) -> None:
        """Puts weights by `player/place` into the modules."""
        with torch.no_grad():
            for name, member in self.members.items():
                for place, value in state_of(member.module).items():
                    value.copy_(weights[f"{name}/{place}"])

    def examination(self, place: torch.device | None = None, baseline: bool = False) -> Examination:
        """What validation asks, on this device or another."""
        plan = self.plan
        member = self.job.members[0]
        wiring = self.wirings[member.name]
        if place is not None and place != self.place:
            profile = self.job.data.profile
            wiring = Wiring(member.inputs, member.outputs, binding_of(plan), profile, place)
        own = [phase for phase in plan.phases if phase.player == member.name]
        formulas = tuple(formula for phase in own for formula in phase.formulas)
        total = wiring.total_loss(self.terms, formulas)
        return Examination(wiring, lessons(wiring, plan.phases), plan.metrics, total, baseline)

    def predictor(self, exam: Examination) -> TorchPredictor:
        """The module in training, with its loss."""
        member = self.job.members[0]
        return TorchPredictor(member.module, member.outputs, exam.lessons, exam.total)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the first player's loss."""
        name = self.job.members[0].name
        return tuple(
            term for phase in self.plan.phases if phase.player == name for term in phase.terms
        )

    def set_rates(self) -> None:
        """Sets the learning rates of the step that comes next."""
        for updater, share in zip(self.updaters, self.plateaus.factors):
            rate = updater.lr * updater.rate(self.step) * share
            for group in updater.optimizer.param_groups:
                group["lr"] = rate

    def rate(self) -> float:
        """The first group's learning rate in the last step."""
        first = self.updaters[0]
        return first.lr * first.rate(max(self.step - 1, 0)) * self.plateaus.factors[0]


def by_player(weights: dict[str, Tensor]) -> Weights:
    """Arrays by player and place, of tensors by `player/place`."""
    made: dict[str, dict[str, object]] = {}
    for name, value in weights.items():
        player, place = name.split("/", 1)
        made.setdefault(player, {})[place] = value.numpy()
    return made  # type: ignore[return-value]  # numpy's arrays of several element types


def flat(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names that a weights file has: places alone where there is one player."""
    players = {name.split("/", 1)[0] for name in weights}
    if len(players) == 1:
        return {name.split("/", 1)[1]: value for name, value in weights.items()}
    return {name.replace("/", ".", 1): value for name, value in weights.items()}


def _freeze(module: nn.Module, frozen: Frozen) -> None:
    names = set(frozen.weights)
    for name, weight in module.named_parameters():
        if name in names:
            weight.requires_grad_(False)


def _move(module: nn.Module, place: torch.device, precision: str) -> None:
    convolves = any(isinstance(part, nn.Conv2d | nn.ConvTranspose2d) for part in module.modules())
    if place.type == "cuda" and precision == "bf16" and convolves:
        # Tensor cores take channels last; in float32 the conversion would cost more than it brings.
        module.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    else:
        module.to(place)
