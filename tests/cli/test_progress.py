"""Bars on a terminal: the plain lines stay, and a stranger's text drives nothing."""

from __future__ import annotations

import io
import sys

import pytest

from nnc.cli.progress import TerminalReport
from nnc.train.report import EpochLine, Progress


class Terminal(io.StringIO):
    """Takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Stands in for stderr; no fixture, for pytest puts its own there before the test begins."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return made


def test_lines_above_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    with TerminalReport("runs/x/1", color=False) as report:
        report.progress(Progress(1, 2, 10, 20, "train", 0.5, 1234.0))
        report.epoch(EpochLine(1, 2, 20, 0.5, 0.25, {"accuracy": 0.9}, 1e-3, 1e3, 0.1, 3.0, True))
        report.note("a \x1b[2J note [bold]not markup[/bold]")
    text = shown.getvalue()
    assert "epoch 1/2   loss 0.500   val loss 0.250   accuracy 0.900" in text
    assert "note      a \\x1b[2J note [bold]not markup[/bold]" in text
    assert "\x1b[2J" not in text


def test_nothing_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    with TerminalReport("runs/x/1", color=False) as report:
        report.line("x" * 300)
    assert "x" * 300 in shown.getvalue()
