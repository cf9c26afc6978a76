"""What a model is run on: files, folders and standard input become samples for its inputs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.forecast import forecasts
from nnc.deploy.gather_pictures import Size, picture, refuse_size, size_in_training
from nnc.deploy.gather_time import TABLES as SERIES_TABLES
from nnc.deploy.gather_time import sounds, texts
from nnc.deploy.inputs import feed_of
from nnc.deploy.rules import UNREADABLE_INPUT, WRONG_INPUT, place, refusal
from nnc.deploy.sample import Sample
from nnc.deploy.session import Port, Session
from nnc.diagnostics import Refusal, nearest
from nnc.ir.plan import Categories, DataPlan
from nnc.train.data.arrays import read_arrays
from nnc.train.data.frame import MissingColumn
from nnc.train.data.pictures import ENDINGS
from nnc.train.data.sounds import ENDINGS as SOUND_ENDINGS
from nnc.train.data.tables import BadTable, InputRows, read_rows

Kind = Literal["pictures", "rows", "arrays", "series", "texts", "sounds"]
STDIN = "-"
ARRAYS = (".npz", ".npy")
TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
FEEDS = {
    "pictures": "pictures (.png, .jpg)",
    "rows": "a table (.csv, .parquet)",
    "arrays": "arrays (.npz, .npy)",
    "series": "a table in time order (.csv, .parquet)",
    "texts": "texts (.txt, .csv)",
    "sounds": "sounds (.wav, .flac)",
}


def kind(session: Session) -> Kind:
    """What a model is fed with."""
    meanings = {session.about.input(port.name).meaning for port in session.fed}
    if meanings == {"image"} and len(session.fed) == 1:
        return "pictures"
    if meanings and meanings <= {"numbers", "category", "categories", "number"}:
        return "rows"
    for of, word, beside in _IN_TIME:
        if word in meanings and meanings <= {word, *beside}:
            return of
    return "arrays"


_IN_TIME: tuple[tuple[Kind, str, tuple[str, ...]], ...] = (
    ("series", "past", ("known", "category")),
    ("texts", "text", ("length",)),
    ("sounds", "sound", ("length",)),
)
"""What is read over time: the meaning that tells it, and those that may stand beside."""
_READERS = {"series": forecasts, "texts": texts, "sounds": sounds}


def gather(
    session: Session,
    paths: Sequence[str],
    *,
    keep_going: bool = False,
    stdin: bytes = b"",
    size: Size = "trained",
    unseen: Counter[str] | None = None,
) -> Iterator[Sample]:
    """The samples of files and of folders, in the order of the arguments and then of names.

    Args:
        paths: as written; `-` stands for `stdin`.
        keep_going: what cannot be read is a sample with an error.
        size: that pictures are brought to, where the network leaves it open.
        unseen: counts, by column, the rows with a word that training did not have.

    Raises:
        Refusal: a file is not what the model takes, or cannot be read.
    """
    fed = kind(session)
    unseen = Counter() if unseen is None else unseen
    if size != "trained":
        _sizeable(session, fed, size)
    for written in paths:
        for path in _files(written, fed):
            try:
                data = stdin if path == STDIN else None
                yield from _samples(session, fed, path, data, size, unseen)
            except Refusal as refused:
                if not keep_going:
                    raise
                yield Sample(path, {}, refused.diagnostics[0].message)
            except OSError as error:
                if not keep_going:
                    raise
                yield Sample(path, {}, (error.strerror or "cannot be read").lower())


def _files(written: str, fed: Kind) -> Iterator[str]:
    """A file, or those in a folder that the model can be fed with; hidden ones are passed over."""
    if written == STDIN or not os.path.isdir(written):
        yield written
        return
    endings = _ENDINGS[fed]
    found = 0
    for folder, folders, names in os.walk(written):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in endings:
                found += 1
                yield os.path.join(folder, name).replace(os.sep, "/")
    if not found:
        raise refusal(WRONG_INPUT, written, f"there is nothing in {written} that the model takes")


_ENDINGS: Mapping[Kind, frozenset[str]] = {
    "pictures": ENDINGS,
    "rows": frozenset(TABLES),
    "arrays": frozenset(ARRAYS),
    "series": frozenset(SERIES_TABLES),
    "texts": frozenset((".txt", *SERIES_TABLES)),
    "sounds": SOUND_ENDINGS,
}


def _samples(
    session: Session,
    fed: Kind,
    path: str,
    data: bytes | None,
    size: Size,
    unseen: Counter[str],
) -> Iterator[Sample]:
    ending = os.path.splitext(path)[1].lower()
    if data is None:
        _known(session, fed, path, ending)
    if data is None and ending in ARRAYS:
        yield from _arrays(session, Path(path))
    elif fed == "pictures":
        yield picture(session, path, data, size)
    elif fed == "rows":
        yield from _rows(session, path, data, unseen)
    elif fed in _READERS:
        yield from _READERS[fed](session, path, data)
    else:
        given = "standard input" if data is not None else "this file"
        names = ", ".join(f"{port.name} {port.described}" for port in session.fed)
        help = f"the model takes {FEEDS['arrays']} with {names}"
        message = f"{session.name} does not say how {given} becomes its inputs"
        raise refusal(WRONG_INPUT, path, message, help)


_PROGRAMS = {
    ".nn": "a spec",
    ".py": "a Python file",
    ".onnx": "a model",
    ".pt": "a checkpoint of PyTorch",
    ".pth": "a checkpoint of PyTorch",
    ".safetensors": "weights",
}
"""Files that no model reads."""


def _known(session: Session, fed: Kind, path: str, ending: str) -> None:
    """Refuses a file that is of quite another kind than the model takes.

    Raises:
        Refusal: it is.
    """
    what = _PROGRAMS.get(ending, "")
    if not what and fed not in ("pictures", "arrays"):
        what = "a picture" if ending in ENDINGS else ""
    if not what and fed in ("pictures", "sounds"):
        what = "a table" if ending in (".csv", ".tsv", ".parquet", ".pq") else ""
    if not what:
        return
    subject = f"{path} is" if not what.startswith("weights") else f"these are {path},"
    message = f"{subject} {what}, and {session.name} takes {FEEDS[fed]}"
    raise refusal(WRONG_INPUT, path, message)


def trained_size(session: Session) -> tuple[int, int] | None:
    """The (height, width) that pictures had in training, where the network takes other sizes too.

    None where it takes one size alone, no pictures, or where the file does not say.
    """
    return size_in_training(session) if kind(session) == "pictures" else None


def _sizeable(session: Session, fed: Kind, size: Size) -> None:
    """Refuses a size that the network cannot take.

    Raises:
        Refusal: it takes no pictures, or none of this size.
    """
    if fed != "pictures":
        raise refusal(WRONG_INPUT, session.name, f"{session.name} takes no pictures: no --size")
    refuse_size(session, size)


def _fed(session: Session, port: Port, values: Array) -> Array:
    about = session.about
    return feed_of(port, about.input(port.name), values, about.bare)


# --- rows of tables -------------------------------------------------------------------------------


def _rows(
    session: Session, path: str, data: bytes | None, unseen: Counter[str]
) -> Iterator[Sample]:
    numbers: list[str] = []
    words: list[str] = []
    for port in session.fed:
        value = session.about.input(port.name)
        columns = value.front.columns if isinstance(value.front, Categories) else value.columns
        among = words if value.meaning in ("category", "categories") else numbers
        among.extend(c for c in columns if c not in among)
    try:
        rows = _read(path, data, numbers, words)
    except MissingColumn as error:
        close = nearest(error.column, error.columns)
        help = f"did you mean `{close}`?" if close else f"it has {', '.join(error.columns[:12])}"
        raise refusal(WRONG_INPUT, path, str(error), help) from None
    except BadTable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    unseen.update(_unseen(session, rows, words))
    feeds = {port.name: _columns(session, port, rows, numbers, words) for port in session.fed}
    for at in range(len(rows.names)):
        name = f"{'standard input' if data is not None else path} row {at + 1}"
        yield Sample(name, _at(feeds, at))


def _at(feeds: Mapping[str, Array], at: int) -> dict[str, Array]:
    return {name: values[at, ...] for name, values in feeds.items()}  # words stay arrays too


def _unseen(session: Session, rows: InputRows, words: list[str]) -> dict[str, int]:
    """By column, how many rows hold a word that training did not have; missing ones are none."""
    fronts = (session.about.input(port.name).front for port in session.fed)
    known = {
        column: {"", *values}
        for front in fronts
        if isinstance(front, Categories)
        for column, values in zip(front.columns, front.values)
    }
    return {
        column: sum(word not in known[column] for word in rows.words[words.index(column)])
        for column in known
    }


def _read(path: str, data: bytes | None, numbers: list[str], words: list[str]) -> InputRows:
    if data is None:
        return read_rows(Path(path), numbers, words)
    import tempfile  # only a pipe needs it

    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "standard input"
        there.write_bytes(data)
        return read_rows(there, numbers, words)


def _columns(
    session: Session, port: Port, rows: InputRows, numbers: list[str], words: list[str]
) -> Array:
    """The columns of one input, in its order."""
    value = session.about.input(port.name)
    if value.meaning not in ("category", "categories"):
        made: Array = rows.numbers[:, [numbers.index(c) for c in value.columns]]
    else:
        front = value.front
        columns = front.columns if isinstance(front, Categories) else value.columns
        made = np.empty((len(rows.names), len(columns)), dtype=object)
        for at, column in enumerate(columns):
            made[:, at] = rows.words[words.index(column)]
    if len(port.dims) == 1:
        made = made[:, 0]
    return _fed(session, port, made)


# --- arrays ---------------------------------------------------------------------------------------


def _arrays(session: Session, path: Path) -> Iterator[Sample]:
    arrays = _loaded(path)
    ports = (
        *session.fed,
        *(p for p in session.inputs if p.name in arrays and p not in session.fed),
    )
    if len(arrays) == 1 and len(ports) == 1:
        arrays = {ports[0].name: next(iter(arrays.values()))}
    feeds: dict[str, Array] = {}
    for port in ports:
        if port.name not in arrays:
            held = ", ".join(name for name in list(arrays)[:12] if name)
            wanted = ", ".join(one.name for one in session.fed)
            help = f"it holds {held}" if held else f"put {wanted} into an .npz file, by name"
            message = f"{path.name} holds no array `{port.name}`"
            if not held:
                message = f"{path.name} is one array, and the model reads {wanted}"
            raise refusal(WRONG_INPUT, path, message, help)
        array = arrays[port.name]
        if array.ndim != len(port.dims):
            message = f"`{port.name}` is {port.described}, not {list(array.shape)}"
            raise refusal(WRONG_INPUT, path, message, "samples stand along the first axis")
        feeds[port.name] = _looked_up(session, path, port, _fed(session, port, array))
    counts = {len(values) for values in feeds.values()}
    if len(counts) != 1:
        raise refusal(WRONG_INPUT, path, f"the arrays of {path.name} differ in length")
    for at in range(counts.pop()):
        name = f"{path.as_posix()}[{at}]"
        yield Sample(name, _own(_at(feeds, at)))


def _looked_up(session: Session, path: Path, port: Port, values: Array) -> Array:
    """The same; refused where it holds an id that the network has no row for."""
    ids = session.about.input(port.name).ids
    if ids and values.dtype == np.int64:
        whole = np.asarray(values).astype(np.int64, copy=False)
        wrong = np.argwhere((whole < 0) | (whole >= ids))
        if len(wrong):
            at = tuple(int(n) for n in wrong[0])
            message = f"`{port.name}[{at[0]}]` in {path.name} holds {int(whole[at])}"
            raise refusal(WRONG_INPUT, path, f"{message}: ids go from 0 to {ids - 1}")
    return values


def _own(values: dict[str, Array]) -> dict[str, Array]:
    """A sample without what pads it, where `x_length` beside `x` tells its length."""
    return {
        name: array[: max(int(values[f"{name}_length"]), 1)]
        if array.ndim and values.get(f"{name}_length", array).ndim == 0
        else array
        for name, array in values.items()
    }


def _loaded(path: Path) -> dict[str, Array]:
    if path.suffix.lower() == ".npz":
        return dict(read_arrays(DataPlan(path.name, "arrays", str(path), span=place(path)), path))
    try:
        # mapped, so that a header cannot ask for more than the file holds
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError):
        raise refusal(UNREADABLE_INPUT, path, f"{path.name} is no sound .npy file") from None
    return {"": array}
