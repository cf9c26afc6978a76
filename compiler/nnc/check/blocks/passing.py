"""Steps and braces that a call hands to a block, and how their names come into the block's graph.

Names mean what they mean where they are written. What a step or braces read of the caller's comes
with them: values become further inputs of the block's graph, numbers further parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nnc.check.arguments.bind import Given
from nnc.check.formulas.values import (
    BAD,
    Defaults,
    Family,
    LabelEntry,
    Passed,
    Value,
    is_real,
)
from nnc.check.scope import Ended, Entry, Scope
from nnc.check.steps.body import Body
from nnc.check.steps.builder import Builder
from nnc.check.world import World
from nnc.ir.known import Known, KnownReal, named
from nnc.ir.sources import Source
from nnc.ir.types import TensorType
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast

AXES = {
    1: ("features",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
"""What the sizes of a value are called that has no pattern, after its name."""


class Braces(Scope):
    """The scope of a passed step or of braces: what they read, then the scope around them."""

    def clash(self, name: str) -> Entry | None:
        """The entry that a new name would hide, of the braces or of the body around them."""
        own = self.names.get(name)
        return own or (self.parent.clash(name) if self.parent is not None else None)


def names_read(world: World, node: ast.Step | ast.Body | ast.Expr) -> tuple[str, ...]:
    """The names that a part of the syntax tree reads, those of steps included."""
    known = world.read_names.get(id(node))
    if known is None:
        known = world.read_names[id(node)] = tuple(dict.fromkeys(_names(node)))
    return known


def _names(node: object) -> Iterator[str]:
    for one in nodes(node):
        if isinstance(one, ast.Ref):
            yield one.names[0].text
        elif isinstance(one, (ast.Step, ast.Call)):
            yield one.name.text


def nodes(node: object) -> Iterator[Record]:
    """A node of the syntax tree and all nodes inside, in the order of the text."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, tuple) and not isinstance(one, Span):
            stack.extend(reversed(one))
        elif isinstance(one, Record):
            yield one
            stack.extend(reversed([*one.__dict__.values()]))


def capture(body: Body, node: ast.Step | ast.Body, scope: Scope) -> Passed:
    """A step or braces with what their names stand for in `scope`."""
    world = body.world
    names: dict[str, Entry] = {}
    file = world.home(node.span).scope

    def note(name: str, scope: Scope) -> None:
        entry = scope.find(name)
        if entry is not None and file.names.get(name) is not entry:
            names.setdefault(name, entry)

    for name in names_read(world, node):
        note(name, scope)
    for given in _given(body.defaults[:-1]):
        for name in names_read(world, given.arg.value):
            note(name, given.scope)
    step = node if isinstance(node, ast.Step) else None
    braces = node if isinstance(node, ast.Body) else None
    return Passed(step, braces, names, scope, body.defaults, tuple(world.active))


def _given(levels: tuple[Defaults, ...]) -> Iterator[Given]:
    for level in levels:
        for args in level.values():
            yield from args.values()


def opened(passed: Passed) -> tuple[Scope, tuple[Defaults, ...]]:
    """A scope in which a passed step or braces can run once, and the defaults that hold in it."""
    scope = Braces(passed.outer)
    scope.names.update(passed.names)
    levels = [
        {w: {n: Given(g.arg, scope) for n, g in args.items()} for w, args in level.items()}
        for level in passed.levels[:-1]
    ]
    return scope, (*levels, passed.levels[-1])


def forgotten(value: Value) -> Value:
    """A value whose numbers know no names of the caller's."""
    if isinstance(value, Known | KnownReal):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, tuple):
        return tuple(forgotten(v) for v in value)
    return value


class Carried:
    """What the steps and braces of one call read of their caller's, in a stable order.

    Args:
        types: of the caller's values.
        known: numbers of keys seen in this check.

    `values` are the caller's values with the names that they are read under, `numbers` its numbers
    by name and number.
    """

    def __init__(self, types: list[TensorType], known: dict[tuple[object, ...], int]) -> None:
        self.types, self.known = types, known
        self._keys: dict[int, int] = {}
        self.values: dict[int, str] = {}
        self.numbers: dict[tuple[str, str], float] = {}

    def key(self, passed: Passed) -> int:
        """Equal for what means the same: the same text of one file, reading the same.

        A number, since what is handed on within what is handed on would make keys without end.
        """
        found = self._keys.get(id(passed))
        if found is None:
            span = passed.span
            defaults = tuple(
                (w, n, g.arg.span.text)
                for level in passed.levels[:-1]
                for w, args in level.items()
                for n, g in args.items()
            )
            read = tuple((name, self._key(name, e.value)) for name, e in passed.names.items())
            key = (span.source, span.text, defaults, read)
            found = self._keys[id(passed)] = self.known.setdefault(key, len(self.known))
        return found

    def read(self, steps: Iterable[Passed | None]) -> tuple[TensorType, ...]:
        """The types of the caller's values that steps and braces read."""
        for passed in steps:
            if passed is not None:
                self.key(passed)
        return tuple(self.types[v] for v in self.values)

    def _key(self, name: str, value: Value) -> object:
        if isinstance(value, LabelEntry):
            return self._value(name, value.value)
        if isinstance(value, Family):
            return tuple((i, self._value(name, m.value)) for i, m in value.members.items())
        if isinstance(value, Passed):
            return self.key(value)
        if is_real(value):
            self.numbers.setdefault((name, _digits(value)), value)
            return _digits(value)
        return type(value).__name__, value

    def _value(self, name: str, value: int) -> object:
        if value == BAD:
            return BAD
        self.values.setdefault(value, name)
        return list(self.values).index(value), self.types[value]


class Entering:
    """Brings what steps and braces read into the graph of the block that they are handed to.

    Args:
        builder: of the block; None where its input is not known and nothing can be built.
        params: the block's parameters, to which numbers are added.
        taken: other names that parameters must not take.
        types: of the values that the block is called on, as its caller knows them.
    """

    def __init__(
        self,
        carried: Carried,
        builder: Builder | None,
        params: dict[str, object],
        taken: set[str],
        types: tuple[TensorType, ...],
    ) -> None:
        self.numbers: dict[tuple[str, str], Known | KnownReal] = {}
        self.values: dict[int, int] = {}
        self._done: dict[int, Passed] = {}
        used = taken | {*params}
        sizes = _sizes(types, builder)
        for key, value in carried.numbers.items():
            size = sizes.get(value.source) if isinstance(value, Known) else None
            if size is not None:  # what the caller calls so, the block knows as a size of its input
                self.numbers[key] = size
                continue
            source = _unique(key[0], used)
            known = named(value, source)
            assert isinstance(known, Known | KnownReal)
            self.numbers[key] = params[source] = known
            used.add(source)
        if builder is None:
            return
        names: set[str] = {port.name for port in builder.inputs}
        for value, name in carried.values.items():
            port = _unique(name, names)
            names.add(port)
            type = sized(carried.types[value], port, used)
            params.update((d.source, d) for d in type.dims if isinstance(d, Known))  # type: ignore[misc]
            self.values[value] = builder.input(port, type, builder.span)

    def passed(self, passed: Passed) -> Passed:
        """The same step or braces, in the terms of the block's graph."""
        found = self._done.get(id(passed))
        if found is None:
            names = {n: Entry(self._entered(n, e.value), e.span) for n, e in passed.names.items()}
            found = self._done[id(passed)] = Passed(
                passed.step, passed.braces, names, passed.outer, passed.levels, passed.active
            )
        return found

    def _entered(self, name: str, value: Value) -> Value:
        if isinstance(value, LabelEntry):
            return LabelEntry(self.values.get(value.value, BAD), value.span)
        if isinstance(value, Family):
            made = Family(value.span)
            for index, member in value.members.items():
                made.members[index] = LabelEntry(self.values.get(member.value, BAD), member.span)
            return made
        if isinstance(value, Passed):
            return self.passed(value)
        if is_real(value):
            found = self.numbers.get((name, _digits(value)))
            return forgotten(value) if found is None else found  # read for its names alone
        return forgotten(value)


def _sizes(types: tuple[TensorType, ...], builder: Builder | None) -> dict[Source, Known]:
    """Sizes of a block's inputs, by what their caller calls them."""
    found: dict[Source, Known] = {}
    for type, port in zip(types, builder.inputs if builder is not None else ()):
        assert builder is not None
        for theirs, own in zip(type.dims, builder.types[port.value].dims):
            if isinstance(theirs, Known) and isinstance(own, Known):
                found.setdefault(theirs.source, own)
    return found


def sized(type: TensorType, name: str, taken: set[str]) -> TensorType:
    """The type of an input without a pattern: its sizes are `skip_channels`, `skip_height`, ..."""
    words = AXES.get(type.rank, tuple(f"size{i}" for i in range(type.rank)))
    dims = []
    for word, d in zip(words, type.dims):
        if isinstance(d, int):
            source = f"{name}_{word}"
            d = int(d) if source in taken else Known(int(d), source)
        dims.append(d)
    taken.update(str(d.source) for d in dims if isinstance(d, Known))
    return type.with_dims(*dims)


def _digits(value: float) -> str:
    """A number's digits, which tell 1 from 1.0."""
    return repr(int(value) if isinstance(value, int) else float(value))


def _unique(name: str, taken: set[str]) -> str:
    made, number = name, 2
    while made in taken:
        made = f"{name}_{number}"
        number += 1
    return made


def run_passed(body: Body, passed: Passed, run: Callable[[Scope], None]) -> None:
    """Runs a passed step or braces in a body, as where they were written."""
    world = body.world
    defaults, active = body.defaults, world.active
    scope, body.defaults = opened(passed)
    world.active = list(passed.active)
    try:
        run(scope)
    finally:
        body.defaults, world.active = defaults, active
    for name, entry in scope.names.items():
        if name not in passed.names and isinstance(entry.value, (LabelEntry, Family)):
            passed.outer.root.ended.setdefault(name, Ended(entry.span, "call"))
