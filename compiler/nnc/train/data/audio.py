"""`audio("DIR")`: sounds in class folders, or with a table of targets, also of what is said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import DataPlan, Field, Front
from nnc.ir.types import TensorType
from nnc.ir.vocabulary import Vocabulary
from nnc.train.data import limits
from nnc.train.data.found import Column, Found, Ready, Request, Target, pool
from nnc.train.data.frame import read_frame
from nnc.train.data.images import Laid, class_folders, laid, level_of
from nnc.train.data.keyed import Rows
from nnc.train.data.kinds import words
from nnc.train.data.labelled import file_column, files_of, only_target
from nnc.train.data.named import by_word, kept, named
from nnc.train.data.pictures import Unreadable
from nnc.train.data.places import folder, identity, located
from nnc.train.data.ragged import length_of, ragged
from nnc.train.data.rules import SHORT, SOUND, UNREADABLE, refusal
from nnc.train.data.sounds import ENDINGS, Heard, Samples, Sounds, head, read_sound
from nnc.train.data.store import ends_of
from nnc.train.data.tables import number_front, speaking
from nnc.train.data.targets import (
    class_field,
    complete_rows,
    target_column,
    target_names,
    text_option,
)
from nnc.train.data.texts import whole_number
from nnc.train.data.units import encoder, fitted, of_transcripts

WHAT = "sound"


class Listened(NamedTuple):
    """Sounds that can be read.

    Attributes:
        rows: their places among the files that were asked for; skipped: the names of the others.
    """

    column: Sounds
    lengths: Rows
    rows: Rows
    rate: int
    stamps: tuple[bytes, ...]
    converted: int
    skipped: tuple[str, ...]
    notes: tuple[str, ...]


def open_audio(plan: DataPlan, request: Request) -> Found:
    """Sounds of a folder with their targets.

    Raises:
        Refusal: a file cannot be read, is at another rate, or a row names one that is not there.
    """
    root = folder(plan, plan.path)
    if plan.option("labels"):
        return _tabled(plan, request, root)
    here = laid(plan, root, ENDINGS, WHAT)
    told = named(plan, here.files)
    classes = class_folders(plan, here, WHAT) if told is None else told["label"]
    heard = _listened(plan, root, here.files)
    files = [here.files[int(at)] for at in heard.rows]
    targets = []
    if classes is not None:
        values = [classes[int(at)] for at in heard.rows]
        targets = [class_field(plan, request, "label", values, lambda at: files[at])]
    found = _found(plan, request, here, heard, targets, None)
    if classes is None and len({file.partition("_")[0] for file in files}) * 2 <= len(files):
        said = 'lies in no class folder; where names of files tell classes, write `names="label_*"`'
        found = found._replace(notes=(*found.notes, f"`{files[0]}` {said}"))
    return found._replace(lookup=by_word(kept(told, heard.rows), level_of(files)))


def _tabled(plan: DataPlan, request: Request, root: Path) -> Found:
    """Sounds in the order of a table's rows; with `unit=` the target is what is said."""
    path = located(plan, text_option(plan, "labels"), beside=root)
    with speaking(plan, path.name):
        whole = read_frame(path)
        column = file_column(plan, whole, WHAT)
        wanted = target_names(plan) or only_target(plan, whole, column)
        frame, incomplete = complete_rows(plan, whole, (column, *wanted))
        here, unused = files_of(plan, root, frame, column, ENDINGS, WHAT)
        heard = _listened(plan, root, here.files)
        kept = frame.keep([int(at) for at in heard.rows])
        said: tuple[str, list[str]] | None = None
        targets: list[Target] = []
        if text_option(plan, "unit"):
            said = wanted[0], [text or "" for text in words(kept.column(wanted[0]))]
        else:
            targets = [target_column(plan, request, kept, n, len(wanted) == 1) for n in wanted]
        found = _found(plan, request, here, heard, targets, said)
        rows = kept.contents()
    notes = (f"{unused} sounds without a row were not read",) if unused else ()
    return found._replace(
        contents=[one + row for one, row in zip(found.contents, rows)],
        lookup=lambda name: words(kept.column(name)) if name in kept.columns else None,
        skipped=(*found.skipped, *incomplete),
        notes=(*whole.notes, *found.notes, *notes),
    )


# --- files ----------------------------------------------------------------------------------------


def _listened(plan: DataPlan, root: Path, files: tuple[str, ...]) -> Listened:
    """Looks at each file; reads what fits in memory.

    Raises:
        Refusal: a file cannot be read and nothing says to skip it, or is at another rate.
    """

    def look(name: str) -> Heard | Unreadable:
        try:
            return head(root / name, name)
        except Unreadable as error:
            return error

    heads = list(pool().map(look, files))
    _whole(plan, files, heads)
    rate = _rate(plan, files, [h for h in heads if isinstance(h, Heard)])
    total = sum(h.length(rate) for h in heads if isinstance(h, Heard))

    def hear(at: int) -> Samples | Unreadable | None:
        if not isinstance(heads[at], Heard):
            return None
        try:
            return read_sound(root / files[at], files[at], rate)
        except Unreadable as error:
            return error

    kept: dict[int, Samples] = {}
    if total * 4 <= limits.CACHE_BYTES:
        for at, sound in enumerate(pool().map(hear, range(len(files)))):
            if isinstance(sound, Unreadable):
                heads[at] = sound
            elif sound is not None:
                kept[at] = sound
        _whole(plan, files, heads)
    good = [at for at, one in enumerate(heads) if isinstance(one, Heard)]
    lengths = [one.length(rate) for one in heads if isinstance(one, Heard)]
    names = tuple(files[at] for at in good)
    counted = np.array(lengths, dtype=np.int64)
    numbered = {new: kept[at] for new, at in enumerate(good) if at in kept}
    converted, notes = _converted([h for h in heads if isinstance(h, Heard)], rate)
    return Listened(
        Sounds(root, names, rate, counted, numbered),
        counted,
        np.array(good, dtype=np.int64),
        rate,
        tuple(ends_of(root / name) for name in names),
        converted,
        tuple(files[at] for at, one in enumerate(heads) if not isinstance(one, Heard)),
        notes,
    )


def _converted(heads: list[Heard], rate: int) -> tuple[int, tuple[str, ...]]:
    """How many files are not read as they are, and what is done to them."""
    done = (
        (sum(h.channels > 1 for h in heads), "of several channels: their mean is read"),
        (sum(h.rate != rate for h in heads), f"brought to {rate:,} samples a second"),
    )
    notes = tuple(f"{n:,} sound{'s' * (n > 1)} {said}" for n, said in done if n)
    return sum(h.rate != rate or h.channels > 1 for h in heads), notes


def _whole(plan: DataPlan, files: tuple[str, ...], heads: list[Heard | Unreadable]) -> None:
    bad = [one for one in heads if isinstance(one, Unreadable)]
    if bad and (plan.on_error != "skip" or len(bad) == len(files)):
        more = [f"{len(bad)} files cannot be read"] if len(bad) > 1 else []
        advice = "repair or remove it, or write `on_error skip` in the data block"
        raise refusal(UNREADABLE, plan, str(bad[0]), advice, *more)


def _rate(plan: DataPlan, files: tuple[str, ...], heads: list[Heard]) -> int:
    """The rate of all: what `rate=` says, or the one that they have."""
    counts = Counter(h.rate for h in heads)
    wanted = whole_number(plan, "rate", counts.most_common(1)[0][0])
    other = {rate: count for rate, count in counts.items() if rate != wanted}
    if other and plan.option("resample") is not True:
        at = next(at for at, h in enumerate(heads) if h.rate != wanted)
        asked = f"`rate` says {wanted:,}" if plan.option("rate") else f"others {wanted:,}"
        name = files[at] if len(files) == len(heads) else "a file"
        message = f"`{name}` has {heads[at].rate:,} samples a second, {asked}"
        help = "write `resample=true` to bring all to one rate, or the files' own as `rate=`"
        more = [f"{sum(other.values()):,} files differ"] if sum(other.values()) > 1 else []
        raise refusal(SOUND, plan, message, help, *more)
    return wanted


# --- fields ---------------------------------------------------------------------------------------


def _found(
    plan: DataPlan,
    request: Request,
    here: Laid,
    heard: Listened,
    targets: list[Target],
    said: tuple[str, list[str]] | None,
) -> Found:
    files = [here.files[int(at)] for at in heard.rows]
    kind = TensorType((int(heard.lengths.max(initial=1)),))
    shortest = int(heard.lengths.min()) if len(files) else 0
    field = Field("audio", "input", "sound", kind, padded=True, shortest=shortest)
    length, counted = length_of("audio", heard.lengths)

    def finish(train: Rows) -> Ready:
        columns: dict[str, Column] = {"audio": heard.column, length.name: counted}
        columns |= {target.field.name: target.column for target in targets}
        fields = [field, length, *(t.field for t in targets)]
        sizes = [("rate", heard.rate)]
        fronts = [one for t in targets for one in number_front(plan, request, t, train)]
        if said is not None:
            sizes.append(_add_said(plan, request, said, files, train, fields, columns, fronts))
        return Ready(tuple(fields), columns, tuple(sizes), tuple(fronts))

    return Found(
        samples=len(files),
        keys=[identity(file) for file in files],
        contents=[identity(file) + stamp for file, stamp in zip(files, heard.stamps)],
        name=lambda at: files[at],
        finish=finish,
        targets=tuple(targets),
        carried=None if here.parts is None else here.parts[heard.rows],
        carried_rule="by folders",
        lookup=level_of(files),
        files=True,
        converted=heard.converted,
        skipped=heard.skipped,
        notes=(*here.notes, *heard.notes),
    )


def _add_said(
    plan: DataPlan,
    request: Request,
    said: tuple[str, list[str]],
    files: list[str],
    train: Rows,
    fields: list[Field],
    columns: dict[str, Column],
    fronts: list[tuple[str, Front]],
) -> tuple[str, int]:
    """The field of what is said in each sound, and the size of its vocabulary."""
    name, texts = said
    known = request.like.front(name) if request.like is not None else None
    if not isinstance(known, Vocabulary):
        most = whole_number(plan, "vocab", 1) if plan.option("vocab") is not None else None
        learnt = [texts[int(row)] for row in train]
        known = of_transcripts(fitted(text_option(plan, "unit"), learnt, most))
    encode = encoder(known)
    rows = ragged([encode(text) for text in texts], np.zeros(0, dtype=np.int32))
    if (rows.lengths == 0).any():
        at = int(np.flatnonzero(rows.lengths == 0)[0])
        raise refusal(SHORT, plan, f"nothing is said in `{files[at]}`: its `{name}` is empty")
    kind = TensorType((int(rows.lengths.max()),), "int64")
    length, counted = length_of(name, rows.lengths)
    shortest = int(rows.lengths.min())
    told = Field(name, "target", "transcript", kind, known.tokens, (name,), True, shortest)
    fields += [told, length]
    columns |= {name: rows, length.name: counted}
    fronts.append((name, known))
    return "vocab", len(known.tokens)
