"""One step of players whose losses are written out: each update lowers one formula."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from nnc.ir.gan import Gan, GanLoss
from nnc.ir.ganformula import Updates, calls, generated, players_in
from nnc.ir.lossformula import Applied, Formula, Named
from nnc.record import Record
from nnc.train.compiling import Compiler
from nnc.train.feed import Raw
from nnc.train.formulas import elements
from nnc.train.gan.buffer import Buffer
from nnc.train.gan.draws import Draws
from nnc.train.gan.penalty import between, norms
from nnc.train.gan.pieces import Piece, pieces
from nnc.train.gan.players import Averages, Side, still
from nnc.train.gan.step import FRONTS
from nnc.train.gan.watch import MADE, REAL, Tally

Outputs = tuple[Tensor, ...]


class Made(Record):
    """What a generator made; `live`: the players whose gradients still lead to it."""

    outputs: Outputs
    live: frozenset[str]

    def still(self) -> Made:
        """The same without gradients."""
        return Made(tuple(value.detach() for value in self.outputs), frozenset())


class Written:
    """The updates of a spec, in their order, on one batch.

    What generators make of the batch is made once a step and shared; it is made again where the
    weights that made it have learned since, and gradients lead through them.

    Args:
        buffers: by the name of who made what they keep.
        count: pieces that a batch is computed in.
        chances: a score's sigmoid is a chance.
    """

    def __init__(
        self,
        gan: Gan,
        updates: Updates,
        sides: dict[str, Side],
        fronts: FRONTS,
        buffers: dict[str, Buffer],
        draws: Draws,
        tally: Tally,
        averages: Mapping[str, Averages],
        count: int,
        chances: bool,
        compiler: Compiler,
    ) -> None:
        self.gan, self.sides, self.buffers = gan, sides, buffers
        self.draws, self.tally, self.chances = draws, tally, chances
        self._fronts, self._averages, self._count = fronts, averages, count
        # Formulas draw, keep and count beside what they compute: each player's call is compiled.
        self.all = {name: compiler(side.all) for name, side in sides.items()}
        self._redraw, self._clamps = updates.redraw, dict(updates.clamps)
        self._latents = [source for source in gan.sources if source.kind == "latent"]
        self._updates = [
            (at, update, _made(gan, update.formula))
            for at, update in enumerate(updates.each)
            if any(sides[name].weights for name in update.players)
        ]

    def __call__(self, raw: Raw, size: int) -> None:
        """One batch."""
        step = self.tally.step
        given = {name: front(raw[field]) for name, (field, front) in self._fronts.items()}
        due = [one for one in self._updates if (step + 1) % one[1].every == 0]
        shared: dict[Applied, Made] = {}
        batch: list[Piece] = []
        for place, (at, update, made_of) in enumerate(due):
            if self._redraw or not batch:
                purpose = ("made", "again")[at] if at < 2 else f"again{at}"
                drawn = self._drawn(size, step, purpose if self._redraw else "made")
                batch = pieces(given | drawn, size, self._count)
            kept = not self._redraw and len(batch) == 1
            later = frozenset(n for _, one, _ in due[place:] for n in one.players) if kept else ()
            for piece in batch:
                made = shared if kept else {}
                self._update(update, made_of, piece, made, frozenset(later), size)
            self._learn(update)

    def _drawn(self, size: int, step: int, purpose: str) -> dict[str, Tensor]:
        return {s.name: self.draws.latent(s, size, step, purpose) for s in self._latents}

    def _update(
        self,
        update: GanLoss,
        made_of: tuple[Applied, ...],
        piece: Piece,
        made: dict[Applied, Made],
        later: frozenset[str],
        size: int,
    ) -> None:
        """The gradients of some of the batch; `later`: who learns in this step from now on."""
        learning = frozenset(update.players)
        for call in made_of:
            self._make(call, piece, made, learning, later | learning)
        with still(side for name, side in self.sides.items() if name not in learning):
            found = _Found(self, update, piece, made, size)
            loss = elements(update.formula, found.read, found.apply).mean()
            for name in update.players:
                if self.sides[name].weights:
                    self.tally.take(name, loss, piece.size)
            piece.backward(loss)
        for call, entry in made.items():
            if players_in(call) & learning:
                made[call] = entry.still()

    def _make(
        self,
        call: Applied,
        piece: Piece,
        made: dict[Applied, Made],
        learning: frozenset[str],
        later: frozenset[str],
    ) -> None:
        """What a generator makes, unless it is there with all the gradients that are wanted."""
        who, known = players_in(call), made.get(call)
        if known is not None and who & learning <= known.live:
            return
        side = self.sides[call.player]
        values = dict(piece.values)
        live = frozenset({call.player})
        for name, of in zip(side.player.reads, call.of):
            if isinstance(of, Applied):
                entry = made[_plain(of)]
                live |= entry.live
                values[name] = entry.outputs[side_output(self.sides[of.player], of.output)]
            else:
                assert isinstance(of, Named), "a generator reads samples"
                values[name] = piece.values[of.name]
        wanted = bool(who & later)
        with torch.set_grad_enabled(wanted):
            made[call] = Made(self.all[call.player](values), live if wanted else frozenset())

    def _learn(self, update: GanLoss) -> None:
        """Changes the weights, and all that follows them."""
        for name in update.players:
            self.sides[name].update()
            if name in self._clamps:
                self.sides[name].clamp(self._clamps[name])
            if name in self._averages:
                self._averages[name].update()


class _Found:
    """What the names and calls of one update's formula are, for some of the batch."""

    def __init__(
        self, step: Written, update: GanLoss, piece: Piece, made: dict[Applied, Made], size: int
    ) -> None:
        self._step, self._update, self._piece = step, update, piece
        self._made, self._size = made, size
        self._judged: dict[Applied, Outputs] = {}
        self._shown: set[str] = set()
        self._learning = frozenset(update.players)

    def read(self, named: Named) -> Tensor:
        """A source of the gan."""
        return self._piece.values[named.name]

    def apply(self, call: Applied) -> Tensor:
        """What a player gives, and what is asked of one."""
        if call.word == "slope":
            return self._slope(call)
        if call.word == "between":
            return self._between(call)
        if call.word == "older":
            return self._older(call)
        plain, side = _plain(call), self._step.sides[call.player]
        entry = self._made.get(plain)
        if entry is None:
            outputs = self._judge(plain, side)
        else:
            outputs = entry.outputs if players_in(plain) & self._learning else entry.still().outputs
        return outputs[side_output(side, call.output)]

    def _value(self, formula: Formula) -> Tensor:
        return elements(formula, self.read, self.apply)

    def _judge(self, call: Applied, side: Side) -> Outputs:
        """What is said of a sample, once in each update."""
        known = self._judged.get(call)
        if known is not None:
            return known
        ask = self._step.all[call.player]
        with torch.set_grad_enabled(bool(players_in(call) & self._learning)):
            at = self._value(call.of[0])
            if side.player.role == "generator":
                outputs = ask({**self._piece.values, side.player.reads[0]: at})
            else:
                outputs = ask(self._piece.values, at)
                self._show(call, outputs[0])
        self._judged[call] = outputs
        return outputs

    def _show(self, call: Applied, score: Tensor) -> None:
        """Notes the scores of the first discriminator, where it learns."""
        step = self._step
        what = MADE if players_in(call.of[0]) else REAL
        first = step.gan.discriminators[0].name == call.player
        if not first or call.player not in self._learning or what in self._shown:
            return
        self._shown.add(what)
        shown = score.detach()
        step.tally.take(what, (shown.sigmoid() if step.chances else shown).mean(), self._piece.size)

    def _slope(self, call: Applied) -> Tensor:
        side, values = self._step.sides[call.player], self._piece.values
        return norms(lambda x: side(values, x), self._value(call.of[0]))

    def _between(self, call: Applied) -> Tensor:
        first, second = (self._value(of) for of in call.of)
        step, piece = self._step, self._piece
        purpose = f"between/{self._update.players[0]}"
        share = step.draws.shares(self._size, step.tally.step, purpose)
        return between(first, second, share[piece.start : piece.stop])

    def _older(self, call: Applied) -> Tensor:
        step = self._step
        with torch.no_grad():
            buffer = step.buffers[buffer_name(step.gan, call)]
            return buffer.swap(self._value(call.of[0]), step.tally.step, self._piece.start)


def side_output(side: Side, output: str) -> int:
    """The place of an output among those of a player."""
    return side.outputs.index(output)


def _plain(call: Applied) -> Applied:
    """A call whatever output is meant: a player gives all of them at once."""
    return Applied("call", call.of, call.player)


def _made(gan: Gan, formula: Formula) -> tuple[Applied, ...]:
    """What generators make of samples and of one another, as written, what is inside first."""
    makers = {player.name for player in gan.generators}
    found: dict[Applied, None] = {}
    for call in calls(formula):
        if generated(call, makers):
            found[_plain(call)] = None
    return tuple(found)


def buffer_name(gan: Gan, call: Applied) -> str:
    """Whose samples a buffer keeps: those of a domain, or of a player."""
    made = call.of[0]
    player = gan.player(made.player) if isinstance(made, Applied) and made.player else None
    return (player.makes or player.name) if player is not None else "older"
