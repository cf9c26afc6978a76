"""`images("DIR")`: class folders and flat folders, with or without part folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nnc.ir.plan import DataPlan, Field
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Found, Ready, Request, Target
from nnc.train.data.fronts import pixels
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.named import by_word, kept, named
from nnc.train.data.pictures import ENDINGS
from nnc.train.data.places import folder, identity, listing, shown, subfolders
from nnc.train.data.rules import LAYOUT, refusal, some
from nnc.train.data.store import Form, Loaded, form_of, load
from nnc.train.data.targets import class_field

PART_FOLDERS = {
    "train": 0,
    "training": 0,
    "val": 1,
    "valid": 1,
    "validation": 1,
    "dev": 1,
    "test": 2,
    "testing": 2,
}


class Laid(NamedTuple):
    """Pictures in a folder: each with its part (-1 none) and its path below the part's folder."""

    files: tuple[str, ...]
    parts: Array | None
    inner: tuple[str, ...]
    notes: tuple[str, ...]


def laid(
    plan: DataPlan, root: Path, endings: frozenset[str] = ENDINGS, what: str = "picture"
) -> Laid:
    """The files of a folder and the parts that its subfolders make.

    Args:
        what: the files are called.

    Raises:
        Refusal: there is none.
    """
    found = listing(root, endings)
    if not found.files:
        other = some([f"{ending}" for ending, _ in found.others.most_common(3)])
        more = [f"it holds files with the endings {other}"] if found.others else []
        raise refusal(LAYOUT, plan, f"no {what} below `{shown(plan.path)}`", "", *more)
    notes: tuple[str, ...] = ()
    if found.others:
        count = sum(found.others.values())
        other = ", ".join(ending for ending, _ in found.others.most_common(3))
        notes = (f"{count} files that are no {what}s were not read ({other})",)
    names = subfolders(root)
    inside = {name: PART_FOLDERS[name.lower()] for name in names if name.lower() in PART_FOLDERS}
    if not inside or (0 not in inside.values() and len(inside) < len(names)):
        return Laid(found.files, None, found.files, notes)
    kept = [file for file in found.files if file.split("/", 1)[0] in inside]
    outside = len(found.files) - len(kept)
    if outside:
        notes += (f"{outside} {what}s outside {some(sorted(inside))} were not read",)
    parts = np.array([inside[file.split("/", 1)[0]] for file in kept], dtype=np.int8)
    inner = tuple(file.split("/", 1)[1] for file in kept)
    return Laid(tuple(kept), parts, inner, notes)


def open_images(plan: DataPlan, request: Request) -> Found:
    """Pictures in class folders, or without classes.

    Raises:
        Refusal: what is there cannot be read, or not in this way.
    """
    root = folder(plan, plan.path)
    here = laid(plan, root)
    told = named(plan, here.files)
    classes = class_folders(plan, here) if told is None else told["label"]
    loaded = load(plan, root, here.files, form_of(plan, request, root, here.files))
    files = [here.files[int(at)] for at in loaded.rows]
    target = None
    if classes is not None:
        values = [classes[int(at)] for at in loaded.rows]
        target = class_field(plan, request, "label", values, lambda at: files[at])
    found = found_pictures(plan, loaded, here, [] if target is None else [target])
    return found._replace(lookup=by_word(kept(told, loaded.rows), level_of(files)))


def class_folders(plan: DataPlan, here: Laid, what: str = "picture") -> list[str] | None:
    """The class of each file, or None where they lie flat.

    Raises:
        Refusal: some lie flat.
    """
    flat = [file for file, inner in zip(here.files, here.inner) if "/" not in inner]
    if len(flat) == len(here.files):
        return None
    if flat:
        raise refusal(
            LAYOUT,
            plan,
            f"`{flat[0]}` lies beside the class folders",
            "move it into the folder of its class",
            *([f"{len(flat)} {what}s do"] if len(flat) > 1 else []),
        )
    return [inner.split("/", 1)[0] for inner in here.inner]


def picture_field(name: str, form: Form) -> Field:
    """The input field of pictures brought to a form."""
    return Field(name, "input", "image", TensorType(form.shape, "uint8"))


def found_pictures(plan: DataPlan, loaded: Loaded, here: Laid, targets: Sequence[Target]) -> Found:
    """Pictures with their targets; `here` is of before files were skipped."""
    kept = loaded.rows
    files = [here.files[int(at)] for at in kept]
    parts = None if here.parts is None else here.parts[kept]

    def finish(train: Rows) -> Ready:
        columns: dict[str, Column] = {"image": loaded.column}
        columns |= {target.field.name: target.column for target in targets}
        front = pixels(plan, loaded.column, loaded.column.form.channels, train)
        fields = (picture_field("image", loaded.column.form), *(t.field for t in targets))
        return Ready(fields, columns, fronts=(("image", front),))

    return Found(
        samples=len(files),
        keys=[identity(file) for file in files],
        contents=[identity(file) + stamp for file, stamp in zip(files, loaded.stamps)],
        name=lambda at: files[at],
        finish=finish,
        targets=tuple(targets),
        carried=parts,
        carried_rule="by folders",
        lookup=level_of(files),
        files=True,
        converted=loaded.converted,
        skipped=loaded.skipped,
        notes=here.notes,
    )


def level_of(files: Sequence[str]) -> Callable[[str], Sequence[str | None] | None]:
    """`group "folder"`: the folder that holds a file; `group "2"`: the second on its path."""

    def lookup(name: str) -> Sequence[str | None] | None:
        if name == "folder":
            return [file.rpartition("/")[0] for file in files]
        if name.isascii() and name.isdigit() and name != "0":
            level = int(name)
            if all(file.count("/") >= level for file in files):
                return ["/".join(file.split("/")[:level]) for file in files]
        return None

    return lookup
