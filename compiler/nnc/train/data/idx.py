"""`idx("DIR")`: MNIST's binary files (yann.lecun.com/exdb/mnist), plain or `.gz`."""

from __future__ import annotations

import gzip
import re
import zlib
from hashlib import blake2b
from pathlib import Path

import numpy as np

from nnc.ir.plan import DataPlan, Field
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Found, Ready, Request, Stored
from nnc.train.data.fronts import pixels
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.limits import most_bytes
from nnc.train.data.pictures import Pixels8, as_array, coloured, from_array, resized
from nnc.train.data.places import folder, shown
from nnc.train.data.rules import BINARY, LAYOUT, MEMORY, refusal
from nnc.train.data.store import Form, wanted
from nnc.train.data.targets import class_field

_NAME = re.compile(
    r"(?:.*[-_])?(train|val|valid|validation|t10k|test)[-_](images|labels)[-_.]idx\d[-_.]ubyte(\.gz)?",
    re.IGNORECASE,
)
_PARTS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "t10k": 2, "test": 2}
_MOST_SQUEEZED = 1032  # what DEFLATE reaches at best


def open_idx(plan: DataPlan, request: Request) -> Found:
    """Pictures and labels of idx files; `t10k` is the test part.

    Raises:
        Refusal: files are missing, malformed or do not fit each other.
    """
    root = folder(plan, plan.path)
    images: list[Pixels8] = []
    labels: list[Array] = []
    parts: list[Array] = []
    for part, pair in sorted(_pairs(plan, root).items()):
        pixels8, values = read_idx(plan, pair["images"]), read_idx(plan, pair["labels"])
        if pixels8.ndim not in (3, 4) or values.ndim != 1 or len(pixels8) != len(values):
            message = f"`{pair['images'].name}` holds {len(pixels8)} pictures"
            message += f", `{pair['labels'].name}` {len(values)} labels"
            raise refusal(BINARY, plan, message)
        images.append(pixels8 if pixels8.ndim == 4 else pixels8[:, None])
        labels.append(values)
        parts.append(np.full(len(values), part, dtype=np.int8))
    if len({one.shape[1:] for one in images}) > 1:
        raise refusal(BINARY, plan, f"the parts in `{shown(plan.path)}` differ in picture size")
    carried = np.concatenate(parts)
    alone = not carried.any()
    return found_arrays(
        plan,
        request,
        np.concatenate(images),
        [str(value) for value in np.concatenate(labels).tolist()],
        None if alone else carried,
        "t10k is test",
    )


def has_idx(root: Path) -> bool:
    """Idx files lie in the folder."""
    return any(_NAME.fullmatch(path.name) for path in root.iterdir())


def _pairs(plan: DataPlan, root: Path) -> dict[int, dict[str, Path]]:
    found: dict[int, dict[str, Path]] = {}
    for path in sorted(root.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match is None or not path.is_file():
            continue
        pair = found.setdefault(_PARTS[match[1].lower()], {})
        kind = match[2].lower()
        # The same file stands there plain and packed: either will do.
        if kind in pair and pair[kind].name.removesuffix(".gz") != path.name.removesuffix(".gz"):
            message = f"`{pair[kind].name}` and `{path.name}` are both {match[1]} {kind}"
            raise refusal(LAYOUT, plan, message, "keep one data set in a folder")
        pair.setdefault(kind, path)
    if not found:
        message = f"no idx file in `{shown(plan.path)}`"
        raise refusal(LAYOUT, plan, message, "expected `train-images-idx3-ubyte`, also with `.gz`")
    for pair in found.values():
        for kind, other in (("images", "labels"), ("labels", "images")):
            if kind not in pair:
                raise refusal(LAYOUT, plan, f"`{pair[other].name}` lies there without its {kind}")
    return found


def read_idx(plan: DataPlan, path: Path) -> Pixels8:
    """The array of bytes in an idx file.

    Raises:
        Refusal: it is cut off, too long, or no idx file of bytes.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != b"\0\0\x08" or not 1 <= head[3] <= 4:
                raise refusal(BINARY, plan, f"`{path.name}` is no idx file of bytes")
            sizes = np.frombuffer(file.read(4 * head[3]), dtype=">u4").astype(int).tolist()
            count = int(np.prod(sizes, dtype=object)) if len(sizes) == head[3] else -1
            if count > min(most_bytes(), path.stat().st_size * _MOST_SQUEEZED):
                message = f"`{path.name}` says it holds {count:,} bytes"
                raise refusal(MEMORY, plan, message)
            data = file.read(count + 1) if count >= 0 else b""
    except (OSError, EOFError, zlib.error) as error:
        raise refusal(BINARY, plan, f"cannot read `{path.name}`: {_reason(error)}") from None
    if len(data) != count:
        much = "longer" if len(data) > count else "shorter"
        raise refusal(BINARY, plan, f"`{path.name}` is {much} than its header says")
    return np.frombuffer(data, dtype=np.uint8).reshape(sizes)


def _reason(error: Exception) -> str:
    return (
        error.strerror if isinstance(error, OSError) and error.strerror else "the file is damaged"
    )


def brought(plan: DataPlan, request: Request, images: Pixels8) -> tuple[Pixels8, Form]:
    """Pictures [n, C, H, W] in memory brought to what the network takes, by the rules of files.

    Raises:
        Refusal: they would not fit in memory.
    """
    channels, size = wanted(plan, request)
    height, width = size or (images.shape[2], images.shape[3])
    fit = plan.fit if plan.fit in ("pad", "stretch") else "crop"
    form = Form(channels or images.shape[1], height, width, fit)  # type: ignore[arg-type]
    if form.shape == images.shape[1:]:
        return images, form
    if len(images) * int(np.prod(form.shape)) > most_bytes():
        message = f"{len(images):,} pictures of {width}x{height} do not fit in memory"
        raise refusal(MEMORY, plan, message, "write a smaller `size`")
    out = np.empty((len(images), *form.shape), dtype=np.uint8)
    for at, picture in enumerate(images):
        image = coloured(from_array(picture), form.channels)
        out[at] = as_array(resized(image, (height, width), form.fit))
    return out, form


def found_arrays(
    plan: DataPlan,
    request: Request,
    images: Pixels8,
    labels: list[str],
    carried: Array | None,
    rule: str,
) -> Found:
    """Pictures in memory with their classes.

    Raises:
        Refusal: a class is unknown to the run or to the setting `classes`.
    """
    keys = [blake2b(picture, digest_size=16).digest() for picture in images]
    target = class_field(plan, request, "label", labels, lambda at: f"sample {at + 1}")
    shaped, form = brought(plan, request, images)
    columns: dict[str, Column] = {"image": Stored(shaped), "label": target.column}
    field = Field("image", "input", "image", TensorType(form.shape, "uint8"))

    def finish(train: Rows) -> Ready:
        front = pixels(plan, columns["image"], form.channels, train)
        return Ready((field, target.field), columns, fronts=(("image", front),))

    return Found(
        samples=len(images),
        keys=keys,
        contents=[key + label.encode() for key, label in zip(keys, labels)],
        name=lambda at: f"sample {at + 1}",
        finish=finish,
        targets=(target,),
        carried=carried,
        carried_rule=rule,
    )
