"""What a person or the system asks of a run while it trains."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

Handler = Callable[[int, FrameType | None], object] | int | None


class Signals:
    """Listens while entered: Ctrl-C and SIGTERM stop after the step, SIGUSR1 saves and goes on.

    A second Ctrl-C leaves at once. Outside the main thread nothing is listened to.
    """

    def __init__(self) -> None:
        self.stop = ""  # "interrupt" or "terminate"
        self.save = False
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._listen(signal.SIGINT, self._interrupt)
            self._listen(signal.SIGTERM, self._terminate)
            if os.name != "nt":
                self._listen(signal.SIGUSR1, self._save)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # None: it was set by something that is not Python, and cannot be put back from here.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _listen(self, number: signal.Signals, handler: Handler) -> None:
        self._before[number] = signal.getsignal(number)
        signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.stop == "interrupt":
            raise KeyboardInterrupt
        self.stop = "interrupt"

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self.stop = self.stop or "terminate"

    def _save(self, number: int, frame: FrameType | None) -> None:
        self.save = True
