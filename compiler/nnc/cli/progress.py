"""A run on a terminal: the plain lines, and bars below them while it goes."""

from __future__ import annotations

import io
import sys
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from nnc.render.text import visible
from nnc.train.job import Outcome
from nnc.train.report import EpochLine, PlainReport, Progress, short


class TerminalReport(PlainReport):
    """The plain lines on a terminal, with a bar of the epoch under them.

    Args:
        folder: the run's folder as people should type it.
        color: whether the terminal obeys colours.
    """

    def __init__(self, folder: str, *, color: bool) -> None:
        console = RichConsole(
            file=sys.stderr, no_color=not color, highlight=False, markup=False, emoji=False
        )
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:.0f}/{task.total:.0f}   {task.fields[told]}"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            refresh_per_second=5,
        )
        self._task = self._bars.add_task("", total=1, told="", visible=False)
        super().__init__(Above(console), folder)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def progress(self, event: Progress) -> None:
        """Moves the bar."""
        what = "epoch" if event.part == "train" else event.part
        self._bars.update(
            self._task,
            description=f"{what} {event.epoch}/{event.of}",
            total=event.steps,
            completed=event.step,
            told=f"loss {short(event.loss)}   {event.rate:,.0f}/s",
            visible=True,
        )

    def epoch(self, event: EpochLine) -> None:
        """One line an epoch, above the bar."""
        self._bars.update(self._task, visible=False)
        super().epoch(event)

    def ended(self, event: Outcome) -> None:
        """The last lines, without a bar."""
        self._bars.stop()
        super().ended(event)


class Above(io.StringIO):
    """Writes lines above the bars."""

    def __init__(self, console: RichConsole) -> None:
        super().__init__()
        self._console = console

    def write(self, text: str) -> int:
        """Writes lines, not wrapped."""
        shown = "\n".join(visible(line) for line in text.split("\n"))
        self._console.print(shown, end="", soft_wrap=True)
        return len(text)
