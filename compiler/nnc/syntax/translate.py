"""Lines of PyTorch and Keras, told in this language: what a message offers to write instead.

Nothing is run: Python's own parser reads a line of at most 400 characters, and a table says what
its calls are called here. Where a part is not in the table, nothing is offered at all: an offer
must be right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnc.syntax.forms import ARGUMENTS, DROPPED, FORMS, OURS, Form

if TYPE_CHECKING:
    import ast as python

LONGEST = 400
"""Characters of a line that is looked at."""

DEEPEST = 60
"""Brackets of a line that is looked at."""


_JOINS = {"cat": "concat", "Concatenate": "concat", "concatenate": "concat", "concat": "concat"} | {
    "Add": "add", "add": "add", "Multiply": "mul", "multiply": "mul",
}  # fmt: skip
_RECURRENT = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
_FUNCTIONAL = frozenset({"F", "functional", "torch", "tf", "nn", "activations", "keras"})
_PLAIN = re.compile(r"[\w\s.()+*/-]+")
_NAMED = re.compile(r"(self\.)?([^\W\d]\w*)\s*=(?!=)\s*")
_MARKS = re.compile(r"\s+as\s+\w+\s*$|\s*:\s*(?:token)?\[[^\[\]]*\]\s*$")


class _Unsure(Exception):
    """The line holds something that the table does not."""


def translated(line: str) -> str:
    """A line of steps in another tool's words as it is written here; nothing where unsure.

    `nn.Conv2d(3, 64, 3) -> nn.ReLU() as h` is `conv(64, 3) -> relu as h`, and `x = F.relu(x)` is
    `relu`. What is in our words already stays.
    """
    line = line.strip()
    if len(line) > LONGEST or line.count("(") > DEEPEST or line.count("[") > DEEPEST:
        return ""
    mark = _MARKS.search(line)
    tail = mark[0].rstrip() if mark else ""
    steps = line[: mark.start()] if mark else line
    named = _NAMED.match(steps)
    target = named[2] if named else ""
    first, *more = (part.strip() for part in steps[named.end() if named else 0 :].split("->"))
    try:
        node = _parsed(first)
        flows = named is not None and not named[1] and _fed(node) == target
        made = [_chain(node, first, target if flows else "")]
        made += [_chain(_parsed(part), part, "") for part in more]
    except (_Unsure, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return " -> ".join(made) + (f" as {target}" if named and not flows else "") + tail


def known(word: str) -> bool:
    """Whether a word is a layer of another tool."""
    return word in FORMS and word not in OURS


def _parsed(text: str) -> python.expr:
    import ast as python  # 5 ms, and only a mistake needs it
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python about strange literals
        return python.parse(text, mode="eval").body


def _fed(node: python.expr) -> str:
    """The name of the value that a call of calls begins with."""
    import ast as python

    while isinstance(node, python.Call):
        if isinstance(node.func, python.Call):  # Keras: `Dense(3)(x)`
            node = node.args[0] if node.args else node.func
        elif node.args and isinstance(node.args[0], python.Call | python.Name):
            node = node.args[0]
        else:
            return ""
    return node.id if isinstance(node, python.Name) else ""


def _chain(node: python.expr, text: str, flowing: str) -> str:
    """Steps that an expression makes; `flowing` is the name of what flows there anyway."""
    import ast as python

    if isinstance(node, python.Name) and known(node.id):
        return _step(node.id, [], [], text)
    if not isinstance(node, python.Call):
        raise _Unsure
    joined = _joined(node, text)
    if joined:
        return joined
    if isinstance(node.func, python.Call):
        if len(node.args) != 1 or node.keywords:
            raise _Unsure
        return _begin(node.args[0], text, flowing) + _chain(node.func, text, flowing)
    word, module = _callee(node.func)
    given = [keyword for keyword in node.keywords if keyword.arg]
    if len(given) != len(node.keywords):
        raise _Unsure
    args = list(node.args)
    begin = ""
    lower = word[:1].islower()
    valued = bool(args) and isinstance(args[0], python.Call | python.Name)
    if lower and valued and (module in _FUNCTIONAL or not module):
        begin = _begin(args.pop(0), text, flowing)
    elif lower and module:
        raise _Unsure
    if word == "flatten" and module and args and _value(args[0], text) == "1":
        args.pop(0)
    return begin + _step(word, args, given, text)


def _joined(node: python.Call, text: str) -> str:
    """`torch.cat([a, b], dim=1)` and `Add()([a, b])`, where named values are joined."""
    import ast as python

    made = isinstance(node.func, python.Call)
    word, _ = _callee(node.func.func if isinstance(node.func, python.Call) else node.func)
    join = _JOINS.get(word, "")
    if not join or not node.args or not isinstance(node.args[0], python.List | python.Tuple):
        return ""
    names = [item.id for item in node.args[0].elts if isinstance(item, python.Name)]
    said = [*node.args[1:], *(k.value for k in node.keywords)]
    if len(names) != len(node.args[0].elts) or len(said) > 1:
        raise _Unsure
    axis = _value(said[0], text) if said and not made else "1"
    if not axis.isdecimal() or int(axis) < 1:
        raise _Unsure
    return f"from {', '.join(names)} -> {join}" + (f"(axis={int(axis) - 1})" if axis != "1" else "")


def _begin(node: python.expr, text: str, flowing: str) -> str:
    """The value that a step is called on, as what stands before it."""
    import ast as python

    if isinstance(node, python.Name):
        return "" if node.id == flowing else f"from {node.id} -> "
    return f"{_chain(node, text, flowing)} -> "


def _callee(node: python.expr) -> tuple[str, str]:
    """The last word of a dotted name, and the one before it."""
    import ast as python

    if isinstance(node, python.Name):
        return node.id, ""
    if isinstance(node, python.Attribute):
        inner = node.value
        if isinstance(inner, python.Attribute):
            return node.attr, inner.attr
        if isinstance(inner, python.Name) and inner.id != "self":
            return node.attr, inner.id
    raise _Unsure


def _step(word: str, args: list[python.expr], named: list[python.keyword], text: str) -> str:
    import ast as python

    if word == "Sequential" and args and not named:
        steps = args[0].elts if isinstance(args[0], python.List) and len(args) == 1 else args
        return " -> ".join(_chain(step, text, "") for step in steps)
    if word == "LayerNorm" and args and isinstance(args[0], python.List | python.Tuple):
        raise _Unsure  # over several axes
    keywords = [str(k.arg) for k in named]
    if (
        word in _RECURRENT
        and len(args) + ("units" in keywords) == 1
        and "hidden_size" not in keywords
    ):
        return _recurrent(word, args, named, text)
    form = FORMS.get(word)
    if form is None or word in OURS:
        if word not in OURS:
            raise _Unsure
        said = [_value(arg, text) for arg in args]
        said += [f"{k.arg}={_value(k.value, text)}" for k in named]
        return f"{word}({', '.join(said)})" if said else word
    values = _placed(form, form.names, args, named, text)
    needed = form.names[1 : form.placed + 1] if form.names[:1] == ("-",) else ()
    if not set(needed) <= set(values):  # without the input's size, which nobody needs to write
        values = _placed(form, form.names[1:], args, named, text)
        if not set(needed) <= set(values):
            raise _Unsure
    return _written(form, _adapted(word, values))


def _placed(
    form: Form,
    places: tuple[str, ...],
    args: list[python.expr],
    named: list[python.keyword],
    text: str,
) -> dict[str, str]:
    """Arguments by our names; those by position take the names of `places`."""
    if len(args) > len(places):
        raise _Unsure
    values = {
        name: _value(arg, text) for name, arg in zip(places, args, strict=False) if name != "-"
    }
    for keyword in named:
        name = _own(str(keyword.arg), form)
        if name:
            values[name] = _value(keyword.value, text)
    return values


def _recurrent(word: str, args: list[python.expr], named: list[python.keyword], text: str) -> str:
    """`LSTM(128, return_sequences=True)` of Keras, which gives the last output by default."""
    values = {str(k.arg): _value(k.value, text) for k in named if k.arg not in DROPPED}
    units = _value(args[0], text) if args else values.pop("units")
    every = values.pop("return_sequences", "false") == "true"
    if not set(values) <= {"dropout"}:
        raise _Unsure
    rest = [f"{name}={value}" for name, value in values.items()]
    return f"{_RECURRENT[word]}({', '.join([units, *rest, *([] if every else ['keep=last'])])})"


def _own(name: str, form: Form) -> str:
    """Our name of an argument, or nothing for one that we do not write."""
    if name in form.names or name == "activation":
        return name
    ours = ARGUMENTS.get(name, "")
    if ours in form.names or ours in ("dilation", "groups", "bias"):
        return ours
    if name in ("dilation", "groups", "bias"):
        return name
    if name in DROPPED:
        return ""
    raise _Unsure


def _adapted(word: str, values: dict[str, str]) -> dict[str, str]:
    """What differs in more than the name: axes count without the batch here."""
    values = {name: value for name, value in values.items() if value != "None"}
    axis = values.get("axis", "")
    if axis == "-1":
        del values["axis"]
    elif axis:
        if not axis.isdecimal() or int(axis) < 1:
            raise _Unsure
        values["axis"] = str(int(axis) - 1)
    if values.get("padding") == "valid":
        del values["padding"]
    if values.get("stride") and values["stride"] == values.get("kernel") and "ool" in word:
        del values["stride"]
    if "scale" not in values and ("psample" in word or word == "interpolate"):
        raise _Unsure
    return values


def _written(form: Form, values: dict[str, str]) -> str:
    if form.word == "activation":
        if "activation" not in values:
            raise _Unsure
        return values["activation"]
    activation = values.pop("activation", "linear")
    word = form.word
    if word == "adaptive_avg_pool" and values == {"size": "1"}:
        word, values = "global_avg_pool", {}
    wanted = [name for name in form.names if name != "-"]
    said, positional = [], True
    for place, name in enumerate(wanted):
        if name not in values:
            positional = False
            continue
        short = positional and place < form.placed
        said.append(values[name] if short else f"{name}={values[name]}")
    said += [f"{name}={value}" for name, value in values.items() if name not in wanted]
    made = f"{word}({', '.join(said)})" if said else word
    return made if activation == "linear" else f"{made} -> {activation}"


def _value(node: python.expr, text: str) -> str:
    """A value as it is written here."""
    import ast as python

    if isinstance(node, python.Constant):
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        if isinstance(node.value, str):
            if node.value.isidentifier():
                return node.value.lower()
            raise _Unsure
        if node.value is None:
            return "None"
    if isinstance(node, python.Tuple | python.List):
        items = [_value(item, text) for item in node.elts]
        return items[0] if len(set(items)) == 1 else f"({', '.join(items)})"
    written = python.get_source_segment(text, node) or ""
    if _PLAIN.fullmatch(written) is None:
        raise _Unsure
    return written
