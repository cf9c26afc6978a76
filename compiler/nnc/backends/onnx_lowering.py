"""Layers one after the other as ONNX nodes; scans as the operator Scan, or all steps at once."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from nnc.backends.onnx_schema import OPSET, NodeError
from nnc.backends.onnx_sizes import SizeUnknown
from nnc.backends.onnx_values import Body, Node, Place, Value
from nnc.backends.onnx_writer import Writer
from nnc.diagnostics import Refusal, rule
from nnc.ir.dims import Dim, show
from nnc.ir.graph import Scan
from nnc.ir.types import TensorType
from nnc.ir.walk import Step, walk_graph
from nnc.layers.base import Layer
from nnc.layers.weighted import Normed

Walker = Generator[Step, None, tuple[int, ...]]

LOW_OPSET = rule(
    "NN542",
    "opset-too-low",
    f"""
A layer needs an ONNX operator, or a form of one, that the chosen opset does not have. Opset
{OPSET}, the default, has them all and runs in ONNX Runtime 1.17 and later.
""",
)

SIZE_NOT_TOLD = rule(
    "NN543",
    "size-not-told-by-inputs",
    """
An ONNX file learns its symbolic sizes from the shapes of its inputs; this one no input tells.
""",
)


class LoweringError(Exception):
    """A layer asked for a node that ONNX does not have: a bug of the layer."""


def lower_steps(
    writer: Writer, walker: Walker, values: dict[int, Value], places: list[tuple[str, Value]]
) -> list[Value]:
    """Writes all steps; returns the values that the graph gives.

    Args:
        values: of the graph's inputs by number; those of the steps are added.
        places: what each place makes, where that is a value of the model's own graph, is added.
    """
    while True:
        try:
            step = next(walker)
        except StopIteration as stop:
            return [values[number] for number in stop.value]
        results = _lower(writer, step, values, places)
        values.update(zip(step.outputs, results))
        if results:
            places.append((step.place, results[0]))


def read_nodes(nodes: Sequence[Node], outputs: Sequence[Value]) -> list[Node]:
    """The nodes whose results something reads: of a layer with several the spec may use one."""
    wanted = {id(value) for value in outputs}
    kept: list[Node] = []
    for node in reversed(nodes):
        if any(id(value) in wanted for value in node.outputs):
            wanted.update(id(value) for value in node.reads())
            node.unread = {id(v) for v in node.outputs if id(v) not in wanted}
            kept.append(node)
    return kept[::-1]


def _lower(
    writer: Writer, step: Step, values: Mapping[int, Value], places: list[tuple[str, Value]]
) -> tuple[Value, ...]:
    op, span = step.item.op, step.item.span
    where = f"{span.source.name}:{span.line} {op.word}" if span.end else op.word
    norm = (op.norm, op.outputs_axis) if isinstance(op, Normed) and op.norm is not None else None
    writer.layer = Place(step.place, step.owner, where, step.tied, norm)
    if isinstance(op, Scan):
        return _scan(writer, step, op, values, places)
    if not isinstance(op, Layer):
        raise LoweringError(f"{op.word} at {step.place} is no layer")
    given = [None if number is None else values[number] for number in step.inputs]
    try:
        made = op.onnx(writer, *given)
    except NodeError as wrong:
        if writer.opset < OPSET:
            text = f"{op.word} cannot be written with opset {writer.opset}"
            raise Refusal(
                LOW_OPSET.at(span, text, notes=(str(wrong),), help=f"use `--opset {OPSET}`")
            ) from wrong
        raise LoweringError(f"{op.word} at {step.place}: {wrong}") from wrong
    except SizeUnknown as unknown:
        raise Refusal(SIZE_NOT_TOLD.at(span, str(unknown))) from unknown
    results = made if isinstance(made, tuple) else (made,)
    found = tuple(value for value in results if isinstance(value, Value))
    if len(found) != len(step.outputs):
        raise LoweringError(f"{op.word} at {step.place} made {len(found)} values")
    writer.finish(found, step.output_types, op.results)
    return found


def _scan(
    writer: Writer,
    step: Step,
    op: Scan,
    values: Mapping[int, Value],
    places: list[tuple[str, Value]],
) -> tuple[Value, ...]:
    """A scan: its states pass from step to step, or each step is a sample of its own."""
    given = [values[number] for number in step.inputs if number is not None]
    try:
        if op.starts:
            found = _one_by_one(writer, step, op, given)
        else:
            found = _at_once(writer, step, op, given, places)
    except SizeUnknown as unknown:
        raise Refusal(SIZE_NOT_TOLD.at(step.item.span, str(unknown))) from unknown
    names = [port.name for port in op.graph.outputs]
    writer.finish(found, step.output_types, names)
    return found


def _one_by_one(writer: Writer, step: Step, op: Scan, given: list[Value]) -> tuple[Value, ...]:
    """The operator Scan: https://onnx.ai/onnx/operators/onnx__Scan.html; axis 0 is the batch."""
    place, graph, count = writer.layer, op.graph, op.stepped
    states = len(op.starts)
    apart, rest = given[:count], given[count:]
    starts = iter(rest)
    first = [
        next(starts) if start is None else _start(writer, start, graph.types[port.value])
        for port, start in zip(graph.inputs[count:], op.starts)
    ]
    inner = [
        writer.value(f"{step.place}/{port.name}", graph.types[port.value])
        for port in graph.inputs[: count + states]
    ]
    kept = writer.begin()
    known = dict(enumerate([*inner, *starts]))
    walker = walk_graph(graph, f"{step.place}.", f"{step.owner}.")
    made = lower_steps(writer, walker, known, [])
    made = _own(writer, step, op, made, {id(value) for value in inner})
    nodes = writer.end(kept)
    writer.layer = place
    results, nexts = made[: op.results], made[op.results :]
    # the operator has states first
    outputs = [*nexts, *results]
    body = Body([*inner[count:], *inner[:count]], outputs, read_nodes(nodes, outputs))
    found = writer.scan([*first, *apart], body, count)
    return (*found[states:], *found[: states if op.gives else 0])


def _start(writer: Writer, number: float, type: TensorType) -> Value:
    """What a state starts from, for each sample."""
    return writer.op("Expand", writer.floats(number), writer.shape(*type.dims), type=type)


def _own(writer: Writer, step: Step, op: Scan, made: list[Value], taken: set[int]) -> list[Value]:
    """What a body gives: values that its own nodes make, each once."""
    ports = op.graph.outputs
    here = {id(value) for node in writer.nodes for value in node.outputs}
    found: list[Value] = []
    for port, value in zip(ports, made):
        if id(value) in taken or id(value) not in here:
            name = f"{step.place}.{port.name}"
            writer.layer = Place(name, name, writer.layer.doc)
            value = writer.op("Identity", value)
            writer.finish((value,), (op.graph.types[port.value],), ("y",))
        taken.add(id(value))
        found.append(value)
    return found


def _at_once(
    writer: Writer,
    step: Step,
    op: Scan,
    given: list[Value],
    places: list[tuple[str, Value]],
) -> tuple[Value, ...]:
    """Each step as a sample: the steps join the batch axis, and leave it behind."""
    place, graph, count = writer.layer, op.graph, op.stepped
    samples = f"{writer.samples}*{show(op.length)}"
    folded = []
    for number, value in enumerate(given):
        type = graph.types[graph.inputs[number].value]
        if number >= count and not value.type.fixed:
            value = _repeated(writer, value, op.length)
        if not type.fixed:
            value = writer.op("Reshape", value, writer.ints(-1, *type.dims), type=type)
            value.samples = samples
        folded.append(value)
    writer.finish((), (), ())
    kept = writer.enter(folded, samples)
    known = dict(enumerate(folded))
    walker = walk_graph(graph, f"{step.place}.", f"{step.owner}.")
    made = lower_steps(writer, walker, known, places)
    writer.leave(kept)
    writer.layer = place
    return tuple(
        writer.op("Reshape", value, writer.ints(-1, *type.dims), type=type)
        for value, type in zip(made, step.output_types)
    )


def _repeated(writer: Writer, value: Value, length: Dim) -> Value:
    """[batch, ...] -> [batch, steps, ...]."""
    type = value.type
    longer = type.with_dims(1, *type.dims)
    value = writer.op("Unsqueeze", value, writer.ints(1), type=longer)
    ones = (1,) * type.rank
    repeated = type.with_dims(length, *type.dims)
    return writer.op("Expand", value, writer.ints(1, length, *ones), type=repeated)
