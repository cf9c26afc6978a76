"""What names of files tell, `7_jackson_32.wav`: the class, and what samples are grouped by."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nnc.ir.plan import DataPlan
from nnc.train.data.keyed import Rows
from nnc.train.data.rules import LAYOUT, refusal
from nnc.train.data.targets import text_option

Lookup = Callable[[str], Sequence[str | None] | None]


def named(plan: DataPlan, files: Sequence[str]) -> dict[str, list[str]] | None:
    """The parts of each file's name by word, as `names="label_speaker_take"` says; None without.

    Raises:
        Refusal: a file is called otherwise.
    """
    pattern = text_option(plan, "names")
    if not pattern:
        return None
    pieces = re.split(r"([A-Za-z]+|\*)", pattern)
    words, between = pieces[1::2], pieces[2::2]
    found: dict[str, list[str]] = {word: [] for word in words if word != "*"}
    for file in files:
        values = _parts(file, pieces[0], between)
        if values is None:
            name = file.rpartition("/")[2]
            help = f"rename it, move it away, or say how names are built: `names` is `{pattern}`"
            raise refusal(LAYOUT, plan, f"`{name}` is not called as `names` says", help)
        for word, value in zip(words, values):
            if word != "*":
                found[word].append(value)
    return found


def _parts(file: str, first: str, between: Sequence[str]) -> list[str] | None:
    """The parts of a name without its ending, None where a separator is missing."""
    name = file.rpartition("/")[2]
    rest = name.rpartition(".")[0] or name
    if not rest.startswith(first):
        return None
    rest, values = rest[len(first) :], list[str]()
    for sign in between[:-1]:
        value, found, rest = rest.partition(sign)
        values.append(value if found else "")
    end = between[-1]
    values.append(rest.removesuffix(end) if rest.endswith(end) else "")
    return values if all(values) else None


def kept(parts: dict[str, list[str]] | None, rows: Rows) -> dict[str, list[str]] | None:
    """The parts of those files that were read."""
    if parts is None:
        return None
    return {word: [values[int(at)] for at in rows] for word, values in parts.items()}


def by_word(parts: dict[str, list[str]] | None, other: Lookup) -> Lookup:
    """What samples are grouped or divided by: a word of their names, or something else."""
    if parts is None:
        return other
    return lambda name: parts[name] if name in parts else other(name)
