"""The door of the syntax room: text in, syntax tree and all mistakes out."""

from __future__ import annotations

import gc

from nnc.diagnostics import Diagnostic
from nnc.source import Source, Span
from nnc.syntax.ast import Expr, File
from nnc.syntax.build import file_doc
from nnc.syntax.files import read_source
from nnc.syntax.kinds import of_text
from nnc.syntax.mistakes import EXPLAIN
from nnc.syntax.reader import Reader

__all__ = ["parse", "parse_expression", "read_source"]


def parse(source: Source) -> tuple[File, tuple[Diagnostic, ...]]:
    """The tree of a text, and every syntax mistake in it in the order of the text.

    Statements that could not be read are left out; `File.damaged(span)` tells where something is
    missing, `File.lost` which names it may have made.
    """
    reader = Reader(source, "file", EXPLAIN)
    # A tree has no cycles: collecting them while it grows would take longer than parsing.
    collects = gc.isenabled()
    gc.disable()
    try:
        reader.run()
    finally:
        if collects:
            gc.enable()
    diagnostics = tuple(sorted(reader.diagnostics, key=lambda d: d.span.start))
    declarations = reader.machine.values[0] if reader.machine.values else ()
    if diagnostics:
        other = of_text(source, whole=not declarations)
        if other is not None:
            return File(source, (), "", (other.span,)), (other,)
    spans: tuple[Span, ...] = tuple(d.span for d in diagnostics)
    lost = frozenset(reader.lost)
    doc = file_doc(source.text)
    gaps = tuple(reader.gaps)
    return File(source, tuple(declarations), doc, spans, lost, gaps), diagnostics


def parse_expression(source: Source) -> Expr | tuple[Diagnostic, ...]:
    """One expression, as `--set` takes it, or the mistakes that stand in the way."""
    reader = Reader(source, "expression", EXPLAIN)
    reader.run()
    if reader.diagnostics:
        return tuple(reader.diagnostics)
    expression: Expr = reader.machine.values[0]
    return expression
