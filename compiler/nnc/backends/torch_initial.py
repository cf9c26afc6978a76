"""How the weights of a generated class start: as their layers declare, in the words of nn.init.

What a layer's weights start from is declared once, by `Layer.weights`; backends/initial.py draws
it for training, and here it becomes source. A module of PyTorch starts its own weights: only what
the layer declares otherwise is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod, sqrt

from nnc.backends.torch_text import WIDTH, constant, counted_text, slice_text
from nnc.ir.arguments import Declared
from nnc.ir.initial import (
    TORCH_WEIGHT,
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
    TruncatedNormal,
    Uniform,
    Values,
    Weight,
    XavierNormal,
    XavierUniform,
    ZeroRow,
)

Number = Callable[[object], str]
"""The text of a plain value in the constructor."""

_MATRIX: dict[str, Declared] = {"weight": TORCH_WEIGHT, "bias": FanUniform()}
_NORM: dict[str, Declared] = {"weight": Fill(1.0), "bias": Fill(0.0)}
_RECURRENT: dict[str, Declared] = {"weight": FanUniform(), "bias": FanUniform()}
OWN: dict[str, dict[str, Declared]] = {
    **dict.fromkeys(("Linear", "Conv", "ConvTranspose"), _MATRIX),
    **dict.fromkeys(("BatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm", "RMSNorm"), _NORM),
    **dict.fromkeys(("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"), _RECURRENT),
    "Embedding": {"weight": Normal(1.0)},
    "PReLU": {"weight": Fill(0.25)},
    "MultiheadAttention": {
        "in": XavierUniform(),
        "q": XavierUniform(),
        "k": XavierUniform(),
        "v": XavierUniform(),
        "in_proj_bias": Fill(0.0),
        "out_proj.weight": TORCH_WEIGHT,
        "out_proj.bias": Fill(0.0),
    },
}
"""What the weights of PyTorch's modules start from, by the module and the beginning of the name."""


def starts(kind: str, place: str, weights: Sequence[Weight], number: Number) -> list[str]:
    """The statements for what starts otherwise than in the module `kind` at `place`."""
    made: list[str] = []
    for weight in weights:
        own = _own(kind, weight.name)
        if weight.role == "trained" and weight.init not in (own, _first_row(weight.init, own)):
            made += _started(place, weight, own, number)
    return made


def _own(kind: str, name: str) -> Declared | None:
    known = OWN.get(re.sub(r"^nn\.|\dd$", "", kind), {})
    return known.get(name) or known.get(name.split("_", 1)[0])


def _first_row(init: Declared, own: Declared | None) -> Declared | None:
    """What an nn.Embedding with a `padding_idx` starts from."""
    return ZeroRow(own, init.row) if isinstance(init, ZeroRow) and own is not None else None


def _started(place: str, weight: Weight, own: Declared | None, number: Number) -> list[str]:
    init, whole = weight.init, f"{place}.{weight.name}"
    if isinstance(init, ZeroRow):
        row = f"{whole}[{number(init.row)}]"
        return [_call(init.of, weight, number).format(whole), f"nn.init.zeros_({row})"]
    if isinstance(init, ForgetGate) and isinstance(own, FanUniform):
        part = weight.dims[0] // init.gates
        gate = f"{whole}[{slice_text([number(part), number(2 * part)])}]"
        return [_call(Fill(init.value), weight, number).format(gate)]
    return [_call(init, weight, number).format(whole)]


_STATEMENT = re.compile(r"(nn\.init\.\w+_\()(self\.\w+)(\.[^,]*\)|\..*\))$")


_NORM_OF = re.compile(r"(?:spectral|weight)_norm\((self\.\w+)")


def grouped(lines: Sequence[str]) -> list[str]:
    """The constructor with what starts weights at its end, modules that start alike in one loop."""
    kept: list[str] = []
    alike: dict[tuple[str, str], list[str]] = {}
    normed = {found[1] for line in lines if (found := _NORM_OF.match(line))}
    for line in lines:
        found = _STATEMENT.match(line)
        if found and found[2] not in normed:  # what computes a weight begins with it
            alike.setdefault((found[1], found[3]), []).append(found[2])
        else:
            kept.append(line)
    for (call, rest), places in alike.items():
        kept += _together(places, call, rest, lines)
    return kept


def _together(places: Sequence[str], call: str, rest: str, lines: Sequence[str]) -> list[str]:
    """Starts modules alike: one by one, in a loop over them, or over all of their kinds."""
    if len(places) < 3:
        return [f"{call}{place}{rest}" for place in places]
    loop = f"for module in ({', '.join(places)}):"
    made = {line.partition(" = ")[0]: line.partition(" = ")[2] for line in lines if " = " in line}
    kinds = list(dict.fromkeys(made[place].partition("(")[0] for place in places))
    of_kind = sum(line.count(f"{kind}(") for line in lines for kind in kinds)
    if len(loop) <= WIDTH - 8 or of_kind > len(places):
        return [loop, f"    {call}module{rest}"]
    kind = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
    return [
        "for module in self.children():",
        f"    if isinstance(module, {kind}):",
        f"        {call}module{rest}",
    ]


def array(weight: Weight, number: Number) -> str:
    """The tensor that a weight starts from, as an expression."""
    sizes = ", ".join(number(d) for d in weight.dims)
    shape, init = sizes or "()", weight.init
    integer = ", dtype=torch.int64" if weight.dtype == "int64" else ""
    if isinstance(init, Values):
        values = [int(v) for v in init.values] if integer else init.values
        flat = f"torch.tensor([{', '.join(constant(v) for v in values)}])"
        return flat if len(weight.dims) == 1 else f"{flat}.reshape({shape})"
    if isinstance(init, Counted | Frequencies):
        counted = counted_text(init, shape, len(weight.dims))
        return counted.removesuffix(".float()") if integer else counted
    if isinstance(init, MelFilters):
        return _mel_filters(init, weight, number)
    if isinstance(init, Fill):
        if init.value in (0, 1):
            return f"torch.{'ones' if init.value else 'zeros'}({shape}{integer})"
        comma = "," if len(weight.dims) == 1 else ""
        value = number(int(init.value) if integer else init.value)
        return f"torch.full(({sizes}{comma}), {value}{integer})"
    if isinstance(init, Normal):
        drawn = f"torch.randn({shape})"
        drawn = drawn if init.std == 1 else f"{number(init.std)} * {drawn}"
        return f"{number(init.mean)} + {drawn}" if init.mean else drawn
    if isinstance(init, Uniform):
        return f"torch.empty({shape}).uniform_({number(init.low)}, {number(init.high)})"
    return _call(init, weight, number).format(f"torch.empty({shape})")


# --- functions of nn.init ------------------------------------------------------------------------


def _call(init: Declared, weight: Weight, number: Number) -> str:
    """`nn.init.normal_({}, std=0.02)`: numbers of a distribution, where the braces stand.

    Raises:
        TypeError: nn.init knows nothing of the kind.
    """
    if isinstance(init, KaimingNormal | KaimingUniform | XavierNormal | XavierUniform):
        init = init if _torch_counts_so(weight) else _by_number(init, weight)
    made = _CALLS.get(type(init))
    if made is None:
        raise TypeError(f"no statement starts a weight with {init!r}")
    function, arguments = made(init, weight, number)
    return f"nn.init.{function}_({', '.join(['{}', *arguments])})"


def _torch_counts_so(weight: Weight) -> bool:
    """Whether nn.init finds the fans that the layer declares in the sizes."""
    if len(weight.dims) < 2:
        return False
    sizes = [int(d) if isinstance(d, int) else 0 for d in weight.dims]
    window = prod(sizes[2:])
    fans = (sizes[1] * window, sizes[0] * window)
    return all(not had or had == fan for had, fan in zip((weight.fan_in, weight.fan_out), fans))


def _by_number(init: Declared, weight: Weight) -> Declared:
    """The same distribution, its width worked out."""
    fans = [int(fan) for fan in (weight.fan_in, weight.fan_out) if isinstance(fan, int)]
    if isinstance(init, KaimingNormal | KaimingUniform):
        std = sqrt(2 / (1 + init.slope**2) / fans[init.mode == "fan_out"])
    else:
        assert isinstance(init, XavierNormal | XavierUniform)
        std = init.gain * sqrt(2 / sum(fans))
    bound = sqrt(3) * std
    normal = isinstance(init, KaimingNormal | XavierNormal)
    return Normal(std) if normal else Uniform(-bound, bound)


Made = tuple[str, list[str]]


def _fill(init: Fill, _: Weight, number: Number) -> Made:
    if init.value in (0, 1):
        return ("ones" if init.value else "zeros"), []
    return "constant", [number(init.value)]


def _normal(init: Normal, _: Weight, number: Number) -> Made:
    mean = [f"mean={number(init.mean)}"] if init.mean else []
    return "normal", [*mean, *([f"std={number(init.std)}"] if init.std != 1 else [])]


def _truncated(init: TruncatedNormal, weight: Weight, number: Number) -> Made:
    function, arguments = _normal(Normal(init.std, init.mean), weight, number)
    if arguments:  # the bounds of nn.init are numbers, not deviations
        low, high = init.mean - 2 * init.std, init.mean + 2 * init.std
        arguments += [f"a={constant(float(low))}", f"b={constant(float(high))}"]
    return f"trunc_{function}", arguments


def _uniform(init: Uniform, _: Weight, number: Number) -> Made:
    return "uniform", [number(init.low), number(init.high)]


def _fan_uniform(_: FanUniform, weight: Weight, __: Number) -> Made:
    assert isinstance(weight.fan_in, int), "a fan is known where weights are"
    bound = 1 / sqrt(weight.fan_in)
    return "uniform", [constant(-bound), constant(bound)]


def _kaiming(init: KaimingNormal | KaimingUniform, _: Weight, number: Number) -> Made:
    function = "kaiming_normal" if isinstance(init, KaimingNormal) else "kaiming_uniform"
    slope = "5**0.5" if init.slope == 5**0.5 else number(init.slope)
    mode = [f'mode="{init.mode}"'] if init.mode != "fan_in" else []
    return function, [*([f"a={slope}"] if init.slope else []), *mode]


def _xavier(init: XavierNormal | XavierUniform, _: Weight, number: Number) -> Made:
    function = "xavier_normal" if isinstance(init, XavierNormal) else "xavier_uniform"
    return function, [f"gain={number(init.gain)}"] if init.gain != 1 else []


def _orthogonal(init: Orthogonal, _: Weight, number: Number) -> Made:
    return "orthogonal", [f"gain={number(init.gain)}"] if init.gain != 1 else []


def _dirac(_: Dirac, __: Weight, ___: Number) -> Made:
    return "dirac", []


_CALLS: dict[type[Declared], Callable[..., Made]] = {
    Dirac: _dirac,
    FanUniform: _fan_uniform,
    Fill: _fill,
    KaimingNormal: _kaiming,
    KaimingUniform: _kaiming,
    Normal: _normal,
    Orthogonal: _orthogonal,
    TruncatedNormal: _truncated,
    Uniform: _uniform,
    XavierNormal: _xavier,
    XavierUniform: _xavier,
}


# --- tables of sound -----------------------------------------------------------------------------


def _mel_filters(init: MelFilters, weight: Weight, number: Number) -> str:
    """`htk_filters(16000, 201, 80, 0.0, 8000.0)`, a function of the file itself."""
    sizes = [number(init.rate), *(number(d) for d in weight.dims)]  # refuses what is not known
    assert isinstance(init.rate, int)
    high = init.rate / 2 if init.high is None else init.high
    area = ["area=True"] if init.norm == "slaney" else []
    return f"{init.scale}_filters({', '.join([*sizes, number(init.low), number(high), *area])})"


def helpers(code: str) -> list[str]:
    """The functions that the classes of a file call."""
    return [line for scale in _POINTS if f"{scale}_filters(" in code for line in _filters(scale)]


_POINTS = {
    "htk": (
        "    ends = [2595 * math.log10(1 + f / 700) for f in (low, high)]",
        "    points = 700 * (10 ** (torch.linspace(*ends, mels + 2) / 2595) - 1)",
    ),
    "slaney": (
        "    def mel(f):",
        "        return 3 * f / 200 if f < 1000 else 15 + 27 * math.log(f / 1000, 6.4)",
        "",
        "    places = torch.linspace(mel(low), mel(high), mels + 2)",
        "    high_points = 1000 * 6.4 ** ((places - 15) / 27)",
        "    points = torch.where(places < 15, 200 * places / 3, high_points)",
    ),
}


def _filters(scale: str) -> list[str]:
    about = "Triangles that are evenly spaced in mel, [frequencies, mels]; area: of equal areas."
    return [
        "",
        "",
        f"def {scale}_filters(rate, frequencies, mels, low, high, area=False):",
        f'    """{about}"""',
        *_POINTS[scale],
        "    hertz = torch.linspace(0, rate / 2, frequencies).unsqueeze(1)",
        "    rising = (hertz - points[:-2]) / (points[1:-1] - points[:-2])",
        "    falling = (points[2:] - hertz) / (points[2:] - points[1:-1])",
        "    made = torch.minimum(rising, falling).clamp(min=0)",
        "    return made * 2 / (points[2:] - points[:-2]) if area else made",
    ]
