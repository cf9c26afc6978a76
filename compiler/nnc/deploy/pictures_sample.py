"""Drawing from a generator: latents, classes to ask for, ways between two latents."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.answers import pixels
from nnc.deploy.noise import LATENT, Drawn, draw
from nnc.deploy.rules import WRONG_INPUT, refusal
from nnc.deploy.session import Port, Session
from nnc.diagnostics import nearest
from nnc.record import Record

BATCH = 32
SIDE = 8
"""Pictures in a row."""
MOST_COLUMNS = 16
"""Classes that get a column each."""
Pixels8 = npt.NDArray[np.uint8]


class Wish(Record):
    """What is asked of a generator.

    Args:
        count: samples, or with `between` rows.
        seed: the same seed gives the same samples, however many.
        label: the class, by name or number; "" for each in turn.
        between: so many pictures on the way from one latent to another, 0 for none.
        held: latents that are the same in all samples, by name.
    """

    count: int
    seed: int = 0
    label: str = ""
    between: int = 0
    held: tuple[tuple[str, tuple[float, ...]], ...] = ()


class Made(Record):
    """Pictures uint8 [C, H, W], so many in a row."""

    pictures: tuple[Pixels8, ...]
    columns: int


def makes_pictures(session: Session) -> bool:
    """Whether a model draws: it reads a latent."""
    return any(session.about.input(port.name).meaning == LATENT for port in session.inputs)


def make(session: Session, wish: Wish) -> Made:
    """Draws samples.

    Raises:
        Refusal: the model reads what cannot be drawn, has no such class, or makes no pictures.
    """
    meanings = {session.about.input(port.name).meaning for port in session.fed}
    if wish.label and "class" not in meanings:
        message = f"{session.name} is told no class: it draws as it comes"
        raise refusal(WRONG_INPUT, session.name, message, "leave out --label")
    total = wish.count * (wish.between or 1)
    _known(session, wish)
    feeds = {port.name: _values(session, port, at, wish) for at, port in enumerate(session.fed)}
    found = tuple(
        picture
        for start in range(0, total, BATCH)
        for picture in _pictures(session, {n: v[start : start + BATCH] for n, v in feeds.items()})
    )
    if len(found) != total:
        message = f"{session.name} makes no pictures"
        raise refusal(WRONG_INPUT, session.name, message, "`nnc run MODEL FILE.npz --dump` runs it")
    return Made(found, _columns(session, wish))


def _known(session: Session, wish: Wish) -> None:
    """Refuses to hold what is no latent.

    Raises:
        Refusal: the model draws none of that name.
    """
    drawn = [p.name for p in session.fed if session.about.input(p.name).meaning == LATENT]
    for name, _ in wish.held:
        if name not in drawn:
            close = nearest(name, drawn)
            help = f"did you mean `{close}`?" if close else f"it draws {', '.join(drawn)}"
            message = f"{session.name} draws no `{name}`"
            raise refusal(WRONG_INPUT, session.name, message, help)


def _held(session: Session, port: Port, numbers: tuple[float, ...], drawn: Drawn) -> Array:
    """The numbers that a latent is held at, in its shape.

    Raises:
        Refusal: they are more or fewer, or no ids that are drawn.
    """
    shape = tuple(int(d) for d in port.dims[1:])
    size = int(np.prod(shape))
    if len(numbers) not in (1, size):
        message = f"`{port.name}` holds {size} numbers, and here are {len(numbers)}"
        raise refusal(
            WRONG_INPUT, session.name, message, "part them by commas, or give one for all"
        )
    if drawn[0] == "categorical":
        below = int(drawn[1])
        if any(n % 1 or not 0 <= n < below for n in numbers):
            message = f"`{port.name}` is one of 0 to {below - 1}"
            raise refusal(WRONG_INPUT, session.name, message, f"write `--latent {port.name}=0`")
        return np.broadcast_to(np.asarray(numbers, np.int64).reshape(-1), (size,)).reshape(shape)
    whole = np.broadcast_to(np.asarray(numbers, np.float32).reshape(-1), (size,))
    return whole.reshape(shape)


def _columns(session: Session, wish: Wish) -> int:
    if wish.between:
        return wish.between
    classes = [len(session.about.labels_of(port.name)) for port in session.fed]
    wide = next((n for n in classes if 2 <= n <= MOST_COLUMNS), 0)
    return wide if wide and not wish.label else min(SIDE, wish.count)


def _pictures(session: Session, feeds: dict[str, Array]) -> Iterator[Pixels8]:
    made = session.run(feeds)
    for name, arrays in made.items():
        value = session.about.output(name)
        if value.meaning == "image" and arrays.ndim == 4 and arrays.shape[1] in (1, 3):
            yield from (pixels(array, value) for array in arrays)
            return


def _values(session: Session, port: Port, at: int, wish: Wish) -> Array:
    value = session.about.input(port.name)
    if value.meaning == LATENT and all(isinstance(d, int) for d in port.dims[1:]):
        shape = tuple(int(d) for d in port.dims[1:])
        held = dict(wish.held).get(port.name)
        if held is not None:
            one = _held(session, port, held, value.drawn)
            return np.repeat(one[None], wish.count * (wish.between or 1), axis=0)
        return _latents(value.drawn, shape, np.random.SFC64([wish.seed, at]), wish)
    labels = session.about.labels_of(port.name)
    if value.meaning == "class" and port.dtype == "int64" and len(port.dims) == 1:
        return _classes(session, labels, wish)
    help = f"`nnc run {session.name} FILE -o out.png` gives it what it reads"
    message = f"{session.name} reads `{port.name}`, which is not drawn"
    raise refusal(WRONG_INPUT, session.name, message, help)


def _latents(drawn: Drawn, shape: tuple[int, ...], bits: np.random.SFC64, wish: Wish) -> Array:
    stream = np.random.Generator(bits)
    if not wish.between:
        return draw(stream, drawn, (wish.count, *shape))
    ends = draw(stream, drawn, (wish.count, 2, *shape))
    if ends.dtype != np.float32:  # ids have nothing between them
        return np.repeat(ends[:, 0], wish.between, axis=0)
    return np.concatenate([between(first, last, wish.between) for first, last in ends])


def between(first: Array, last: Array, count: int) -> npt.NDArray[np.float32]:
    """Latents along the arc from one to another, ends included (Shoemake, 1985): [count, ...]."""
    a, b = (np.asarray(v, np.float64).reshape(-1) for v in (first, last))
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    cosine = float(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 1.0
    angle = float(np.arccos(cosine))
    share = np.linspace(0.0, 1.0, count)[:, None]
    if np.sin(angle) < 1e-6:  # nearly one direction: the arc is a line
        found = (1 - share) * a + share * b
    else:
        found = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    made: npt.NDArray[np.float32] = found.reshape(count, *first.shape).astype(np.float32)
    return made


def _classes(session: Session, labels: tuple[str, ...], wish: Wish) -> Array:
    total = wish.count * (wish.between or 1)
    if not wish.label:
        if not labels:
            message = f"{session.name} does not name its classes: say which with --label"
            raise refusal(WRONG_INPUT, session.name, message, "for example `--label 7`")
        turn = np.arange(wish.count, dtype=np.int64) % len(labels)
        return np.repeat(turn, wish.between or 1)
    if wish.label in labels:
        return np.full(total, labels.index(wish.label), np.int64)
    if not labels and wish.label.isascii() and wish.label.isdigit():
        return np.full(total, int(wish.label), np.int64)
    close = nearest(wish.label, labels)
    help = f"did you mean `{close}`?" if close else f"there are {', '.join(labels[:12])}"
    message = f"{session.name} knows no class `{wish.label}`"
    raise refusal(WRONG_INPUT, session.name, message, help)
