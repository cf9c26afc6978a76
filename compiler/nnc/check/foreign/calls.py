"""Layers called as PyTorch and Keras call them: known by their arguments, told whole.

Each is one message with the step as it is written here. What is looked for cannot be meant
otherwise: an activation as an argument, the sizes of the input written out, a value by its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnc.check.foreign import foreignlayers
from nnc.check.foreign.foreign_rules import DOUBLED_VALUE, FOREIGN_CALL
from nnc.check.formulas.formula import has_values
from nnc.check.formulas.values import LabelEntry
from nnc.check.rules import UNKNOWN_STEP
from nnc.check.scope import Scope
from nnc.check.steps.body import Body
from nnc.check.steps.seats import Extra
from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.ir.types import TensorType
from nnc.layers import LAYERS
from nnc.layers.base import Layer
from nnc.syntax import ast
from nnc.syntax.translate import translated


def foreign_step(body: Body, step: ast.Step, values: tuple[int, ...] | None) -> Diagnostic:
    """The message for a step that no layer or block has the name of; `values`: what flows there."""
    name, world = step.name.text, body.world
    meant = foreignlayers.unknown(step, _type(body, values)) if step.body is None else None
    if meant is not None:
        return meant
    if name in ("Input", "InputLayer"):
        return _input_call(step)
    if name.lower() == "sequential" and step.body is not None:
        return UNKNOWN_STEP.at(
            step.name.span,
            f"steps follow one another without `{name}`",
            help="write its steps one under another, or joined by `->`",
        )
    made = translated(step.span.text) if step.body is None else ""
    if not made or made == step.span.text:
        return world.unknown_step(step.name)
    first = made.split("(")[0].split(" ")[0]
    if first in world.blocks or first not in LAYERS:
        return world.unknown_step(step.name)
    return UNKNOWN_STEP.at(
        step.name.span,
        f"there is no layer or block `{name}`",
        help=f"write `{made}`",
        fix=Fix(step.span, made),
    )


def _input_call(step: ast.Step) -> Diagnostic:
    """Keras's `Input(shape=(28, 28, 1))`, whose channels come last."""
    value = step.args[0].value if step.args and len(step.args) == 1 else None
    items = value.items if isinstance(value, ast.Tuple | ast.List) else ()
    sizes = [item.span.text for item in items]
    if len(sizes) == 3 and sizes[2] in ("1", "3", "4") and sizes[0] not in ("1", "3", "4"):
        sizes = [sizes[2], *sizes[:2]]
    name = "image" if len(sizes) == 3 else "x"
    made = f"input {name}: [{', '.join(sizes)}]" if sizes else ""
    return UNKNOWN_STEP.at(
        step.name.span,
        "an input is declared, with a name and a shape",
        help=f"write `{made}`" if made else "write `input image: [3, 224, 224]`",
        fix=Fix(step.span, made) if made else None,
    )


def foreign_call(body: Body, step: ast.Step, layer: type[Layer], scope: Scope) -> Diagnostic | None:
    """The message for a known layer in another tool's form of call, or None."""
    args = step.args or ()
    if not args:
        return None
    if body.current is None and not body.several:
        apart = foreignlayers.joined(step, scope)
        if apart is not None:
            _use(body, step, scope)
            return apart
    other = foreignlayers.otherwise(step, _flowing(body), scope)
    if other is not None:
        return other
    found = _activation(step) or _value_first(body, step, layer, scope)
    found = found or _listed(body, step, scope)
    if found is not None or args[0].name is not None:
        return found
    type = _flowing(body)
    return _sizes(step, type) or (None if type is None else _channels(step, type))


def _use(body: Body, step: ast.Step, scope: Scope) -> None:
    """The values among the arguments are used, though the step failed."""
    for arg in step.args or ():
        entry = scope.find(arg.value.span.text) if isinstance(arg.value, ast.Ref) else None
        if entry is not None and isinstance(entry.value, LabelEntry):
            body.builder.used.add(entry.value.value)


def _flowing(body: Body) -> TensorType | None:
    """The type of the one current value."""
    return _type(body, body.current)


def _type(body: Body, values: tuple[int, ...] | None) -> TensorType | None:
    """The type of one value."""
    if values is None or len(values) != 1 or values[0] < 0:
        return None
    return body.builder.types[values[0]]


def _rewritten(step: ast.Step, args: list[ast.Arg]) -> str:
    name = step.name.text
    return f"{name}({', '.join(a.span.text for a in args)})" if args else name


def _activation(step: ast.Step) -> Diagnostic | None:
    """`conv(32, 3, activation=relu)`."""
    args = step.args or ()
    for arg in args:
        if arg.name is None or arg.name.text != "activation":
            continue
        value = arg.value
        word = value.value if isinstance(value, ast.String) else value.span.text
        rest = _rewritten(step, [a for a in args if a is not arg])
        made = rest if word in ("None", "linear") else f"{rest} -> {word.lower()}"
        certain = word.lower() in LAYERS or word in ("None", "linear")
        return FOREIGN_CALL.at(
            arg.span,
            "an activation is a step of its own",
            help=f"write `{made}`",
            fix=Fix(step.span, made) if certain else None,
        )
    return None


def _value_first(body: Body, step: ast.Step, layer: type[Layer], scope: Scope) -> Diagnostic | None:
    """`relu(h)` and `conv(x, 8, 3)` where steps stand: what flows is not written."""
    args = step.args or ()
    value = args[0].value
    if args[0].name is not None or not isinstance(value, ast.Ref) or len(value.names) > 1:
        return None
    if len(layer.ports) != 1 or layer.ports[0].many:
        return None
    entry = scope.find(value.text)
    if entry is None or not isinstance(entry.value, LabelEntry):
        return None
    body.builder.used.add(entry.value.value)
    rest = _rewritten(step, list(args[1:]))
    flows = body.current == (entry.value.value,)
    made = rest if flows else f"from {value.text} -> {rest}"
    return FOREIGN_CALL.at(
        value.span,
        f"`{step.name.text}` takes the value that flows, without its name",
        others=(Label(entry.span, "it is named here"),),
        help=f"write `{made}`",
        fix=Fix(step.span, made) if flows or body.first_link else None,
    )


def _listed(body: Body, step: ast.Step, scope: Scope) -> Diagnostic | None:
    """`concat([a, b])`."""
    args = step.args or ()
    value = args[0].value
    if step.name.text not in ("concat", "add", "mul") or not isinstance(value, ast.List):
        return None
    if args[0].name is not None or not all(has_values(item, scope) for item in value.items):
        return None
    names = ", ".join(item.span.text for item in value.items)
    rest = _rewritten(step, list(args[1:]))
    made = f"from {names} -> {rest}"
    for item in value.items:
        entry = scope.find(item.text) if isinstance(item, ast.Ref) else None
        if entry is not None and isinstance(entry.value, LabelEntry):
            body.builder.used.add(entry.value.value)
    return FOREIGN_CALL.at(
        value.span,
        "the values that are joined stand behind `from`",
        help=f"write `{made}`",
        fix=Fix(step.span, made) if body.first_link else None,
    )


def _whole(arg: ast.Arg) -> int | None:
    """A whole number that an argument by position is written as."""
    value = arg.value
    if arg.name is None and isinstance(value, ast.Number) and isinstance(value.value, int):
        return value.value
    return None


def _sizes(step: ast.Step, type: TensorType | None) -> Diagnostic | None:
    """`dense(10, 5)` and `batch_norm(64)`: PyTorch's order, with the input's size written out."""
    args = list(step.args or ())
    name, numbers = step.name.text, [_whole(arg) for arg in step.args or ()]
    drop = -1
    if name == "dense":
        drop = 0 if len(numbers) > 1 and None not in numbers[:2] else -1
    elif name in ("lstm", "gru", "rnn"):
        features = type.dims[-1] if type is not None and type.rank else None
        many = len(numbers) > 1 and (numbers[1] or 0) > 8  # layers on top of each other
        drop = 0 if many and numbers[0] == features else -1
    elif name in ("batch_norm", "instance_norm"):
        drop = 0 if (numbers[0] or 0) >= 1 else -1
    elif name in ("layer_norm", "rms_norm"):
        rank = 0 if type is None else type.rank
        drop = 0 if type is not None and (numbers[0] or 0) >= rank else -1
    elif name == "group_norm" and len(numbers) > 1 and (numbers[1] or 0) >= 1:
        drop = 1
    if drop < 0:
        return None
    made = _rewritten(step, [arg for place, arg in enumerate(args) if place != drop])
    return FOREIGN_CALL.at(
        args[drop].span,
        f"`{name}` knows the size of its input",
        help=f"write `{made}`",
        fix=Fix(step.span, made),
    )


def _channels(step: ast.Step, type: TensorType) -> Diagnostic | None:
    """`conv(3, 64, 3)` on 3 channels: the kernel of 64 would be larger than what it sees."""
    numbers = [_whole(arg) for arg in step.args or ()][:3]
    if step.name.text not in ("conv", "conv_transpose") or len(numbers) < 3 or type.rank < 2:
        return None
    first, kernel, stride = numbers
    if first is None or kernel is None or stride is None or first != type.dims[0]:
        return None
    space = [d for d in type.dims[1:] if isinstance(d, int)]
    if kernel <= stride or (kernel < 16 and not (space and kernel > min(space))):
        return None
    args = list(step.args or ())
    named = ("stride", "padding", "dilation", "groups")
    more = [arg for arg in args[3:] if arg.name is None]
    kept = [arg.span.text for arg in args[1:3]]
    kept += [f"{word}={arg.span.text}" for word, arg in zip(named, more, strict=False)]
    kept += [arg.span.text for arg in args[3:] if arg.name is not None]
    made = f"{step.name.text}({', '.join(kept)})"
    return FOREIGN_CALL.at(
        args[0].span,
        f"`{step.name.text}` knows the channels of its input",
        label=f"read as {first} channels out, a kernel of {kernel}, a stride of {stride}",
        help=f"write `{made}`",
        fix=Fix(step.span, made),
    )


def joined_twice(
    body: Body, step: ast.Step, values: tuple[int, ...], extra: Sequence[Extra]
) -> None:
    """Warns where `add(a, b)` joins the current value with itself."""
    one = next((e for e in extra if e.value in values), None)
    args = [arg for arg in step.args or () if arg.name is None]
    joins = step.name.text in ("add", "concat", "mul")
    if one is None or len(extra) < 2 or len(args) != len(extra) or not joins:
        return
    names = ", ".join(arg.span.text for arg in args)
    rest = _rewritten(step, [arg for arg in step.args or () if arg.name is not None])
    made = f"from {names} -> {rest}"  # no fix: it makes another network
    body.world.sink.add(
        DOUBLED_VALUE.at(
            one.span,
            f"`{one.span.text}` is what flows here already, so it is joined with itself",
            help=f"write `{made}`, if each is meant once",
        )
    )
