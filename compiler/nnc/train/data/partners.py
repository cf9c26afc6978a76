"""Pictures that go with pictures: `images(..., masks="DIR")` and `images(pairs=("A", "B"))`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnc.ir.plan import DataPlan, Field
from nnc.ir.types import TensorType
from nnc.train.data.found import Found, Ready, Renumbered, Request, Target
from nnc.train.data.fronts import pixels
from nnc.train.data.images import Laid, found_pictures, laid, picture_field
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.places import folder, listing, stem
from nnc.train.data.rules import OPTION, PARTNER, refusal
from nnc.train.data.store import Loaded, form_of, load
from nnc.train.data.targets import known_classes, unknown_class


def _partners(plan: DataPlan, files: Sequence[str], there: Sequence[str], what: str) -> list[str]:
    """The file of the same name, whatever the ending, for each file.

    Raises:
        Refusal: one has none.
    """
    by_stem = {stem(file): file for file in there}
    if len(by_stem) < len(there):
        doubled = next(file for file in there if by_stem[stem(file)] != file)
        raise refusal(PARTNER, plan, f"`{what}` has two files named `{stem(doubled)}`")
    missing = [file for file in files if stem(file) not in by_stem]
    if missing:
        raise refusal(
            PARTNER,
            plan,
            f"`{missing[0]}` has no partner in `{what}`",
            f"expected `{stem(missing[0])}` with any picture's ending",
            *([f"{len(missing)} pictures have none"] if len(missing) > 1 else []),
        )
    return [by_stem[stem(file)] for file in files]


def _same_rows(first: Loaded, second: Loaded) -> tuple[Loaded, Loaded]:
    """Two lists of pictures without those that either had to skip."""
    if not first.skipped and not second.skipped:
        return first, second
    both = np.intersect1d(first.rows, second.rows)
    return _narrow(first, both), _narrow(second, both)


def _narrow(loaded: Loaded, rows: Rows) -> Loaded:
    kept = np.searchsorted(loaded.rows, rows)
    return Loaded(
        loaded.column.keep(kept),
        rows,
        tuple(loaded.headers[int(i)] for i in kept),
        tuple(loaded.stamps[int(i)] for i in kept),
        loaded.values[kept],
        loaded.skipped,
    )


def open_masks(plan: DataPlan, request: Request) -> Found:
    """Pictures with a mask each, found by name in another folder.

    Raises:
        Refusal: a picture has no mask, or a mask another size than its picture.
    """
    root = folder(plan, plan.path)
    name = str(plan.option("masks"))
    masks_root = folder(plan, name, beside=root)
    here = laid(plan, root)
    if masks_root.is_relative_to(root) and masks_root != root:
        here = _without_folder(here, masks_root.relative_to(root).as_posix())
    partners = _partners(plan, here.files, listing(masks_root).files, name)
    form = form_of(plan, request, root, here.files)
    pictures, masks = _same_rows(
        load(plan, root, here.files, form),
        load(plan, masks_root, partners, form._replace(channels=0)),
    )
    for at, (one, other) in enumerate(zip(pictures.headers, masks.headers)):
        if (one.height, one.width) != (other.height, other.width):
            file = here.files[int(pictures.rows[at])]
            raise refusal(
                PARTNER,
                plan,
                f"the mask of `{file}` has another size than the picture",
                "",
                f"{other.width}x{other.height} instead of {one.width}x{one.height}",
            )
    target = mask_target(plan, request, masks, [here.files[int(i)] for i in masks.rows])
    found = found_pictures(plan, pictures, here, [target])
    contents = [one + other for one, other in zip(found.contents, masks.stamps)]
    return found._replace(contents=contents, skipped=(*pictures.skipped, *masks.skipped))


def _without_folder(here: Laid, name: str) -> Laid:
    kept = [at for at, file in enumerate(here.files) if not file.startswith(f"{name}/")]
    parts = None if here.parts is None else here.parts[kept]
    files = tuple(here.files[at] for at in kept)
    return Laid(files, parts, tuple(here.inner[at] for at in kept), here.notes)


def mask_target(plan: DataPlan, request: Request, masks: Loaded, files: Sequence[str]) -> Target:
    """The target of masks: classes are the values that occur, or the setting `classes` names them.

    Raises:
        Refusal: a value belongs to no class.
    """
    form = masks.column.form
    labels, table = _mask_classes(plan, request, masks.values, files)
    kind = TensorType((form.height, form.width), "int64")
    present = np.zeros((len(files), len(labels)), dtype=np.bool_)
    for value in np.flatnonzero(masks.values.any(axis=0)):
        present[:, table[value]] |= masks.values[:, value]
    field = Field("mask", "target", "mask", kind, labels)
    return Target(field, Renumbered(masks.column, table), present=present)


def _mask_classes(
    plan: DataPlan, request: Request, values: Array, files: Sequence[str]
) -> tuple[tuple[str, ...], Array]:
    """Class names, and the id of each of the 256 values."""
    occurring = [int(value) for value in np.flatnonzero(values.any(axis=0))]
    known = known_classes(plan, request, "mask")
    if not known:
        labels = tuple(str(value) for value in occurring)
        ids = {value: at for at, value in enumerate(occurring)}
    else:
        labels = known
        ids = _numbered(known)
    table = np.zeros(256, dtype=np.int64)
    for value in occurring:
        if value not in ids:
            file = files[int(values[:, value].argmax())]
            raise unknown_class(plan, request, str(value), f"mask of {file}", labels)
        table[value] = ids[value]
    return labels, table


def _numbered(known: tuple[str, ...]) -> dict[int, int]:
    """The pixel value of each class: its name if names are numbers, else its place (or 255)."""
    if all(name.isascii() and name.isdigit() for name in known):
        return {int(name): at for at, name in enumerate(known)}
    ids = {at: at for at in range(len(known))}
    return ids | {255: 1} if len(known) == 2 else ids


def open_pairs(plan: DataPlan, request: Request) -> Found:
    """Two folders of pictures, joined by name: inputs `a` and `b`.

    Raises:
        Refusal: a picture has no partner.
    """
    names = plan.option("pairs")
    if not isinstance(names, tuple | list) or len(names) != 2:
        raise refusal(OPTION, plan, "`pairs=` takes two folders", 'pairs=("A", "B")')
    first, second = (folder(plan, str(name)) for name in names)
    here = laid(plan, first)
    partners = _partners(plan, here.files, listing(second).files, str(names[1]))
    a, b = _same_rows(
        load(plan, first, here.files, form_of(plan, request, first, here.files)),
        load(plan, second, partners, form_of(plan, request, second, partners)),
    )
    found = found_pictures(plan, a, here, [])

    def finish(train: Rows) -> Ready:
        both = (("a", a.column), ("b", b.column))
        fields = tuple(picture_field(name, column.form) for name, column in both)
        fronts = tuple((n, pixels(plan, c, c.form.channels, train)) for n, c in both)
        return Ready(fields, dict(both), fronts=fronts)

    contents = [one + other for one, other in zip(found.contents, b.stamps)]
    skipped = (*a.skipped, *b.skipped)
    return found._replace(finish=finish, contents=contents, skipped=skipped)
