"""TensorBoard events. They are a courtesy: whatever goes wrong with them never stops a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


class Events:
    """Writes scalars into a folder that `tensorboard --logdir` reads.

    TensorBoard's own writer puts the machine's name into the file's name; this one does not.

    Args:
        step: steps done so far; what an interrupted run wrote beyond is dropped by TensorBoard.
        note: told once when writing fails, after which nothing more is written.
    """

    def __init__(self, folder: Path, step: int, note: Callable[[str], None]) -> None:
        self._note = note
        self._file: RecordWriter | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Read in the order of their names: one more file for each start.
            number = len(list(folder.glob("events.out.tfevents.*")))
            path = folder / f"events.out.tfevents.{number:010d}.nnc"
            self._file = RecordWriter(open(path, "xb"))  # noqa: SIM115  (closed in `close`)
            self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
            if step:
                log = SessionLog(status=SessionLog.START)
                self._write(Event(wall_time=time.time(), step=step + 1, session_log=log))
        except Exception as error:
            self._failed(error)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers by tag ("validation/loss"); those that are not finite are left out."""
        if self._file is None:
            return
        try:
            shown = [
                Summary.Value(tag=tag, simple_value=value)
                for tag, value in values.items()
                if math.isfinite(value)
            ]
            self._write(Event(wall_time=time.time(), step=step, summary=Summary(value=shown)))
            self._file.flush()
        except Exception as error:
            self._failed(error)

    def picture(self, step: int, tag: str, png: bytes, height: int, width: int) -> None:
        """Writes a picture, encoded as PNG."""
        if self._file is None:
            return
        try:
            image = Summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=png
            )
            shown = Summary(value=[Summary.Value(tag=tag, image=image)])
            self._write(Event(wall_time=time.time(), step=step, summary=shown))
            self._file.flush()
        except Exception as error:
            self._failed(error)

    def close(self) -> None:
        """Ends the file."""
        if self._file is None:
            return
        try:
            self._file.close()
        except Exception as error:
            self._failed(error)
        self._file = None

    def _write(self, event: Event) -> None:
        assert self._file is not None
        self._file.write(event.SerializeToString())

    def _failed(self, error: Exception) -> None:
        self._file = None
        self._note(f"no more TensorBoard events: {error}")
