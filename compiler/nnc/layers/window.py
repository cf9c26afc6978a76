"""Arithmetic of windows that slide over the axes of space; what convolutions and pools share."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.arguments import Sizes
from nnc.ir.dims import Dim, show
from nnc.layers.base import Rules
from nnc.layers.rules import COUNT, KERNEL, NUMBER, PADDING

Ints = tuple[int, ...]

ONNX_PADDING = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""PyTorch's words for padding and those of ONNX's Pad."""


def number(rules: Rules, value: Dim, at: str) -> int:
    """A size that must be known while checking."""
    if not isinstance(value, int):
        text = show(value)
        rules.refuse(
            NUMBER,
            f"`{at}` must be a known number",
            at=at,
            label=f"`{text}` is known only when the network runs",
            help=f"write a number, or fix `{text}`",
        )
    return value


def numbers(rules: Rules, value: Sizes, axes: int, at: str) -> Ints:
    """One known number for each axis of space."""
    if isinstance(value, tuple):
        if len(value) != axes:
            rules.refuse(
                COUNT,
                f"`{at}` takes one number, or one for each axis of space",
                at=at,
                label=f"{len(value)} numbers, and {axes} {'axes' if axes > 1 else 'axis'} of space",
                help=f"write one number, or {axes} of them" if axes > 1 else "write one number",
            )
        return tuple(number(rules, v, at) for v in value)
    return (number(rules, value, at),) * axes


def ints(value: Sizes, axes: int) -> Ints:
    """The same in a lowering: `numbers` has passed."""
    values = value if isinstance(value, tuple) else (value,) * axes
    return tuple(int(v) for v in values if isinstance(v, int))


def kept(value: Sizes, axes: int) -> Ints:
    """The same, of numbers that keep what they were made of."""
    values = value if isinstance(value, tuple) else (value,) * axes
    return tuple(v for v in values if isinstance(v, int))


def extents(kernel: Ints, dilation: Ints) -> Ints:
    """The stretch that a window covers along each axis, gaps of dilation included."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))


def by(values: tuple[Dim, ...]) -> str:
    """`5x5`."""
    return "x".join(show(v) for v in values)


def require_fit(
    rules: Rules,
    space: tuple[Dim, ...],
    kernel: Ints,
    dilation: Ints,
    padding: Ints,
    most: int | None = None,
) -> None:
    """States that a window fits into its input, `padding` before and after together counted.

    Args:
        most: the largest padding a side that the layer would take, None for any.
    """
    for d, extent, pad in zip(space, extents(kernel, dilation), padding):
        room = d + (pad - extent)
        if not isinstance(room, int):
            rules.at_least(
                room,
                0,
                KERNEL,
                "the kernel may be larger than its input",
                at="kernel",
                label=f"a stretch of {extent} must fit into {show(d)}"
                + (f" + {pad}" if pad else ""),
            )
        elif room < 0:
            _refuse_fit(rules, space, kernel, dilation, padding, most)


def _refuse_fit(
    rules: Rules,
    space: tuple[Dim, ...],
    kernel: Ints,
    dilation: Ints,
    padding: Ints,
    most: int | None,
) -> None:
    sides, fits = 0, max(kernel)
    for d, k, step, pad in zip(space, kernel, dilation, padding):
        if isinstance(d, int):
            sides = max(sides, -((d - step * (k - 1) - 1) // 2))
            fits = min(fits, (d + pad - 1) // step + 1)
    advice = [f"use a kernel of {fits}"]
    if most is None or sides <= most:
        advice.insert(0, f"pad the input (`padding={sides}` or more)")
    dilated = f" with dilation {by(dilation)}" if max(dilation) > 1 else ""
    padded = f" with {by(padding)} cells of padding" if max(padding) else ""
    rules.refuse(
        KERNEL,
        "the kernel is larger than its input",
        at="kernel",
        label=f"{by(kernel)}{dilated} does not fit into {by(space)}{padded}",
        help=", or ".join(advice),
    )


def require_border(
    rules: Rules, mode: str, space: tuple[Dim, ...], pads: Iterable[Dim], at: str = "padding"
) -> None:
    """States that there are enough cells to copy into the padding."""
    least = {"reflect": 1, "circular": 0}.get(mode)
    if least is None:
        return
    for d, pad in zip(space, pads):
        rules.at_least(
            d - pad,
            least,
            PADDING,
            f"{mode} padding needs {'more cells than' if least else 'as many cells as'} it adds",
            at=at,
            label=f"{show(pad)} cells from an axis of {show(d)}",
            help=f"pad at most {show(d - least)}, or use `replicate`",
        )


def windows(space: tuple[Dim, ...], extent: Ints, stride: Ints, padding: Ints) -> tuple[Dim, ...]:
    """How many windows fit along each axis; `padding` is before and after together."""
    return tuple((d + (p - e)) // s + 1 for d, e, s, p in zip(space, extent, stride, padding))
