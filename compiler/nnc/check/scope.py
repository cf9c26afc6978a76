"""Names in reach, and the sink for diagnostics."""

from __future__ import annotations

from nnc.check.formulas.values import UNKNOWN, Family, LabelEntry, Unknown, Value
from nnc.check.rules import TAKEN_NAME
from nnc.diagnostics import Diagnostic, Label
from nnc.record import Record, replace
from nnc.source import Span

LIMIT = 200
"""Messages kept of one check; a text that makes more is not read to the end by anyone."""


class Enough(Exception):
    """More is wrong than anyone reads: the check ends."""


class Sink:
    """Collects diagnostics: one a cause, so the same rule at the same place counts once."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[str, Span]] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        """Keeps a diagnostic unless it was said already.

        Raises:
            Enough: there are as many as are kept.
        """
        key = (diagnostic.code, diagnostic.span)
        if key in self._seen:
            return
        if len(self.diagnostics) >= LIMIT:
            raise Enough
        self._seen.add(key)
        self.diagnostics.append(diagnostic)

    def blame(self, code: str, others: str, start: int) -> None:
        """Lets a warning stand for the errors that it explains, as an error.

        Args:
            code: of the warning.
            others: what the codes of the errors begin with.
            start: the first message that is looked at.
        """
        new = self.diagnostics[start:]
        blamed = [d for d in new if d.code.startswith(others) and d.severity == "error"]
        if blamed and any(d.code == code for d in new):
            kept = [d for d in new if d not in blamed]
            said = [replace(d, severity="error") if d.code == code else d for d in kept]
            self.diagnostics[start:] = said

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return sum(d.severity == "error" for d in self.diagnostics)


class Entry(Record):
    """What a name stands for, and where it was declared."""

    value: Value
    span: Span


class Ended(Record):
    """A label that went out of reach: where it was made and in what ("loop", "path", "if")."""

    span: Span
    inside: str


class Scope:
    """Names of one body; inner scopes are paths, ifs and turns of loops.

    `root` is the scope of the whole body, in which families live; its `parent` is the file.
    """

    def __init__(self, parent: Scope | None = None, *, inside: str = "") -> None:
        self.parent = parent
        self.names: dict[str, Entry] = {}
        self.ended: dict[str, Ended] = {}
        self.inside = inside
        self.used: set[str] = set()
        self.root: Scope = parent.root if parent is not None and inside else self

    def find(self, name: str) -> Entry | None:
        """The innermost entry of a name."""
        scope: Scope | None = self
        while scope is not None:
            entry = scope.names.get(name)
            if entry is not None:
                scope.used.add(name)
                return entry
            scope = scope.parent
        return None

    def clash(self, name: str) -> Entry | None:
        """The entry of this body that a new name would hide."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            if scope is self.root:
                return None
            scope = scope.parent
        return None

    def declare(self, name: str, value: Value, span: Span, sink: Sink) -> None:
        """Adds a name, or says that it is taken."""
        old = self.clash(name)
        if old is not None:
            sink.add(
                TAKEN_NAME.at(
                    span,
                    f"the name `{name}` is taken",
                    others=(Label(old.span, "it is declared here"),),
                    help="choose another name",
                )
            )
            self.names[name] = Entry(UNKNOWN, old.span)  # which of the two a reader means is open
            return
        self.names[name] = Entry(value, span)

    def family(self, name: str, span: Span) -> Family | None:
        """The family of that name, made when it is new.

        None when the name is taken by something else.
        """
        old = self.clash(name)
        if old is None:
            made = Family(span)
            self.root.names[name] = Entry(made, span)
            return made
        return old.value if isinstance(old.value, Family) else None

    def end(self) -> None:
        """Closes an inner scope: its labels are remembered for messages."""
        for name, entry in self.names.items():
            if not isinstance(entry.value, (LabelEntry, Family, Unknown)):
                continue
            self.root.ended[name] = Ended(entry.span, self.inside)

    def words(self) -> list[str]:
        """All names in reach, for "did you mean"."""
        found: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            found.extend(scope.names)
            scope = scope.parent
        return found
