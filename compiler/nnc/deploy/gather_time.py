"""Samples of models that read series, texts and sounds: rows before now, texts, WAV and FLAC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.inputs import feed_of
from nnc.deploy.rules import UNREADABLE_INPUT, WRONG_INPUT, refusal
from nnc.deploy.sample import Sample
from nnc.deploy.session import Port, Session
from nnc.diagnostics import nearest
from nnc.ir.plan import Categories
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.frame import BadTable, Frame, MissingColumn, parse_csv, read_frame
from nnc.train.data.kinds import BadValue, words
from nnc.train.data.pictures import Unreadable
from nnc.train.data.sounds import head, read_sound
from nnc.train.data.tables import number_column
from nnc.train.data.units import encoder

TABLES = (".csv", ".tsv", ".parquet", ".pq")
_MOST_TEXT = 1 << 26


def _port(session: Session, meaning: str) -> Port | None:
    return next((p for p in session.fed if session.about.input(p.name).meaning == meaning), None)


def _fed(session: Session, port: Port, values: Array) -> Array:
    """One sample as its input takes it."""
    about = session.about
    made: Array = feed_of(port, about.input(port.name), values[None], about.bare)[0, ...]
    return made


def _with_length(session: Session, port: Port, values: Array) -> dict[str, Array]:
    """One sample of an input of different lengths, and its length where the model asks for it."""
    feeds = {port.name: _fed(session, port, values)}
    for other in session.fed:
        if session.about.input(other.name).meaning == "length":
            feeds[other.name] = np.asarray(len(values), dtype=np.int64)
    return feeds


# --- series ---------------------------------------------------------------------------------------


def forecasts(session: Session, path: str, data: bytes | None) -> Iterator[Sample]:
    """The last rows of a table, of each series in it: what comes after them is forecast.

    Where columns are known ahead, the table's last rows are the future, and hold these alone.

    Raises:
        Refusal: the table cannot be read, lacks a column, or has too few rows.
    """
    past = _port(session, "past")
    assert past is not None, "of this kind"
    frame = _table(path, data)
    known, series = _port(session, "known"), _port(session, "category")
    window, ahead = _size(past), _size(known) if known is not None else 0
    try:
        columns = {
            port.name: np.stack([number_column(frame, c) for c in _columns(session, port)], axis=1)
            for port in (past, known)
            if port is not None
        }
        ids = [] if series is None else words(frame.column(_columns(session, series)[0]))
    except MissingColumn as error:
        close = nearest(error.column, error.columns)
        help = f"did you mean `{close}`?" if close else f"it has {', '.join(error.columns[:12])}"
        raise refusal(WRONG_INPUT, path, str(error), help) from None
    except (BadTable, BadValue) as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    groups: dict[str | None, list[int]] = {}
    for row, own in enumerate(ids or [None] * frame.rows):
        groups.setdefault(own, []).append(row)
    for name, rows in groups.items():
        if len(rows) < window + ahead:
            of = f" of `{name}`" if name is not None else ""
            message = f"{path} has {len(rows):,} rows{of}; the model reads {window:,}"
            more = f" and {ahead:,} that are to come" if ahead else ""
            raise refusal(WRONG_INPUT, path, message + more)
        now = len(rows) - ahead
        feeds = {past.name: _fed(session, past, columns[past.name][rows[now - window : now]])}
        if known is not None:
            feeds[known.name] = _fed(session, known, columns[known.name][rows[now:]])
        if series is not None:
            feeds[series.name] = _fed(session, series, np.asarray(name or "", dtype=object))
        of = f"{name}, " if name is not None else ""
        yield Sample(f"{path} {of}after row {rows[now - 1] + 1}", feeds)


def _columns(session: Session, port: Port) -> tuple[str, ...]:
    value = session.about.input(port.name)
    return value.front.columns if isinstance(value.front, Categories) else value.columns


def _size(port: Port) -> int:
    size = port.dims[1]
    assert isinstance(size, int), "windows have a size"
    return size


def _table(path: str, data: bytes | None) -> Frame:
    try:
        return read_frame(Path(path)) if data is None else parse_csv(data, "standard input")
    except BadTable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None


# --- texts ----------------------------------------------------------------------------------------


def texts(session: Session, path: str, data: bytes | None) -> Iterator[Sample]:
    """A text file, or the texts of a table's column that has the name of training's.

    Raises:
        Refusal: it is no text, empty, or lacks the column.
    """
    port = _port(session, "text")
    assert port is not None, "of this kind"
    value = session.about.input(port.name)
    if not isinstance(value.front, Vocabulary):
        raise refusal(WRONG_INPUT, path, f"{session.name} does not say how texts are numbered")
    encode = encoder(value.front)
    for name, text in _read_texts(path, data, value.columns):
        ids = encode(text).astype(np.int64)
        if not len(ids):
            raise refusal(UNREADABLE_INPUT, path, f"{name} holds no text")
        yield Sample(name, _with_length(session, port, ids))


def _read_texts(
    path: str, data: bytes | None, columns: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    if data is None and Path(path).suffix.lower() in TABLES:
        frame = _table(path, None)
        column = next((name for name in columns if name in frame.columns), "")
        if not column:
            wanted = f"a column `{columns[0]}`" if columns else "a column of texts"
            raise refusal(WRONG_INPUT, path, f"{path} has no {wanted[2:]}")
        for row, text in enumerate(words(frame.column(column))):
            yield f"{path} row {row + 1}", text or ""
        return
    if data is None and Path(path).stat().st_size > _MOST_TEXT:
        raise refusal(UNREADABLE_INPUT, path, f"{path} is too long for one text")
    whole = Path(path).read_bytes() if data is None else data
    name = path if data is None else "standard input"
    try:
        yield name, whole.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n")
    except UnicodeDecodeError as error:
        message = f"byte {error.start + 1:,} of {name} is no UTF-8 text"
        raise refusal(UNREADABLE_INPUT, path, message) from None


# --- sounds ---------------------------------------------------------------------------------------


def sounds(session: Session, path: str, data: bytes | None) -> Iterator[Sample]:
    """A file of sound, at the rate of training (resampled where its own is another).

    Raises:
        Refusal: it is no sound.
    """
    port = _port(session, "sound")
    assert port is not None, "of this kind"
    if data is not None:
        raise refusal(WRONG_INPUT, path, "sounds are read from files")
    rate = session.about.input(port.name).rate
    try:
        own = head(Path(path), path).rate
        values = read_sound(Path(path), path, rate)
    except Unreadable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    yield Sample(path, _with_length(session, port, values), rate=own if own != rate else 0)
