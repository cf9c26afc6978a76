"""Runs a layer's PyTorch form at once, without writing source: a second opinion on both backends.

`Eager` is a `TorchWriter` that calls PyTorch where the real one prints. It knows nothing of places,
lines, defaults or classes, so what it computes depends on the layer alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nnc.ir.dims import Dim, Poly, evaluate
from nnc.ir.types import TensorType
from nnc.layers.base import Layer
from nnc.layers.weighted import Normed, parts_of

Arrays = Mapping[str, np.ndarray]


class Value:
    """A tensor with its type per sample."""

    def __init__(self, data: Any, type: TensorType) -> None:
        self.data, self.type = data, type


class Eager:
    """Executes one layer; `weights` are its arrays by their own names, `env` the symbolic sizes."""

    norm: str | None = None

    def __init__(self, weights: Arrays, env: Mapping[str, int], training: bool = False) -> None:
        self.weights = {name: torch.from_numpy(np.array(a)) for name, a in weights.items()}
        self.env = env
        self.training = training
        self.made: nn.Module | None = None

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Value):
            return value.data
        if isinstance(value, Poly):
            return evaluate(value, self.env)
        if isinstance(value, tuple | list):
            return type(value)(self._plain(v) for v in value)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def _run(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        values = {name: self._plain(v) for name, v in kwargs.items()}
        return function(*(self._plain(a) for a in args), **values)

    @staticmethod
    def _like(args: Any) -> TensorType:
        first = next((a for a in args if isinstance(a, Value | list | tuple)), None)
        if first is None:
            return TensorType(())
        return first.type if isinstance(first, Value) else first[0].type

    def holder(self, kind: str, *args: Any, **kwargs: Any) -> None:
        self.module(kind, *args, **kwargs)

    def part(self, name: str, x: Value) -> Value:
        assert self.made is not None
        return Value(self.made.get_submodule(name)(x.data), x.type)

    def module(self, kind: str, *args: Any, **kwargs: Any) -> Callable[..., Value]:
        self.made = made = self._run(getattr(nn, kind.removeprefix("nn.")), args, kwargs)
        if self.norm is not None:
            names = [n for n, w in made.named_parameters() if "weight" in n and w.ndim > 1]
            for home, _, name in (n.rpartition(".") for n in names):
                getattr(nn.utils.parametrizations, self.norm)(made.get_submodule(home), name)
        made.load_state_dict(self.weights)
        made.train(self.training)
        return lambda *x: Value(made(*(self._plain(v) for v in x)), x[0].type)

    def call(self, function: str, *args: Any, **kwargs: Any) -> Value:
        home, *path = function.split(".")
        found: Any = {"F": nn.functional, "torch": torch, "nn": nn}[home]
        for name in path:
            found = getattr(found, name)
        return Value(self._run(found, args, kwargs), self._like(args))

    def method(self, x: Value, name: str, *args: Any, **kwargs: Any) -> Value:
        return Value(self._run(getattr(x.data, name), args, kwargs), x.type)

    def infix(self, operator: str, *x: Any) -> Any:
        if not any(isinstance(v, Value) for v in x):
            numbers = {"*": math.prod, "-": lambda v: v[0] - v[1], "//": lambda v: v[0] // v[1]}
            return numbers[operator]([self._plain(v) for v in x])
        steps = {
            "+": torch.add,
            "-": torch.sub,
            "*": torch.mul,
            "/": torch.div,
            "//": torch.floor_divide,
            "**": torch.pow,
            "@": torch.matmul,
            "<": torch.lt,
            "!=": torch.ne,
            "==": torch.eq,
        }
        out = self._plain(x[0])
        if len(x) == 1:
            return Value(-out, self._like(x))
        for other in x[1:]:
            other = self._plain(other)
            if not isinstance(out, torch.Tensor) and operator != "**":
                out = torch.tensor(float(out))
            out = steps[operator](out, other)
        return Value(out, self._like(x))

    def unpack(self, call: Value, nest: str, *wishes: str) -> tuple[Value, ...]:
        def leaves(data: Any) -> list[Any]:
            return [x for part in data for x in leaves(part)] if isinstance(data, tuple) else [data]

        found = leaves(tuple(call.data))
        assert len(found) == nest.count("{}")
        return tuple(Value(x, call.type) for x in found)

    def let(self, x: Value, wish: str) -> Value:
        return x

    def weight(self, name: str) -> Value:
        array = self._normed(name) if name not in self.weights else self.weights[name]
        return Value(array, TensorType(tuple(array.shape)))

    def _normed(self, name: str) -> torch.Tensor:
        """A weight that PyTorch computes from its parts, outside of any module of ours."""
        assert self.norm is not None
        start = parts_of(name)
        parts = {n.removeprefix(start): a for n, a in self.weights.items() if n.startswith(start)}
        whole = parts.get("original", parts.get("original1"))
        assert whole is not None
        module = nn.Module()
        module.weight = nn.Parameter(torch.zeros_like(whole))
        getattr(nn.utils.parametrizations, self.norm)(module)
        module.load_state_dict({parts_of("weight") + n: a for n, a in parts.items()})
        made = module.eval().weight
        assert isinstance(made, torch.Tensor)
        return made

    def view(self, x: Value, *dims: Dim) -> Value:
        sizes = [evaluate(d, self.env) for d in dims]
        batch = () if x.type.fixed else (x.data.shape[0],)
        return Value(x.data.reshape(*batch, *sizes), x.type.with_dims(*dims))

    def index(self, x: Value, *items: Any) -> Value:
        ends = tuple(slice(*item) if isinstance(item, tuple) else item for item in items)
        return Value(x.data[ends if x.type.fixed else (slice(None), *ends)], x.type)

    def size(self, x: Value, axis: int | None = None) -> int | tuple[int, ...]:
        return tuple(x.data.shape[2:]) if axis is None else int(x.data.shape[axis + 1])

    def take(self, x: Value, index: Value) -> Value:
        if x.type.fixed:
            return Value(x.data[index.data], x.type)
        if index.type.fixed:
            return Value(x.data[:, index.data], x.type)
        return Value(torch.stack([a[i] for a, i in zip(x.data, index.data)]), x.type)

    def batch(self, x: Value) -> int:
        return int(x.data.shape[0])

    def device(self, x: Value) -> Any:
        return x.data.device

    def typed(self, x: Value, type: TensorType) -> Value:
        return Value(x.data, type)


def every(
    op: Layer,
    types: tuple[TensorType, ...],
    inputs: tuple[np.ndarray, ...],
    weights: Arrays,
    env: Mapping[str, int],
    seats: tuple[int | None, ...] = (),
) -> tuple[np.ndarray, ...]:
    """All that the layer gives for these inputs, each with a batch axis.

    `seats`: which of them each port takes; without it they are taken in order.
    """
    writer = Eager(weights, env)
    writer.norm = op.norm if isinstance(op, Normed) else None
    values: list[Value | None] = [
        Value(torch.from_numpy(a), type) for a, type in zip(inputs, types)
    ]
    values = [None if at is None else values[at] for at in seats] if seats else values
    values += [None for port in op.ports[len(values) :] if port.optional]
    with torch.no_grad():
        out = op.torch(writer, *values)
    return tuple(one.data.numpy() for one in (out if isinstance(out, tuple) else (out,)))


def run(
    op: Layer,
    types: tuple[TensorType, ...],
    inputs: tuple[np.ndarray, ...],
    weights: Arrays,
    env: Mapping[str, int],
) -> np.ndarray:
    """The first of them."""
    return every(op, types, inputs, weights, env)[0]
