"""The one layout of `.nn` texts."""

from __future__ import annotations

import gc

from nnc.diagnostics import Refusal
from nnc.record import Record
from nnc.source import Source
from nnc.syntax.ast import File
from nnc.syntax.format_layout import Layout
from nnc.syntax.format_lines import written
from nnc.syntax.format_roles import Roles
from nnc.syntax.format_tokens import Tokens
from nnc.syntax.parser import parse

__all__ = ["formatted", "same"]


def formatted(source: Source) -> str:
    """The text in the one layout: what it says and its comments stay.

    Formatting what is formatted changes nothing.

    Raises:
        Refusal: the text does not parse.
    """
    # Trees have no cycles: collecting them while they grow would take as long as all the rest.
    collects = gc.isenabled()
    gc.disable()
    try:
        return _formatted(source)
    finally:
        if collects:
            gc.enable()


def _formatted(source: Source) -> str:
    text = source.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    file = _parsed(Source(source.name, text))
    tokens = Tokens(file.source)
    comments = _comments(tokens)
    layout = Layout(tokens, Roles(tokens, file))
    layout.text()
    made = written(layout.lines)
    # What a person wrote is at stake: a text that came to say something else is never handed out.
    again, found = parse(Source(source.name, made))
    if found or not same(file, again) or comments != _comments(Tokens(again.source)):
        raise AssertionError("formatting changed what the text says")
    return made


def _parsed(source: Source) -> File:
    file, found = parse(source)
    if any(diagnostic.severity == "error" for diagnostic in found):
        raise Refusal(*found)
    return file


def _comments(tokens: Tokens) -> list[str]:
    return sorted(comment.text for found in tokens.comments.values() for comment in found)


def same(one: object, other: object) -> bool:
    """Whether two trees say the same: they differ at most in places."""
    stack = [(one, other)]
    while stack:
        left, right = stack.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, Record):
            mine, theirs = left.__dict__, right.__dict__
            for name, value in mine.items():
                if name not in _PLACES:
                    other_value = theirs[name]
                    if type(value) is str or value is None:  # most fields: no need to wait
                        if value != other_value:
                            return False
                    else:
                        stack.append((value, other_value))
        elif isinstance(left, tuple):
            if len(left) != len(right):  # type: ignore[arg-type]
                return False
            stack += zip(left, right)  # type: ignore[call-overload]
        elif left != right:
            return False
    return True


_PLACES = frozenset({"span", "op_span", "source", "mistakes"})
