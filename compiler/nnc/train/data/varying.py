"""Sequences of different lengths in an `.npz` file: `x` with `x_length` beside it.

Either as batches are, `x` [samples, longest, ...], or one sequence after another, `x` [all steps,
...]; `x_length` [samples] tells how long each is. No array holds Python objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

from nnc.ir.plan import DataPlan, Field, Scale
from nnc.ir.types import TensorType
from nnc.train.data.found import Column, Request
from nnc.train.data.fronts import scale
from nnc.train.data.keyed import Array, Rows
from nnc.train.data.ragged import Ragged, length_name, length_of
from nnc.train.data.rules import BINARY, refusal
from nnc.train.data.targets import known_classes, unknown_class


def varying(
    plan: DataPlan, file: str, arrays: Mapping[str, Array]
) -> tuple[dict[str, Array], dict[str, Ragged]]:
    """The arrays that have one row a sample, and the sequences by name.

    Raises:
        Refusal: lengths are no whole numbers, or do not fit their array.
    """
    names = [name for name in arrays if length_name(name) in arrays]
    found = {name: _sequences(plan, file, arrays, name) for name in names}
    counts = {name: len(one.lengths) for name, one in found.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name}: {count}" for name, count in counts.items())
        message = f"the sequences of `{file}` differ in number"
        raise refusal(BINARY, plan, message, "", said)
    return {name: array for name, array in arrays.items() if name not in found}, found


def _sequences(plan: DataPlan, file: str, arrays: Mapping[str, Array], name: str) -> Ragged:
    values, told = arrays[name], arrays[length_name(name)]
    if told.ndim != 1 or told.dtype.kind not in "iu" or not len(told) or told.min() < 1:
        message = f"`{length_name(name)}` of `{file}` is no list of whole numbers of at least 1"
        whole = told.ndim == 1 and told.dtype.kind in "iu" and len(told)
        short = int(np.flatnonzero(told < 1)[0]) if whole else 0
        said = f"row {short + 1} of it is {told[short]}: leave that sequence out" if whole else ""
        raise refusal(BINARY, plan, message, said)
    if values.dtype.kind not in "fbiu" or not values.ndim:
        raise refusal(BINARY, plan, f"the array `{name}` of `{file}` holds no numbers")
    lengths = told.astype(np.int64)
    whole = int(lengths.sum())
    if values.ndim > 1 and len(values) == len(lengths) and int(lengths.max()) <= values.shape[1]:
        values = values[np.arange(values.shape[1]) < lengths[:, None]]
    elif len(values) != whole:
        message = (
            f"`{name}` of `{file}` is {list(values.shape)}, and its lengths add up to {whole:,}"
        )
        help = f"store it as [{len(lengths)}, {int(lengths.max())}, ...], or as [{whole}, ...]"
        raise refusal(BINARY, plan, message, help)
    if values.dtype.kind == "f":
        values = _finite(plan, file, name, values.astype(np.float32), lengths)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Ragged(values.astype(np.int64) if values.dtype.kind in "biu" else values, starts)


def _finite(plan: DataPlan, file: str, name: str, values: Array, lengths: Rows) -> Array:
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if len(bad):
        row = int(np.searchsorted(np.cumsum(lengths), bad[0], side="right")) + 1
        message = f"row {row} of `{name}` in `{file}` holds a number that is not finite"
        raise refusal(BINARY, plan, message, "repair it, or leave the sequence out")
    return values


def sequence_field(name: str, values: Ragged) -> Field:
    """The input field of sequences: numbers [T, ...] or ids [T]."""
    ids = values.values.dtype != np.float32
    dims = (int(values.lengths.max()), *values.values.shape[1:])
    kind = TensorType(dims, "int64" if ids else "float32")
    shortest = int(values.lengths.min())
    held = (int(values.values.min()), int(values.values.max())) if ids else ()
    return Field(name, "input", "sequence", kind, padded=True, shortest=shortest, ids=held)


def sequence_columns(
    sequences: Mapping[str, Ragged], followed: Sequence[tuple[Field, Ragged]]
) -> tuple[list[Field], dict[str, Column]]:
    """The fields and columns of sequences, read and learnt, each with its lengths."""
    fields: list[Field] = []
    columns: dict[str, Column] = {}
    read = [(sequence_field(name, one), one) for name, one in sequences.items()]
    for field, one in (*read, *followed):
        length, columns[length_name(field.name)] = length_of(field.name, one.lengths)
        fields += [field, length]
        columns[field.name] = one
    return fields, columns


def with_lengths(arrays: Mapping[str, Array], targets: Sequence[str]) -> dict[str, Array]:
    """The arrays; a target [samples, longest, ...] beside such a sequence has its lengths."""
    made = dict(arrays)
    told = [name for name in arrays if length_name(name) in arrays and name not in targets]
    for name in targets:
        like = [of for of in told if arrays[of].shape[:2] == arrays.get(name, arrays[of]).shape[:2]]
        lone = name in arrays and length_name(name) not in arrays and arrays[name].ndim > 1
        if lone and like and name not in told and arrays[like[0]].ndim > 1:
            made[length_name(name)] = arrays[length_name(like[0])]
    return made


def sequence_target(
    plan: DataPlan, request: Request, file: str, name: str, values: Ragged
) -> tuple[Field, Ragged]:
    """The field of sequences that are learnt: a class at each step, or numbers.

    Raises:
        Refusal: a class is none of those that are known.
    """
    if values.values.dtype == np.float32:
        kind = TensorType((int(values.lengths.max()), *values.values.shape[1:]))
        return Field(name, "target", "number", kind, padded=True), values
    found = np.unique(values.values)
    labels = known_classes(plan, request, name) or tuple(str(value) for value in found.tolist())
    ids = {label: at for at, label in enumerate(labels)}
    for value in found.tolist():
        if str(value) not in ids:
            at = int(np.flatnonzero((values.values == value).reshape(-1))[0])
            row = int(np.searchsorted(values.starts, at, side="right"))
            raise unknown_class(plan, request, str(value), f"{file} row {row}", labels)
    table = np.array([ids[str(value)] for value in found.tolist()], dtype=np.int64)
    numbered = table[np.searchsorted(found, values.values)]
    kind = TensorType((int(values.lengths.max()), *numbered.shape[1:]), "int64", 0)
    field = Field(name, "target", "tokens", kind, labels, padded=True)
    return field, Ragged(numbered, values.starts)


def sequence_front(
    plan: DataPlan, name: str, values: Ragged, train: Rows
) -> tuple[tuple[str, Scale], ...]:
    """How numbers are scaled, where `normalize` says so: fitted on the train part's steps."""
    if values.values.dtype != np.float32 or plan.normalize.kind in ("default", "none"):
        return ()
    steps = np.concatenate([values.of(int(row)) for row in train])
    if steps.ndim == 2:
        names = tuple(f"{name}[{at}]" for at in range(steps.shape[1]))
        return ((name, scale(plan, steps, names, np.arange(len(steps)))),)
    flat = steps.reshape(-1, 1)
    fitted = scale(plan, flat, (name,), np.arange(len(flat)))
    return ((name, Scale(fitted.mean, fitted.std, fitted.missing)),)


def row_marks(sequences: Mapping[str, Ragged], samples: int) -> list[bytes]:
    """What identifies the sequences of each sample; nothing where there are none."""
    if not sequences:
        return [b""] * samples
    marks = []
    for row in range(samples):
        whole = blake2b(digest_size=16)
        for values in sequences.values():
            whole.update(values.of(row).tobytes())
        marks.append(whole.digest())
    return marks
