"""The writer that layers speak to: a call becomes a node, checked against what may be printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnc.backends.torch_arrays import Numbers, Parts, held
from nnc.backends.torch_initial import starts
from nnc.backends.torch_names import (
    ATOM,
    EACH_AXIS,
    FUNCTIONS,
    INFIX,
    LIGHT,
    METHODS,
    MODULES,
    NEEDED,
    SIGN,
    SPREAD,
    Same,
    Signature,
)
from nnc.backends.torch_nodes import MARK, Hole, Node, Unpacked, alias, variable
from nnc.backends.torch_text import slice_text
from nnc.ir.arguments import Tied
from nnc.ir.dims import Dim, Poly
from nnc.ir.graph import Call, Item
from nnc.ir.initial import Weight
from nnc.ir.known import Known, KnownReal
from nnc.ir.types import TensorType
from nnc.layers.base import Ref, TorchArg
from nnc.layers.weighted import Normed, is_matrix

_SCALAR = TensorType(())


class LayerWriter:
    """Writes one layer: implements `nnc.layers.base.TorchWriter`."""

    def __init__(
        self, numbers: Numbers, item: Item, inputs: Sequence[Node], weights: Sequence[Weight]
    ) -> None:
        self._numbers, self._item, self._inputs = numbers, item, inputs
        self._weights = weights
        self._place = item.instance or item.name
        self._tie = None if isinstance(item.op, Call) else item.op.tied
        self._norm = item.op.norm if isinstance(item.op, Normed) else None
        self.made = self._kind = ""  # the module that the constructor makes
        self._called = False  # it is more than the home of weights
        self.functional = False
        self.held: list[str] = []  # weights that are no part of a module
        self.heavy = False  # its module stands at the start of a line
        self.unpacked: list[Unpacked] = []

    # --- the protocol of layers ----------------------------------------------------------------

    @property
    def training(self) -> Node:
        """`self.training`, as an argument; of what keeps statistics, its own: it may be frozen."""
        if any(weight.role == "state" for weight in self._weights):
            return Node((f"{MARK}{self._place}{MARK}.training",), _SCALAR)
        return Node(("self.training",), _SCALAR)

    def module(self, kind: str, *args: TorchArg, **kwargs: TorchArg) -> Callable[..., Node]:
        """Makes `self.<place> = kind(args)`; call the result on refs for the value.

        Raises:
            TypeError: the kind or an argument is not listed, or the layer has a module already.
        """
        self.holder(kind, *args, **kwargs)
        self.heavy, self._called = not kind.startswith(LIGHT), True

        def call(*x: TorchArg) -> Node:
            inside = [self._parts(v, forward=True)[0] for v in x]
            return Node(_call(f"{MARK}{self._place}{MARK}", inside), self._type_of(x), modules=1)

        return call

    def holder(self, kind: str, *args: TorchArg, **kwargs: TorchArg) -> None:
        """Makes `self.<place> = kind(args)` for `weight` and `part` alone.

        Raises:
            TypeError: the kind or an argument is not listed, or the layer has a module already.
        """
        signature = self._listed(MODULES, kind)
        if self.made:
            raise self._mistake(f"makes {kind} beside another module")
        inside = self._arguments(kind, signature, args, kwargs, forward=False)
        self.made, self._kind = f"{kind}({_flat(inside)})", kind

    def part(self, name: str, x: Ref) -> Node:
        """`self.<place>.<name>(x)`, a module within that of this layer."""
        node = self._node(x)
        return Node((f"{MARK}{self._place}{MARK}.{name}(", (node, 0), ")"), node.type)

    def call(self, function: str, *args: TorchArg, **kwargs: TorchArg) -> Node:
        """`F.relu(x)`, `torch.flatten(x, 1)`."""
        signature = self._listed(FUNCTIONS, function)
        self.functional = self.functional or function.startswith("F.")
        inside = self._arguments(function, signature, args, kwargs, forward=True)
        return Node(_call(function, inside), self._type_of((*args, *kwargs.values())))

    def method(self, x: Ref, name: str, *args: TorchArg, **kwargs: TorchArg) -> Node:
        """`x.mean(dim=1)`; the sizes of `reshape`, `permute` and `expand` are arguments each."""
        node = self._node(x)
        if name in SPREAD:
            flat = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
            inside = [self._parts(arg, forward=True)[0] for arg in flat]
        else:
            signature = self._listed(METHODS, name)
            inside = self._arguments(f".{name}", signature, args, kwargs, forward=True)
        return Node(((node, ATOM), *_call(f".{name}", inside)), node.type)

    def infix(self, operator: str, *x: TorchArg) -> Node:
        """`x + y`; with one operand, `-x`."""
        level = INFIX.get(operator)
        if level is None or not x or (len(x) == 1 and operator != "-"):
            raise self._mistake(f"uses the operator {operator!r} on {len(x)} values")
        if len(x) == 1:
            parts = self._operand(x[0], SIGN)
            return Node(("-", *parts), self._type_of(x), SIGN, joins=True)
        out: list[str | Hole] = []
        for at, operand in enumerate(x):
            left = at == 0 and operator != "**"
            parts = self._operand(operand, level if left else level + 1)
            out += [*([f" {operator} "] if at else []), *parts]
        return Node(tuple(out), self._type_of(x), level, joins=True)

    def unpack(self, call: Ref, nest: str, *wishes: str) -> tuple[Node, ...]:
        """`y, (h, c) = call`: the values of a call that gives several; `nest` is "{}, ({}, {})"."""
        made = Unpacked(self._node(call), nest, wishes)
        self.unpacked.append(made)
        return tuple(made.values)

    def let(self, x: Ref, wish: str) -> Node:
        """`wish = x`, a line of its own."""
        node = self._node(x)
        node.wish = wish
        return node

    def weight(self, name: str) -> Node:
        """`self.<place>.<name>`: an array of this layer that is no part of a module."""
        weight = next((w for w in self._weights if w.name == name), None)
        if weight is None:
            raise self._mistake(f"has no weight {name}")
        if self._tie is not None and self._tie.turned and name == "weight":
            type = TensorType(weight.dims, weight.dtype, fixed=True)
            return Node((f"{self._owned(self._tie)}.T",), type)
        if name not in self.held:
            self.held.append(name)
        type = TensorType(weight.dims, weight.dtype, fixed=True)
        if not name:  # a source: always written as it is, so it is a variable
            return variable(f"{MARK}{self._place}{MARK}", type)
        return Node((f"{MARK}{self._place}{MARK}.{name}",), type)

    def view(self, x: Ref, *dims: Dim) -> Node:
        """`x.reshape(batch, *dims)`; -1 stands for the batch, or for the first symbolic size."""
        node = self._node(x)
        first = next((at for at, d in enumerate(dims) if isinstance(d, Poly)), None)
        inside: list[Parts] = [("-1",) if first is None else ((node, ATOM), ".shape[0]")]
        inside = [] if node.type.fixed else inside
        for at, d in enumerate(dims):
            inside.append(("-1",) if at == first else self._parts(d, forward=True)[0])
        return Node(((node, ATOM), *_call(".reshape", inside)), node.type.with_dims(*dims))

    def index(self, x: Ref, *items: int | tuple[Dim | None, ...]) -> Node:
        """`x[:, 0, 1:]`; behind the batch, where there is one."""
        node = self._node(x)
        inside: list[Parts] = [] if node.type.fixed else [(":",)]
        for item in items:
            ends = item if isinstance(item, tuple) else (item,)
            texts = ["" if e is None else self._numbers.number(e, True)[0] for e in ends]
            inside.append((slice_text(texts),))
        return Node(((node, ATOM), "[", *_joined(inside), "]"), node.type)

    def size(self, x: Ref, axis: int | None = None) -> Node:
        """`x.shape[2]`, or all sizes of space, `x.shape[2:]`."""
        at = "2:" if axis is None else str(axis + 1)
        return Node(((self._node(x), ATOM), f".shape[{at}]"), _SCALAR)

    def take(self, x: Ref, index: Ref) -> Node:
        """`x[index]`; where each sample has numbers of its own, `x[samples, index]`."""
        node, chosen = self._node(x), self._node(index)
        parts: list[str | Hole] = [(node, ATOM), "["]
        if not node.type.fixed:
            parts.append(":, ")
            if not chosen.type.fixed:
                ones = ", 1" * chosen.type.rank
                samples = ("torch.arange(", (node, ATOM), ".shape[0], device=", (node, ATOM))
                spread = f".reshape(-1{ones})" if ones else ""
                parts[-1:] = [*samples, f".device){spread}, "]
        return Node((*parts, (chosen, 0), "]"), node.type)

    def batch(self, x: Ref) -> Node:
        """`x.shape[0]`."""
        return Node(((self._node(x), ATOM), ".shape[0]"), _SCALAR)

    def device(self, x: Ref) -> Node:
        """`x.device`."""
        return Node(((self._node(x), ATOM), ".device"), _SCALAR)

    def typed(self, x: Ref, type: TensorType) -> Node:
        """The same value, known to have this type."""
        node = self._node(x)
        if node in self._inputs:
            return alias(node, type)
        node.type = type
        return node

    # --- arguments -----------------------------------------------------------------------------

    def constructor(self) -> list[str]:
        """The statements that make what stands at this place, start its weights and tie one."""
        place = f"{MARK}{self._place}{MARK}"
        if self._called and self.held:
            raise self._mistake("has both a module and weights of its own")
        if self._own() and not self.made and not self.held:
            raise self._mistake("declares weights that its PyTorch form does not use")
        made = self._module(place) if self.made else [*self._held(place), *self._norms(place)]
        tie = self._tie
        if tie is None or tie.turned:
            return made
        return [*made, f"{place}.weight = {self._owned(tie)}"]

    def _owned(self, tie: Tied) -> str:
        """A weight of another layer."""
        return f"{MARK}{tie.owner}{MARK}" + (f".{tie.weight}" if tie.weight else "")

    def _module(self, place: str) -> list[str]:
        begun = starts(self._kind, place, self._own(), self._text)
        if self._normed() == ["weight"] and not begun:
            return [f"{place} = {self._norm}({self.made})"]
        return [f"{place} = {self.made}", *begun, *self._norms(place)]

    def _held(self, place: str) -> list[str]:
        return held(place, self.held, self._own(), self._text, listed=self._norm is None)

    def _normed(self) -> list[str]:
        """The weights that have a norm, as PyTorch lists them: those of modules inside first."""
        names = [w.name for w in self._weights if self._norm is not None and is_matrix(w)]
        return sorted(names, key=lambda name: "." not in name)

    def _norms(self, place: str) -> list[str]:
        """The statements that give weights of a layer, as they start, their norms."""
        made = []
        for weight in self._normed():
            home, dot, name = weight.rpartition(".")
            named = "" if name == "weight" else f', "{name}"'
            made.append(f"{self._norm}({place}{dot}{home}{named})")
        return made

    def _own(self) -> list[Weight]:
        """The weights that this place owns: a tied one is another's."""
        return [w for w in self._weights if self._tie is None or w.name != "weight"]

    def _text(self, value: object) -> str:
        return self._numbers.number(value, False)[0]

    def _arguments(
        self,
        what: str,
        signature: Signature,
        args: Sequence[TorchArg],
        kwargs: dict[str, TorchArg],
        *,
        forward: bool,
    ) -> list[Parts]:
        names = list(signature)
        unknown = [name for name in kwargs if name not in signature or name in names[: len(args)]]
        if len(args) > len(names) or unknown:
            raise self._mistake(f"gives {what} arguments that it does not take: {unknown or args}")
        given = {**dict(zip(names, args)), **kwargs}
        missing = [name for name, default in signature.items() if default is NEEDED]
        if any(name not in given for name in missing):
            raise self._mistake(f"gives {what} too little: it needs {', '.join(missing)}")
        out: list[Parts] = []
        positional = True
        for name, default in signature.items():
            if name not in given or self._is_default(given[name], default, given):
                positional = False
                continue
            value = given[name]
            if name in EACH_AXIS:
                value = self._one_for_all(value, forward)
            parts, _ = self._parts(value, forward)
            by_name = not positional or (name in kwargs and default is not NEEDED)
            positional = positional and not by_name
            out.append((f"{name}=", *parts) if by_name else parts)
        return out

    def _is_default(self, value: TorchArg, default: object, given: dict[str, TorchArg]) -> bool:
        if isinstance(default, Same):
            other = given[default.parameter]
            return value is None or self._same(value, other)
        if default is NEEDED or isinstance(value, (Node, Poly)) or self._numbers.keeps(value):
            return False
        if isinstance(value, (tuple, list)) and value and not isinstance(default, tuple):
            return all(self._is_default(v, default, given) for v in value)
        return isinstance(value, bool) == isinstance(default, bool) and value == default

    def _same(self, a: TorchArg, b: TorchArg) -> bool:
        one_a, one_b = self._one_for_all(a, True), self._one_for_all(b, True)
        if isinstance(one_a, (tuple, list)) or isinstance(one_b, (tuple, list)):
            return one_a == one_b and not (self._numbers.keeps(one_a) or self._numbers.keeps(one_b))
        sources = [v.source for v in (one_a, one_b) if isinstance(v, Known | KnownReal)]
        return one_a == one_b if not sources else len(sources) == 2 and sources[0] == sources[1]

    def _one_for_all(self, value: TorchArg, forward: bool) -> TorchArg:
        """One number for a tuple of numbers that print alike."""
        if self._numbers.whole(value) is not None:
            return value
        if isinstance(value, (tuple, list)) and value and all(isinstance(v, int) for v in value):
            texts = {self._numbers.number(v, forward)[0] for v in value}
            return value[0] if len(texts) == 1 else value
        return value

    def _parts(self, value: object, forward: bool) -> tuple[Parts, int]:
        if isinstance(value, Node):
            return ((value, 0),), value.level if not value.name else ATOM
        if isinstance(value, Poly) and forward:
            return self._numbers.size(value, self._inputs, self._item.span)
        if isinstance(value, (tuple, list)) and self._numbers.whole(value) is None:
            inside = [self._parts(v, forward)[0] for v in value]
            comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
            left, right = "()" if isinstance(value, tuple) else "[]"
            return (left, *_joined(inside), comma + right), ATOM
        text, level = self._numbers.number(value, forward)
        return (text,), level

    def _operand(self, value: TorchArg, least: int) -> Parts:
        if isinstance(value, Node):
            return ((value, least),)
        parts, level = self._parts(value, forward=True)
        return ("(", *parts, ")") if level < least else parts

    def _type_of(self, args: Sequence[object]) -> TensorType:
        """Until a layer says more, a value has the type of the first value it is made of."""
        for arg in args:
            if isinstance(arg, Node):
                return arg.type
            if isinstance(arg, (tuple, list)) and any(isinstance(v, Node) for v in arg):
                return self._type_of(arg)
        return _SCALAR

    def _node(self, x: Ref) -> Node:
        if not isinstance(x, Node):
            raise self._mistake(f"gives {x!r} where a value belongs")
        return x

    def _listed(self, table: dict[str, Signature], name: str) -> Signature:
        if name not in table:
            raise self._mistake(f"asks for {name}, which is not in backends/torch_names.py")
        return table[name]

    def _mistake(self, what: str) -> TypeError:
        return TypeError(f"layer {self._item.op.word} at {self._item.name} {what}")


def _call(function: str, inside: Sequence[Parts]) -> Parts:
    return (f"{function}(", *_joined(inside), ")")


def _joined(inside: Sequence[Parts]) -> list[str | Hole]:
    out: list[str | Hole] = []
    for parts in inside:
        out += [*([", "] if out else []), *parts]
    return out


def _flat(inside: Sequence[Parts]) -> str:
    return "".join(p if isinstance(p, str) else p[0].text(p[1]) for p in _joined(inside))
