"""`arrays("f.npz", target=[...])`: NumPy arrays, one sample a row; nothing is ever unpickled."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np

from nnc.diagnostics import nearest
from nnc.ir.plan import DataPlan, Field, Front, Scale
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Found, Ready, Request, Stored, Target
from nnc.train.data.fronts import pixels, scale
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.limits import most_bytes
from nnc.train.data.places import located
from nnc.train.data.ragged import length_name
from nnc.train.data.rules import BINARY, COLUMN, MEMORY, refusal, some
from nnc.train.data.targets import class_field, known_classes, target_names, unknown_class
from nnc.train.data.varying import (
    row_marks,
    sequence_columns,
    sequence_front,
    sequence_target,
    varying,
    with_lengths,
)

_USUAL_TARGETS = ("y", "label", "labels", "target")
_MOST_ARRAYS = 1000


def read_arrays(plan: DataPlan, path: Path) -> dict[str, Array]:
    """The arrays of an `.npz` file.

    Raises:
        Refusal: it is malformed, holds Python objects, or is too large when unpacked.
    """
    out: dict[str, Array] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > most_bytes() or len(members) > _MOST_ARRAYS:
                raise refusal(MEMORY, plan, f"`{path.name}` unpacks to {total:,} bytes")
            for member in members:
                if member.filename.endswith(".npy"):
                    name = member.filename.removesuffix(".npy")
                    with archive.open(member) as file:
                        _check_header(file, member.file_size)
                    with archive.open(member) as file:
                        out[name] = np.lib.format.read_array(file, allow_pickle=False)
    except (
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
        RuntimeError,
        KeyError,
    ) as e:
        reason = (
            "it holds Python objects" if "Object arrays" in str(e) else "it is no sound .npz file"
        )
        raise refusal(BINARY, plan, f"cannot read `{path.name}`: {reason}") from None
    if not out:
        raise refusal(BINARY, plan, f"`{path.name}` holds no array")
    return out


def _check_header(file: object, size: int) -> None:
    """NumPy makes room for what the header says before it reads: it must not say too much."""
    version = np.lib.format.read_magic(file)  # type: ignore[arg-type]
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)  # type: ignore[arg-type]
    count = 1
    for side in shape:
        count *= side
    if not dtype.hasobject and count * dtype.itemsize > size:
        raise ValueError("the header says more than the file holds")


def open_arrays(plan: DataPlan, request: Request) -> Found:
    """Arrays of one length: inputs, and the targets that `target=` or their usual names say.

    Raises:
        Refusal: the file or an array cannot be used.
    """
    path = located(plan, plan.path)
    if path.is_dir():
        raise refusal(BINARY, plan, f"`{path.name}` is a folder, an .npz file is needed")
    return found_in_arrays(plan, request, path.name, read_arrays(plan, path))


def _targets(plan: DataPlan, file: str, arrays: dict[str, Array]) -> tuple[str, ...]:
    asked = target_names(plan)
    for name in asked:
        if name not in arrays:
            close = nearest(name, list(arrays))
            advice = f"did you mean `{close}`?" if close else f"it holds {some(list(arrays), 12)}"
            raise refusal(COLUMN, plan, f"`{file}` holds no array `{name}`", advice)
    if asked or len(arrays) == 1:
        return asked
    return tuple(name for name in arrays if name.lower() in _USUAL_TARGETS)


def _samples(plan: DataPlan, file: str, arrays: Mapping[str, Array]) -> int:
    """The length that all arrays have.

    Raises:
        Refusal: they differ in it.
    """
    lengths = {name: len(a) if a.ndim else -1 for name, a in arrays.items()}
    if len(set(lengths.values())) > 1 or -1 in lengths.values() or 0 in lengths.values():
        said = ", ".join(
            f"{name}: {n}" if n >= 0 else f"{name}: none" for name, n in lengths.items()
        )
        raise refusal(
            BINARY, plan, f"the arrays of `{file}` must have one length above 0", "", said
        )
    return next(iter(lengths.values()))


def found_in_arrays(plan: DataPlan, request: Request, file: str, arrays: dict[str, Array]) -> Found:
    """The samples of arrays by name; `x` with `x_length` holds sequences of different lengths.

    Raises:
        Refusal: they differ in length, or hold what is no number.
    """
    asked = _targets(plan, file, arrays)
    arrays, sequences = varying(plan, file, with_lengths(arrays, asked))
    learnt = {name: sequences.pop(name) for name in asked if name in sequences}
    asked = tuple(name for name in asked if name in arrays)
    count = _samples(plan, file, arrays)
    rows = _whole_rows(plan, file, arrays, asked)
    skipped = sorted(set(range(count)) - set(rows.tolist()))
    if skipped:
        arrays = {name: array[rows] for name, array in arrays.items()}
        sequences = {name: one.keep(rows) for name, one in sequences.items()}
        learnt = {name: one.keep(rows) for name, one in learnt.items()}
    samples = len(rows)
    targets = [_target(plan, request, file, name, arrays[name]) for name in asked]
    notes: list[str] = []
    inputs = {
        name: _input(plan, file, name, array, notes)
        for name, array in arrays.items()
        if name not in asked and name not in map(length_name, (*sequences, *learnt))
    }
    marks = row_marks(sequences | learnt, samples)
    hashes = _row_hashes(list(arrays.values()), samples)
    followed = [sequence_target(plan, request, file, n, one) for n, one in learnt.items()]
    keys = [a + b for a, b in zip(hashes, marks)]

    def finish(train: Rows) -> Ready:
        columns: dict[str, Column] = {name: Stored(values) for name, (_, values) in inputs.items()}
        columns |= {target.field.name: target.column for target in targets}
        fields = [field for field, _ in inputs.values()]
        fronts = [_front(plan, field, values, train) for field, values in inputs.values()]
        for name, one in sequences.items():
            fronts += sequence_front(plan, name, one, train)
        more, over_time = sequence_columns(sequences, followed)
        fields, columns = fields + more, columns | over_time
        fields += [t.field for t in targets]
        return Ready(tuple(fields), columns, fronts=tuple(f for f in fronts if f is not None))

    return Found(
        samples=samples,
        keys=keys,
        contents=keys,
        name=lambda at: f"{file} row {int(rows[at]) + 1}",
        finish=finish,
        targets=tuple(targets),
        skipped=tuple(f"{file} row {row + 1}" for row in skipped),
        notes=tuple(notes),
    )


def _row_hashes(arrays: list[Array], samples: int) -> list[bytes]:
    solid = [np.ascontiguousarray(array) for array in arrays]
    out = []
    for row in range(samples):
        whole = blake2b(digest_size=16)
        for array in solid:
            whole.update(array[row].tobytes())
        out.append(whole.digest())
    return out


def _front(plan: DataPlan, field: Field, values: Array, train: Rows) -> tuple[str, Front] | None:
    """The front of pictures; other arrays stay as they are unless `normalize` says how."""
    if field.meaning == "image":
        return field.name, pixels(plan, Stored(values), values.shape[1], train)
    if values.dtype != np.float32 or plan.normalize.kind in ("default", "none"):
        return None
    if values.ndim == 2:
        names = tuple(f"{field.name}[{at}]" for at in range(values.shape[1]))
        return field.name, scale(plan, values, names, train)
    flat = values[train].reshape(-1, 1)
    fitted = scale(plan, flat, (field.name,), np.arange(len(flat)))
    return field.name, Scale(fitted.mean, fitted.std, fitted.missing)


def _input(
    plan: DataPlan, file: str, name: str, array: Array, notes: list[str]
) -> tuple[Field, Array]:
    if array.dtype == np.uint8 and array.ndim in (3, 4):
        if array.ndim == 3:
            array = array[:, None]
        elif array.shape[1] not in (1, 3, 4) and array.shape[3] in (1, 3, 4):
            notes.append(f"{name}: channels stood last and were brought to the front")
            array = np.ascontiguousarray(array.transpose(0, 3, 1, 2))
        if array.shape[1] in (1, 3, 4):
            return Field(name, "input", "image", TensorType(array.shape[1:], "uint8")), array
    kind = array.dtype.kind
    if kind in "iu" and array.dtype != np.uint8:
        values = _integers(plan, file, name, array)
        kind_of, ids = TensorType(values.shape[1:], "int64"), (int(values.min()), int(values.max()))
        return Field(name, "input", "array", kind_of, ids=ids if values.size else ()), values
    values = _floats(plan, file, name, array)
    return Field(name, "input", "array", TensorType(values.shape[1:])), values


def _floats(plan: DataPlan, file: str, name: str, array: Array) -> Array:
    if array.dtype.kind not in "fbui":
        message = f"the array `{name}` of `{file}` holds no numbers but {array.dtype.name}"
        raise refusal(BINARY, plan, message)
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _whole_rows(
    plan: DataPlan, file: str, arrays: dict[str, Array], targets: tuple[str, ...]
) -> Array:
    """The rows whose numbers are all finite; with `on_error skip` the others are left out.

    A missing number (NaN) of an input may be, where `normalize` puts the median in its place.

    Raises:
        Refusal: a row holds a number that is not finite.
    """
    imputed = plan.normalize.kind not in ("default", "none")
    good = np.ones(len(next(iter(arrays.values()))), dtype=bool)
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            continue
        with np.errstate(over="ignore"):
            flat = array.reshape(len(array), -1).astype(np.float32)
        allowed = np.isfinite(flat)
        if imputed and name not in targets:
            allowed |= np.isnan(flat)
        sound = allowed.all(axis=1)
        if not sound.all() and plan.on_error != "skip":
            row = int(np.flatnonzero(~sound)[0])
            value = "NaN" if np.isnan(flat[row][~allowed[row]]).any() else "an infinite number"
            raise refusal(
                BINARY,
                plan,
                f"row {row + 1} of `{name}` in `{file}` holds {value}",
                "repair it, or write `on_error skip` in the data block: such rows are left out",
                *([f"{int((~sound).sum()):,} rows do"] if (~sound).sum() > 1 else []),
            )
        good &= sound
    if not good.any():
        raise refusal(BINARY, plan, f"no row of `{file}` holds finite numbers only")
    return np.flatnonzero(good)


def _integers(plan: DataPlan, file: str, name: str, array: Array) -> Array:
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise refusal(BINARY, plan, f"the array `{name}` of `{file}` holds numbers beyond int64")
    return array.astype(np.int64)


def _target(plan: DataPlan, request: Request, file: str, name: str, array: Array) -> Target:
    """Whole numbers and texts are classes (one a sample, or [H, W] a mask); others are numbers."""
    single = array.ndim == 1 or array.shape[1:] == (1,)
    if array.dtype.kind in "iubU" and single and not _numeric(plan, request, name, array):
        values = [str(value) for value in array.reshape(-1).tolist()]
        return class_field(plan, request, name, values, lambda at: f"{file} row {at + 1}")
    if array.dtype.kind in "iu" and array.ndim == 3:
        return _mask(plan, request, file, name, array)
    numbers = _floats(plan, file, name, array)
    numbers = numbers[:, None] if numbers.ndim == 1 else numbers
    field = Field(name, "target", "number", TensorType(numbers.shape[1:]))
    return Target(field, Stored(numbers))


def _numeric(plan: DataPlan, request: Request, name: str, array: Array) -> bool:
    """Whole numbers that are no classes: so learnt by a run, or by the losses of the spec."""
    if array.dtype.kind not in "iu":
        return False
    field = request.like.field(name) if request.like is not None else None
    if field is not None:
        return not field.labels
    return not plan.classes and not request.labels and request.numeric(name)


def _mask(plan: DataPlan, request: Request, file: str, name: str, array: Array) -> Target:
    found = np.unique(array)
    labels = known_classes(plan, request, name) or tuple(str(v) for v in found.tolist())
    numbered = labels if all(x.isascii() and x.isdigit() for x in labels) else range(len(labels))
    ids = {str(value): at for at, value in enumerate(numbered)}
    for value in found.tolist():
        if str(value) not in ids:
            row = int(np.argwhere(array == value)[0][0]) + 1
            raise unknown_class(plan, request, str(value), f"{file} row {row}", labels)
    table = np.array([ids[str(value)] for value in found.tolist()], dtype=np.int64)
    values = table[np.searchsorted(found, array)]
    field = Field(name, "target", "mask", TensorType(array.shape[1:], "int64"), labels)
    present = np.stack([(values == at).any(axis=(1, 2)) for at in range(len(labels))], axis=1)
    return Target(field, Stored(values), present=present)
