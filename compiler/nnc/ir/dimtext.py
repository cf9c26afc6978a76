"""Reads sizes back from the text that `nnc.ir.dims.show` writes, as models store them."""

from __future__ import annotations

from nnc.ir.dims import BITS, Dim, Poly, product, symbol

LENGTH = 10_000
NESTING = 50


def parse(text: str) -> Dim:
    """The size that a text such as `2*(H//2) - 1` says.

    Operators are those of `show`: `+ - * // **` with whole numbers, names and brackets.

    Raises:
        ValueError: the text is no size.
        DimTooLarge: the size is out of bounds.
    """
    reader = _Reader(text)
    d = reader.sum(0)
    if reader.token:
        raise ValueError(f"unexpected {reader.token!r} in the size {text!r}")
    return d


class _Reader:
    def __init__(self, text: str) -> None:
        if len(text) > LENGTH:
            raise ValueError("the text of a size is too long")
        self.text, self.at, self.token = text, 0, ""
        self.next()

    def next(self) -> str:
        """The current token; moves on to the one after it, which is empty at the end."""
        was, text, at = self.token, self.text, self.at
        while at < len(text) and text[at] == " ":
            at += 1
        end = at
        while end < len(text) and (text[end].isalnum() or text[end] in "_."):
            end += 1
        if end == at and at < len(text):
            end = at + (2 if text[at : at + 2] in ("//", "**") else 1)
        self.token, self.at = text[at:end], end
        return was

    def sum(self, depth: int) -> Dim:
        if depth > NESTING:
            raise ValueError("the brackets in a size are nested too deeply")
        d = self.term(depth)
        while self.token in ("+", "-"):
            d = d + self.term(depth) if self.next() == "+" else d - self.term(depth)
        return d

    def term(self, depth: int) -> Dim:
        d = self.power(depth)
        while self.token in ("*", "//"):
            if self.next() == "*":
                d = d * self.power(depth)
                continue
            by = self.power(depth)
            if isinstance(by, Poly) or by == 0:
                raise ValueError("a size is divided by something that is not a whole number")
            d = d // by
        return d

    def power(self, depth: int) -> Dim:
        if self.token == "-":
            if depth > NESTING:
                raise ValueError("the signs in a size are nested too deeply")
            self.next()
            return -self.power(depth + 1)
        d = self.atom(depth)
        if self.token == "**":
            self.next()
            exponent = self.atom(depth)
            if isinstance(exponent, Poly) or exponent > NESTING:
                raise ValueError("the power in a size is too high")
            d = product([d] * exponent)
            if isinstance(d, int) and d.bit_length() > BITS:
                raise ValueError("a number in a size is too large")
        return d

    def atom(self, depth: int) -> Dim:
        token = self.next()
        if token == "(":
            d = self.sum(depth + 1)
            if self.next() != ")":
                raise ValueError("a bracket in a size is not closed")
            return d
        if token.isdecimal():
            return int(token)
        if token and (token[0].isalpha() or token[0] == "_"):
            return symbol(token)
        raise ValueError(f"unexpected {token or 'end'!r} in the size {self.text!r}")
