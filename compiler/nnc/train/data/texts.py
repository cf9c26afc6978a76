"""`text("FILE")`: one long text in windows, or a table with a column of texts and a target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import DataPlan, Field
from nnc.ir.types import TensorType
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data.found import Column, Found, Ready, Request
from nnc.train.data.frame import BadTable, read_frame
from nnc.train.data.keyed import Rows
from nnc.train.data.kinds import words
from nnc.train.data.limits import most_bytes
from nnc.train.data.places import located
from nnc.train.data.positions import Windows, division, mark, rule, stretches
from nnc.train.data.ragged import Ragged, length_of, ragged
from nnc.train.data.rules import ENCODING, MEMORY, OPTION, SHORT, TARGET, refusal
from nnc.train.data.tables import number_front, row_name, speaking
from nnc.train.data.targets import complete_rows, target_column, target_names, text_option
from nnc.train.data.units import Encode, Ids, encoder, fitted

WINDOW = 128
"""Units of a window unless `window=` says otherwise."""
TABLES = (".csv", ".tsv", ".parquet", ".pq")
_BYTES_A_CHARACTER = 16
"""What a character of a file costs in memory while it is read and numbered."""
_NEAR = 4096


def open_text(plan: DataPlan, request: Request) -> Found:
    """A text file, or with `column=` a table with a text in each row.

    Raises:
        Refusal: the file, its text or its table cannot be used.
    """
    path = located(plan, plan.path)
    if path.is_dir():
        raise refusal(OPTION, plan, f"`{plan.path}` is a folder, a text is a file")
    if plan.option("column"):
        with speaking(plan, path.name):
            return _labelled(plan, request, path)
    return found_text(plan, request, path)


def whole_number(plan: DataPlan, option: str, default: int) -> int:
    """A source's argument that is a whole number of at least 1.

    Raises:
        Refusal: it is something else.
    """
    value = plan.option(option, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise refusal(OPTION, plan, f"`{option}=` is a whole number of at least 1")
    return value


def _unit(plan: DataPlan) -> str:
    return text_option(plan, "unit") or "char"


def fit_vocabulary(plan: DataPlan, request: Request, field: str, texts: list[str]) -> Vocabulary:
    """The vocabulary of the texts for training, or that of a run.

    Raises:
        Refusal: `vocab=` is too small for the unit, or there is no text to make it of.
    """
    known = request.like.front(field) if request.like is not None else None
    if isinstance(known, Vocabulary):
        return known
    most = whole_number(plan, "vocab", 1) if plan.option("vocab") is not None else None
    try:
        return fitted(_unit(plan), texts, most)
    except ValueError as error:
        raise refusal(OPTION, plan, str(error)) from None


# --- one long text --------------------------------------------------------------------------------


def read_text(plan: DataPlan, path: Path) -> str:
    """The text of a file, with line ends as one character and without a byte order mark.

    Raises:
        Refusal: it is too large, empty, or not in the encoding; the message tells the byte.
    """
    if path.stat().st_size * _BYTES_A_CHARACTER > most_bytes():
        raise refusal(MEMORY, plan, f"`{path.name}` is too large to be held in memory")
    data = path.read_bytes()
    if _unit(plan) == "byte":
        found = data.decode("utf-8", "surrogateescape")
    else:
        found = _decoded(plan, path.name, data).replace("\r\n", "\n")
    if not found.strip():
        raise refusal(SHORT, plan, f"`{path.name}` holds no text")
    return found


def _decoded(plan: DataPlan, name: str, data: bytes) -> str:
    encoding = text_option(plan, "encoding") or "utf-8"
    try:
        return data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        said = f"byte {error.start + 1:,} of `{name}` (0x{data[error.start]:02x}, line {line:,})"
        help = 'save it as UTF-8, or say what it is: `encoding="latin-1"`, `"cp1252"`, `"utf-16"`'
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            help = 'it begins as UTF-16 does: write `encoding="utf-16"`'
        raise refusal(ENCODING, plan, f"{said} is no {encoding.upper()} text", help) from None
    except LookupError:
        message = f"there is no encoding `{encoding}`"
        raise refusal(OPTION, plan, message, 'such as "latin-1", "cp1252", "utf-16"') from None


class Piece(NamedTuple):
    """One part of a text."""

    part: str
    start: int
    text: str


def _pieces(plan: DataPlan, text: str, whole: bool) -> list[Piece]:
    """The parts; a border within a word moves to the end of it."""
    found = stretches(plan, len(text), whole=whole)
    borders = [stretch.end for stretch in found]
    if _unit(plan) in ("word", "subword"):
        borders = [_between(text, border) for border in borders]
    starts = [found[0].start, *borders[:-1]]
    pieces = zip(found, starts, borders)
    return [Piece(one.part, start, text[start:end]) for one, start, end in pieces]


def _between(text: str, at: int) -> int:
    for near in range(at, min(at + _NEAR, len(text))):
        if text[near].isspace():
            return near
    return at


def found_text(plan: DataPlan, request: Request, path: Path) -> Found:
    """The windows of a text file.

    Raises:
        Refusal: it cannot be read, or a part is shorter than a window.
    """
    text, window = read_text(plan, path), whole_number(plan, "window", WINDOW)
    pieces = _pieces(plan, text, request.whole)
    learnt = [piece.text for piece in pieces if piece.part == "train"] or [text]
    known = fit_vocabulary(plan, request, "text", learnt)
    encode = encoder(known)
    values, starts, counts, marks = [], [], [], []
    at = 0
    for piece in pieces:
        ids = encode(piece.text)
        count = (len(ids) - 1) // window
        if count < 1:
            raise _short(plan, path.name, piece.part, len(ids), window)
        values.append(ids)
        starts.append(at + np.arange(count, dtype=np.int64) * window)
        counts.append((piece.part, count))
        marks.append((piece.part, mark(ids.tobytes())))
        at += len(ids)
    whole, first = np.concatenate(values), np.concatenate(starts)
    if (whole == whole[0]).all():
        unit = known.tokens[int(whole[0])]
        message = f"`{path.name}` is made of one unit, {unit!r}: nothing to tell apart"
        raise refusal(SHORT, plan, message, "take another text, or another `unit=`")
    kind = TensorType((window,), "int64")
    ready = Ready(
        (
            Field("text", "input", "text", kind),
            Field("next", "target", "tokens", kind, known.tokens),
        ),
        {"text": Windows(whole, first, window), "next": Windows(whole, first + 1, window)},
        (("vocab", len(known.tokens)),),
        (("text", known),),
    )
    notes = _unknown(known, pieces, values)
    if path.suffix.lower() in TABLES:
        notes += (f"`{path.name}` is read as one text; `column=` and `target=` read a table",)
    return Found(
        samples=len(first),
        keys=(),
        contents=(),
        name=lambda row: f"{path.name} token {int(first[row]) + 1:,}",
        finish=lambda train: ready,
        notes=notes,
        division=division(counts, rule(plan, whole=request.whole), marks),
        follow=plan.option("carry") is True,
    )


def _unknown(known: Vocabulary, pieces: list[Piece], values: list[Ids]) -> tuple[str, ...]:
    """How much of each part the vocabulary does not have, where it is worth a line."""
    return tuple(
        note
        for piece, ids in zip(pieces, values)
        for note in _beyond(known, ids, f"{piece.part}: ")
    )


def _beyond(known: Vocabulary, ids: Ids, of: str = "") -> tuple[str, ...]:
    gone = int((ids == 0).sum()) if known.unit in ("char", "word") else 0
    if not gone:
        return ()
    what = {"char": "characters", "word": "words"}[known.unit]
    return (f"{of}{gone:,} {what} ({gone / len(ids):.2%}) are not in the vocabulary",)


def _short(plan: DataPlan, name: str, part: str, length: int, window: int) -> Exception:
    units = f"{length:,} unit{'s' * (length != 1)}"
    message = f"the {part} part of `{name}` has {units}; a window needs {window + 1:,}"
    help = f"write a smaller `window=`, at most {length - 1:,}, or another `split`"
    if length < 2:
        help = "take a longer text, or another `split`"
    return refusal(SHORT, plan, message, help)


# --- texts in a table -----------------------------------------------------------------------------


def _labelled(plan: DataPlan, request: Request, path: Path) -> Found:
    column, (target_name, *more) = text_option(plan, "column"), target_names(plan) or ("",)
    if not target_name or more:
        message = "a table of texts is learnt with one target column"
        raise refusal(TARGET, plan, message, 'add `target="COLUMN"`')
    whole = read_frame(path)
    frame, skipped = complete_rows(plan, whole, (target_name,), column)
    name = row_name(frame, skipped)
    texts = [text or "" for text in words(frame.column(column))]
    if not texts:
        raise BadTable(f"`{path.name}` has no row")
    target = target_column(plan, request, frame, target_name, True)
    keys = frame.contents()

    def finish(train: Rows) -> Ready:
        known = fit_vocabulary(plan, request, "text", [texts[int(row)] for row in train])
        rows = _numbered(plan, encoder(known), texts, name)
        field = Field(
            "text",
            "input",
            "text",
            TensorType((int(rows.lengths.max()),), "int64"),
            columns=(column,),
            padded=True,
            shortest=int(rows.lengths.min()),
        )
        length, counted = length_of("text", rows.lengths)
        columns: dict[str, Column] = {"text": rows, length.name: counted}
        columns[target_name] = target.column
        return Ready(
            (field, length, target.field),
            columns,
            (("vocab", len(known.tokens)),),
            (("text", known), *number_front(plan, request, target, train)),
            _beyond(known, rows.values),
        )

    return Found(
        samples=frame.rows,
        keys=keys,
        contents=keys,
        name=name,
        finish=finish,
        targets=(target,),
        lookup=lambda asked: words(frame.column(asked)) if asked in frame.columns else None,
        skipped=tuple(skipped),
        notes=frame.notes,
    )


def _numbered(
    plan: DataPlan, encode: Encode, texts: list[str], name: Callable[[int], str]
) -> Ragged:
    """The texts as numbers.

    Raises:
        Refusal: one of them holds no unit: nothing can be read of it.
    """
    rows = ragged([encode(text) for text in texts], np.zeros(0, dtype=np.int32))
    empty = np.flatnonzero(rows.lengths == 0)
    if len(empty):
        help = "write a text, or remove the row"
        raise refusal(SHORT, plan, f"{name(int(empty[0]))} holds an empty text", help)
    return rows
