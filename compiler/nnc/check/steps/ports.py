"""What a layer asks of the values that come to it: ranks, element types, sizes of its weights."""

from __future__ import annotations

from nnc.check.formulas.values import SharedEntry, dims_text
from nnc.check.rules import (
    OPEN_WEIGHT,
    SEVERAL_VALUES,
    SHARED_SHAPES,
    TIME_AXIS,
    WRONG_RANK,
    WRONG_TYPE,
)
from nnc.check.steps.shaperules import Stating
from nnc.ir.dims import symbols
from nnc.ir.types import TensorType
from nnc.layers.base import Layer, Port


def check_ports(rules: Stating, op: Layer, types: tuple[TensorType | None, ...]) -> None:
    """Ranks and element types of the inputs."""
    ports = op.written_ports()
    if len(types) > len(ports) and not ports[-1].many:
        rules.refuse(
            SEVERAL_VALUES,
            f"`{op.word}` takes {'one value' if len(ports) == 1 else f'{len(ports)} values'}, "
            f"and {len(types)} come",
            help="join them first: `-> concat` or `-> add`",
        )
    for i, type in enumerate(types):
        port = ports[min(i, len(ports) - 1)]
        if type is None:
            continue
        if port.dtype not in ("any", type.dtype):
            rules.refuse(
                WRONG_TYPE,
                f"`{op.word}` takes {_NAMES[port.dtype]}, not {_NAMES[type.dtype]}",
                help="put `embedding(COUNT, WIDTH) ->` before it, which makes vectors of ids"
                if type.dtype == "int64"
                else "ids come from an input such as `token[T]`",
            )
        if port.ranks and type.rank not in port.ranks:
            _refuse_rank(rules, op, port, type)
        if port.channels_first and type.time == 0 and type.rank > 1:
            rules.refuse(
                TIME_AXIS,
                f"the first axis of {type} is time, and `{op.word}` takes channels first",
                help="put `rearrange([t, c], [c, t]) ->` before it"
                if type.rank == 2
                else "bring channels to the front with `rearrange`",
            )


_NAMES = {"float32": "numbers", "int64": "ids (`token`)", "uint8": "bytes", "string": "texts"}


def _refuse_rank(rules: Stating, op: Layer, port: Port, type: TensorType) -> None:
    wanted = " or ".join(str(r) for r in port.ranks)
    if op.word in ("lstm", "gru", "rnn") and type.rank == 3 and type.dims[0] == 1:
        help = "take the one channel away: put `squeeze(0) ->` before it"
    elif op.word in ("lstm", "gru", "rnn") and type.rank > 2:
        help = "it takes [steps, features]: `rearrange([c, h, w], [h, (c, w)]) ->` before it"
    elif type.rank > max(port.ranks):
        help = "put `flatten ->` before it"
    elif port.channels_first and type.rank == 1 and not isinstance(type.dims[0], int):
        help = "put `unsqueeze(0) ->` before it, which makes one channel"
    elif port.channels_first and type.rank == 1:
        help = "put `reshape(channels, height, width) ->` before it"
    elif port.channels_first and type.rank == 2:
        help = "name a channel axis: an image is `[1, height, width]`"
    else:
        help = "`reshape(...)` gives it other axes"
    axes = "axis" if wanted == "1" else "axes"
    rules.refuse(
        WRONG_RANK,
        f"`{op.word}` takes {wanted} {axes}; the value {type} has {type.rank}",
        help=help,
    )


def check_weights(rules: Stating, op: Layer, types: tuple[TensorType | None, ...]) -> None:
    """No weight has a size that differs from run to run; numbers of data are settled by then."""
    for weight in op.weights(*types):
        for dim in weight.dims:
            free = [s for s in sorted(symbols(dim)) if "." not in s]
            if free:
                rules.refuse(
                    OPEN_WEIGHT,
                    f"the weights of `{op.word}` would depend on `{free[0]}`",
                    label=f"a weight of {dims_text(weight.dims)}",
                    help=f"fix `{free[0]}` in the input's type, or pool to a fixed size before",
                )


def check_shared(
    rules: Stating, op: Layer, types: tuple[TensorType | None, ...], shared: SharedEntry
) -> None:
    """All uses need weights of the same sizes."""
    sizes = tuple((w.name, w.dims) for w in op.weights(*types))
    if shared.made is None:
        shared.made, shared.types = sizes, types
    elif shared.made != sizes:
        assert isinstance(shared.types, tuple)
        rules.refuse(
            SHARED_SHAPES,
            f"`{shared.name}` was used on {shared.types[0]} before; {types[0]} needs other weights",
            help="bring both values to the same shape, or use two steps",
        )
