"""Diagnostics as people read them: what is wrong, the lines that show it, what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.diagnostics import Diagnostic, Frame, Label
from nnc.render.excerpt import excerpt, marks
from nnc.render.text import PLAIN, Look, paint, visible
from nnc.source import NOWHERE, Source

FRAMES = 6
"""So many calls of a trace are shown; of a longer one the first and the last."""


def diagnostic_text(diagnostic: Diagnostic, look: Look = PLAIN) -> str:
    """One message without a newline at its end."""
    title = paint(f"{diagnostic.severity}[{diagnostic.code}]", diagnostic.severity, look)
    lines = [title + paint(f": {visible(diagnostic.message, look)}", "bold", look)]
    groups = _by_source(diagnostic.labels)
    numbers = [
        mark.line for _, labels in groups for mark in marks((label, False) for label in labels)
    ]
    gutter = len(str(max(numbers, default=1))) + 1
    empty = paint(f"{'':{gutter}} |", "gutter", look)
    for source, labels in groups:
        where = labels[0].span.where()
        arrow = paint("-->" if labels[0] is diagnostic.labels[0] else ":::", "gutter", look)
        if not source.text:  # a picture, a table: there is no line to show
            lines.append(f"{'':{gutter}}{arrow} {visible(source.name, look)}")
            continue
        lines.append(f"{'':{gutter}}{arrow} {visible(where, look)}")
        found = marks((label, label is diagnostic.labels[0]) for label in labels)
        lines.append(empty)
        lines.extend(excerpt(source, found, gutter, look))
    lines.extend(_remarks(diagnostic, gutter, look))
    return "\n".join(lines)


def diagnostics_text(diagnostics: Iterable[Diagnostic], look: Look = PLAIN) -> str:
    """Messages with an empty line after each; nothing for none."""
    return "".join(f"{diagnostic_text(d, look)}\n\n" for d in diagnostics)


def count_text(errors: int, warnings: int) -> str:
    """`2 errors, 1 warning`; `no mistakes` for none."""
    said = [many(n, word) for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(said) or "no mistakes"


def many(count: int, word: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {word if count == 1 else plural or word + 's'}"


def _by_source(labels: tuple[Label, ...]) -> list[tuple[Source, list[Label]]]:
    """Labels by their source, in order of the first; labels without a place are left out."""
    groups: dict[int, tuple[Source, list[Label]]] = {}
    for label in labels:
        if label.span.source is not NOWHERE.source:
            groups.setdefault(id(label.span.source), (label.span.source, []))[1].append(label)
    return list(groups.values())


def _remarks(diagnostic: Diagnostic, gutter: int, look: Look) -> list[str]:
    placeless = [label.text for label in diagnostic.labels if not label.span.source.text]
    remarks = [("note", text) for text in (*placeless, *diagnostic.notes) if text]
    if diagnostic.help:
        remarks.append(("help", diagnostic.help))
    elif diagnostic.fix is not None:
        remarks.append(("help", _fix_text(diagnostic.fix.span.text, diagnostic.fix.text)))
    if diagnostic.trace:
        remarks.append(("trace", _trace_text(diagnostic.trace)))
    lines = []
    for kind, text in remarks:
        head = f"{'':{gutter}} {paint('=', 'gutter', look)} {paint(kind, 'bold', look)}: "
        rest = " " * (gutter + len(kind) + 5)
        for at, line in enumerate(text.split("\n")):
            lines.append((head if at == 0 else rest) + visible(line, look))
    return [line.rstrip() for line in lines]


def _fix_text(old: str, new: str) -> str:
    if not new.strip():
        return f"leave out `{old.strip()}`"
    return f"write `{new.strip()}`" + (f" instead of `{old.strip()}`" if old.strip() else "")


def _trace_text(trace: tuple[Frame, ...]) -> str:
    frames = [
        frame.what
        if frame.span.source is NOWHERE.source
        else f"{frame.what} at {frame.span.where()}"
        for frame in trace
    ]
    if len(frames) > FRAMES:
        left = len(frames) - FRAMES
        half = FRAMES // 2
        frames = [*frames[:half], f"({left} more)", *frames[-half:]]
    return " > ".join(frames)
