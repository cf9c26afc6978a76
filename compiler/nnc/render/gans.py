"""A gan in words: what is drawn and given, who reads what, and what each player loses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnc.ir.gan import Gan, GanPlan, GanPlayer, GanSource
from nnc.ir.graph import Network
from nnc.ir.plan import TrainPlan, describe
from nnc.ir.types import TensorType
from nnc.ir.walk import totals
from nnc.render.json import Json
from nnc.render.summary import count, known
from nnc.render.text import PLAIN, Look, paint, visible
from nnc.render.updates import call_text


def objective_lines(plan: GanPlan) -> list[str]:
    """What players lose: the objective, and a line for each loss that is written out."""
    told = [call_text(plan.objective)] if plan.objective.word else []
    for term in plan.terms:
        weight = "" if term.weight == 1 else f"{term.weight:g} * "
        told.append(f"and {weight}{' '.join(term.span.text.split())}")
    for line in plan.losses:
        every = f" every {line.every} steps" if line.every > 1 else ""
        told.append(f"{line.text} on {', '.join(line.players)}{every}")
    told += [f"weights of {name} within +-{size:g}" for name, size in plan.clamps]
    return [*told, *(["latents drawn for each update"] if plan.redraw else [])]


def gan_text(
    gan: Gan,
    networks: Mapping[str, Network],
    plans: Iterable[TrainPlan] = (),
    look: Look = PLAIN,
) -> str:
    """What `nnc show` says of a gan before its players; a newline at the end."""
    rows: list[tuple[str, str]] = [(s.kind, _source(s)) for s in gan.sources]
    rows += [(player.role, _player(player, networks)) for player in gan.players]
    width = max(len(word) for word, _ in rows)
    lines = [paint(visible(gan.name, look), "bold", look)]
    lines += [f"{word:<{width}}  {visible(said, look)}" for word, said in rows]
    for plan in plans:
        if plan.gan is None:
            continue
        first, *others = objective_lines(plan.gan)
        average = f"   average of the generator {plan.gan.ema:g}" if plan.gan.ema else ""
        lines += ["", f"train {visible(plan.name, look)}"]
        lines.append(f"{'objective':<{width}}  {visible(first, look)}{average}")
        lines += [f"{'':<{width}}  {visible(said, look)}" for said in others]
    return "\n".join(lines) + "\n"


def _source(source: GanSource) -> str:
    drawn = f", {describe(source.drawn)}" if source.drawn is not None else ", of the data"
    return f"{source.name}: {source.type}{drawn}"


def _player(player: GanPlayer, networks: Mapping[str, Network]) -> str:
    """`critic: real or made, label -> score   25,153 weights`."""
    network = networks[player.network]
    what = f"{player.judges} or made" if player.judges else "real or made"
    names = {"made": what, "pair": f"{what}, beside its condition"}
    reads = ", ".join(names.get(name, name) for name in player.reads)
    gives = ", ".join(port.name for port in network.graph.outputs)
    made = f" of {player.makes}" if player.makes else ""
    head = "" if player.name == player.role else f"{player.name}: "
    return f"{head}{reads} -> {gives}{made}   {count(totals(network).weights)} weights"


def gan_json(gan: Gan, plans: Iterable[TrainPlan] = ()) -> dict[str, Json]:
    """One entry of `gans` of `nnc show --json`."""
    trains: list[Json] = [
        {"name": plan.name, "objective": list[Json](objective_lines(plan.gan)), "ema": plan.gan.ema}
        for plan in plans
        if plan.gan is not None
    ]
    return {
        "name": gan.name,
        "sources": [
            {
                "name": s.name,
                "kind": s.kind,
                "type": s.type.dtype,
                "shape": _shape(s.type),
                "drawn": describe(s.drawn) if s.drawn is not None else None,
            }
            for s in gan.sources
        ],
        "players": [
            {"name": p.name, "role": p.role, "network": p.network, "reads": list[Json](p.reads)}
            for p in gan.players
        ],
        "trains": trains,
    }


def _shape(type: TensorType) -> Json:
    return [known(d) if isinstance(d, int) else str(d) for d in type.dims]
