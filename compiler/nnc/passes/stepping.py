"""The network of one step under construction: its values, states and layers."""

from __future__ import annotations

from typing import NoReturn

from nnc.diagnostics import Rule
from nnc.ir.dims import Dim, Poly, substitute, symbol, symbols
from nnc.ir.graph import Item, Op, Scan
from nnc.ir.known import Known, KnownReal
from nnc.ir.names import free
from nnc.ir.types import TensorType
from nnc.ir.walk import Step
from nnc.layers.base import Layer
from nnc.layers.steps import Begin
from nnc.layers.streaming import Flow
from nnc.layers.weighted import Weighted
from nnc.record import Record, replace
from nnc.source import Span


class Blocked(Exception):
    """A layer cannot take a sequence step by step: where it stands, why, what to write instead."""

    def __init__(self, span: Span, why: str, help: str = "", place: str = "") -> None:
        super().__init__(why)
        self.span, self.why, self.help, self.place = span, why, help, place


class Gone(Record):
    """A value that no single step has.

    `told`: the length of a padded sequence, or which of its steps are its own.
    """

    why: str
    told: bool = False


class Carried:
    """A state: its value at a step, and what it is at the next."""

    def __init__(self, name: str, value: Flow, start: float) -> None:
        self.name, self.value, self.start = name, value, start
        self.next: Flow | None = None


class Sized:
    """Shape rules for sizes that have been proved of the whole sequence already."""

    def __init__(self, stepping: Stepping) -> None:
        self._stepping = stepping

    def equal(self, a: Dim, b: Dim, rule: Rule, message: str, **_: str) -> None:
        """Numbers that differ belong to a layer that mixes steps."""
        if isinstance(a, int) and isinstance(b, int) and a != b:
            self._stepping.refuse(f"one step alone does not do: {message}")

    def at_least(self, a: Dim, low: int, rule: Rule, message: str, **_: str) -> None:
        """A number that is too small belongs to a layer that needs several steps."""
        if isinstance(a, int) and a < low:
            self._stepping.refuse(f"one step alone does not do: {message}")

    def divisible(self, a: Dim, by: int, rule: Rule, message: str, **_: str) -> None:
        """As `equal`."""
        if isinstance(a, int) and a % by:
            self._stepping.refuse(f"one step alone does not do: {message}")

    def refuse(self, rule: Rule, message: str, **_: str) -> NoReturn:
        """What is right for the whole sequence is not for one step."""
        self._stepping.refuse(f"one step alone does not do: {message}")


class Stepping:
    """The network of one step, and what a layer may do to it (`nnc.layers.streaming.Streamer`).

    Args:
        time: the symbol that is the number of steps.
        past: what the number of steps so far is called.
    """

    def __init__(self, time: str, past: str) -> None:
        self.time, self.past_name = time, past
        self.types: list[TensorType] = []
        self.axes: list[int | None] = []
        self.items: list[Item] = []
        self.states: list[Carried] = []
        self._taken: set[str] = set()
        self._now: Step | None = None

    @property
    def past(self) -> Dim:
        """How many steps there were."""
        return symbol(self.past_name)

    # --- values ----------------------------------------------------------------------------------

    def value(self, whole: TensorType, span: Span, name: str) -> Flow:
        """A new value that is one step of a whole one."""
        axis, earlier = self._time_of(whole, span, name)
        number = self._new(plain(whole, {self.time: 1}), axis)
        return Flow(number, self.types[number], plain(whole, {}), axis, earlier)

    def known(self, value: Flow, whole: TensorType, item: Item) -> Flow:
        """A value that a layer made, as what it is of the whole one."""
        axis, earlier = self._time_of(whole, item.span, item.op.word)
        if value.type.dims != plain(whole, {self.time: 1}).dims:
            raise Blocked(item.span, f"`{item.op.word}` mixes the steps of a sequence")
        self.axes[value.number] = axis
        return Flow(value.number, value.type, whole, axis, earlier)

    def ready(self, flow: Flow | Gone, span: Span) -> Flow:
        """The value of this step.

        Raises:
            Blocked: no single step has it.
        """
        if isinstance(flow, Gone):
            raise Blocked(span, flow.why, "use what each step gives")
        return flow

    def _time_of(self, whole: TensorType, span: Span, name: str) -> tuple[int | None, int]:
        axes = [at for at, d in enumerate(whole.dims) if self.time in symbols(d)]
        if not axes:
            return None, 0
        more = whole.dims[axes[0]] - symbol(self.time)
        if len(axes) > 1 or not isinstance(more, int):
            raise Blocked(
                span,
                f"`{name}` gives {whole}, which does not have one place for each step",
                f"what streams keeps time as one axis, of size {self.time}",
            )
        if more < 0:
            raise Blocked(span, f"`{name}` gives {-more} fewer steps than come")
        return axes[0], more

    def _new(self, type: TensorType, axis: int | None = None) -> int:
        self.types.append(type)
        self.axes.append(axis)
        return len(self.types) - 1

    # --- layers ----------------------------------------------------------------------------------

    def step(self, step: Step, x: tuple[Flow | None, ...]) -> tuple[Flow | None, ...]:
        """What one layer of the whole network becomes: its outputs, None for what no step has."""
        self._now = step
        op = step.item.op
        flowing = any(value is not None and value.axis is not None for value in x)
        if isinstance(op, Scan):
            return self._scan(op, x) if flowing else self._put(plain_op(op, {}), x)
        assert isinstance(op, Layer), "a walk gives layers and scans"
        return op.stream(self, *x) if flowing else self.same(*x)

    @property
    def now(self) -> Step:
        """The layer of the whole network."""
        assert self._now is not None
        return self._now

    def same(self, *x: Flow | None) -> tuple[Flow | None, ...]:
        """The layer itself."""
        return self._put(plain_op(self.now.item.op, {self.time: 1}), x)

    def apply(self, op: Layer, *x: Flow | None) -> tuple[Flow, ...]:
        """Another layer."""
        return self._put(op, x)

    def state(
        self, name: str, type: TensorType, start: float = 0.0, given: Flow | None = None
    ) -> Flow:
        """What the step before left."""
        type = TensorType(plain(type, {}).dims, type.dtype)
        value = Flow(self._new(type), type, type)
        self.states.append(Carried(f"{self.now.place}.{name}", value, start))
        if given is None:
            return value
        steps = self.state(f"{name}.begun", TensorType(()))
        value, after = self.apply(Begin(), value, given, steps)
        self.keep(f"{name}.begun", after)
        return value

    def keep(self, name: str, value: Flow) -> None:
        """Leaves a state."""
        (state,) = (s for s in self.states if s.name == f"{self.now.place}.{name}")
        assert state.next is None, "a state is kept once"
        state.next = value

    def refuse(self, why: str, help: str = "") -> NoReturn:
        """This layer cannot."""
        raise Blocked(self.now.item.span, why, help, self.now.place)

    def _scan(self, op: Scan, x: tuple[Flow | None, ...]) -> tuple[Flow | None, ...]:
        """A scan of one step, whose states come from outside."""
        values = [value for value in x if value is not None]
        count = op.stepped + sum(start is None for start in op.starts)
        taken, given, kept = values[: op.stepped], values[op.stepped : count], values[count:]
        if any(value.axis != 0 for value in taken):
            self.refuse("`scan` goes along axis 0, and time is another axis")
        if any(value.earlier for value in taken):
            self.refuse("`scan` reads one step at a time, and earlier ones lie in this value")
        if any(value.axis is not None for value in (*given, *kept)):
            self.refuse(
                "the braces of this scan read the whole sequence at each step",
                "let it go through what they read as well: `from x, y -> scan(a, b) { ... }`",
            )
        body, begin = op.graph, iter(given)
        ports = body.inputs[op.stepped : op.stepped + len(op.starts)]
        states = [
            self.state(
                port.name,
                body.types[port.value],
                start or 0.0,
                next(begin) if start is None else None,
            )
            for port, start in zip(ports, op.starts)
        ]
        one = replace(op, length=1, starts=(None,) * len(states), gives=bool(states))
        made = self._put(plain_op(one, {self.time: 1}), (*taken, *states, *kept))
        for port, value in zip(ports, made[op.results :]):
            self.keep(port.name, value)
        return (*made[: op.results], *(None for _ in ports if op.gives))

    def _put(self, op: Op, x: tuple[Flow | None, ...]) -> tuple[Flow, ...]:
        """An item of the network of one step; what has the layer's weights has its place too."""
        step, types = self.now, tuple(None if v is None else v.type for v in x)
        name, owner, place = step.place, step.owner, step.place
        if isinstance(op, Weighted) and op.tie is not None:  # told in the terms of its block
            ahead = owner.removesuffix(step.item.instance or step.item.name)
            op = replace(op, tie=replace(op.tie, owner=ahead + op.tie.owner))
        if isinstance(op, Scan):
            made = self._scanned(op)
        else:
            assert isinstance(op, Layer), "blocks are inlined"
            made = op.shape(Sized(self), *types)
            if type(op) is not type(step.item.op) and not list(op.weights(*types)):
                name = owner = f"{place}.{op.word}"
        name = free(name, self._taken)
        self._taken.add(name)
        values = tuple(Flow(self._new(type), type, type) for type in made)
        inputs = tuple(None if v is None else v.number for v in x)
        outputs = tuple(value.number for value in values)
        self.items.append(Item(name, op, inputs, outputs, step.item.span, instance=owner))
        return values

    def _scanned(self, op: Scan) -> tuple[TensorType, ...]:
        graph = op.graph
        types = [plain(graph.types[port.value], {}) for port in graph.outputs]
        ends = types[op.results :] if op.gives else []
        return (*(op.stacked(type, 0) for type in types[: op.results]), *ends)


def plain(type: TensorType, sizes: dict[str, Dim]) -> TensorType:
    """A type with symbols replaced, its numbers without their source."""
    return type.with_dims(*(_size(d, sizes) for d in type.dims))


def plain_op(op: Op, sizes: dict[str, Dim]) -> Op:
    """A layer, or a call, in whose arguments symbols are replaced, numbers without their source."""
    if isinstance(op, Scan):
        given = tuple((name, _argument(value, sizes)) for name, value in op.bindings)
        return replace(op, bindings=given, length=_size(op.length, sizes))
    assert isinstance(op, Layer), "blocks are inlined"
    return type(op)(**{name: _argument(value, sizes) for name, value in op.__dict__.items()})


def _size(d: Dim, sizes: dict[str, Dim]) -> Dim:
    made = substitute(d, sizes)
    return int(made) if isinstance(made, int) else made


def _argument(value: object, sizes: dict[str, Dim]) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, (Known, Poly)):
        return _size(value, sizes)
    if isinstance(value, KnownReal):
        return float(value)
    if isinstance(value, tuple):
        return tuple(_argument(one, sizes) for one in value)
    return value
