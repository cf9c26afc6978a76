"""Checkpoints: tensors as safetensors, numbers as JSON, no pickle. They appear whole or not at all.

A folder `checkpoints/<step>/` holds `state.json` and `state.safetensors`. Tensors are named by what
they are, player and place: `weights/LeNet5/conv1.weight`, `best/...`,
`optimizer/0/LeNet5/conv1.weight/exp_avg`, `rng/cpu`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.numpy
import safetensors.torch
import torch
from torch import Tensor

from nnc.record import Record
from nnc.train.files import sync_folder, write_bytes
from nnc.train.jsonfile import BadFile, Json, finite, integer, maybe, number, obj, read_json
from nnc.train.monitor import Best

FORMAT = 1
KEPT = 2


class Waiting(Record):
    """A monitor's state: its best value and the epochs since."""

    best: Best = Best()
    waited: int = 0


class State(Record):
    """Where a run stands.

    Args:
        step: steps done in all; epoch: whole epochs done; batch: batches done in the epoch after
            them.
        evaluated: what was trained so far was evaluated.
        loss: sum of the losses of the samples in the epoch so far; samples: their number.
        seconds: trained so far, all sessions together.
        lines: lines of metrics.jsonl.
        monitor, stopper, falls: what chooses the best weights, stops early, and lowers the learning
            rate.
        plateaus: for each group, the share of its learning rate reached and the epochs waited.
        best_is_current: the best weights are this checkpoint's own.
        total: steps that the run was to have, 0 where not known.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    samples: int = 0
    evaluated: bool = True
    seconds: float = 0.0
    lines: int = 0
    monitor: Waiting = Waiting()
    stopper: Waiting = Waiting()
    falls: Waiting = Waiting()
    plateaus: tuple[tuple[float, int], ...] = ()
    best_is_current: bool = False
    total: int = 0


def save_checkpoint(folder: Path, state: State, tensors: Mapping[str, Tensor]) -> Path:
    """Writes a checkpoint, then removes all but the newest two.

    Raises:
        OSError: the disk is full, or the folder cannot be written. Older checkpoints are untouched.
    """
    final, partial = folder / str(state.step), folder / f".{state.step}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        save_tensors(partial / "state.safetensors", tensors)
        text = json.dumps(_document(state), allow_nan=False)
        write_bytes(partial / "state.json", text.encode())
        sync_folder(partial)
        _replace(partial, final)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_folder(folder)
    for old in checkpoints(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def _replace(partial: Path, final: Path) -> None:
    aside = final.with_name(f".{final.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if final.exists():  # the same step again, after its evaluation
        os.rename(final, aside)
    os.rename(partial, final)
    shutil.rmtree(aside, ignore_errors=True)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes tensors as safetensors, whole or not at all; those that share memory each whole.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    arrays = {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in tensors.items()}
    try:
        partial.touch()  # safetensors itself would make it readable by its owner alone
        mode = partial.stat().st_mode
        safetensors.numpy.save_file(arrays, partial, metadata={"format": "pt"})
        partial.chmod(mode)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except safetensors.SafetensorError as error:  # its own name for a full disk
        partial.unlink(missing_ok=True)
        raise OSError(str(error)) from None
    sync_folder(path.parent)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    found: dict[int, Path] = {}
    try:
        children = sorted(folder.iterdir())
    except OSError:
        return []
    for child in children:
        # `.<step>.old` is left where a crash fell between two renames.
        aside = child.name.startswith(".") and child.suffix == ".old"
        name = child.name[1:-4] if aside else child.name
        if not name.isdecimal() or len(name) > 18 or not child.is_dir() or child.is_symlink():
            continue
        if not aside or int(name) not in found:
            found[int(name)] = child
    return [found[step] for step in sorted(found, reverse=True)]


def load_checkpoint(path: Path) -> tuple[State, dict[str, Tensor]]:
    """The state and the tensors of a checkpoint, on the CPU.

    Raises:
        BadFile: something is missing, cut off, or not as nnc writes it.
    """
    state = _state(read_json(path / "state.json"))
    return state, load_tensors(path / "state.safetensors")


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        BadFile: it cannot be read.
    """
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadFile(f"{path.name} cannot be read: {str(error)[:200]}") from None


def take(tensors: dict[str, Tensor], name: str, like: Tensor) -> Tensor:
    """Takes out a tensor that must have the element type and shape of another.

    Raises:
        BadFile: it is missing or differs.
    """
    found = tensors.pop(name, None)
    if found is None:
        raise BadFile(f"{name} is missing")
    if found.shape != like.shape or found.dtype != like.dtype:
        kinds = f"{found.dtype}{list(found.shape)}, not {like.dtype}{list(like.shape)}"
        raise BadFile(f"{name} is {kinds}")
    return found


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Whether no number in some weights is infinite or not a number."""
    floats = [t for t in tensors.values() if t.is_floating_point()]
    return not floats or bool(torch.stack([t.isfinite().all() for t in floats]).all())


def _document(state: State) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "step": state.step,
        "epoch": state.epoch,
        "batch": state.batch,
        "loss": state.loss,  # Python writes and reads floats to the bit
        "samples": state.samples,
        "evaluated": state.evaluated,
        "seconds": state.seconds,
        "lines": state.lines,
        "monitor": _waiting_json(state.monitor),
        "stopper": _waiting_json(state.stopper),
        "falls": _waiting_json(state.falls),
        "plateaus": [[factor, waited] for factor, waited in state.plateaus],
        "best_is_current": state.best_is_current,
        "total": state.total,
    }


def _waiting_json(waiting: Waiting) -> Json:
    best = waiting.best
    return {
        "value": finite(best.value),
        "epoch": best.epoch,
        "step": best.step,
        "loss": finite(best.loss),
        "waited": waiting.waited,
    }


def _state(document: Mapping[str, Json]) -> State:
    if integer(document, "format", least=1) > FORMAT:
        raise BadFile("written by a newer nnc")
    return State(
        step=integer(document, "step"),
        epoch=integer(document, "epoch"),
        batch=integer(document, "batch"),
        loss=number(document, "loss"),
        samples=integer(document, "samples"),
        evaluated=document.get("evaluated") is True,
        seconds=number(document, "seconds"),
        lines=integer(document, "lines"),
        monitor=_waiting(obj(document, "monitor")),
        stopper=_waiting(obj(document, "stopper")),
        falls=_waiting(obj(document, "falls")),
        plateaus=_plateaus(document.get("plateaus")),
        best_is_current=document.get("best_is_current") is True,
        total=integer(document, "total", 0),
    )


def _waiting(document: Mapping[str, Json]) -> Waiting:
    where = integer(document, "epoch"), integer(document, "step")
    best = Best(maybe(document, "value"), *where, maybe(document, "loss"))
    return Waiting(best, integer(document, "waited"))


def _plateaus(value: Json) -> tuple[tuple[float, int], ...]:
    if not isinstance(value, list):
        raise BadFile('"plateaus" is not a list')
    made = []
    for pair in value:
        match pair:
            case [float() | int() as factor, int() as waited] if 0 <= factor <= 1 and waited >= 0:
                made.append((float(factor), waited))
            case _:
                raise BadFile('"plateaus" holds something else than shares')
    return tuple(made)
