"""A run of players that compete, in memory: everything between its job and its first step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nnc.backends.torch_module import state_of
from nnc.ir.gan import CycleGan, GanPlan
from nnc.ir.ganformula import chances, parts, updates_of
from nnc.ir.lossformula import Applied
from nnc.ir.plan import Phase
from nnc.ir.updates import Frozen
from nnc.train.checkpoints import take
from nnc.train.events import Events
from nnc.train.feed import Augmentation, Dataset, Feed, Reader, Subset
from nnc.train.gan.buffer import Buffer
from nnc.train.gan.cycle import Cycle
from nnc.train.gan.draws import Draws
from nnc.train.gan.gallery import Gallery
from nnc.train.gan.players import Averages, Side
from nnc.train.gan.step import FRONTS, Adversaries
from nnc.train.gan.terms import Terms
from nnc.train.gan.watch import MADE, REAL, Tally, Watch
from nnc.train.gan.written import Written, buffer_name
from nnc.train.numbers import to_network
from nnc.train.session import Session
from nnc.train.step import Updater, updaters
from nnc.train.unpaired import Unpaired

NAMES = {REAL: REAL, MADE: MADE}


MOST_SHEETS = 200
"""Sheets of samples that a run leaves."""
SETTLED = 2
"""Lengths of an average after which it is that of the generator as it was taught."""


def channels_last(module: nn.Module) -> None:
    """Lays the kernels of convolutions out as oneDNN likes them; nothing of its numbers changes."""
    if any(isinstance(part, nn.Conv2d | nn.ConvTranspose2d) for part in module.modules()):
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class GanSession(Session):
    """As a session of one network; all players learn in one step."""

    @property
    def gan(self) -> GanPlan:
        """What is trained."""
        assert self.plan.gan is not None, "the plan of a gan"
        return self.plan.gan

    def frozen_of(self, player: str) -> Frozen:
        """What stays of a player."""
        return self.gan.frozen_of(player)

    def _read_data(self) -> None:
        self.wirings = {}
        self.valid = None
        self.fields = tuple(dict.fromkeys(field for _, field in self.gan.fields))
        main = self.job.data
        self.fronts: FRONTS = {}
        for name, field in self.gan.fields:
            profile = main.profile
            block, _, own = field.rpartition(".")
            if block:
                profile = next(d.profile for d in self._sets() if d.profile.data == block)
            self.fronts[name] = field, to_network(profile.front(own or field), self.place)
        if not self.job.beside:
            train = self.part(main.part("train"))
            self.train = self.feed(train, self._augmentation())
            return
        feeds = {}
        for data in self._sets():
            prefix = f"{data.profile.data}."
            fields = tuple(f.removeprefix(prefix) for f in self.fields if f.startswith(prefix))
            augmentation = Augmentation(self.job.augment, fields, self.plan.seed)
            feeds[data.profile.data] = Feed(
                self.part(data.part("train")),
                fields,
                self.place,
                augmentation if self.job.augment else None,
                self.job.workers,
            )
        self.train = Unpaired(feeds, self.plan.seed)

    def _sets(self) -> tuple[Dataset, ...]:
        return (self.job.data, *self.job.beside)

    def part(self, reader: Reader) -> Reader:
        """All samples of a part, or the few to learn by heart."""
        return Subset(reader, self.job.overfit) if self.job.overfit else reader

    def _build_steps(self) -> None:
        gan = self.gan.gan
        if self.place.type == "cpu":
            for member in self.members.values():  # measured: a step takes 0.8 to 0.9 of the time
                channels_last(member.module)
        players = (*gan.generators, *gan.discriminators)
        learns = dict(zip((player.name for player in gan.players), self.gan.groups))
        names = tuple(player.name for player in players if learns[player.name])
        self.tally = Tally(self.place, names, len(self.bounds))
        self.losses = self.tally
        self.draws = Draws(self.plan.seed, self.place)
        self.updaters: list[Updater] = []
        sides: dict[str, Side] = {}
        pair = next((s.name for s in gan.sources if s.kind == "condition" and s.type.rank == 3), "")
        bf16 = self.device.precision == "bf16"
        clips = self.gan.clips or ((),) * len(gan.players)
        for player, groups, own in zip(gan.players, self.gan.groups, clips):
            member = self.members[player.name]
            updates = updaters(member, Phase(player.name, (), groups), self.span)
            self.updaters += updates
            sides[player.name] = Side(
                player, member.module, updates, member.outputs, own, pair, bf16
            )
        self.averages = {
            player.name: Averages(self.members[player.name].module, self.gan.ema)
            for player in (gan.generators if self.gan.ema else ())
        }
        self.phases = [(Phase(self.plan.name, (), ()), self._step(sides))]
        self.watch = Watch(names, chances(self.gan))
        self.gallery = Gallery(self)

    def _step(self, sides: dict[str, Side]) -> Callable[[dict[str, Tensor], int], None]:
        self.buffers: dict[str, Buffer] = {}
        if self.gan.losses or not self.gan.objective.word:
            return self._written(sides)
        gan, objective = self.gan.gan, self.gan.objective
        averages = tuple(self.averages.values())
        count, terms = self.job.accumulate, self._terms()
        if not isinstance(objective, CycleGan):
            return Adversaries(
                gan,
                objective,
                sides,
                self.fronts,
                self.draws,
                self.tally,
                averages,
                terms,
                count,
                self.compiler,
            )
        self.buffers = {
            player.judges: Buffer(objective.buffer, player.judges, self.draws)
            for player in gan.discriminators
        }
        return Cycle(
            gan,
            objective,
            sides,
            self.fronts,
            self.buffers,
            self.draws,
            self.tally,
            averages,
            terms,
            count,
            self.compiler,
        )

    def _written(self, sides: dict[str, Side]) -> Written:
        """The step of losses that the spec writes out."""
        gan, updates = self.gan.gan, updates_of(self.gan)
        for update in updates.each:
            for part in parts(update.formula):
                if isinstance(part, Applied) and part.word == "older":
                    name, (_, size) = buffer_name(gan, part), part.of
                    assert isinstance(size, float), "a number of samples"
                    self.buffers[name] = Buffer(int(size), name, self.draws)
        return Written(
            gan,
            updates,
            sides,
            self.fronts,
            self.buffers,
            self.draws,
            self.tally,
            self.averages,
            self.job.accumulate,
            chances(self.gan),
            self.compiler,
        )

    def _terms(self) -> dict[str, Terms]:
        """What players lose beside the objective."""
        gan = self.gan
        classes = {source.name: source.categories for source in gan.gan.sources}
        for name, field in gan.fields:
            found = self.job.data.profile.field(field)
            if found is not None and found.labels:
                classes[name] = len(found.labels)
        return {
            name: Terms(gan, self.members[name], classes, self.place)
            for name in {term.player for term in gan.terms}
        }

    # --- the end of an epoch, and of the run ------------------------------------------------------

    def epoch_ended(self, number: int, note: Callable[[str], None], events: Events) -> None:
        """Shows samples, and looks for players that have stopped to learn.

        Of a run of very many epochs, as few pictures make them, some are shown. An average that
        still holds what the generator was at its start says nothing of a collapse.
        """
        every = -(-self.epochs // MOST_SHEETS)
        if number % every and number != self.epochs:
            return
        share = self.gallery.epoch(number, note, events)
        if self.gan.ema and self.step < SETTLED / (1 - self.gan.ema):
            share = 1.0
        for text in self.watch.epoch(self.tally.means(), share):
            note(f"epoch {number}: {text}")

    def shown(self) -> dict[str, float]:
        """What the players lost in the epoch, and their scores."""
        return {NAMES.get(n, f"{n}_loss"): value for n, value in self.tally.means().items()}

    def ended(self, note: Callable[[str], None]) -> None:
        """Lays the epochs' samples out as a strip."""
        self.gallery.strip(note)

    def kept_weights(self) -> dict[str, Tensor]:
        """The weights as they are now; of averaged players the averages."""
        found = self.weights()
        for name, average in self.averages.items():
            for place in state_of(self.members[name].module):
                found[f"{name}/{place}"] = average.values[place].cpu().clone()
        return found

    # --- checkpoints ------------------------------------------------------------------------------

    def more(self) -> dict[str, Tensor]:
        """What a checkpoint holds beside weights and optimizers."""
        made = {"gan/sums": self.tally.kept(), "gan/watch": self.watch.kept()}
        for name, average in self.averages.items():
            for place in state_of(self.members[name].module):
                made[f"average/{name}/{place}"] = average.values[place]
        for domain, buffer in self.buffers.items():
            if buffer.kept:
                made[f"buffer/{domain}"] = torch.stack(buffer.kept)
        return made

    def take_more(self, left: dict[str, Tensor]) -> None:
        """Takes it out of a checkpoint's tensors again.

        Raises:
            BadFile: it is missing, or of other sizes.
        """
        self._sums = take(left, "gan/sums", self.tally.kept())
        self.watch.restore(take(left, "gan/watch", self.watch.kept()))
        for name, average in self.averages.items():
            for place in state_of(self.members[name].module):
                value = average.values[place]
                value.copy_(take(left, f"average/{name}/{place}", value))
        for domain, buffer in self.buffers.items():
            found = left.pop(f"buffer/{domain}", None)
            buffer.kept = [] if found is None else list(found.to(self.place).unbind())

    def restored(self) -> None:
        """The counts are in place: the sums of the epoch follow."""
        self.tally.restore(self._sums)
