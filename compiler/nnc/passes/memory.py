"""How much memory a network needs, by a static plan: what lives when.

At inference a value dies after its last use. In training it lives until the backward of the last
layer that needs it, as the layers declare (`Layer.keeps`); the gradient of a value lives from the
backward of its last user to that of its maker. Sizes are those of PyTorch in float32; what kernels
take for themselves while they run is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nnc.ir.dims import evaluate, product
from nnc.ir.graph import Network
from nnc.ir.initial import Weight
from nnc.ir.plan import TrainPlan
from nnc.ir.types import TensorType
from nnc.ir.walk import BorderStep, Flat, Step, flat, full_name, weight_table
from nnc.layers.base import Layer
from nnc.record import Record

BYTES = {"float32": 4, "int64": 8, "uint8": 1, "string": 8}

ADAM = 2
"""Numbers a weight in the optimizer of a network that no train block speaks of."""


class Memory(Record):
    """Bytes that a network needs.

    Args:
        batch: samples at a time.
        weights: all its arrays, learned ones and others.
        gradients: of those that are trained.
        optimizer: what training keeps for each weight beside them.
        inference: the most that live at once while it runs, without weights.
        kept: what backward needs of forward.
        training: the most that live at once in a step of training, without all of these.
    """

    batch: int
    weights: int
    gradients: int
    optimizer: int
    inference: int
    kept: int
    training: int

    @property
    def run(self) -> int:
        """All of inference."""
        return self.weights + self.inference

    @property
    def train(self) -> int:
        """All of a step of training."""
        return self.weights + self.gradients + self.optimizer + self.training


def memory(
    network: Network, sizes: Mapping[str, int], batch: int, plan: TrainPlan | None = None
) -> Memory:
    """The memory of a network.

    Args:
        network: checked.
        sizes: a number for each of its symbols.
        batch: samples at a time.
        plan: how it is trained: its optimizers, and what it freezes; Adam without one.

    Raises:
        KeyError: a symbol has no number.
    """
    weights = gradients = optimizer = 0
    frozen = frozenset(plan.frozen.weights if plan is not None else ())
    held = states(plan)
    for row in weight_table(network):
        count = evaluate(product(row.weight.dims), sizes) * BYTES[row.weight.dtype]
        weights += count
        if row.weight.role == "trained" and row.name not in frozen:
            gradients += count
            optimizer += count * held.get(row.name, held[""])
    lives = _Lives(network, sizes, batch, frozen)
    once = lives
    if any(step.turns != step.together for step in lives.flat.steps):  # no step waits for backward
        once = _Lives(network, sizes, batch, frozen, once=True)
    kept = sum(lives.held)
    return Memory(batch, weights, gradients, optimizer, once.forward(), kept, lives.training())


def states(plan: TrainPlan | None) -> dict[str, int]:
    """Numbers that training keeps for a weight, by its name; "" is all the others.

    The optimizer's, and an average of the weight.
    """
    if plan is None:
        return {"": ADAM}
    average = int(any(player.ema for player in plan.players))
    found = {"": average}
    for group in (group for phase in plan.phases for group in phase.groups):
        for name in group.weights or ("",):
            found[name] = group.optimizer.states() + average
    return found


def kept_bytes(
    network: Network, sizes: Mapping[str, int], batch: int
) -> tuple[tuple[Step, int], ...]:
    """Each layer with the bytes that stay for backward because of it; a value counts once."""
    lives = _Lives(network, sizes, batch, frozenset())
    return tuple(zip(lives.flat.steps, lives.held))


class _Lives:
    """The values of a network, and the memory they lie in.

    `home` is the value in whose memory a value lies, `size` the bytes of each value, `kept` the
    memories that a step's backward needs, `more` what it keeps beside them, `held` the bytes that
    stay because of it and of no step before it. With `once`, the values of one turn of a scan make
    room for those of the next.
    """

    def __init__(
        self,
        network: Network,
        sizes: Mapping[str, int],
        batch: int,
        frozen: frozenset[str],
        *,
        once: bool = False,
    ) -> None:
        self.once = once
        self.sizes, self.batch, self.frozen = sizes, batch, frozen
        self.flat: Flat = flat(network)
        graph = network.graph
        self.inputs = tuple(range(len(graph.inputs)))
        self.size = {n: self._bytes(graph.types[graph.inputs[n].value]) for n in self.inputs}
        self.home = {n: n for n in self.inputs}
        self.learns = dict.fromkeys(self.inputs, False)
        self.kept: list[tuple[int, ...]] = []
        self.more: list[int] = []
        self.held: list[int] = []
        seen: set[int] = set()
        for step in self.flat.steps:
            kept, more = self._step(step)
            self.kept.append(kept)
            self.more.append(more)
            self.held.append(sum(self.size[n] for n in set(kept) - seen) + more)
            seen.update(kept)

    def _bytes(self, type: TensorType) -> int:
        count = evaluate(product(type.dims), self.sizes) * BYTES[type.dtype]
        return count if type.fixed else count * self.batch

    def _step(self, step: Step) -> tuple[tuple[int, ...], int]:
        """Takes in a step: the memories that its backward needs, and bytes beside them."""
        op = step.item.op
        if isinstance(step, BorderStep):
            return self._border(step)
        assert isinstance(op, Layer)
        turns = evaluate(step.together if self.once else step.turns, self.sizes)
        given = [n for n in step.inputs if n is not None]
        kept = op.keeps(*step.input_types)
        learns = any(
            w.role == "trained" and _name(step, w) not in self.frozen
            for w in op.arrays(*step.input_types)
        )
        learns = learns or any(self.learns[n] for n in given)
        cells = 0
        for n, type in zip(step.outputs, step.output_types):
            # a source lies among the weights
            self.size[n] = self._bytes(type) * turns if step.inputs else 0
            self.home[n] = self.home[given[0]] if kept.view and given else n
            self.learns[n] = learns and type.dtype == "float32"
            cells += self.size[n] // BYTES[type.dtype]
        if not learns:
            return (), 0
        needed = [*(given if kept.inputs else ()), *(step.outputs if kept.output else ())]
        more = kept.each * cells + evaluate(kept.other, self.sizes) * self.batch * turns
        return tuple(dict.fromkeys(self.home[n] for n in needed)), more

    def _border(self, step: BorderStep) -> tuple[tuple[int, ...], int]:
        """Takes in where a scan begins or ends: views, what states start from, a stack."""
        learns = any(self.learns[n] for n in step.inputs if n is not None)
        turns = evaluate(step.together if self.once else step.turns, self.sizes)
        for n, type, source in zip(step.outputs, step.output_types, step.sources):
            own = source is None or step.copies
            self.size[n] = self._bytes(type) * turns
            self.home[n] = n if own or source is None else self.home[source]
            self.learns[n] = learns or own
        return (), 0

    def _made(self, numbers: Iterable[int]) -> int:
        """The bytes of new memory among some values."""
        return sum(self.size[n] for n in numbers if self.home[n] == n)

    def _last_uses(self) -> dict[int, int]:
        """The step after which nobody reads a memory: of what a scan reads, its last turn."""
        ends = _scan_ends(self.flat.steps)
        born = dict.fromkeys(self.home.values(), -1)
        last = dict.fromkeys(self.home.values(), -1)
        within: list[int] = []  # where the scans begin that are open
        for at, step in enumerate(self.flat.steps):
            within += [at] if at in ends else []
            born.update((n, at) for n in step.outputs if self.home[n] == n)
            for n in (*(n for n in step.inputs if n is not None), *step.outputs):
                home = self.home[n]
                outer = [ends[begin] for begin in within if born[home] < begin]
                last[home] = max(last[home], at, *outer)
            within = [begin for begin in within if ends[begin] > at]
        return last | {self.home[n]: len(self.flat.steps) for n in self.flat.outputs}

    def _listed(self, step: Step) -> int:
        """The results of all turns of a scan, which lie beside what they are stacked into."""
        stacks = self.once and isinstance(step, BorderStep) and step.copies
        return self._made(step.outputs) if stacks else 0

    def forward(self, stay: frozenset[int] = frozenset(), *, beside: bool = False) -> int:
        """The most bytes that live at once in forward.

        Args:
            stay: memories that do not end with their last use.
            beside: what backward needs beside them is kept too.
        """
        last = self._last_uses()
        ends: dict[int, list[int]] = {}
        for n, at in last.items():
            ends.setdefault(at, []).append(n)
        live = most = self._made(self.inputs)
        for at, step in enumerate(self.flat.steps):
            live += self._made(step.outputs) + (self.more[at] if beside else 0)
            most = max(most, live + self._listed(step))
            live -= sum(self.size[n] for n in ends.get(at, ()) if n not in stay)
        return most

    def training(self) -> int:
        """The most bytes that live at once in forward and backward."""
        first: dict[int, int] = {}  # the first step whose backward needs a memory is the last to
        for at, kept in enumerate(self.kept):
            for n in kept:
                first.setdefault(n, at)
        most = self.forward(frozenset(first), beside=True)
        live = sum(self.size[n] for n in first) + sum(self.more)
        gradients = {n: self.size[n] for n in self.flat.outputs}
        live += 2 * sum(gradients.values())  # a loss keeps about as much as it is given
        most = max(most, live)
        for at in range(len(self.flat.steps) - 1, -1, -1):
            step = self.flat.steps[at]
            for given in step.inputs:
                if given is not None and self.learns[given] and given not in gradients:
                    gradients[given] = self.size[given]
                    live += gradients[given]
            most = max(most, live)
            live -= sum(gradients.pop(n, 0) for n in step.outputs)
            live -= self.more[at] + sum(self.size[n] for n in self.kept[at] if first[n] == at)
        return most


def _name(step: Step, weight: Weight) -> str:
    """The full name of an array that a step computes with."""
    tied = step.tied if weight.name == "weight" else ""
    return tied or full_name(step.owner, weight.name)


def _scan_ends(steps: Sequence[Step]) -> dict[int, int]:
    """For each step that begins a scan the one that ends it."""
    found: dict[int, int] = {}
    begun: list[int] = []
    for at, step in enumerate(steps):
        if isinstance(step, BorderStep) and step.item.name == "scan":
            begun.append(at)
        elif isinstance(step, BorderStep):
            found[begun.pop()] = at
    return found
