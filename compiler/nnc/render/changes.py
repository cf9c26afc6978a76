"""What differs between two networks as lines: rows of layers, and the plan for the weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nnc.ir.dims import Dim, Poly, product, show
from nnc.passes.folding import Block, Change, Entry, Group, period
from nnc.passes.holders import Holder, Sized
from nnc.passes.transfer import Transfer
from nnc.record import Record
from nnc.render.human import many
from nnc.render.summary import count
from nnc.render.table import table
from nnc.render.text import PLAIN, Look, paint, visible

MARKS: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~", "rewired": ">"}
SHOWN = 40
"""So many lines of a list are shown; `--json` has all."""
UNTOLD = ("num_batches_tracked",)
"""Arrays that say nothing to a person."""


def rows_text(groups: Sequence[Group], look: Look) -> list[str]:
    """A table of what changed: a block in one line where all of it did, repetitions in one."""
    cells: list[tuple[str, ...]] = []
    notes: dict[int, str] = {}  # behind so many rows
    hidden = 0
    for group in groups:
        if len(cells) + len(group.entries) > SHOWN:
            hidden += sum(len(entry.rows) for entry in group.entries) * group.times
            continue
        one = len(group.entries) == 1
        times = group.times if one else 1
        cells += [_cells(entry, group.last if one else entry, times) for entry in group.entries]
        if not one and group.times > 1:
            place = visible(_place(group.last), look)
            notes[len(cells)] = f"and so {group.times - 1} times more, to {place}"
    if hidden:
        notes[len(cells)] = f"{many(hidden, 'layer')} more; --json has all"
    head = ("", "place", "layer", "output", "weights")
    lines: list[str] = []
    for at, line in enumerate(table(head, cells, look, right=(4,)).splitlines()):
        lines += [line, *([paint(f"   {notes[at]}", "dim", look)] if at in notes else [])]
    return lines


def _cells(first: Entry, last: Entry, times: int) -> tuple[str, ...]:
    x, y = first.sides
    step = both(x.text if x else "", y.text if y else "")
    step = f"{times} x {step}" if times > 1 else step
    if len(first.rows) > 1:
        step += f"  ({len(first.rows)} layers{' each' if times > 1 else ''})"
    before, after = first.weights
    told = both(_weights(x, before, times), _weights(y, after, times))
    places = _place(first) if times == 1 else _span(_place(first), _place(last))
    return (MARKS[first.change], places, step, both(_outputs(x), _outputs(y)), told)


def _weights(side: Block | Holder | None, weights: Dim, times: int) -> str:
    if side is None or (isinstance(side, Holder) and not side.weights):
        return ""
    return count(weights * times) if weights != 0 or isinstance(side, Holder) else ""


def _place(entry: Entry) -> str:
    x, y = entry.sides
    return both(x.place if x else "", y.place if y else "")


def _span(first: str, last: str) -> str:
    """`stage2.unit3 to unit5`."""
    ahead, _, own = last.rpartition(".")
    return f"{first} to {own if ahead and first.startswith(ahead + '.') else last}"


def _outputs(side: Block | Holder | None) -> str:
    if side is None:
        return ""
    return ", ".join(f"[{', '.join(map(show, dims))}]" for dims in side.outputs)


def both(old: str, new: str) -> str:
    """One text of what is the same, else the way from one to the other."""
    if not old or not new:
        return old or new
    return new if old == new else f"{old} -> {new}"


def transfer_lines(plan: Transfer, look: Look = PLAIN, most: int = SHOWN) -> list[str]:
    """What carries over, what starts anew, what is left behind; of each list `most` lines."""
    numbers = _sum(c.dims for c in plan.carried)
    every = _sum([*(c.dims for c in plan.carried), *(n.dims for n in plan.anew)])
    renamed = {_layer(c.name): _layer(c.source) for c in plan.carried if c.renamed}
    kept = len({_layer(c.name) for c in plan.carried}) - len(renamed)
    how = [many(kept, "layer") + " by name"] if kept else []
    how += [many(len(renamed), "layer") + " by structure"] if renamed else []
    said = f"{count(numbers)} of {count(every)} numbers"
    lines = _unclear(plan, look, most)
    lines += [f"carries over   {said}{': ' if how else ''}{', '.join(how)}"]
    lists = (
        ("renamed", _renamed(plan)),
        ("starts anew", _once(_anew(plan))),
        ("left behind", _once(_unused(plan))),
    )
    for word, rows in lists:
        for at, row in enumerate(rows[:most]):
            lines.append(f"{word if at == 0 else '':<13}  {visible(row, look)}")
        lines += _more(len(rows), look, most)
    return lines


def _unclear(plan: Transfer, look: Look, most: int) -> list[str]:
    """Layers that several of the file's could be meant for: told first, nothing carries over."""
    rows = [f"{d.place}  could be {either(d.could_be)}" for d in plan.doubts]
    lines = [
        f"{'unclear' if at == 0 else '':<13}  {visible(row, look)}"
        for at, row in enumerate(rows[:most])
    ]
    return [*lines, *_more(len(rows), look, most)]


def either(names: tuple[str, ...]) -> str:
    """`a or b`; of many the first."""
    if len(names) > 3:
        return f"{', '.join(names[:2])} or {len(names) - 2} more"
    return " or ".join(names)


def _once(rows: list[str]) -> list[str]:
    """Lines that come again and again with other counted names are told once."""
    kinds = [re.sub(r"\d+", "", (row.split() or [""])[0]) + row.partition("  ")[2] for row in rows]
    told: list[str] = []
    at = 0
    while at < len(rows):
        length, times = period(kinds, at)
        told += rows[at : at + length]
        if times > 1:
            last = rows[at + length * times - 1].split()[0]
            told.append(f"and so {times - 1} times more, to {last}")
        at += length * times
    return told


def _renamed(plan: Transfer) -> list[str]:
    """New names and old ones: of blocks, where all in them kept their own names."""
    pairs = [(c.name, c.source) for c in plan.carried]
    moved: dict[str, set[str]] = {}
    for new, old in pairs:
        for ahead, before in _aheads(new, old):
            moved.setdefault(ahead, set()).add(before)
    holding: dict[str, int] = {}
    carried: dict[str, int] = {}
    for name in [name for name, _ in pairs] + [n.name for n in plan.anew]:
        for ahead in _prefixes(name):
            holding[ahead] = holding.get(ahead, 0) + 1
    for name, old in pairs:
        for ahead, _ in _aheads(name, old):
            carried[ahead] = carried.get(ahead, 0) + 1
    found: dict[str, str] = {}
    for new, old in pairs:
        if new == old:
            continue
        whole = [
            (ahead, before)
            for ahead, before in _aheads(new, old)
            if len(moved[ahead]) == 1 and carried[ahead] == holding[ahead] and ahead != before
        ]
        ahead, before = whole[0] if whole else (_layer(new), _layer(old))
        found[ahead] = before
    return [f"{new} <- {old}" for new, old in found.items()]


def _prefixes(name: str) -> list[str]:
    """The places that hold a weight, outer ones first."""
    parts = name.split(".")
    return [".".join(parts[:at]) for at in range(1, len(parts))]


def _aheads(new: str, old: str) -> list[tuple[str, str]]:
    """Pairs of places, outer ones first, below which two names are the same."""
    x, y = new.split("."), old.split(".")
    found = []
    for tail in range(1, min(len(x), len(y))):
        if x[-tail:] != y[-tail:]:
            break
        found.append((".".join(x[:-tail]), ".".join(y[:-tail])))
    return found[::-1]


class Fold(Record):
    """Layers that share a fate, and their common place."""

    place: str
    holders: tuple[Holder, ...]


def folded(every: Sequence[Holder], chosen: Sequence[Holder]) -> list[list[Fold]]:
    """Chosen layers by the outermost places that hold no others, equal ones in one list."""
    holding: dict[str, int] = {}
    taken: dict[str, int] = {}
    for counts, holders in ((holding, every), (taken, chosen)):
        for holder in holders:
            for ahead in _prefixes(holder.place):
                counts[ahead] = counts.get(ahead, 0) + 1
    folds: dict[str, list[Holder]] = {}
    for holder in chosen:
        whole = (p for p in _prefixes(holder.place) if taken[p] == holding[p] > 1)
        folds.setdefault(next(whole, holder.place), []).append(holder)
    found: list[list[Fold]] = []
    for place, holders in folds.items():
        fold = Fold(place, tuple(holders))
        if found and _alike(found[-1][-1], fold):
            found[-1].append(fold)
        else:
            found.append([fold])
    return found


def _alike(a: Fold, b: Fold) -> bool:
    stem = a.place.rstrip("0123456789")
    counted = a.place != stem == b.place.rstrip("0123456789")
    sizes = [[h.weights for h in fold.holders] for fold in (a, b)]
    return counted and sizes[0] == sizes[1]


def _anew(plan: Transfer) -> list[str]:
    why = {n.name: n.why for n in plan.anew}
    open_ = {doubt.place for doubt in plan.doubts}
    every = [p.b for p in plan.pairs if p.b is not None and p.b.weights]
    chosen = [h for h in every if _names(h, why) and h.place not in open_]
    rows = []
    for folds in folded(every, chosen):
        holders = [h for fold in folds for h in fold.holders]
        told = {why[name] for h in holders for name in _names(h, why)}
        new = "new" if told == {"new layer"} else "other sizes"
        if len(holders) == 1:
            new = "new layer" if told == {"new layer"} else ""
        rows.append(f"{_told(folds, why)}  {new}".rstrip())
    return rows


def _unused(plan: Transfer) -> list[str]:
    names = dict.fromkeys(plan.unused, "")
    every = [p.a for p in plan.pairs if p.a is not None and p.a.weights]
    chosen = [h for h in every if _names(h, names)]
    return [_told(folds, names) for folds in folded(every, chosen)]


def _told(folds: list[Fold], names: dict[str, str]) -> str:
    """`stage1 to stage3  12 layers, 1,234 numbers`."""
    holders = [holder for fold in folds for holder in fold.holders]
    place = folds[0].place if len(folds) == 1 else _span(folds[0].place, folds[-1].place)
    own = [w for h in holders for w in h.weights if _full(h, w) in names]
    numbers = _sum(w.dims for w in own)
    if len(holders) > 1:
        return f"{place}  {many(len(holders), 'layer')}, {count(numbers)} numbers"
    arrays = [w for w in own if w.name not in UNTOLD]
    said = []
    for weight in arrays:
        was = names[_full(holders[0], weight)].partition("was ")[2]
        size = f"[{', '.join(map(show, weight.dims))}]"
        said.append(f"{weight.name} {both(was, size)}".strip())
    return f"{place}  {', '.join(said)}"


def _names(holder: Holder, names: dict[str, str]) -> list[str]:
    """Those of a layer's arrays that are among these."""
    full = [_full(holder, weight) for weight in holder.weights]
    return [name for name in full if name in names]


def _full(holder: Holder, weight: Sized) -> str:
    return f"{holder.place}.{weight.name}" if weight.name else holder.place


def _sum(sizes: Iterable[tuple[Dim, ...]]) -> Dim:
    total: Dim = 0
    for dims in sizes:
        total = total + product(dims)
    return total


def _layer(name: str) -> str:
    return name.rpartition(".")[0] or name


def _more(rows: int, look: Look, most: int = SHOWN) -> list[str]:
    if rows <= most:
        return []
    where = "; --json has all" if most == SHOWN else ""
    return [paint(f"{'':<15}{rows - most:,} more{where}", "dim", look)]


def change(before: Dim, after: Dim) -> str:
    """`1,554 -> 14,752  (+849.3%)`."""
    if before == after:
        return count(before)
    text = f"{count(before)} -> {count(after)}"
    if isinstance(before, Poly) or isinstance(after, Poly) or not before:
        return text
    percent = 100 * (after - before) / before
    if abs(percent) < 0.05:
        return f"{text}  ({after - before:+,})"
    return f"{text}  ({percent:+.1f}%)" if abs(percent) < 1000 else text
