"""Symbolic sizes in `forward`, computed from the shapes of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nnc.ir.dims import Dim, Floor, Poly
from nnc.record import Record

LARGEST = 64  # a size that is up to so many times another one is found


class Shape(Record):
    """A tensor at hand: the name of its variable, its sizes, axes before these (1 for a batch)."""

    name: str
    dims: tuple[Dim, ...]
    ahead: int = 1


Variable = Callable[[str, str], str]
"""Gives the variable that holds a text such as `x.shape[2]`, wished to be called by the first."""


def size_text(size: Poly, shapes: Sequence[Shape], variable: Variable) -> tuple[str, int] | None:
    """The text that computes a size, and how tightly it binds; None if shapes do not tell it."""
    found = {d: f"{s.name}.shape[{axis}]" for s in reversed(shapes) for axis, d in _axes(s)}
    names: dict[str, str] = {}
    for symbol in sorted(size.symbols):
        text = next((t for d, t in found.items() if _is_symbol(d, symbol)), None)
        if text is not None:
            names[symbol] = variable(symbol, text)
    if len(names) == len(size.symbols):
        return _poly(size, names)
    for d, text in found.items():
        if not isinstance(d, Poly):
            continue
        if d == size:
            return variable("size", text), 5
        for k in range(2, LARGEST + 1):
            if d * k == size:
                return f"{k} * {variable('size', text)}", 2
            if d // k == size:
                return f"{variable('size', text)} // {k}", 2
    return None


def _axes(shape: Shape) -> list[tuple[int, Dim]]:
    return list(enumerate(shape.dims, start=shape.ahead))


def _is_symbol(d: Dim, symbol: str) -> bool:
    return isinstance(d, Poly) and d.terms == (((symbol,), 1),) and d.const == 0


def _poly(size: Poly, names: Mapping[str, str]) -> tuple[str, int]:
    terms = [_term(mono, coef, names) for mono, coef in size.terms]
    if size.const:
        terms.append((str(size.const), 5 if size.const > 0 else 3))
    if len(terms) == 1:
        return terms[0]
    terms.sort(key=lambda term: term[0].startswith("-"))  # a sum begins with what is added
    text = terms[0][0]
    for term, _ in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return text, 1


def _term(mono: Sequence[str | Floor], coef: int, names: Mapping[str, str]) -> tuple[str, int]:
    factors = [] if abs(coef) == 1 else [str(abs(coef))]
    for atom in dict.fromkeys(mono):
        power = mono.count(atom)
        if isinstance(atom, Floor):
            inner, level = _poly(atom.inner, names)
            text = f"{inner} // {atom.by}" if level > 2 else f"({inner}) // {atom.by}"
            alone = len(mono) == 1 and not factors
            text = text if alone else f"({text})"
        else:
            text = names[atom]
        factors += [text] * power
    text = " * ".join(factors)
    level = 5 if len(factors) == 1 and "//" not in text else 2
    return (f"-{text}", 1) if coef < 0 else (text, level)
