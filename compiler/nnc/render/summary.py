"""`nnc show`: a network as a table of its layers, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.ir.dims import Dim, Poly, show, symbols
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan, describe
from nnc.ir.types import TensorType
from nnc.ir.walk import LayerRow, Totals, layer_rows, totals
from nnc.layers.lengths import HidePadding, Lengths, OwnSteps
from nnc.passes.memory import Memory, memory
from nnc.passes.onnx_size import onnx_size
from nnc.record import Record
from nnc.render.counts import formula
from nnc.render.human import many
from nnc.render.json import Json
from nnc.render.text import PLAIN, Look, pad, paint, visible, width, wrapped
from nnc.render.units import file_size

LONG = 36
"""A symbolic count of more characters is shown as `?`: nobody would read it in a table."""
UNWRITTEN = (Lengths.word, OwnSteps.word, HidePadding.word)
"""Steps of padded sequences that a person does not read of."""
LONGEST = 400
"""And a total of more."""


class Named(Record):
    """An input or output with its type."""

    name: str
    type: TensorType
    padded: bool = False


def named_inputs(network: Network) -> tuple[Named, ...]:
    """The inputs in order."""
    graph = network.graph
    return tuple(Named(port.name, graph.types[port.value]) for port in graph.inputs)


def named_outputs(network: Network) -> tuple[Named, ...]:
    """The outputs in order."""
    graph = network.graph
    return tuple(Named(port.name, graph.types[port.value]) for port in graph.outputs)


def network_text(
    network: Network,
    look: Look = PLAIN,
    *,
    depth: int | None = None,
    plans: tuple[TrainPlan, ...] = (),
) -> str:
    """Inputs, one line a layer, outputs, totals and conditions; a newline at the end.

    Args:
        network: checked.
        look: of the text.
        depth: how many levels of calls are opened, all by default.
        plans: how it is trained.
    """
    rows = _written(layer_rows(network, depth))
    sums = totals(network)
    head = ("place", "layer", "output", "weights", "multiply-adds")
    body = [_cells(row, network.facts) for row in rows]
    layers = len(rows) if depth is None else len(_written(layer_rows(network)))
    total = (
        "total",
        many(layers, "layer"),
        "",
        count(sums.weights),
        count(sums.macs, network.facts),
    )
    columns = [max(width(cell, look) for cell in column) for column in zip(head, *body, total)]
    lines = [paint(visible(network.name, look), "bold", look)]
    lines.extend(_ports("input", _inputs(network), look))
    lines.append("")
    lines.append(paint(_line(head, columns, look), "dim", look))
    lines.extend(_line(row, columns, look) for row in body)
    lines.append(paint(_line(total, columns, look), "bold", look))
    lines.append("")
    lines.extend(_ports("output", named_outputs(network), look))
    lines.extend(_sums(network, sums, look))
    lines.extend(_needs(network, plans))
    lines.extend(f"condition  {visible(said, look)}" for said in network.conditions)
    return "\n".join(lines) + "\n"


def _written(rows: Sequence[LayerRow]) -> list[LayerRow]:
    """Without the steps that speak of the lengths of padded sequences: nobody wrote them."""
    return [row for row in rows if row.word not in UNWRITTEN]


def _inputs(network: Network) -> tuple[Named, ...]:
    """The inputs that people give; a padded one's lengths belong to it."""
    padded = {port.measures for port in network.graph.inputs}
    return tuple(
        Named(name.name, name.type, name.name in padded)
        for name, port in zip(named_inputs(network), network.graph.inputs)
        if not port.measures
    )


def _sums(network: Network, sums: Totals, look: Look) -> list[str]:
    """Totals that a column has no room for, and how a number comes of them."""
    lines = []
    for word, value in (("weights", sums.weights), ("multiply-adds", sums.macs)):
        if not isinstance(value, Poly) or count(value, network.facts) != "?":
            continue
        said = formula(value, network.facts)
        if len(said) <= LONGEST:
            terms = visible(f"{said} {word}", look).split(" + ")
            wrap = wrapped(terms, max(look.width - 11, 40), " + ")
            lines += [f"{'total' if at == 0 else '':<9}  {line}" for at, line in enumerate(wrap)]
    more = sorted(symbols(sums.weights) | symbols(sums.macs))
    names = dict.fromkeys((*network.symbols, *more))
    if names:
        free = [name for name in names if "." not in name]
        data = [name for name in names if "." in name]
        how = [*(f"--size {name}=N" for name in free), *(f"--set data.{name}=N" for name in data)]
        said = f"free       {', '.join((*free, *data))}: numbers with {' '.join(how)}"
        lines.append(paint(visible(said, look), "dim", look))
    return lines


def _open(network: Network) -> bool:
    """Whether a size is not known, in a type or in a weight alone."""
    return bool(network.symbols) or isinstance(totals(network).weights, Poly)


def _needs(network: Network, plans: tuple[TrainPlan, ...]) -> list[str]:
    """What it needs: nothing is said while a size is open."""
    if _open(network):
        return []
    most, plan = _hardest(network, plans)
    groups = plan.phases[0].groups if plan else ()
    by = describe(groups[0].optimizer).partition("(")[0] if groups else "adam"
    learns = f"to train with {by}" if groups or not plan else "where it stays and others train"
    return [
        f"file       {file_size(_file(network))} as ONNX",
        f"memory     {file_size(memory(network, {}, 1).run)} to run, "
        f"{file_size(most.train)} {learns} at batch {most.batch}",
    ]


def _hardest(network: Network, plans: tuple[TrainPlan, ...]) -> tuple[Memory, TrainPlan | None]:
    """The memory of the training that needs the most, with its plan."""
    if not plans:
        return memory(network, {}, 1), None
    found = [(memory(network, {}, plan.batch, plan), plan) for plan in plans]
    return max(found, key=lambda pair: pair[0].train)


def _file(network: Network) -> int:
    return onnx_size(network, {}, len(network.graph.span.source.text)).total


def _needs_json(network: Network, plans: tuple[TrainPlan, ...]) -> dict[str, Json]:
    if _open(network):
        return {"onnx": None, "memory": None}
    most, _ = _hardest(network, plans)
    needs: dict[str, Json] = {
        "run": memory(network, {}, 1).run,
        "batch": most.batch,
        "kept": most.kept,
        "train": most.train,
    }
    return {"onnx": _file(network), "memory": needs}


def network_json(
    network: Network, *, depth: int | None = None, plans: tuple[TrainPlan, ...] = ()
) -> dict[str, Json]:
    """One entry of `networks` of `nnc show --json`."""
    sums = totals(network)
    return {
        "name": network.name,
        **({"role": network.kind} if network.kind != "network" else {}),
        "inputs": [_named_json(port) for port in named_inputs(network)],
        "outputs": [_named_json(port) for port in named_outputs(network)],
        "weights": known(sums.weights),
        "macs": known(sums.macs),
        **_needs_json(network, plans),
        "conditions": list(network.conditions),
        "layers": [_row_json(row) for row in layer_rows(network, depth)],
    }


def count(value: Dim, facts: tuple[Record, ...] = ()) -> str:
    """A count with thousands separated; a symbolic one as its formula while short, else `?`.

    `facts`: what is known of the sizes, which may make it shorter.
    """
    if not isinstance(value, Poly):
        return f"{value:,}"
    said = formula(value, facts)
    return said if len(said) <= LONG else "?"


def known(value: Dim) -> int | None:
    """A count for machines: None while it depends on a size that is not known."""
    return None if isinstance(value, Poly) else int(value)


def sizes(type_: TensorType) -> list[Json]:
    """A type's sizes: integers, symbolic ones as strings."""
    return [show(d) if isinstance(d, Poly) else int(d) for d in type_.dims]


def briefly(value: Dim) -> str:
    """A large count in the field's units: `0.42 M`, `4.1 G`; a symbolic one as `count`."""
    if isinstance(value, Poly):
        return count(value)
    for unit, size in (("G", 10**9), ("M", 10**6)):
        if value >= size // 10:
            amount = value / size
            return f"{amount:.2f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"
    return f"{value:,}"


def _cells(row: LayerRow, facts: tuple[Record, ...]) -> tuple[str, ...]:
    outputs = ", ".join(str(t) for t in row.outputs)
    weights = _quiet(row.weights)
    if row.tied:
        weights = f"{weights} + {row.tied}" if weights else row.tied
    return (row.place, row.word, outputs, weights, _quiet(row.macs, facts))


def _quiet(value: Dim, facts: tuple[Record, ...] = ()) -> str:
    """A count, an empty cell for none: most layers have no weights."""
    return "" if not isinstance(value, Poly) and value == 0 else count(value, facts)


def _line(row: tuple[str, ...], columns: list[int], look: Look) -> str:
    filled = [pad(cell, columns[at], look, right=at >= len(row) - 2) for at, cell in enumerate(row)]
    return "  ".join(filled).rstrip()


def _ports(kind: str, ports: tuple[Named, ...], look: Look) -> list[str]:
    mark = {True: " padded", False: ""}
    said = [visible(f"{port.name}: {port.type}{mark[port.padded]}", look) for port in ports]
    lines = wrapped(said, max(look.width - 11, 20), ", ")
    return [f"{kind if at == 0 else '':<9}  {line}" for at, line in enumerate(lines)]


def _named_json(port: Named) -> dict[str, Json]:
    return {"name": port.name, "type": port.type.dtype, "shape": sizes(port.type)}


def _row_json(row: LayerRow) -> dict[str, Json]:
    shapes: list[Json] = [sizes(t) for t in row.outputs]
    return {
        "place": row.place,
        "layer": row.word,
        "output": shapes[0] if len(shapes) == 1 else shapes,
        "weights": known(row.weights),
        "macs": known(row.macs),
        "tied": row.tied or None,
        "line": row.span.line,
    }
