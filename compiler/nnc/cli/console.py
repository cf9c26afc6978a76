"""The terminal as verbs see it: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import click

from nnc.diagnostics import Diagnostic
from nnc.render.text import Look, paint, visible

NARROW = 100
"""Columns where there is no terminal to ask."""


class Closed(Exception):
    """The reader of a pipe has gone."""


class Console:
    """What the common options chose, and the two streams.

    `form`: what `--format` or `--json` said, or "".
    `quiet`: errors only. `verbose`: more notes. `debug`: tracebacks. `json`: stdout is one
    document, also when the verb fails.
    """

    def __init__(self, args: Sequence[str] = ()) -> None:
        self.args = tuple(args)
        self.quiet = False
        self.verbose = 0
        self.debug = False
        self.color = "auto"
        self.form = ""
        self.json = False
        for stream in (sys.stdout, sys.stderr):
            # A console of another encoding shows what it can; it never stops a verb.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")

    def look(self, stream: TextIO) -> Look:
        """What a stream can show."""
        terminal = stream.isatty()
        encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
        return Look(self._colored(terminal), not encoding.startswith("utf"), _columns(stream))

    @property
    def out(self) -> Look:
        """What stdout can show."""
        return self.look(sys.stdout)

    @property
    def err(self) -> Look:
        """What stderr can show."""
        return self.look(sys.stderr)

    def result(self, text: str) -> None:
        """Writes text to stdout as it is, with a newline if it has none."""
        self._write(sys.stdout, text)

    def piece(self, text: str) -> None:
        """Writes a stranger's text to stdout as it comes, without a newline of its own.

        On a terminal it is seen at once, and moves nothing but the cursor.
        """
        stream = sys.stdout
        try:
            if not stream.isatty():
                stream.write(text)
                return
            marks = dict.fromkeys(c for c in text if not c.isprintable() and c not in "\n\t")
            stream.write(text.translate({ord(c): visible(c, self.out) for c in marks}))
            stream.flush()
        except BrokenPipeError as error:
            raise Closed from error

    def note(self, text: str) -> None:
        """Writes text to stderr, unless only errors are wanted."""
        if not self.quiet:
            self._write(sys.stderr, text)

    def detail(self, text: str) -> None:
        """Writes text to stderr where `-v` asks for it."""
        if self.verbose:
            self.note(text)

    def warning(self, text: str) -> None:
        """Writes `warning: ...` to stderr."""
        self._write(sys.stderr, paint("warning", "warning", self.err) + f": {self.shown(text)}")

    def error(self, text: str) -> None:
        """Writes `error: ...` to stderr."""
        self._write(sys.stderr, paint("error", "error", self.err) + f": {self.shown(text)}")

    def shown(self, text: str) -> str:
        """A stranger's text, safe to write; newlines stay."""
        return "\n".join(visible(line, self.err) for line in text.split("\n"))

    def diagnostics(self, found: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
        """Writes messages, to stderr by default."""
        from nnc.render.human import diagnostics_text  # not needed while all is well

        where = stream or sys.stderr
        text = diagnostics_text(found, self.look(where))
        if text:
            self._write(where, text)

    def finish(self) -> None:
        """Writes out what is still held back.

        Raises:
            Closed: the reader has gone.
        """
        try:
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise Closed from error

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            click.echo(text, stream, nl=not text.endswith("\n"), color=self.look(stream).color)
        except BrokenPipeError as error:
            raise Closed from error

    def _colored(self, terminal: bool) -> bool:
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
            return True
        return terminal and os.environ.get("TERM") != "dumb"


def _columns(stream: TextIO) -> int:
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 40) if stream.isatty() else NARROW
    except (OSError, ValueError):
        return NARROW
