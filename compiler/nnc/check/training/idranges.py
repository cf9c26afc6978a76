"""Whether the tables of a network have a row for each id that its data hold."""

from __future__ import annotations

import re

from nnc.check.training.training_rules import SMALL_TABLE, WRONG_CLASSES
from nnc.diagnostics import Diagnostic, Fix
from nnc.ir.graph import Network
from nnc.ir.plan import Categories, DataPlan, Field, Profile, Term
from nnc.ir.types import TensorType
from nnc.ir.vocabulary import Vocabulary
from nnc.passes.idtables import IdTable, id_tables
from nnc.record import Record
from nnc.source import Span

_COUNT = re.compile(
    r"(?:embedding|one_hot)\(\s*(?:(?:count|classes)\s*=\s*)?([\d_]+|\w+(?:\.\w+)+)"
)
"""A step whose count stands there as a number, or as one of some data."""
LABELLED = ("class", "mask", "tokens", "transcript")


class Ids(Record):
    """The ids of one column of a field.

    Args:
        count: one more than the largest.
        least: the smallest.
        written: how a spec says the count, "" where it has no name.
        column: its name, where the field has several.
    """

    count: int
    least: int = 0
    written: str = ""
    column: str = ""


def ids_of(profile: Profile, field: Field) -> tuple[Ids, ...]:
    """The ids of each column of a field; nothing where they are not known."""
    front = profile.front(field.name)
    if isinstance(front, Vocabulary):
        return (Ids(len(front.tokens), written=f"{profile.data}.vocab"),)
    if isinstance(front, Categories):
        several = len(front.columns) > 1
        return tuple(
            Ids(
                len(values) + 1,
                written=f"{profile.data}.{column}.values",
                column=column if several else "",
            )
            for column, values in zip(front.columns, front.values)
        )
    if field.ids:
        text = field.meaning in ("text", "tokens") and not field.labels
        written = f"{profile.data}.vocab" if text else ""
        return (Ids(field.ids[1] + 1, field.ids[0], written),)
    return (Ids(len(field.labels)),) if field.meaning in LABELLED and field.labels else ()


def small_table(network: Network, profile: Profile, read: dict[str, Field]) -> Diagnostic | None:
    """What is wrong with the first table that lacks a row for an id that comes to it.

    Args:
        read: the field of each input.
    """
    for table in id_tables(network):
        field = read.get(table.port)
        found = ids_of(profile, field) if field is not None else ()
        if field is None or not found:
            continue
        problem = _problem(table, field, found)
        if problem is not None:
            return problem
    return None


def few_classes(
    profile: Profile, read: dict[str, Field], terms: tuple[Term, ...]
) -> Diagnostic | None:
    """What is wrong with the first output that learns the ids of an input and tells too few."""
    for term in terms:
        target = term.target
        if target is None or target.kind != "input" or not target.classes:
            continue
        found = ids_of(profile, read[target.name])
        if len(found) == 1 and not 0 < found[0].count <= target.classes:
            count = found[0].written or str(found[0].count)
            message = f"the ids of `{read[target.name].name}` go up to {found[0].count - 1:,}"
            return WRONG_CLASSES.at(
                term.span,
                f"{message}, and the output `{term.output}` tells {target.classes:,}",
                help=f"write `dense({count})` as the last layer",
            )
    return None


def declared_ids(plan: DataPlan, network: Network) -> Diagnostic | None:
    """The same of a table of texts that nobody opened, where `vocab=` tells how many ids it has."""
    vocab = plan.option("vocab")
    inputs = [p for p in network.graph.fed if network.graph.types[p.value].dtype == "int64"]
    read = [port.name for port in inputs if not port.measures]
    if plan.kind != "text" or not isinstance(vocab, int) or len(read) != 1:
        return None
    field = Field("text", "input", "text", TensorType(()), ids=(0, vocab - 1))
    profile = Profile(plan.name, (field,), (), "", ())
    return small_table(network, profile, {read[0]: field})


def _problem(table: IdTable, field: Field, found: tuple[Ids, ...]) -> Diagnostic | None:
    if len(table.rows) == 1:
        ids = max(found, key=lambda one: one.count)
        if len(found) > 1 and not table.whole:
            return None  # it may be of another column
        return _beyond(table, field, ids, table.rows[0])
    if len(found) != len(table.rows) or not table.whole:
        return None
    pairs = zip(found, table.rows)
    return next((p for one in pairs if (p := _beyond(table, field, *one)) is not None), None)


def _beyond(table: IdTable, field: Field, ids: Ids, rows: int) -> Diagnostic | None:
    name = ids.column or field.name
    if ids.least < 0:
        message = f"`{name}` holds {ids.least}, and `{table.word}` counts its ids from 0"
        return SMALL_TABLE.at(table.span, message, help="number them from 0 in the file")
    if ids.count <= rows:
        return None
    has = "row" if table.word == "embedding" else "place"
    message = f"`{table.word}` has {rows:,} {has}{'s' * (rows != 1)}, and the ids of `{name}` go up"
    span, right = _right(table, ids)
    return SMALL_TABLE.at(
        span or table.span,
        f"{message} to {ids.count - 1:,}",
        help=f"write `{right}`",
        fix=Fix(span, ids.written or str(ids.count)) if span is not None else None,
    )


def _right(table: IdTable, ids: Ids) -> tuple[Span | None, str]:
    """The count as it stands in the step, None where it is computed; and the step mended."""
    count = ids.written or str(ids.count)
    source = table.span.source
    found = _COUNT.match(source.text, table.span.start)
    if found is None or len(table.rows) > 1:
        return None, f"{table.word}({count}, ...)" if len(table.rows) == 1 else count
    first, last = found.span(1)
    end = source.text.find(")", last)
    whole = source.text[table.span.start : first] + count + source.text[last : end + 1]
    return Span(source, first, last), " ".join(whole.split())
