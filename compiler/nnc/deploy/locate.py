"""The first value in which an exported file differs from PyTorch, found layer after layer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor

from nnc.backends.arrays import Array
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.deploy.difference import difference
from nnc.deploy.parity import Difference
from nnc.deploy.reference import numeric
from nnc.deploy.session import Session
from nnc.ir.dims import Poly, evaluate
from nnc.ir.graph import Graph, Item, Network, Op, Port, Scan
from nnc.ir.known import Known
from nnc.ir.plan import Front
from nnc.ir.types import TensorType
from nnc.ir.walk import Step, full_name, walk, weight_table
from nnc.layers.base import Layer
from nnc.layers.weighted import Weighted
from nnc.record import replace


def first_difference(
    network: Network,
    weights: Mapping[str, Array],
    model: Path | bytes,
    raw: Mapping[str, Array],
    *,
    fronts: Mapping[str, Front],
    sizes: Mapping[str, int],
    tolerance: float,
) -> Difference | None:
    """The first value, in the order in which layers run, that is further off than the tolerance.

    Each layer runs in PyTorch on what PyTorch gave before it. None where every value agrees: then
    not a layer but what lies between them differs.

    Args:
        network: with its ends, as it was exported.
        raw: its inputs.
    """
    values = dict(onnx_model(network, weights).values)
    with _exposed(model, tuple(values.values())) as (file, names):
        session = Session(file, guarded=False)
        kept = {port.name for port in session.outputs}
        inner = session.run(raw)
    for place, item, made in _stepped(network, weights, raw, fronts, sizes):
        name = values.get(place, "")
        name = names.get(name, name)
        if name in kept:
            size = difference(inner[name], made)
            if size > tolerance:
                return Difference(place, item.op.word, name, size, item.span)
    return None


@contextmanager
def _exposed(
    model: Path | bytes, names: tuple[str, ...]
) -> Iterator[tuple[Path | bytes, dict[str, str]]]:
    """The same file with its inner values as outputs too."""
    data = model.read_bytes() if isinstance(model, Path) else model
    proto = onnx.ModelProto()
    proto.ParseFromString(data)
    outputs = {info.name for info in proto.graph.output}
    infos = {info.name: info for info in proto.graph.value_info}
    proto.graph.output.extend(infos[n] for n in names if n not in outputs and n in infos)
    outside = any(t.data_location == onnx.TensorProto.EXTERNAL for t in proto.graph.initializer)
    if not outside or not isinstance(model, Path):
        yield proto.SerializeToString(), {}
        return
    with tempfile.NamedTemporaryFile(dir=model.parent, suffix=".onnx") as file:
        file.write(proto.SerializeToString())
        file.flush()
        yield Path(file.name), {}


def _stepped(
    network: Network,
    weights: Mapping[str, Array],
    raw: Mapping[str, Array],
    fronts: Mapping[str, Front],
    sizes: Mapping[str, int],
) -> Iterator[tuple[str, Item, Array]]:
    """Place, item and first value of each layer, run in PyTorch one by one."""
    values: dict[int, Tensor] = {
        port.value: torch.from_numpy(numeric(fronts.get(port.name), raw[port.name]))
        for port in network.graph.inputs
    }
    left = _last_uses(network)
    for at, step in enumerate(walk(network)):
        made = _run(step, weights, values, sizes)
        values.update(zip(step.outputs, made))
        yield step.place, step.item, made[0].numpy()
        for number in left.get(at, ()):
            values.pop(number, None)


def _last_uses(network: Network) -> dict[int, list[int]]:
    """By step, the values that no later step reads."""
    last: dict[int, int] = {}
    for at, step in enumerate(walk(network)):
        last.update({number: at for number in step.inputs if number is not None})
    found: dict[int, list[int]] = {}
    for number, at in last.items():
        found.setdefault(at, []).append(number)
    return found


def _run(
    step: Step, weights: Mapping[str, Array], values: Mapping[int, Tensor], sizes: Mapping[str, int]
) -> tuple[Tensor, ...]:
    alone = _alone(step, sizes)
    place = alone.graph.items[0].name
    own = {}
    op = step.item.op
    if isinstance(op, Scan):
        names = [row.name for row in weight_table(Network(op.graph))]
    else:
        assert isinstance(op, Layer), "a walk gives layers and scans"
        names = [weight.name for weight in op.weights(*step.input_types)]
    for name in names:
        own[full_name(place, name)] = weights[full_name(step.owner, name)]
    if step.tied:
        tied = weights[step.tied]
        turned = not isinstance(op, Scan) and op.tied is not None and op.tied.turned
        own[full_name(place, "weight")] = tied.T if turned else tied
    module = build(alone, own).eval()
    given = [values[number] for number in dict.fromkeys(step.inputs) if number is not None]
    with torch.inference_mode():
        made = module(*given)
    return made if isinstance(made, tuple) else (made,)


def _alone(step: Step, sizes: Mapping[str, int]) -> Network:
    """A network of one layer, with numbers for symbols."""
    order = [number for number in dict.fromkeys(step.inputs) if number is not None]
    known = dict(zip(step.inputs, step.input_types))
    types = [known[number] for number in order]
    count = len(order)
    outputs = tuple(range(count, count + len(step.outputs)))
    item = replace(
        step.item,
        op=_plain(step.item.op, sizes),
        inputs=tuple(None if number is None else order.index(number) for number in step.inputs),
        outputs=outputs,
        instance="",
        turns=(),
    )
    graph = Graph(
        "Step",
        (),
        tuple(Port(f"x{at}", at) for at in range(count)),
        tuple(_typed(t, sizes) for t in (*types, *step.output_types) if t is not None),
        (item,),
        tuple(Port(f"y{at}", number) for at, number in enumerate(outputs)),
    )
    return Network(graph)


def _typed(type: TensorType, sizes: Mapping[str, int]) -> TensorType:
    return type.with_dims(*(int(evaluate(d, sizes)) for d in type.dims))


def _plain(op: Op, sizes: Mapping[str, int]) -> Op:
    """The layer with its symbols put in, and numbers without their source; a scan as it is."""
    if isinstance(op, Scan):
        given = tuple((name, _number(value, sizes)) for name, value in op.bindings)
        return replace(op, bindings=given)
    assert isinstance(op, Layer), "a walk gives layers and scans"
    changes = {name: _number(value, sizes) for name, value in op.__dict__.items()}
    if isinstance(op, Weighted):
        changes["tie"] = None
    return type(op)(**changes)


def _number(value: object, sizes: Mapping[str, int]) -> object:
    if isinstance(value, Poly):
        return int(evaluate(value, sizes))
    if isinstance(value, Known):
        return int(value)
    if isinstance(value, tuple):
        return tuple(_number(one, sizes) for one in value)
    return value
