"""`nnc diff`: two networks beside one another, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable

from nnc.ir.dims import Dim, Poly, product, show
from nnc.ir.graph import Network
from nnc.ir.walk import totals
from nnc.passes.compare import Change, Compared, Row
from nnc.passes.transfer import Holder, Transfer
from nnc.render.human import many
from nnc.render.json import Json
from nnc.render.summary import Named, count, known, named_inputs, named_outputs
from nnc.render.table import table
from nnc.render.text import PLAIN, Look, paint, visible

MARKS: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~", "rewired": ">"}
SHOWN = 40
"""So many lines of a list are shown; `--json` has all."""


def difference_text(a: Network, b: Network, found: Compared, look: Look = PLAIN) -> str:
    """What differs, and what B may start from; a newline at the end."""
    name = a.name if a.name == b.name else f"{a.name} -> {b.name}"
    lines = [paint(visible(name, look), "bold", look)]
    lines += [_port("input", _ports(named_inputs(a), named_inputs(b)), look)]
    lines += [_port("output", _ports(named_outputs(a), named_outputs(b)), look)]
    before, after = totals(a), totals(b)
    lines.append(f"weights        {_change(before.weights, after.weights)}")
    lines.append(f"multiply-adds  {_change(before.macs, after.macs)}")
    if found.same:
        return "\n".join([*lines, "", "the networks are the same"]) + "\n"
    told = [f"{n:,} {word}" for word in MARKS if (n := found.count(word))]
    same = found.count("same") + found.count("renamed")
    lines += ["", f"layers         {', '.join([*told, f'{same:,} as before'])}"]
    rows = [row for row in found.rows if row.change in MARKS]
    if rows:
        head = ("", "place", "layer", "output", "weights")
        shown = table(head, [_cells(row) for row in rows[:SHOWN]], look, right=(4,))
        lines += ["", shown.rstrip("\n"), *_more(len(rows), look)]
    return "\n".join([*lines, "", *transfer_lines(found.transfer, look)]) + "\n"


def difference_json(a: Network, b: Network, found: Compared) -> dict[str, Json]:
    """One entry of `networks` of `nnc diff --json`; of pairs the first speaks of A."""
    before, after = totals(a), totals(b)
    plan = found.transfer
    layers: list[Json] = [
        {
            "change": row.change,
            "a": _holder(row.a, row.weights_a),
            "b": _holder(row.b, row.weights_b),
        }
        for row in found.rows
        if row.change != "same"
    ]
    return {
        "name": [a.name, b.name],
        "same": found.same,
        "inputs": [_ports_json(named_inputs(a)), _ports_json(named_inputs(b))],
        "outputs": [_ports_json(named_outputs(a)), _ports_json(named_outputs(b))],
        "weights": [known(before.weights), known(after.weights)],
        "macs": [known(before.macs), known(after.macs)],
        "layers": layers,
        "transfer": {
            "carried": [{"name": c.name, "from": c.source} for c in plan.carried],
            "anew": [{"name": n.name, "shape": _dims(n.dims), "why": n.why} for n in plan.anew],
            "unused": list(plan.unused),
        },
    }


def transfer_lines(plan: Transfer, look: Look = PLAIN, most: int = SHOWN) -> list[str]:
    """What carries over, what starts anew, what is left behind; of each list `most` lines."""
    numbers = sum_of(c.dims for c in plan.carried)
    every = sum_of([*(c.dims for c in plan.carried), *(n.dims for n in plan.anew)])
    renamed = {_layer(c.name): _layer(c.source) for c in plan.carried if c.renamed}
    kept = len({_layer(c.name) for c in plan.carried}) - len(renamed)
    how = [many(kept, "layer") + " by name"] if kept else []
    how += [many(len(renamed), "layer") + " by structure"] if renamed else []
    said = f"{count(numbers)} of {count(every)} numbers"
    open_ = {doubt.place for doubt in plan.doubts}
    lines = _unclear(plan, look, most)
    lines += [f"carries over   {said}{': ' if how else ''}{', '.join(how)}"]
    moved = [f"{new} <- {old}" for new, old in renamed.items()]
    anew = [
        f"{n.name} [{', '.join(map(show, n.dims))}]  {n.why}"
        for n in plan.anew
        if _layer(n.name) not in open_
    ]
    lists = (("renamed", moved), ("starts anew", anew), ("left behind", [*plan.unused]))
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


def sum_of(sizes: Iterable[tuple[Dim, ...]]) -> Dim:
    """How many numbers weights of these sizes hold."""
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


def _cells(row: Row) -> tuple[str, ...]:
    x, y = row.a, row.b
    place = _both(x.place if x else "", y.place if y else "")
    step = _both(x.text if x else "", y.text if y else "")
    outputs = _both(_outputs(x), _outputs(y))
    weights = _both(
        count(row.weights_a) if x and x.weights else "",
        count(row.weights_b) if y and y.weights else "",
    )
    return (MARKS[row.change], place, step, outputs, weights)


def _both(old: str, new: str) -> str:
    if not old or not new:
        return old or new
    return new if old == new else f"{old} -> {new}"


def _outputs(holder: Holder | None) -> str:
    if holder is None:
        return ""
    return ", ".join(f"[{', '.join(map(show, dims))}]" for dims in holder.outputs)


def _change(before: Dim, after: Dim) -> str:
    if before == after:
        return count(before)
    text = f"{count(before)} -> {count(after)}"
    if isinstance(before, Poly) or isinstance(after, Poly) or not before:
        return text
    percent = 100 * (after - before) / before
    return f"{text}  ({percent:+.1f}%)" if abs(percent) < 1000 else text


def _ports(a: tuple[Named, ...], b: tuple[Named, ...]) -> list[str]:
    old, new = ([f"{port.name}: {port.type}" for port in ports] for ports in (a, b))
    if len(old) != len(new):
        return [_both(", ".join(old) or "none", ", ".join(new) or "none")]
    return [
        f"{x.name}: {x.type} -> {y.type}" if x.name == y.name and x.type != y.type else _both(s, t)
        for x, y, s, t in zip(a, b, old, new)
    ]


def _port(word: str, said: list[str], look: Look) -> str:
    return f"{word:<13}  {visible(', '.join(said), look)}"


def _ports_json(ports: tuple[Named, ...]) -> list[Json]:
    return [{"name": p.name, "type": p.type.dtype, "shape": _dims(p.type.dims)} for p in ports]


def _holder(holder: Holder | None, weights: Dim) -> Json:
    if holder is None:
        return None
    return {
        "place": holder.place,
        "layer": holder.word,
        "step": holder.text,
        "outputs": [_dims(dims) for dims in holder.outputs],
        "weights": known(weights),
    }


def _dims(dims: tuple[Dim, ...]) -> list[Json]:
    return [show(d) if isinstance(d, Poly) else int(d) for d in dims]
