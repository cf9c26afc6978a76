"""What nnc tells a user about a mistake: one type, many renderers.

A rule is declared once, beside the check that uses it, with the explanation that `nnc explain` and
the
reference show. `rule.at(span, message, ...)` makes the diagnostic. Messages follow four questions:
what is
wrong (message), where (primary label), how we know (labels, notes), what to write instead (help,
fix).
"""

from __future__ import annotations

from typing import Literal

from nnc.record import Record
from nnc.source import Span

Severity = Literal["error", "warning"]

RULES: dict[str, Rule] = {}


class Label(Record):
    """A place and a few words about it."""

    span: Span
    text: str = ""


class Fix(Record):
    """Replace what stands at `span` with `text`; the result checks."""

    span: Span
    text: str


class Frame(Record):
    """One call on the way from a network to the mistake: `stage(64)` at a span."""

    what: str
    span: Span


class Diagnostic(Record):
    """One mistake. `labels[0]` is where it is; the others say how we know."""

    code: str
    severity: Severity
    message: str
    labels: tuple[Label, ...]
    notes: tuple[str, ...] = ()
    help: str = ""
    fix: Fix | None = None
    trace: tuple[Frame, ...] = ()

    @property
    def span(self) -> Span:
        """Where the mistake is."""
        return self.labels[0].span


class Rule(Record):
    """A kind of mistake: `NN` and three digits.

    A name after the bad pattern, an explanation in Markdown.

    The hundreds digit is the stage: 0 syntax, 1 names, 2 arguments, 3 shapes and types, 4 training
    and
    data, 5 what a target cannot express.
    """

    code: str
    name: str
    explanation: str
    severity: Severity = "error"

    def at(
        self,
        span: Span,
        message: str,
        *,
        label: str = "",
        others: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        help: str = "",
        fix: Fix | None = None,
        trace: tuple[Frame, ...] = (),
    ) -> Diagnostic:
        """The diagnostic of this rule at `span`."""
        labels = (Label(span, _short(label)), *others)
        message, help = _short(message), _short(help)
        return Diagnostic(self.code, self.severity, message, labels, notes, help, fix, trace)


LONGEST = 500
"""Characters of a message: a name of a stranger's may have ten thousand."""


def _short(text: str) -> str:
    """The text, or its ends."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


def rule(code: str, name: str, explanation: str, severity: Severity = "error") -> Rule:
    """Declares a rule and adds it to the table that `nnc explain` reads.

    Raises:
        ValueError: the code is taken.
    """
    if code in RULES:
        raise ValueError(f"rule {code} is declared twice")
    made = Rule(code, name, explanation.strip(), severity)
    RULES[code] = made
    return made


class Refusal(Exception):
    """Carries diagnostics out of a function that cannot go on; a user's mistake, never a bug."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message if diagnostics else "refused")
        self.diagnostics = diagnostics


MANY_WORDS = 1000
"""Among more words only those are looked at that begin alike and are about as long."""


NEGATIONS = ("un", "non", "no", "not", "in", "dis", "de")


def _negated(word: str, other: str) -> bool:
    """Whether one word is the opposite of the other: `unfreeze` is no misspelt `freeze`."""
    shorter, longer = sorted((word, other), key=len)
    return longer.endswith(shorter) and longer[: -len(shorter)].rstrip("_") in NEGATIONS


def nearest(word: str, words: tuple[str, ...] | list[str]) -> str:
    """The known word that a misspelt one most likely means, or an empty string."""
    import difflib  # 4 ms, and only a mistake needs it

    if len(words) > MANY_WORDS:  # a text of a stranger's: a close look at each takes minutes
        words = [w for w in words if w[:1] == word[:1] and abs(len(w) - len(word)) < 3][:MANY_WORDS]
    lower = {w.lower(): w for w in words if not _negated(word.lower(), w.lower())}
    found = difflib.get_close_matches(word.lower(), list(lower), n=1, cutoff=0.6)
    return lower[found[0]] if found else ""
