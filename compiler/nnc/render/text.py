"""Text made safe and measurable for a terminal.

What a stranger wrote is shown, never obeyed: control characters, bidirectional overrides and other
characters that leave no mark come out as escapes, so that a spec cannot move the cursor, recolour a
message or reorder a line. Widths count terminal columns: two for wide characters, none for marks
that combine.
"""

from __future__ import annotations

from typing import NamedTuple

TAB = 4
HIDDEN = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))


class Look(NamedTuple):
    """What a console can show: colours, nothing beyond ASCII, and how many columns."""

    color: bool = False
    ascii: bool = False
    width: int = 100


PLAIN = Look()


def escape(char: str) -> str:
    r"""A character as it would be written in Python: `\x1b`, `\u202e`."""
    code = ord(char)
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, look: Look = PLAIN) -> str:
    """The text with everything escaped that a terminal would obey or hide."""
    if text.isascii():
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else escape(c) for c in text)
    return "".join(shown for shown, _ in cells(text, look))


def cells(text: str, look: Look = PLAIN) -> list[tuple[str, int]]:
    """For each code point what is shown and its columns; a tab reaches the next stop."""
    import unicodedata  # a millisecond that an ASCII spec does not pay

    out: list[tuple[str, int]] = []
    column = 0
    for char in text:
        if char == "\t":
            width = TAB - column % TAB
            shown = " " * width
        elif char.isascii() and char.isprintable():
            shown, width = char, 1
        elif look.ascii or unicodedata.category(char) in HIDDEN:
            shown = escape(char)
            width = len(shown)
        elif unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
            shown, width = char, 0
        else:
            shown, width = char, 2 if unicodedata.east_asian_width(char) in "WF" else 1
        out.append((shown, width))
        column += width
    return out


def width(text: str, look: Look = PLAIN) -> int:
    """Columns that a text takes once it is made visible."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(columns for _, columns in cells(text, look))


def pad(text: str, columns: int, look: Look = PLAIN, *, right: bool = False) -> str:
    """The visible text, filled with spaces to a number of columns."""
    shown = visible(text, look)
    fill = " " * (columns - width(text, look))
    return fill + shown if right else shown + fill


def wrapped(items: list[str], columns: int, between: str = ", ") -> list[str]:
    """Items joined into lines that fit, never broken inside."""
    lines: list[str] = []
    line = ""
    for at, item in enumerate(items):
        piece = item + (between if at + 1 < len(items) else "")
        if line and width(line) + width(piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line else lines


STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "bold": "1",
    "gutter": "1;34",
    "good": "32",
    "bad": "31",
    "dim": "2",
}


def paint(text: str, style: str, look: Look) -> str:
    """The text in a style of STYLES, where the console has colour."""
    if not look.color or not text:
        return text
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"
