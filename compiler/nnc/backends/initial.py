"""Initial weights, drawn by numpy: a stream of its own for each weight, keyed by seed and place.

A weight whose place stays the same starts the same, whatever stands around it. Formulas are those
of torch.nn.init; numbers are not, for they come from other streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from math import prod, sqrt

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import DTYPES, Array, known_sizes
from nnc.backends.computed import as_matrix, part_lengths, singular_vectors
from nnc.backends.fourier import mel_filters
from nnc.diagnostics import Refusal, rule
from nnc.ir.arguments import Declared
from nnc.ir.initial import (
    Counted,
    Dirac,
    FanUniform,
    Fill,
    ForgetGate,
    Frequencies,
    KaimingNormal,
    KaimingUniform,
    MelFilters,
    Normal,
    Orthogonal,
    PartLengths,
    Singular,
    TruncatedNormal,
    Uniform,
    Values,
    Weight,
    XavierNormal,
    XavierUniform,
    ZeroRow,
)
from nnc.ir.walk import PlacedWeight
from nnc.layers.weighted import part, parts_of
from nnc.record import replace

Floats = npt.NDArray[np.float32]
CHUNK = 1 << 16  # numbers that stay in the cache between drawing and scaling

NO_FAN = rule(
    "NN541",
    "init-needs-more-axes",
    """
Kaiming, Xavier, orthogonal and Dirac weights are defined by how many inputs an output sums over,
so the weight needs at least two axes (Dirac: three). Use `normal(std)`, `uniform(low, high)` or a
number.
""",
)


def initial_weights(table: Iterable[PlacedWeight], seed: int) -> dict[str, Array]:
    """The arrays that the weights of a table start from, by name, in the table's order.

    Raises:
        Refusal: a size is not known yet, or a distribution does not fit the weight.
    """
    return {row.name: initial_weight(row, seed) for row in table}


def initial_weight(row: PlacedWeight, seed: int) -> Array:
    """The array that one weight starts from."""
    weight = row.weight
    shape = known_sizes(weight.dims, row.name, row.span)
    if isinstance(weight.init, Fill):
        return np.full(shape, weight.init.value, dtype=DTYPES[weight.dtype])
    if isinstance(weight.init, Values):
        return np.array(weight.init.values, DTYPES[weight.dtype]).reshape(shape)
    if isinstance(weight.init, MelFilters):
        return mel_filters(weight.init, *shape)
    if isinstance(weight.init, Counted):
        start = weight.init.start
        return np.arange(start, start + prod(shape), dtype=DTYPES[weight.dtype]).reshape(shape)
    if weight.dtype != "float32":
        raise TypeError(f"{row.name} is {weight.dtype} and cannot be drawn")
    if isinstance(weight.init, Singular | PartLengths):
        return _of_weight(row, weight.init, seed)
    if isinstance(weight.init, ZeroRow):
        inner = replace(weight, init=weight.init.of)
        drawn = initial_weight(replace(row, weight=inner), seed)
        drawn[weight.init.row] = 0
        return drawn
    draw = _DRAW.get(type(weight.init))
    if draw is None:
        raise TypeError(f"no way to draw {weight.init!r}")
    needs = {Dirac: 3, Frequencies: 0, Normal: 0, TruncatedNormal: 0, Uniform: 0}.get(
        type(weight.init), 2
    )
    has_fans = weight.fan_in and weight.fan_out and not isinstance(weight.init, (Dirac, Orthogonal))
    if len(shape) < needs and not has_fans and not isinstance(weight.init, FanUniform | ForgetGate):
        raise Refusal(
            NO_FAN.at(
                row.span,
                f"{weight.init.word} needs a weight of {needs} axes, {row.name} has {len(shape)}",
                help="use `normal(0.02)`, `uniform(-0.1, 0.1)` or a number",
            )
        )
    out = np.empty(shape, np.float32)
    draw(weight.init, weight, _stream(seed, _plain(row.name)), out)
    return out


def _plain(name: str) -> str:
    """The name without what computes a weight, so that it starts as it would without that."""
    found = part(name)
    return found.weight if found is not None and found.name in ("original", "original1") else name


def _of_weight(row: PlacedWeight, init: Singular | PartLengths, seed: int) -> Array:
    """What a weight as it starts tells: its lengths, or its singular vectors after 15 steps."""
    found = part(row.name)
    assert found is not None
    weight = initial_weight(PlacedWeight(found.weight, init.of, row.span), seed)
    if isinstance(init, PartLengths):
        return part_lengths(weight)
    matrix = as_matrix(weight, init.axis)
    start = np.empty(matrix.shape[1], np.float32)
    _normal(0.0, 1.0, _stream(seed, f"{parts_of(found.weight)}0._v"), start)
    left, right = singular_vectors(matrix, start)
    return left if init.left else right


def _stream(seed: int, name: str) -> np.random.Generator:
    key = blake2b(f"{seed}\n{name}".encode(), digest_size=32).digest()
    words = np.frombuffer(key, "<u4").tolist()
    return np.random.Generator(np.random.SFC64(words))


def _fans(weight: Weight, shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs that an output sums over, and the reverse; from the sizes if the layer is silent."""
    fan_in, fan_out = weight.fan_in, weight.fan_out
    window = prod(shape[2:])
    if not fan_in and len(shape) > 1:
        fan_in = shape[1] * window
    if not fan_out and len(shape) > 1:
        fan_out = shape[0] * window
    if not isinstance(fan_in, int) or not isinstance(fan_out, int):
        raise TypeError(f"the fans of {weight.name} are symbolic though its sizes are known")
    return int(fan_in), int(fan_out)


def _uniform(low: float, high: float, stream: np.random.Generator, out: Floats) -> None:
    line = out.reshape(-1)
    width, start = np.float32(high - low), np.float32(low)
    for at in range(0, line.size, CHUNK):
        part = line[at : at + CHUNK]
        stream.random(dtype=np.float32, out=part)
        part *= width
        part += start


def _normal(mean: float, std: float, stream: np.random.Generator, out: Floats) -> None:
    line = out.reshape(-1)
    for at in range(0, line.size, CHUNK):
        part = line[at : at + CHUNK]
        stream.standard_normal(dtype=np.float32, out=part)
        part *= np.float32(std)
        part += np.float32(mean)


def _draw_normal(init: Normal, _: Weight, stream: np.random.Generator, out: Floats) -> None:
    _normal(init.mean, init.std, stream, out)


def _draw_truncated(
    init: TruncatedNormal, _: Weight, stream: np.random.Generator, out: Floats
) -> None:
    line = out.reshape(-1)
    _normal(0.0, 1.0, stream, line)
    far = np.flatnonzero(np.abs(line) > 2)
    while far.size:
        line[far] = stream.standard_normal(far.size, dtype=np.float32)
        far = far[np.abs(line[far]) > 2]
    line *= np.float32(init.std)
    line += np.float32(init.mean)


def _draw_uniform(init: Uniform, _: Weight, stream: np.random.Generator, out: Floats) -> None:
    _uniform(init.low, init.high, stream, out)


def _kaiming_std(init: KaimingUniform | KaimingNormal, weight: Weight, out: Floats) -> float:
    fan = _fans(weight, out.shape)[0 if init.mode == "fan_in" else 1]
    return sqrt(2 / (1 + init.slope**2)) / sqrt(fan)


def _draw_kaiming_uniform(
    init: KaimingUniform, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    bound = sqrt(3) * _kaiming_std(init, weight, out)
    _uniform(-bound, bound, stream, out)


def _draw_kaiming_normal(
    init: KaimingNormal, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    _normal(0.0, _kaiming_std(init, weight, out), stream, out)


def _draw_xavier_uniform(
    init: XavierUniform, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    bound = init.gain * sqrt(6 / sum(_fans(weight, out.shape)))
    _uniform(-bound, bound, stream, out)


def _draw_xavier_normal(
    init: XavierNormal, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    _normal(0.0, init.gain * sqrt(2 / sum(_fans(weight, out.shape))), stream, out)


def _draw_fan_uniform(
    _: FanUniform, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    fan = _fans(weight, out.shape)[0]
    if not fan:
        raise TypeError(f"the layer does not say the fan of {weight.name}")
    _uniform(-1 / sqrt(fan), 1 / sqrt(fan), stream, out)


def _draw_forget_gate(
    init: ForgetGate, weight: Weight, stream: np.random.Generator, out: Floats
) -> None:
    _draw_fan_uniform(FanUniform(), weight, stream, out)
    part = out.shape[0] // init.gates
    out[part : 2 * part] = init.value


def _draw_orthogonal(init: Orthogonal, _: Weight, stream: np.random.Generator, out: Floats) -> None:
    rows, columns = out.shape[0], prod(out.shape[1:])
    tall = stream.standard_normal((max(rows, columns), min(rows, columns)), dtype=np.float32)
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diagonal(r)) * np.float32(init.gain)  # the sign makes the choice uniform
    out[...] = (q.T if rows < columns else q).reshape(out.shape)


def _draw_frequencies(init: Frequencies, _: Weight, __: np.random.Generator, out: Floats) -> None:
    out[...] = init.base ** (-np.arange(out.size, dtype=np.float64) / out.size)


def _draw_dirac(_: Dirac, __: Weight, ___: np.random.Generator, out: Floats) -> None:
    out[...] = 0
    middle = tuple(size // 2 for size in out.shape[2:])
    for channel in range(min(out.shape[:2])):
        out[(channel, channel, *middle)] = 1


Draw = Callable[..., None]
_DRAW: dict[type[Declared], Draw] = {
    Dirac: _draw_dirac,
    FanUniform: _draw_fan_uniform,
    ForgetGate: _draw_forget_gate,
    Frequencies: _draw_frequencies,
    KaimingNormal: _draw_kaiming_normal,
    KaimingUniform: _draw_kaiming_uniform,
    Normal: _draw_normal,
    Orthogonal: _draw_orthogonal,
    TruncatedNormal: _draw_truncated,
    Uniform: _draw_uniform,
    XavierNormal: _draw_xavier_normal,
    XavierUniform: _draw_xavier_uniform,
}
