"""Run folders: made, locked, written, found and read. Their layout is a contract with people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Literal, Self

from nnc.diagnostics import Refusal, rule
from nnc.record import Record, replace
from nnc.train.files import file_span, write_bytes, write_text
from nnc.train.jsonfile import BadFile, Json, read_json
from nnc.train.run_record import RunRecord, from_json, plain_name, to_json

NOT_A_RUN = rule(
    "NN483",
    "not-a-run",
    """
The path holds no run of `nnc train`, no run in the state that is asked for, or a `run.json` that
nnc did not write. A run is a folder with `run.json` in it; a folder of runs stands for its newest.
""",
)
TAKEN = rule(
    "NN484",
    "run-folder-taken",
    """
The folder of a new run holds a run already, or another process works on this run. `--resume RUN`
goes on with a run; another `--out` or `--name` starts a new one beside it.
""",
)

WEIGHTS = "weights.safetensors"


def new_folder(
    runs: Path, stem: str, *, name: str = "", out: Path | None = None, block: str = ""
) -> Path:
    """Makes the folder of a new run: `runs/<stem>/<n>` with the next free number, or as told.

    `block`: the train block's own name, then it is `runs/<stem>/<block>-<n>`.

    Raises:
        Refusal: it holds a run already, or the name is none for a folder.
    """
    if out is not None:
        if (out / "run.json").exists():
            raise _taken(out, "there is a run in it already")
        out.mkdir(parents=True, exist_ok=True)
        return out
    base = runs / stem
    base.mkdir(parents=True, exist_ok=True)
    if name:
        try:
            made = base / plain_name(name)
            made.mkdir()
        except BadFile as error:
            raise Refusal(TAKEN.at(file_span(name), str(error))) from None
        except FileExistsError:
            raise _taken(base / name, "it exists already") from None
        return made
    head = f"{block}-" if block else ""
    ends = (p.name.removeprefix(head) for p in base.iterdir() if p.name.startswith(head))
    number = max((int(end) for end in ends if end.isdecimal()), default=0)
    while True:
        number += 1
        try:
            made = base / f"{head}{number}"
            made.mkdir()  # atomic: two runs that start together get two numbers
            return made
        except FileExistsError:
            continue


def _taken(path: Path, why: str) -> Refusal:
    help = "give another `--out` or `--name`, or go on with `--resume`"
    return Refusal(TAKEN.at(file_span(path), f"a new run cannot be put here: {why}", help=help))


class RunFolder:
    """The folder of a run that this process writes, locked until `close` or the end of a `with`.

    Raises:
        Refusal: another process works on it.
    """

    def __init__(self, path: Path, record: RunRecord) -> None:
        self.path = path
        self.record = record
        self._lock = _locked(path)
        self._save()

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """The file of metrics, one JSON object a line."""
        return self.path / "metrics.jsonl"

    def update(self, **changes: object) -> None:
        """Changes fields of the record, in memory and on disk."""
        self.record = replace(self.record, **changes)
        self._save()

    def _save(self) -> None:
        document = json.dumps(to_json(self.record), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(self.path / "run.json", document + "\n")

    def write_source(self, files: Mapping[str, str]) -> None:
        """Writes texts by path within the folder (`spec.nn`, `model.py`, `source/lenet.nn`).

        Raises:
            ValueError: a path leads out of the folder.
        """
        for name, content in files.items():
            parts = name.split("/")
            try:
                path = self.path.joinpath(*(plain_name(part) for part in parts))
            except BadFile as error:
                raise ValueError(str(error)) from None
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, content)

    def append(self, lines: Sequence[Mapping[str, Json]]) -> None:
        """Adds lines to the file of metrics."""
        with open(self.metrics, "a", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(json.dumps(line, allow_nan=False) + "\n")

    def lines(self) -> int:
        """How many lines of metrics there are."""
        try:
            return self.metrics.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    def cut(self, lines: int) -> None:
        """Keeps the first lines of the metrics: those that a checkpoint knows of."""
        try:
            whole = self.metrics.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return
        write_bytes(self.metrics, b"".join(line for line in whole[:lines] if line.endswith(b"\n")))

    def close(self) -> None:
        """Lets others work on the folder."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _locked(path: Path) -> IO[bytes]:
    file = open(path / ".lock", "ab")  # noqa: SIM115  (open is what holds the lock)
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        help = "wait until it ends, or stop it"
        message = "another process is working on this run"
        raise Refusal(TAKEN.at(file_span(path), message, help=help)) from None
    return file


# --- reading
# ------------------------------------------------------------------------------------------


class Run(Record):
    """A run as found on disk."""

    path: Path
    record: RunRecord

    @property
    def weights(self) -> Path:
        """The file of the best weights."""
        return self.path / WEIGHTS

    @property
    def model(self) -> Path:
        """The exported file, or the one it would be."""
        exports = self.record.exports
        return self.path / (exports[0].file if exports else "model.onnx")


def open_run(path: Path) -> Run:
    """The run in a folder.

    Raises:
        Refusal: there is none, or run.json is not as nnc writes it.
    """
    file = path / "run.json"
    if not file.is_file():
        help = "name a folder that `nnc train` made, such as runs/lenet/1"
        raise Refusal(NOT_A_RUN.at(file_span(path), "there is no run here", help=help))
    for name in ("run.json", "spec.nn", "data.json", WEIGHTS, "model.onnx"):
        if not (path / name).resolve().is_relative_to(path.resolve()):
            raise Refusal(
                NOT_A_RUN.at(
                    file_span(path / name),
                    f"{name} is a link out of the run's folder",
                    help="put the file itself there",
                )
            )
    try:
        return Run(path, from_json(read_json(file)))
    except BadFile as error:
        raise Refusal(NOT_A_RUN.at(file_span(file), f"run.json cannot be used: {error}")) from None


def find_run(
    path: Path, want: Literal["finished", "unfinished", "any"] = "any", block: str = ""
) -> Run:
    """A run, or the newest run in a folder of runs that is in the state asked for.

    `block`: of this train block or network alone.

    Raises:
        Refusal: there is none.
    """
    if (path / "run.json").is_file():
        return open_run(path)
    found = [
        run
        for run in runs_in(path)
        if _is(run, want) and block in ("", run.record.block, run.record.network)
    ]
    if not found:
        kind = "" if want == "any" else f"{want} "
        help = "`nnc runs` lists what there is"
        raise Refusal(NOT_A_RUN.at(file_span(path), f"there is no {kind}run here", help=help))
    return max(found, key=age)


def age(run: Run) -> tuple[str, int, str]:
    """What sorts runs by when they started."""
    return (run.record.started, _number(run.path), str(run.path))


def runs_in(path: Path) -> Iterator[Run]:
    """The readable runs in a folder of runs, or of folders of runs, in the order of their names."""
    for child in _folders(path):
        for candidate in (
            (child, *_folders(child)) if not (child / "run.json").exists() else (child,)
        ):
            if (candidate / "run.json").is_file():
                try:
                    yield open_run(candidate)
                except Refusal:
                    continue  # a broken run must not hide the others


def _folders(path: Path) -> list[Path]:
    try:
        children = [c for c in path.iterdir() if c.is_dir() and not c.name.startswith(".")]
    except OSError:
        return []
    return sorted(children, key=lambda c: (_number(c), c.name))


def _number(path: Path) -> int:
    return int(path.name) if path.name.isdecimal() and len(path.name) < 10 else 0


def _is(run: Run, want: str) -> bool:
    """Whether a run is in a state; unfinished ones have a checkpoint to go on from."""
    if want == "any" or run.record.status == "finished":
        return want in ("any", "finished")
    return want == "unfinished" and any((run.path / "checkpoints").glob("*/state.json"))
