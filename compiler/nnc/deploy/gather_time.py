"""Samples of models that read texts and sounds: files, columns of tables, WAV and FLAC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.forecast import read_table
from nnc.deploy.inputs import feed_of
from nnc.deploy.rules import UNREADABLE_INPUT, WRONG_INPUT, refusal
from nnc.deploy.sample import Remark, Sample
from nnc.deploy.session import Port, Session
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.kinds import words
from nnc.train.data.pictures import Unreadable
from nnc.train.data.sounds import head, read_sound
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
        remarks = unknown_units(value.front, ids)
        yield Sample(name, _with_length(session, port, ids), remarks=remarks)


def unknown_units(known: Vocabulary, ids: Array) -> tuple[Remark, ...]:
    """What is to be told where a text has units that training did not have."""
    words = {"char": ("character", "characters"), "word": ("word", "words")}.get(known.unit)
    gone = int((ids == 0).sum()) if words is not None else 0
    if not gone or words is None:
        return ()
    one, many = words
    end = "not in the vocabulary of training; taken as unknown"
    return (Remark(f"1 {one} is {end}", f"{{}} {many} are {end}", gone),)


def _read_texts(
    path: str, data: bytes | None, columns: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    if data is None and Path(path).suffix.lower() in TABLES:
        frame = read_table(path, None)
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
        told = head(Path(path), path)
        values = read_sound(Path(path), path, rate)
    except Unreadable as error:
        raise refusal(UNREADABLE_INPUT, path, str(error)) from None
    remarks = []
    if told.rate != rate:
        said = f"of {told.rate:,} samples a second brought to the rate of training"
        remarks.append(Remark(f"1 sound {said}", f"{{}} sounds {said}"))
    if told.channels > 1:
        said = "of several channels: their mean is read"
        remarks.append(Remark(f"1 sound {said}", f"{{}} sounds {said}"))
    yield Sample(path, _with_length(session, port, values), remarks=tuple(remarks))
