"""Sizes as integer polynomials over symbols and floor divisions.

A size is an `int` or a `Poly`. A `Poly` is a sum of integer multiples of products of atoms, plus a
constant; an atom is a symbol (`"H"`) or a floor division of another polynomial by a whole number.
Arithmetic keeps a canonical form and never decides anything: what is true of all allowed values is
the matter of `nnc.ir.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

TERMS = 200  # a size with more terms is refused
NODES = 1000  # and so is one whose tree has more nodes,
DEPTH = 24  # more floor divisions within each other,
BITS = 256  # or larger coefficients


class DimTooLarge(Exception):
    """A size grew beyond what the compiler follows; the checker makes a diagnostic of it."""


class Floor:
    """The floor division of a polynomial by a whole number of at least 2; an atom of `Poly`."""

    __slots__ = ("_hash", "_text", "by", "inner")

    def __init__(self, inner: Poly, by: int) -> None:
        self.inner, self.by = inner, by
        self._hash = hash((inner, by))
        self._text = ""

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Floor) and self.by == other.by and self.inner == other.inner

    def __repr__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """`(H + 1)//2`, in which the inner sum is bracketed where it must be."""
        if not self._text:
            self._text = _floor_text(self.inner, self.by)
        return self._text


Atom = str | Floor
Mono = tuple[Atom, ...]
Term = tuple[Mono, int]


class Poly:
    """An immutable, canonical polynomial that is not constant; made by `symbol` and arithmetic.

    `terms` are pairs of a product of atoms and its coefficient, in a fixed order; `const` is added
    to their sum. Arithmetic with whole numbers and polynomials gives an `int` where the result is
    constant, and raises `DimTooLarge` where it grows out of bounds. `//` and `%` take whole numbers
    only (a `TypeError` otherwise).
    """

    __slots__ = ("_hash", "_symbols", "const", "depth", "size", "terms")

    def __init__(self, terms: tuple[Term, ...], const: int) -> None:
        self.terms, self.const = terms, const
        self.size: int
        self.depth: int
        self._hash = hash((terms, const))
        self._symbols: frozenset[str] | None = None
        size, depth = 1, 0
        for mono, coef in terms:
            size += 1
            for atom in mono:
                if type(atom) is Floor:
                    size += atom.inner.size
                    depth = max(depth, atom.inner.depth + 1)
                else:
                    size += 1
            if coef.bit_length() > BITS:
                raise DimTooLarge("the numbers in this size are too large")
        if len(terms) > TERMS or size > NODES or depth > DEPTH or const.bit_length() > BITS:
            raise DimTooLarge("the formula of this size is too large")
        self.size, self.depth = size, depth

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Poly):
            return NotImplemented
        return self._hash == other._hash and self.const == other.const and self.terms == other.terms

    def __repr__(self) -> str:
        return show(self)

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return Poly(self.terms, self.const + int(other)) if other else self
        if not isinstance(other, Poly):
            return NotImplemented
        sums = dict(self.terms)
        for mono, coef in other.terms:
            sums[mono] = sums.get(mono, 0) + coef
        return _dim(sums, self.const + other.const)

    __radd__ = __add__

    def __neg__(self) -> Poly:
        return Poly(tuple((mono, -coef) for mono, coef in self.terms), -self.const)

    def __sub__(self, other: Dim) -> Dim:
        return self + -other if isinstance(other, (int, Poly)) else NotImplemented

    def __rsub__(self, other: Dim) -> Dim:
        return -self + other if isinstance(other, (int, Poly)) else NotImplemented

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            by = int(other)
            if by == 0:
                return 0
            if by == 1:
                return self
            return Poly(tuple((mono, coef * by) for mono, coef in self.terms), self.const * by)
        if not isinstance(other, Poly):
            return NotImplemented
        sums: dict[Mono, int] = {}
        for left, a in (*self.terms, ((), self.const)):
            for right, b in (*other.terms, ((), other.const)):
                mono = (
                    tuple(sorted(left + right, key=_atom_key)) if left and right else left + right
                )
                sums[mono] = sums.get(mono, 0) + a * b
        const = sums.pop((), 0)
        return _dim(sums, const)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Dim:
        if not isinstance(exponent, int) or exponent < 0:
            return NotImplemented
        if exponent > NODES:
            raise DimTooLarge("the formula of this size is too large")
        return product([self] * int(exponent))

    def __floordiv__(self, by: int) -> Dim:
        if not isinstance(by, int):
            return NotImplemented
        if by == 0:
            raise ZeroDivisionError("division of a size by zero")
        if by < 0:
            return -self // -by
        return self if by == 1 else _floor_divide(self, int(by))

    def __mod__(self, by: int) -> Dim:
        if not isinstance(by, int):
            return NotImplemented
        return self - self // by * by

    @property
    def symbols(self) -> frozenset[str]:
        """The names of all symbols in it, also within floor divisions."""
        if self._symbols is None:
            names: set[str] = set()
            for mono, _ in self.terms:
                for atom in mono:
                    if isinstance(atom, str):
                        names.add(atom)
                    else:
                        names |= atom.inner.symbols
            self._symbols = frozenset(names)
        return self._symbols


Dim = int | Poly


def symbol(name: str) -> Poly:
    """The size called `name`, such as `H` or `digits.classes`."""
    return Poly((((name,), 1),), 0)


def symbols(d: Dim) -> frozenset[str]:
    """The names of all symbols in a size."""
    return d.symbols if isinstance(d, Poly) else frozenset()


def product(dims: Iterable[Dim]) -> Dim:
    """The product of sizes, 1 for none."""
    total: Dim = 1
    for d in dims:
        total = total * d
    return total


def evaluate(d: Dim, env: Mapping[str, int]) -> int:
    """The number a size is when its symbols have the values in `env`.

    Raises:
        KeyError: a symbol has no value.
    """
    if not isinstance(d, Poly):
        return int(d)
    total = d.const
    for mono, coef in d.terms:
        for atom in mono:
            if isinstance(atom, str):
                coef *= env[atom]
            else:
                coef *= evaluate(atom.inner, env) // atom.by
        total += coef
    return int(total)


def substitute(d: Dim, env: Mapping[str, Dim]) -> Dim:
    """The size in which the symbols of `env` are replaced; the others stay."""
    if not isinstance(d, Poly) or d.symbols.isdisjoint(env):
        return d
    total: Dim = d.const
    for mono, coef in d.terms:
        term: Dim = coef
        for atom in mono:
            if isinstance(atom, str):
                term = term * env.get(atom, symbol(atom))
            else:
                term = term * (substitute(atom.inner, env) // atom.by)
        total = total + term
    return total


def exact_div(d: Dim, k: Dim) -> Dim | None:
    """The quotient where `k` divides `d` whatever the symbols are; None where that is not plain."""
    if isinstance(k, int):
        if k == 0:
            return None
        if isinstance(d, int):
            return None if d % k else d // k
        if d.const % k or any(coef % k for _, coef in d.terms):
            return None
        return Poly(tuple((mono, coef // k) for mono, coef in d.terms), d.const // k)
    if isinstance(d, int):
        return 0 if d == 0 else None
    quotient: Dim = 0
    rest: Dim = d
    order = _MonomialOrder(d, k)
    lead, by = max(_all_terms(k), key=lambda term: order(term[0]))
    for _ in range(TERMS):
        if rest == 0:
            return quotient
        mono, coef = max(_all_terms(rest), key=lambda term: order(term[0]))
        left = _without(mono, lead)
        if left is None or coef % by:
            return None
        part = _dim({left: coef // by}, 0) if left else coef // by
        quotient, rest = quotient + part, rest - part * k
    return None


def show(d: Dim) -> str:
    """A size as a person writes it, `2*H - 1` or `(H - 1)//2`; equal sizes read alike."""
    if not isinstance(d, Poly):
        return str(int(d))
    terms, const = d.terms, d.const
    if len(terms) == 1 and const and terms[0][1] == 1 and len(terms[0][0]) == 1:
        atom = terms[0][0][0]
        if isinstance(atom, Floor) and atom.inner.const:
            return _floor_text(Poly(atom.inner.terms, atom.inner.const + const * atom.by), atom.by)
    first = next((i for i, (_, coef) in enumerate(terms) if coef > 0), -1)
    out = ""
    if first < 0:
        first, out, const = 0, str(const) if const > 0 else "", min(const, 0)
    for mono, coef in (terms[first], *terms[:first], *terms[first + 1 :]):
        text = _term_text(mono, abs(coef), bare=bool(out) or coef > 0)
        if out:
            out += f" - {text}" if coef < 0 else f" + {text}"
        else:
            out = f"-{text}" if coef < 0 else text
    if const:
        out += f" - {-const}" if const < 0 else f" + {const}"
    return out


def _term_text(mono: Mono, coef: int, bare: bool) -> str:
    if coef == 1 and len(mono) == 1 and bare:
        return mono[0] if isinstance(mono[0], str) else mono[0].text
    factors = [] if coef == 1 else [str(coef)]
    for atom in dict.fromkeys(mono):
        text = atom if isinstance(atom, str) else f"({atom.text})"
        power = mono.count(atom)
        factors.append(text if power == 1 else f"{text}**{power}")
    return "*".join(factors)


def _floor_text(inner: Poly, by: int) -> str:
    text = show(inner)
    (mono, coef), *more = inner.terms
    plain = not more and not inner.const and coef == 1 and len(mono) == 1
    return f"{text}//{by}" if plain and isinstance(mono[0], str) else f"({text})//{by}"


def _atom_key(atom: Atom) -> tuple[bool, str]:
    return (False, atom) if isinstance(atom, str) else (True, atom.text)


def _term_key(term: Term) -> tuple[int, list[tuple[bool, str]]]:
    return (-len(term[0]), [_atom_key(atom) for atom in term[0]])


def _dim(sums: Mapping[Mono, int], const: int) -> Dim:
    """The canonical size of these terms."""
    terms = [term for term in sums.items() if term[1]]
    if not terms:
        return int(const)
    if len(terms) > TERMS:
        raise DimTooLarge("the formula of this size is too large")
    if len(terms) > 1:
        terms.sort(key=_term_key)
    return Poly(tuple(terms), int(const))


def _floor_divide(d: Poly, by: int) -> Dim:
    """`d // by` for `by` of at least 2: what is divisible leaves the floor, the rest is reduced."""
    whole: dict[Mono, int] = {}
    rest: dict[Mono, int] = {}
    common = by
    for mono, coef in d.terms:
        left = coef % by if coef > 0 else -(-coef % by)
        if left != coef:
            whole[mono] = (coef - left) // by
        if left:
            rest[mono] = left
            common = gcd(common, left)
    out, const = divmod(d.const, by)
    if not rest:
        return _dim(whole, out)
    if common > 1:  # floor((g*y + r) / (g*k)) == floor((y + r//g) / k)
        rest = {mono: coef // common for mono, coef in rest.items()}
        const, by = const // common, by // common
    merged = _merge_floor(rest, const, by)
    if merged is not None:
        return merged + _dim(whole, out)
    inner = _dim(rest, const)
    assert isinstance(inner, Poly)
    atom: Mono = (Floor(inner, by),)
    whole[atom] = whole.get(atom, 0) + 1
    return _dim(whole, out)


def _merge_floor(rest: Mapping[Mono, int], const: int, by: int) -> Dim | None:
    """`(x//a + y)//k == (x + a*y)//(a*k)` where one floor stands alone, with sign 1 or -1."""
    lone = [
        (mono, coef)
        for mono, coef in rest.items()
        if len(mono) == 1 and abs(coef) == 1 and isinstance(mono[0], Floor)
    ]
    if len(lone) != 1:
        return None
    ((mono, sign),) = lone
    atom = mono[0]
    assert isinstance(atom, Floor)
    others = _dim({other: coef for other, coef in rest.items() if other != mono}, const)
    # -(x//a) is the ceiling of -x/a, which is (-x + a - 1)//a
    inner = atom.inner if sign == 1 else -atom.inner + (atom.by - 1)
    return (inner + others * atom.by) // (atom.by * by)


def _all_terms(d: Dim) -> list[Term]:
    if not isinstance(d, Poly):
        return [((), d)]
    return [*d.terms, ((), d.const)] if d.const else list(d.terms)


class _MonomialOrder:
    """Graded lexicographic order of products over the atoms of two sizes."""

    def __init__(self, *dims: Poly) -> None:
        found = {atom for d in dims for mono, _ in d.terms for atom in mono}
        self.atoms = sorted(found, key=_atom_key)

    def __call__(self, mono: Mono) -> tuple[int, list[int]]:
        return len(mono), [mono.count(atom) for atom in self.atoms]


def _without(mono: Mono, factor: Mono) -> Mono | None:
    left = list(mono)
    for atom in factor:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)
