"""From a network that takes a sequence whole to the one that takes it step by step.

The network of one step has the same inputs and outputs, in which the axis of time has size 1, and
further ones for what is carried from step to step: `lstm1.h` in and `lstm1.h.next` out. Its blocks
are inlined, its weights have their names in the whole network. What each layer becomes the layer
itself says (`Layer.stream`).
"""

from __future__ import annotations

from nnc.ir.conditions import Condition, words
from nnc.ir.dims import symbols
from nnc.ir.graph import Graph, Network, Port
from nnc.ir.names import free
from nnc.ir.types import TensorType
from nnc.ir.walk import Step, walk
from nnc.layers.base import Layer
from nnc.layers.lengths import HidePadding, Lengths, OwnSteps
from nnc.layers.streaming import Flow
from nnc.passes.stepping import Blocked, Gone, Stepping, plain
from nnc.record import Record, replace


class State(Record):
    """What is carried from step to step.

    Args:
        name: of the input; the output is called `<name>.next`.
        type: per sample, as it comes in; one that `grows` is one step longer as it goes out, and
            has no steps at first.
        start: the number that all of it is before the first step.
    """

    name: str
    type: TensorType
    start: float
    grows: bool


class Stepped(Record):
    """The network of one step.

    Args:
        network: its inputs are those of the whole network, the states, noise.
        states: in the order of the inputs.
        symbol: the size that is time in the whole network.
        past: what the number of steps so far is called in the types of states that grow.
        inputs: which inputs come step by step, with their axis of time.
        outputs: each with its axis of time; None for one that is the same at all steps.
        longest: so many steps at most, None for any number.
    """

    network: Network
    states: tuple[State, ...]
    symbol: str
    past: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int | None], ...]
    longest: int | None


def stepped(network: Network) -> Stepped:
    """The network of one step, which gives step by step what the network gives of the whole.

    Raises:
        Blocked: a layer cannot take a sequence step by step.
    """
    graph = network.graph
    time = _time(network)
    longest = _longest(network, time)
    made = Stepping(time, free("past", network.symbols))
    flows: dict[int, Flow | Gone] = {}
    inputs: list[Port] = []
    noise: list[Port] = []
    measured = {p.name for p in graph.inputs if time in _named(graph.types[p.value])}
    for port in graph.inputs:
        if port.measures in measured:
            flows[port.value] = Gone(f"`{port.name}` is known only at the end", told=True)
            continue
        value = flows[port.value] = made.value(graph.types[port.value], port.span, port.name)
        (inputs if port.drawn is None else noise).append(replace(port, value=value.number))
    walker = walk(network)
    while True:
        try:
            step = next(walker)
        except StopIteration as stop:
            found = stop.value
            break
        _add(made, step, flows)
    outputs = []
    for port, number in zip(graph.outputs, found):
        value = made.ready(flows[number], port.span)
        if value.earlier:
            raise Blocked(port.span, f"`{port.name}` has {value.earlier} more steps than come")
        outputs.append((replace(port, value=value.number), value.axis))
    return _finished(network, made, (inputs, noise), outputs, longest)


def _named(type: TensorType) -> frozenset[str]:
    return frozenset().union(*(symbols(d) for d in type.dims))


def _time(network: Network) -> str:
    """The symbol that is the length of the sequence."""
    graph = network.graph
    ports = graph.fed
    open_sizes = [
        (name, port) for port in ports for name in sorted(_named(graph.types[port.value]))
    ]
    names = list(dict.fromkeys(name for name, _ in open_sizes))
    if not names:
        first = ports[0]
        raise Blocked(
            first.span,
            f"`{first.name}` has a known size, and what streams has any number of steps",
            "give time a name: `token[T]`, `[T, 7]`",
        )
    if len(names) > 1:
        given = [_named(graph.types[port.value]) for port in graph.outputs]
        names = [n for n in names if all(n in g for g in given)] or names
    if len(names) > 1:
        marked = [
            name
            for name, port in open_sizes
            for type in (graph.types[port.value],)
            if name in names and type.time is not None and name in symbols(type.dims[type.time])
        ]
        names = list(dict.fromkeys(marked)) or names
    if len(names) > 1:
        known = ", ".join(f"`{n}`" for n in names)
        raise Blocked(
            graph.span,
            f"the network has several sizes that may be time: {known}",
            "let one alone be the size of the outputs, or give the others numbers",
        )
    return names[0]


def _longest(network: Network, time: str) -> int | None:
    """The most steps that the network takes; it must take any number up to that."""
    for fact in network.facts:
        if isinstance(fact, Condition) and fact.symbol == time:
            if fact.equals is not None or fact.modulus > 1:
                raise Blocked(
                    network.graph.span,
                    f"`{network.name}` takes sequences of certain lengths only: {words(fact)[0]}",
                    "what streams takes any number of steps",
                )
            return fact.most
    return None


def _add(made: Stepping, step: Step, flows: dict[int, Flow | Gone]) -> None:
    """One layer, or a scan."""
    op, span = step.item.op, step.item.span
    taken = [None if number is None else flows[number] for number in step.inputs]
    told = [isinstance(flow, Gone) and flow.told for flow in taken]
    if any(told) and isinstance(op, (Lengths, OwnSteps)):
        flows[step.outputs[0]] = next(f for f in taken if isinstance(f, Gone) and f.told)
        return
    if any(told) and isinstance(op, HidePadding):
        assert step.inputs[0] is not None
        flows[step.outputs[0]] = flows[step.inputs[0]]
        return
    if isinstance(op, Layer):  # each step that comes is the sequence's own
        ports = op.ports
        open_ = [
            at < len(ports) and (ports[at].implied or ports[at].hides) for at in range(len(told))
        ]
        taken = [None if t and o else flow for flow, t, o in zip(taken, told, open_)]
    values = [None if flow is None else made.ready(flow, span) for flow in taken]
    results = made.step(step, tuple(values))
    for number, type, value in zip(step.outputs, step.output_types, results):
        if value is None:
            flows[number] = Gone(f"what `{step.place}` remembers in the end is not known before it")
        else:
            flows[number] = made.known(value, plain(type, {}), step.item)


def _finished(
    network: Network,
    made: Stepping,
    ports: tuple[list[Port], list[Port]],
    outputs: list[tuple[Port, int | None]],
    longest: int | None,
) -> Stepped:
    """The graph, its values numbered anew: inputs, states, noise, what steps make."""
    inputs, noise = ports
    states = tuple(
        State(k.name, k.value.type, k.start, made.past_name in _named(k.value.type))
        for k in made.states
    )
    kept = [Port(k.name, k.value.number, network.graph.span) for k in made.states]
    after = [
        Port(f"{k.name}.next", k.next.number, network.graph.span)
        for k in made.states
        if k.next is not None
    ]
    graph = _graph(
        network.graph, made, [*inputs, *kept, *noise], [*(p for p, _ in outputs), *after]
    )
    facts = tuple(f for f in network.facts if not _of(f, made.time))
    told = tuple(w for f in facts if isinstance(f, Condition) for w in words(f))
    rest = tuple(s for s in network.symbols if s != made.time)
    rest += (made.past_name,) * any(state.grows for state in states)
    flowing = [(p.name, made.axes[p.value]) for p in inputs]
    return Stepped(
        Network(graph, told, facts, rest, network.kind),
        states,
        made.time,
        made.past_name,
        tuple((name, axis) for name, axis in flowing if axis is not None),
        tuple((port.name, axis) for port, axis in outputs),
        longest,
    )


def _graph(whole: Graph, made: Stepping, first: list[Port], outputs: list[Port]) -> Graph:
    """The graph with these inputs first and these outputs."""
    order = [port.value for port in first]
    order += [number for item in made.items for number in item.outputs]
    number = {old: new for new, old in enumerate(order)}
    items = (
        replace(
            item,
            inputs=tuple(None if v is None else number[v] for v in item.inputs),
            outputs=tuple(number[v] for v in item.outputs),
        )
        for item in made.items
    )
    return Graph(
        whole.name,
        (),
        tuple(replace(port, value=number[port.value]) for port in first),
        tuple(made.types[old] for old in order),
        tuple(items),
        tuple(replace(port, value=number[port.value]) for port in outputs),
        doc=whole.doc,
        span=whole.span,
    )


def _of(fact: Record, symbol: str) -> bool:
    return isinstance(fact, Condition) and fact.symbol == symbol
