"""`nnc diff`: two networks beside one another, for people and for machines."""

from __future__ import annotations

from nnc.ir.dims import Dim, Poly, show
from nnc.ir.graph import Network
from nnc.ir.walk import totals
from nnc.passes.compare import Compared
from nnc.passes.transfer import Holder
from nnc.render.changes import MARKS, both, change, rows_text
from nnc.render.changes import either as either
from nnc.render.changes import transfer_lines as transfer_lines
from nnc.render.json import Json
from nnc.render.summary import Named, known, named_inputs, named_outputs
from nnc.render.text import PLAIN, Look, paint, visible


def difference_text(a: Network, b: Network, found: Compared, look: Look = PLAIN) -> str:
    """What differs, and what B may start from; a newline at the end."""
    name = a.name if a.name == b.name else f"{a.name} -> {b.name}"
    lines = [paint(visible(name, look), "bold", look)]
    lines += [_port("input", _ports(named_inputs(a), named_inputs(b)), look)]
    lines += [_port("output", _ports(named_outputs(a), named_outputs(b)), look)]
    before, after = totals(a), totals(b)
    lines.append(f"weights        {change(before.weights, after.weights)}")
    lines.append(f"multiply-adds  {change(before.macs, after.macs)}")
    if found.same:
        return "\n".join([*lines, "", "the networks are the same"]) + "\n"
    told = [f"{n:,} {word}" for word in MARKS if (n := found.count(word))]
    same = found.count("same") + found.count("renamed")
    lines += ["", f"layers         {', '.join([*told, f'{same:,} as before'])}"]
    if found.groups:
        lines += ["", *rows_text(found.groups, look)]
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


def _ports(a: tuple[Named, ...], b: tuple[Named, ...]) -> list[str]:
    old, new = ([f"{port.name}: {port.type}" for port in ports] for ports in (a, b))
    if len(old) != len(new):
        return [both(", ".join(old) or "none", ", ".join(new) or "none")]
    return [
        f"{x.name}: {x.type} -> {y.type}" if x.name == y.name and x.type != y.type else both(s, t)
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
