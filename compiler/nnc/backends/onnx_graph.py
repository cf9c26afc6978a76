"""A network as an ONNX model: built layer by layer from the IR, without tracing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    TensorProto,
    ValueInfoProto,
    shape_inference,
)

import nnc
from nnc.backends.arrays import Array, known_sizes
from nnc.backends.onnx_file import OnnxModel, StoredTensor
from nnc.backends.onnx_lowering import lower_steps, read_nodes
from nnc.backends.onnx_schema import (
    IR_VERSIONS,
    ML_OPSET,
    OPSET,
    TENSOR_TYPES,
)
from nnc.backends.onnx_values import Names, Node, Place, Tensor, Value
from nnc.backends.onnx_writer import Writer
from nnc.ir.dims import show
from nnc.ir.graph import Network
from nnc.ir.walk import walk, weight_table

SMALL = (
    256  # tensors of this many numbers are seen by type inference, larger ones by their sizes only
)


def onnx_model(
    network: Network,
    weights: Mapping[str, Array],
    *,
    opset: int = OPSET,
    doc: str = "",
    metadata: Mapping[str, str] | None = None,
) -> OnnxModel:
    """The model of a network at inference.

    Inputs and outputs have the spec's names and order; the batch axis is called `batch`, other
    symbolic sizes as in the spec. Nodes and values are named by places, and a node's `doc_string`
    is its line.

    Args:
        network: checked.
        weights: an array for each weight of the network, by name; they are not copied.
        opset: of the default domain.
        doc: one line about the model.
        metadata: strings for metadata_props, stored sorted.

    Raises:
        Refusal: the opset is too low, or a size is not known.
        LoweringError: a layer asked for what ONNX does not have.
    """
    _check_weights(network, weights)
    ports = network.graph.inputs
    inputs = [Value(port.name, network.graph.types[port.value]) for port in ports]
    writer = Writer(weights, opset, inputs)
    values: dict[int, Value] = dict(enumerate(inputs))
    places: list[tuple[str, Value]] = []
    found = lower_steps(writer, walk(network), values, places)
    outputs = _name_outputs(network, writer, inputs, found)
    nodes = read_nodes(writer.nodes, outputs)
    tensors = _used(nodes)
    _settle_names(inputs, outputs, tensors, nodes)

    model = _model_proto(writer, opset, doc, metadata or {})
    model.graph.name = network.name
    _write_nodes(model.graph, nodes)
    model.graph.input.extend(_info(value) for value in inputs)
    model.graph.output.extend(_info(value) for value in outputs)
    _write_infos(model, nodes, tensors, {id(v) for v in outputs})
    stored = tuple(StoredTensor(t.name, t.array, t.weight) for t in tensors)
    named = tuple((place, value.name) for place, value in places if value.name)
    return OnnxModel(model, stored, named)


def _check_weights(network: Network, weights: Mapping[str, Array]) -> None:
    for row in weight_table(network):
        shape = known_sizes(row.weight.dims, row.name, row.span)
        array = weights.get(row.name)
        if array is None or array.shape != shape or array.dtype != row.weight.dtype:
            got = "nothing" if array is None else f"{array.dtype}{list(array.shape)}"
            raise ValueError(f"{row.name} is {row.weight.dtype}{list(shape)}, given is {got}")


def _name_outputs(
    network: Network, writer: Writer, inputs: Sequence[Value], values: Sequence[Value]
) -> list[Value]:
    """The values that become outputs; one that has a name already gets an Identity of its own."""
    taken = {id(value) for value in inputs}
    outputs: list[Value] = []
    for port, value in zip(network.graph.outputs, values):
        if id(value) in taken or isinstance(value, Tensor):
            writer.layer = Place(port.name, port.name, f"output {port.name}")
            kind = network.graph.types[port.value]
            value = writer.op("Identity", value)
            writer.finish((value,), (kind,), ("y",))
        value.wish = port.name
        taken.add(id(value))
        outputs.append(value)
    return outputs


def _used(nodes: Sequence[Node]) -> list[Tensor]:
    """The tensors that nodes read, in that order; a layer may have asked for one and left it."""
    read = (value for node in nodes for value in node.reads())
    return list({id(value): value for value in read if isinstance(value, Tensor)}.values())


def _settle_names(
    inputs: Sequence[Value],
    outputs: Sequence[Value],
    tensors: Sequence[Tensor],
    nodes: Sequence[Node],
) -> None:
    """The spec's names come first, then those of weights, then places."""
    names, of_nodes = Names(), Names()
    for value in (*inputs, *outputs, *tensors):
        value.name = names.unique(value.wish)
    for node in (inner for outer in nodes for inner in outer.within()):
        node.name = of_nodes.unique(node.name)
        made = (*node.outputs, *(node.body.inputs if node.body is not None else ()))
        for value in made:
            if not value.name and not (node.op.optional and id(value) in node.unread):
                value.name = names.unique(value.wish)


def _model_proto(writer: Writer, opset: int, doc: str, metadata: Mapping[str, str]) -> ModelProto:
    model = ModelProto(
        ir_version=IR_VERSIONS[opset], producer_name="nnc", producer_version=nnc.__version__
    )
    if doc:
        model.doc_string = doc
    model.opset_import.add(domain="", version=opset)
    if "ai.onnx.ml" in writer.domains:
        model.opset_import.add(domain="ai.onnx.ml", version=ML_OPSET)
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])
    return model


def _write_nodes(graph: GraphProto, nodes: Sequence[Node]) -> None:
    for node in nodes:
        made = graph.node.add(op_type=node.op.kind, name=node.name, doc_string=node.doc)
        if node.op.domain:
            made.domain = node.op.domain
        made.input.extend("" if value is None else value.name for value in node.inputs)
        made.output.extend(value.name for value in node.outputs)
        while not made.output[-1]:
            made.output.pop()
        made.attribute.extend(node.attributes)
        if node.body is not None:
            body = made.attribute.add(name="body", type=AttributeProto.GRAPH).g
            body.name = f"{node.name}/body"
            _write_nodes(body, node.body.nodes)
            body.input.extend(_info(value) for value in node.body.inputs)
            body.output.extend(_info(value) for value in node.body.outputs)


def _info(value: Value) -> ValueInfoProto:
    info = ValueInfoProto(name=value.name)
    tensor = info.type.tensor_type
    tensor.elem_type = TENSOR_TYPES[value.dtype]
    tensor.shape.SetInParent()
    if value.batched:
        tensor.shape.dim.add(dim_param=value.samples)
    for d in value.type.dims:
        if isinstance(d, int):
            tensor.shape.dim.add(dim_value=int(d))
        else:
            tensor.shape.dim.add(dim_param=show(d))
    return info


def _write_infos(
    model: ModelProto, nodes: Sequence[Node], tensors: Sequence[Tensor], outputs: set[int]
) -> None:
    """A value_info for every inner value; those that layers left untyped are inferred by onnx."""
    every = [v for node in nodes for one in node.within() for v in one.outputs if v.name]
    inferred: dict[str, ValueInfoProto] = {}
    if any(value.known is None for value in every):
        typed = [v for node in nodes for v in node.outputs if v.name and id(v) not in outputs]
        typed = [value for value in typed if value.known is not None]
        inferred = _inferred(model, tensors, typed)
    _put_infos(model.graph, nodes, outputs, inferred)


def _put_infos(
    graph: GraphProto,
    nodes: Sequence[Node],
    outputs: set[int],
    inferred: Mapping[str, ValueInfoProto],
) -> None:
    for node, written in zip(nodes, graph.node):
        for value in node.outputs:
            if not value.name or id(value) in outputs:
                continue
            if value.known is not None:
                graph.value_info.append(_info(value))
            elif value.name in inferred:
                graph.value_info.append(inferred[value.name])
        if node.body is not None:
            own = {id(value) for value in node.body.outputs}
            _put_infos(written.attribute[-1].g, node.body.nodes, own, inferred)


def _inferred(
    model: ModelProto, tensors: Sequence[Tensor], typed: Sequence[Value]
) -> dict[str, ValueInfoProto]:
    """What onnx infers of inner values, on a copy without the large tensors."""
    copy = ModelProto()
    copy.CopyFrom(model)
    copy.graph.value_info.extend(_info(value) for value in typed)
    for tensor in tensors:
        if tensor.array.size <= SMALL:
            stored = StoredTensor(tensor.name, tensor.array, "").header()
            stored.raw_data = tensor.array.tobytes()
            copy.graph.initializer.append(stored)
        else:
            copy.graph.input.append(_info(tensor))
    found = _all_infos(shape_inference.infer_shapes(copy, data_prop=True).graph)
    for info in found:
        for dim in info.type.tensor_type.shape.dim:
            if dim.dim_param.startswith("unk__"):  # a name that inference made up
                dim.ClearField("dim_param")
    return {
        info.name: info
        for info in found
        if info.type.tensor_type.elem_type != TensorProto.UNDEFINED
    }


def _all_infos(graph: GraphProto) -> list[ValueInfoProto]:
    """Those of a graph and of the graphs inside."""
    found = [*graph.value_info]
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                found += _all_infos(attribute.g)
    return found
