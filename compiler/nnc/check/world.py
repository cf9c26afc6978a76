"""What the checks of one file share.

Declarations, facts of the network in hand, memo of blocks, limits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nnc import resources
from nnc.check.foreign import habits
from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.types import Pattern
from nnc.check.formulas.values import Defaults, State, Value
from nnc.check.rules import LIMIT, UNKNOWN_STEP
from nnc.check.scope import Scope, Sink
from nnc.diagnostics import Diagnostic, Fix, Frame, Refusal, nearest
from nnc.ir.facts import Facts
from nnc.ir.graph import Graph
from nnc.ir.types import TensorType
from nnc.layers import LAYERS
from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast
from nnc.syntax.rules import UNCLOSED

STEPS = 1_000_000
DEEPEST = 64
COMBINATORS = ("residual", "scale", "scan")
"""Words with braces that are no layers themselves."""


class Made(Record):
    """A block specialised once: its graph (None when it failed) and what it gives.

    Args:
        taken: which of the caller's values that steps and braces read are inputs of the graph.
        numbers: the parameters under which the graph knows the caller's numbers that they read.
        layers: how many it holds, those of the blocks that it calls included.
        states: of a scan, in the order of declaration.
    """

    graph: Graph | None
    output: TensorType | None
    taken: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    layers: int = 0
    states: tuple[State, ...] = ()


class Pending(Record):
    """A claim on symbolic sizes, proved at the end of its network.

    Under all that its joins infer.
    """

    pattern: Pattern
    type: TensorType
    diagnostic: Diagnostic


class Home:
    """One file: its names, and the defaults that it states."""

    __slots__ = ("defaults", "file", "scope")

    def __init__(self, file: ast.File) -> None:
        self.file = file
        self.scope = Scope()
        self.defaults: Defaults = {}


class World:
    """The state of checking a file and those that it uses."""

    def __init__(
        self,
        sink: Sink,
        data: Callable[[str, str], Value | str | None],
        files: tuple[ast.File, ...],
        actions: Mapping[type, Callable[[Any, Any, Scope], None]],
        *,
        whole: bool,
    ) -> None:
        """`files`: the spec itself, then those that it uses; `whole`: all of them were read."""
        self.actions, self.whole = actions, whole
        self.lost: frozenset[str] = frozenset().union(*(file.lost for file in files))
        self.sink = sink
        self.numbers = Numbers(sink, self.step_names, data, self.lost, _data_names(files[0]))
        self.homes = {file.source: Home(file) for file in files}
        self.scope = self.homes[files[0].source].scope
        self.blocks: dict[str, ast.Block] = {}
        self.networks: dict[str, ast.Network] = {}
        self.callable: dict[str, ast.Network] = {}  # those of used files that only play included
        self.gans: dict[str, ast.Gan] = {}
        self.doubted: set[str] = set()  # settings that are written, and cannot be read
        self.played: set[str] = set()
        self.called: set[str] = set()
        self.read_by_losses = _loss_names(files[0])
        self.memo: dict[tuple[object, ...], Made] = {}
        self.active: list[str] = []
        self.trace: tuple[Frame, ...] = ()
        self.facts = Facts()
        self.pending: list[Pending] = []
        self.steps = 0
        self._names: list[str] | None = None
        self.read_names: dict[int, tuple[str, ...]] = {}  # by the identity of nodes of the files
        self.steps_of: dict[int, ast.Step] = {}  # of expressions that stand for steps, likewise
        self.passed_keys: dict[tuple[object, ...], int] = {}
        self.steps_within: dict[int, tuple[ast.Step, ...]] = {}  # of blocks, likewise

    def home(self, span: Span) -> Home:
        """The file that a place stands in; the spec for what the command line says."""
        return self.homes.get(span.source) or next(iter(self.homes.values()))

    def is_damaged(self, span: Span) -> bool:
        """Whether a syntax mistake stands inside."""
        home = self.homes.get(span.source)
        return home is not None and home.file.damaged(span)

    def is_open(self, span: Span) -> bool:
        """Whether a brace before this place is not closed, so that what stands inside is unsure."""
        return any(
            d.code == UNCLOSED.code and d.span.source is span.source and d.span.start < span.start
            for d in self.sink.diagnostics
        )

    def step_names(self) -> list[str]:
        """All words that are steps."""
        if self._names is None:
            layers = [word for word, cls in LAYERS.items() if not cls.hidden]
            self._names = [*layers, *COMBINATORS, *self.blocks, *self.networks]
        return self._names

    def start_network(self) -> None:
        """Forgets the facts and specialisations of the network before."""
        self.facts = Facts()
        self.memo = {}
        self.pending = []
        self.active = []
        self.trace = ()

    def count_step(self, span: Span) -> None:
        """Spends one of the steps that a check may take.

        Raises:
            Refusal: they are spent.
        """
        self.steps += 1
        if self.steps > STEPS:
            raise Refusal(LIMIT.at(span, f"the network has more than {STEPS:,} steps"))

    def unknown_step(self, name: ast.Ident) -> Diagnostic:
        """The message for a step that no layer or block has the name of."""
        known = self.step_names()
        home = std_home(name.text)
        if home:
            return UNKNOWN_STEP.at(
                name.span,
                f"`{name.text}` is a block of the standard library",
                help=f"put `use std.{home}` at the top",
                fix=Fix(Span(name.span.source, 0, 0), f"use std.{home}\n\n"),
            )
        message = f"there is no layer or block `{name.text}`"
        if name.text in ("generator", "discriminator"):
            return UNKNOWN_STEP.at(
                name.span, f"a `{name.text}` plays in a gan", help="write `gan NAME { ... }`"
            )
        advice = habits.ADVICE.get(habits.plain(name.text), "")
        if advice:
            return UNKNOWN_STEP.at(name.span, message, help=advice)
        guess = habits.step_for(name.text, known) or nearest(name.text, known)
        return UNKNOWN_STEP.at(
            name.span,
            message,
            help=f"did you mean `{guess}`?" if guess else "`nnc layers` lists the layers",
            fix=Fix(name.span, guess) if guess else None,
        )


def std_home(block: str) -> str:
    """The file of the standard library that has a block of this name, or an empty string."""
    folder = resources.path("specs", "std")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".nn"):
            continue
        text = resources.text("specs", "std", name)
        if re.search(rf"^block {re.escape(block)}\b", text, re.MULTILINE):
            return name.removesuffix(".nn")
    return ""


def _data_names(file: ast.File) -> frozenset[str]:
    return frozenset(d.name.text for d in file.declarations if isinstance(d, ast.Data))


def _loss_names(file: ast.File) -> dict[str, frozenset[str]]:
    """By network the names that the losses of its train blocks read."""
    found: dict[str, frozenset[str]] = {}
    for d in file.declarations:
        if isinstance(d, ast.Train) and d.settings is not None:
            own = [s for s in d.settings.settings if isinstance(s, ast.Setting)]
            losses = [s for s in own if s.name.text == "loss"]
            named = frozenset(name for s in losses for e in s.values for name in _refs(e))
            found[d.network.text] = found.get(d.network.text, frozenset()) | named
    return found


def _refs(e: object) -> Iterator[str]:
    """The names in an expression."""
    if isinstance(e, ast.Ref):
        yield e.text
    elif isinstance(e, ast.Binary):
        yield from (*_refs(e.left), *_refs(e.right))
    elif isinstance(e, ast.Unary):
        yield from _refs(e.operand)
    elif isinstance(e, ast.Call):
        yield from (name for arg in e.args for name in _refs(arg.value))
