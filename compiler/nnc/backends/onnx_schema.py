"""Which ONNX operators and attributes exist, asked of onnx itself; each node is checked by it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from onnx import AttributeProto, TensorProto, defs, numpy_helper

from nnc.record import Record

OPSET = 20
# The opsets that can be written, each with the IR version of the ONNX release that brought it
# (https://github.com/onnx/onnx/blob/main/docs/Versioning.md). Below 18 reductions and paddings
# take other inputs.
IR_VERSIONS = {18: 8, 19: 9, 20: 9, 21: 10, 22: 10}
ML_OPSET = 3

TENSOR_TYPES: dict[str, int] = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "uint8": TensorProto.UINT8,
    "string": TensorProto.STRING,
    "bool": TensorProto.BOOL,
}
TYPE_TEXTS: dict[str, str] = {
    "float32": "tensor(float)",
    "int64": "tensor(int64)",
    "int32": "tensor(int32)",
    "uint8": "tensor(uint8)",
    "string": "tensor(string)",
    "bool": "tensor(bool)",
}

_TYPE_NAMES = {number: name for name, number in TENSOR_TYPES.items()}
_TEXT_NAMES = {text: name for name, text in TYPE_TEXTS.items()}


def _number(kind: object) -> int:
    """The number of an attribute's type; onnx gives an enum that its stubs do not know."""
    return int(getattr(kind, "value"))  # noqa: B009


class NodeError(Exception):
    """A node that the opset does not have: a layer is wrong, or the opset too low for it."""


class Slot(Record):
    """An input or output of an operator: the variable that ties types, and the types allowed."""

    variable: str
    types: frozenset[str]


class Operator(Record):
    """What onnx says about one operator of one opset."""

    kind: str
    domain: str
    least_inputs: int
    most_inputs: int
    least_outputs: int
    most_outputs: int
    slots: tuple[Slot, ...]
    results: tuple[Slot, ...]
    attributes: dict[str, int]
    required: tuple[str, ...]

    @property
    def optional(self) -> bool:
        """Each of its outputs may be left unnamed."""
        return self.least_outputs == 0


@lru_cache(maxsize=1024)
def operator(kind: str, opset: int) -> Operator:
    """The operator as the opset has it; those of ai.onnx.ml are found too.

    Raises:
        NodeError: there is none, or it is deprecated.
    """
    for domain, version in (("", opset), ("ai.onnx.ml", ML_OPSET)):
        if defs.has(kind, version, domain):
            schema = defs.get_schema(kind, version, domain)
            break
    else:
        raise NodeError(f"opset {opset} has no operator {kind}")
    if schema.deprecated:
        raise NodeError(f"opset {opset} deprecates {kind}")
    return Operator(
        kind,
        domain,
        schema.min_input,
        schema.max_input,
        schema.min_output,
        schema.max_output,
        tuple(Slot(slot.type_str, frozenset(slot.types)) for slot in schema.inputs),
        tuple(Slot(slot.type_str, frozenset(slot.types)) for slot in schema.outputs),
        {name: _number(a.type) for name, a in schema.attributes.items()},
        tuple(name for name, a in schema.attributes.items() if a.required),
    )


def check_node(
    op: Operator, inputs: Sequence[str | None], outputs: int, attributes: dict[str, object]
) -> None:
    """Checks one node; `inputs` are element types, None where it is open, "" where it is not known.

    Raises:
        NodeError: a number of inputs or outputs, an element type or an attribute that onnx refuses.
    """
    if not op.least_inputs <= len(inputs) <= op.most_inputs:
        raise NodeError(f"{op.kind} takes no {len(inputs)} inputs")
    if not op.least_outputs <= outputs <= op.most_outputs:
        raise NodeError(f"{op.kind} has no {outputs} outputs")
    tied: dict[str, str] = {}
    for number, dtype in enumerate(inputs):
        slot = op.slots[min(number, len(op.slots) - 1)]
        if not dtype:
            continue
        if TYPE_TEXTS[dtype] not in slot.types:
            raise NodeError(f"{op.kind} takes no {dtype} as its input {number}")
        if tied.setdefault(slot.variable, dtype) != dtype and number < len(op.slots):
            raise NodeError(f"{op.kind} takes no {dtype} beside {tied[slot.variable]}")
    for name in attributes:
        if name not in op.attributes:
            raise NodeError(f"{op.kind} has no attribute {name}")
    for name in op.required:
        if attributes.get(name) is None:
            raise NodeError(f"{op.kind} needs its attribute {name}")


def result_type(
    op: Operator, number: int, inputs: Sequence[str | None], attributes: dict[str, object]
) -> str:
    """The element type of an output where the operator fixes it, else ""."""
    if op.kind == "Cast":
        to = attributes.get("to")
        if isinstance(to, int):
            return _TYPE_NAMES.get(to, "")
        return to if isinstance(to, str) else ""
    slot = op.results[min(number, len(op.results) - 1)]
    if len(slot.types) == 1:
        (text,) = slot.types
        return _TEXT_NAMES.get(text, "")
    for given, dtype in zip(op.slots, inputs):
        if given.variable == slot.variable and dtype:
            return dtype
    return ""


def attribute(op: Operator, name: str, value: object) -> AttributeProto:
    """The attribute as onnx stores it; numbers become what the operator asks for.

    Raises:
        NodeError: the value is of another type.
    """
    made = AttributeProto(name=name, type=op.attributes[name])  # type: ignore[arg-type]
    kind = made.type
    if name == "to" and isinstance(value, str):
        value = TENSOR_TYPES[value]
    if kind == AttributeProto.FLOAT and isinstance(value, (int, float)):
        made.f = float(value)
    elif kind == AttributeProto.INT and isinstance(value, int):
        made.i = int(value)
    elif kind == AttributeProto.STRING and isinstance(value, str):
        made.s = value.encode()
    elif kind == AttributeProto.TENSOR and isinstance(value, (int, float)):
        array = np.array([value], np.int64 if isinstance(value, int) else np.float32)
        made.t.CopyFrom(numpy_helper.from_array(array))
    elif isinstance(value, (tuple, list)):
        _many(op, made, value)
    else:
        raise NodeError(f"{op.kind}: attribute {name} cannot be {value!r}")
    return made


def _many(op: Operator, made: AttributeProto, values: Sequence[object]) -> None:
    ints = [int(v) for v in values if isinstance(v, int)]
    floats = [float(v) for v in values if isinstance(v, (int, float))]
    strings = [v.encode() for v in values if isinstance(v, str)]
    if made.type == AttributeProto.INTS and len(ints) == len(values):
        made.ints.extend(ints)
    elif made.type == AttributeProto.FLOATS and len(floats) == len(values):
        made.floats.extend(floats)
    elif made.type == AttributeProto.STRINGS and len(strings) == len(values):
        made.strings.extend(strings)
    else:
        raise NodeError(f"{op.kind}: attribute {made.name} cannot be {values!r}")
