"""`images("DIR", labels="l.csv", ...)`: pictures whose targets stand in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnc.ir.plan import DataPlan
from nnc.train.data.found import Found, Request
from nnc.train.data.frame import Frame, read_frame
from nnc.train.data.images import PART_FOLDERS, Laid, found_pictures, level_of
from nnc.train.data.kinds import words
from nnc.train.data.pictures import ENDINGS
from nnc.train.data.places import folder, listing, located, stem
from nnc.train.data.rules import COLUMN, PARTNER, refusal, some
from nnc.train.data.store import form_of, load
from nnc.train.data.tables import speaking
from nnc.train.data.targets import complete_rows, target_column, target_names, text_option

_FILE_COLUMNS = ("file", "path", "filename", "file_name", "image", "audio", "name")


def open_labelled(plan: DataPlan, request: Request) -> Found:
    """Pictures in the order of a table's rows.

    Raises:
        Refusal: the table cannot be read, or a row names a picture that is not there.
    """
    root = folder(plan, plan.path)
    path = located(plan, text_option(plan, "labels"), beside=root)
    with speaking(plan, path.name):
        whole = read_frame(path)
        column = file_column(plan, whole)
        wanted = target_names(plan) or only_target(plan, whole, column)
        frame, incomplete = complete_rows(plan, whole, (column, *wanted))
        here, unused = files_of(plan, root, frame, column)
        loaded = load(plan, root, here.files, form_of(plan, request, root, here.files))
        kept = frame.keep([int(at) for at in loaded.rows])
        targets = [target_column(plan, request, kept, n, len(wanted) == 1) for n in wanted]
        found = found_pictures(plan, loaded, here, targets)
        rows = kept.contents()
    level = level_of([here.files[int(at)] for at in loaded.rows])

    def lookup(name: str) -> Sequence[str | None] | None:
        return words(kept.column(name)) if name in kept.columns else level(name)

    notes = (f"{unused} pictures without a row were not read",) if unused else ()
    return found._replace(
        lookup=lookup,
        contents=[one + row for one, row in zip(found.contents, rows)],
        skipped=(*found.skipped, *incomplete),
        notes=(*whole.notes, *notes),
    )


def file_column(plan: DataPlan, frame: Frame, what: str = "picture") -> str:
    """The column that names the files: the one of `file=`, or one of a usual name.

    Raises:
        Refusal: there is none.
    """
    asked = text_option(plan, "file")
    if asked:
        frame.column(asked)
        return asked
    for name in _FILE_COLUMNS:
        if name in frame.columns:
            return name
    message = f"nothing says which column of `{frame.name}` names the {what}s"
    has = some(list(frame.names), 12)
    raise refusal(COLUMN, plan, message, f'write `file="..."`; its columns are {has}')


def only_target(plan: DataPlan, frame: Frame, file: str) -> tuple[str, ...]:
    """The one column that is left to be learnt.

    Raises:
        Refusal: there are several, or none.
    """
    used = {file, plan.split.group, *(str(v) for v in plan.split.values)}
    rest = [name for name in frame.names if name not in used]
    if len(rest) == 1:
        return (rest[0],)
    message = f"nothing says which column of `{frame.name}` is the target"
    raise refusal(COLUMN, plan, message, f'write `target=["..."]`; there are {some(rest, 12)}')


def files_of(
    plan: DataPlan,
    root: Path,
    frame: Frame,
    column: str,
    endings: frozenset[str] = ENDINGS,
    what: str = "picture",
) -> tuple[Laid, int]:
    """The file of each row, and how many files have no row.

    Raises:
        Refusal: a file is missing, or has two rows.
    """
    there = listing(root, endings).files
    exact, by_stem = set(there), {stem(file): file for file in there}
    files: list[str] = []
    for at, text in enumerate(words(frame.column(column))):
        asked = (text or "").replace("\\", "/").removeprefix("./")
        file = asked if asked in exact else by_stem.get(asked)
        if file is None:
            message = f"row {at + 1} of `{frame.name}` names `{text}`, which is no {what} there"
            advice = f"paths in the column `{column}` are relative to `{plan.path}`"
            raise refusal(PARTNER, plan, message, advice)
        files.append(file)
    doubled = [file for file, count in Counter(files).items() if count > 1]
    if doubled:
        raise refusal(PARTNER, plan, f"`{frame.name}` has several rows for `{doubled[0]}`")
    parts = [PART_FOLDERS.get(file.split("/", 1)[0].lower(), -1) for file in files]
    carried = np.array(parts, dtype=np.int8) if parts and min(parts) >= 0 else None
    return Laid(tuple(files), carried, tuple(files), ()), len(there) - len(files)
