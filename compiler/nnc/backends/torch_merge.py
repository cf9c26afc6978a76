"""Two classes of one block that differ where the block has an `if`, as one class with that `if`.

What both have in common is written once, the rest under a flag. With the flag the class is the
first, line for line; without it the second: its variables get the names of the first, and each of
its statements is held to read the same values under these names as under its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from nnc.backends.torch_text import WIDTH, split_top
from nnc.ir.names import place_name
from nnc.record import Record

INNER = 8  # columns before a statement of a method
_STORED = re.compile(r"self\.\w+ = \w+")
_SET = re.compile(r"(return|\w+ =) (.+)", re.DOTALL)
_MADE = re.compile(r"self\.(\w+) = ")

Empty = Callable[[str], bool]
"""Whether a loop, given its first line, makes no turn in the second class."""


class Statement(Record):
    """A statement with all its lines, and where local variables stand in it.

    Args:
        names: line, first and last column, name, and whether it is set there, in order.
        fixed: it has an f-string, whose inside is not renamed.
    """

    text: str
    names: tuple[tuple[int, int, int, str, bool], ...]
    fixed: bool

    @property
    def shape(self) -> str:
        """The text without the names of variables."""
        return self.text if self.fixed else self.named(["?"] * len(self.names))

    def named(self, names: Sequence[str]) -> str:
        """The text with other names for its variables."""
        lines = [line.encode() for line in self.text.split("\n")]
        for (line, start, end, _, _), name in reversed(list(zip(self.names, names))):
            lines[line] = lines[line][:start] + name.encode() + lines[line][end:]
        return "\n".join(line.decode() for line in lines)


class Both(Record):
    """Statements of the first class, and of the second in the first one's names."""

    first: tuple[str, ...]
    second: tuple[str, ...]


Segment = str | Both


def merged_forward(
    inputs: Sequence[str], first: Sequence[str], second: Sequence[str], empty: Empty
) -> list[Segment] | None:
    """Both methods as one, None where they have too little in common."""
    a = _statements(first, inputs)
    ends = [_statements(lines, inputs) for lines in _returned(second)]
    found = [_joined(a, b, inputs, empty) for b in ends]
    made = [segments for segments in found if segments is not None]
    return min(made, key=lambda s: len(written(s, "self.flag")), default=None)


def merged_constructor(first: Sequence[str], second: Sequence[str], empty: Empty) -> list[Segment]:
    """Both constructors as one; attributes that keep a parameter are in both."""
    a, b = _units(first), _units(second)
    stored = [u for u in dict.fromkeys([*a, *b]) if _STORED.fullmatch(u)]
    a, b = ([u for u in units if u not in stored] for units in (a, b))
    out: list[Segment] = [*stored]
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal" or (k == m and all(empty(unit) for unit in a[i:j])):
            out += a[i:j]
        else:
            out.append(Both(tuple(a[i:j]), tuple(b[k:m])))
    return out


def written(segments: Sequence[Segment], flag: str) -> list[str]:
    """The lines, what is not common under the flag."""
    lines: list[str] = []
    for segment in segments:
        if isinstance(segment, Both):
            lines += _under(flag, segment)
        else:
            lines += segment.split("\n")
    return lines


def flag_name(
    constructor: Sequence[Segment], forward: Sequence[Segment], taken: Sequence[str]
) -> str:
    """What the flag is called: after the first module that stands under it, or what it adds."""
    for both in (s for s in constructor if isinstance(s, Both)):
        made, others = (_made(side) for side in (both.first, both.second))
        if made and made[0] not in others:
            return place_name("has_" + re.sub(r"(?<=[a-z])1$", "", made[0]), taken)
    for both in (s for s in forward if isinstance(s, Both)):
        if both.first and len(both.second) == 1 and _adds(both.first[-1], both.second[0]):
            return place_name("residual", taken)
    return place_name("branch", taken)


def _made(lines: Sequence[str]) -> list[str]:
    """The places that statements of a constructor fill."""
    return [found[1] for found in map(_MADE.match, lines) if found]


def _adds(longer: str, shorter: str) -> bool:
    """Whether one result is the other and something more."""
    start, _, end = longer.rpartition(" + ")
    return shorter in (start, f"return {end}")


def _under(flag: str, both: Both) -> list[str]:
    first = [f"    {line}" for text in both.first for line in text.split("\n")]
    second = [line for text in both.second for line in text.split("\n")]
    one, other = (_SET.fullmatch(text) for text in (" ".join(both.first), " ".join(both.second)))
    if len(both.first) == len(both.second) == 1 and one and other and one[1] == other[1]:
        line = f"{one[1]} {one[2]} if {flag} else {other[2]}"
        if len(line) <= WIDTH - INNER and len(split_top(one[2])) == len(split_top(other[2])) == 1:
            return [line]
    if not first:
        turned = f"not {flag}" if re.fullmatch(r"[\w.]+", flag) else f"not ({flag})"
        return [f"if {turned}:", *(f"    {line}" for line in second)]
    if not second:
        return [f"if {flag}:", *first]
    if both.first[-1].startswith("return "):
        return [f"if {flag}:", *first, *second]
    return [f"if {flag}:", *first, "else:", *(f"    {line}" for line in second)]


# --- statements ----------------------------------------------------------------------------------


def _units(lines: Sequence[str]) -> list[str]:
    """The lines by statement: a loop is one with what stands in it."""
    units: list[str] = []
    for line in lines:
        if line.startswith((" ", "else:")):
            units[-1] += f"\n{line}"
        else:
            units.append(line)
    return units


def _returned(lines: Sequence[str]) -> list[Sequence[str]]:
    """The lines, and with the result in a variable of its own."""
    last = lines[-1].removeprefix("return ")
    if last == lines[-1] or last.isidentifier() or len(split_top(last)) > 1:
        return [lines]
    return [lines, [*lines[:-1], f"result = {last}", "return result"]]


def _statements(lines: Sequence[str], inputs: Sequence[str]) -> list[Statement]:
    units = _units(lines)
    trees = [_parsed(unit) for unit in units]
    stored = {
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return [_statement(u, tree, stored | {*inputs}) for u, tree in zip(units, trees)]


@lru_cache(maxsize=2_000)
def _parsed(unit: str) -> ast.Module:
    return ast.parse(unit)


def _statement(text: str, tree: ast.Module, local: set[str]) -> Statement:
    names = [
        (node.lineno - 1, node.col_offset, node.end_col_offset or 0, node.id, _is_set(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in local
    ]
    return Statement(text, tuple(sorted(names)), 'f"' in text)


def _is_set(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


# --- variables -----------------------------------------------------------------------------------


class Names:
    """What variables hold in the second class: under its own names, and under those of the first.

    Values are numbered as they are made.
    """

    def __init__(self, inputs: Sequence[str]) -> None:
        self.own = {name: at for at, name in enumerate(inputs)}
        self.shared = dict(self.own)
        self.count = len(inputs)

    def reads(self, own: str, shared: str) -> bool:
        """Whether both names hold the same."""
        return own not in self.own or self.own[own] == self.shared.get(shared, -1)

    def finds(self, own: str) -> str | None:
        """The shared name of what an own name holds."""
        held = self.own.get(own)
        if held is None or self.shared.get(own) == held:
            return own
        return next((name for name, value in self.shared.items() if value == held), None)

    def sets(self, own: str, shared: str) -> None:
        """A new value."""
        self.own[own] = self.shared[shared] = self.count
        self.count += 1


def _joined(
    a: Sequence[Statement], b: Sequence[Statement], inputs: Sequence[str], empty: Empty
) -> list[Segment] | None:
    names = Names(inputs)
    out: list[Segment] = []
    shapes = [s.shape for s in a], [s.shape for s in b]
    codes = SequenceMatcher(None, *shapes, autojunk=False).get_opcodes()
    pairs = [
        (a[i + n], b[k + n]) for kind, i, j, k, _ in codes if kind == "equal" for n in range(j - i)
    ]
    for kind, i, j, k, m in codes:
        if kind == "equal":
            if not all(_follows(one, other, names) for one, other in zip(a[i:j], b[k:m])):
                return None
            out += [one.text for one in a[i:j]]
        elif k == m and all(empty(one.text) for one in a[i:j]):
            out += [one.text for one in a[i:j]]
        else:
            made = [_renamed(one, names, pairs) for one in b[k:m]]
            if None in made:
                return None
            out.append(Both(tuple(s.text for s in a[i:j]), tuple(t for t in made if t)))
    return out


def _follows(one: Statement, other: Statement, names: Names) -> bool:
    """Whether the first one's statement reads in its names what the second's does in its own."""
    twins = [(n[3], o[3], n[4]) for n, o in zip(one.names, other.names)]
    if "\n" in one.text or one.fixed:
        known = dict.fromkeys((own, shared) for shared, own, _ in twins)
        if len({o for o, _ in known}) < len(known) or len({s for _, s in known}) < len(known):
            return False
        if one.fixed and any(own != shared for own, shared in known):
            return False
    if not all(names.reads(own, shared) for shared, own, is_set in twins if not is_set):
        return False
    for own, shared in dict.fromkeys((own, shared) for shared, own, is_set in twins if is_set):
        names.sets(own, shared)
    return True


def _renamed(
    one: Statement, names: Names, pairs: Sequence[tuple[Statement, Statement]]
) -> str | None:
    """A statement of the second class alone, in the names of the first."""
    if "\n" in one.text or one.fixed:
        own = {n[3] for n in one.names if n[3] in names.own}
        if not all(names.reads(name, name) for name in own):
            return None
        for name in dict.fromkeys(n[3] for n in one.names if n[4]):
            names.sets(name, name)
        return one.text
    made: list[str] = []
    for *_, name, is_set in one.names:
        found = _wanted(name, pairs) if is_set else names.finds(name)
        if found is None:
            return None
        made.append(found)
    for (*_, name, is_set), found in zip(one.names, made):
        if is_set:
            names.sets(name, found)
    return one.named(made)


def _wanted(name: str, pairs: Sequence[tuple[Statement, Statement]]) -> str:
    """The name under which statements that both have read a variable of the second."""
    for one, other in pairs:
        for shared, own in zip(one.names, other.names):
            if own[3] == name and not own[4]:
                return shared[3]
    return name
