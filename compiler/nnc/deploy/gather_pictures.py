"""Pictures for a model: read as in training, at a size that its network takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from nnc.backends.arrays import Array
from nnc.deploy.inputs import feed_of
from nnc.deploy.rules import UNREADABLE_INPUT, WRONG_INPUT, refusal
from nnc.deploy.sample import Sample
from nnc.deploy.session import Port, Session
from nnc.ir.conditions import fitting, holds
from nnc.ir.plan import Pixels
from nnc.train.data.pictures import Fit, Unreadable, read_picture

Size = Literal["trained", "native"] | tuple[int, int]
"""That of training, each picture's own, or (height, width)."""


def size_in_training(session: Session) -> tuple[int, int] | None:
    """The (height, width) that pictures had in training, where the network takes other sizes too.

    None where it takes one size alone, or where the file does not say.
    """
    (port,) = session.fed
    free = any(isinstance(d, str) for d in port.dims[2:])
    return session.about.input(port.name).size if free else None


def refuse_size(session: Session, size: Size) -> None:
    """Refuses a size that the network cannot take.

    Raises:
        Refusal: it takes pictures of another size alone, or none of this one.
    """
    (port,) = session.fed
    wanted = ("H", "W") if isinstance(size, str) else size
    if any(isinstance(d, int) and d != want for d, want in zip(port.dims[2:], wanted)):
        sides = "x".join(str(d) for d in port.dims[2:])
        message = f"{session.name} takes pictures of {sides} (height x width) alone"
        raise refusal(WRONG_INPUT, session.name, message, "leave out --size")
    if isinstance(size, tuple):
        _refuse(session, port, size, session.name, "is asked for pictures of")


def picture(session: Session, path: str, data: bytes | None, wanted: Size) -> Sample:
    """A picture as the model's one input takes it.

    Raises:
        Refusal: it cannot be read, or is of a size that the network cannot take.
    """
    (port,) = session.fed
    value = session.about.input(port.name)
    fit: Fit = "crop"
    if isinstance(value.front, Pixels):
        fit = next(known for known in get_args(Fit) if known == value.front.fit)
    if len(port.dims) != 4 or not isinstance(port.dims[1], int):
        raise refusal(WRONG_INPUT, path, f"the input `{port.name}` is {port.described}, no picture")
    channels, height, width = port.dims[1:]
    assert isinstance(channels, int), "known by now"
    size = wanted if isinstance(wanted, tuple) else None
    if wanted == "trained":
        fixed = (height, width) if isinstance(height, int) and isinstance(width, int) else None
        size = fixed or size_in_training(session)
    name = "standard input" if data is not None else ""
    try:
        given = data if data is not None else Path(path)
        pixels = read_picture(given, channels, size, fit, name=name)
    except Unreadable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    _refuse(session, port, (pixels.shape[-2], pixels.shape[-1]), name or path, "is")
    fed: Array = feed_of(port, value, pixels[None], session.about.bare)
    return Sample(path, {port.name: fed[0]})


def _refuse(session: Session, port: Port, size: tuple[int, int], who: str, verb: str) -> None:
    """Refuses a size that breaks the network's conditions, and says which is near and does not."""
    broken = _broken(session, port, size)
    if not broken:
        return
    near = _fitting(session, port, size)
    help = f"`--size {near[0]}x{near[1]}` brings pictures to a size that fits" if near else ""
    message = f"{who} {verb} {size[0]}x{size[1]} (height x width): {broken}"
    raise refusal(WRONG_INPUT, who, message, help)


def _broken(session: Session, port: Port, size: tuple[int, int]) -> str | None:
    return holds(session.about.conditions, {str(d): n for d, n in zip(port.dims[2:], size)})


def _fitting(session: Session, port: Port, size: tuple[int, int]) -> tuple[int, int] | None:
    """The size with the nearest larger sides that the network takes, else smaller ones."""
    conditions = session.about.conditions
    height, width = (
        fitting(conditions, str(d), n) for d, n in zip(port.dims[2:], size, strict=True)
    )
    if height is None or width is None:
        return None
    square = max(height, width)
    pairs = ((height, width), (square, square))
    return next((pair for pair in pairs if _broken(session, port, pair) is None), None)
