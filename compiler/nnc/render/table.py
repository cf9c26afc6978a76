"""Columns of text, aligned."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nnc.render.text import PLAIN, Look, pad, paint, width


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    look: Look = PLAIN,
    *,
    right: Collection[int] = (),
) -> str:
    """A header and rows under it, two spaces between columns; a newline at the end.

    `right`: columns whose cells end where the column ends, as numbers do.
    """
    columns = [max(width(cell, look) for cell in column) for column in zip(head, *rows)]

    def line(cells: Sequence[str]) -> str:
        filled = [pad(c, columns[at], look, right=at in right) for at, c in enumerate(cells)]
        return "  ".join(filled).rstrip()

    return "\n".join([paint(line(head), "dim", look), *map(line, rows)]) + "\n"
