"""The first lines of `nnc train`: what trains on what, so that a silent wrong choice is seen."""

from __future__ import annotations

from nnc.ir.graph import Network
from nnc.ir.lossformula import names
from nnc.ir.plan import Profile, TrainPlan
from nnc.ir.walk import totals
from nnc.passes.memory import memory
from nnc.render.human import many
from nnc.render.profile import front_text, type_text
from nnc.render.summary import briefly, count
from nnc.render.units import memory as memory_text


def network_line(network: Network, plan: TrainPlan) -> str:
    """`network   LeNet5   61,706 weights   0.42 M multiply-adds   about 4 MB at batch 32`."""
    sums = totals(network)
    parts = [
        network.name,
        f"{count(sums.weights)} weights",
        f"{briefly(sums.macs)} multiply-adds",
    ]
    if not network.symbols:
        needed = memory(network, {}, plan.batch, plan).train
        parts.append(f"about {memory_text(needed)} at batch {plan.batch}")
    return "network   " + "   ".join(parts)


def data_line(profile: Profile) -> str:
    """`data      digits = bundled("mnist5k")   4,000 train / 500 validation   10 classes, ...`."""
    parts = [f"{profile.data} = {profile.described}"]
    parts.append(" / ".join(f"{part.samples:,} {part.name}" for part in profile.parts))
    classes = _classes(profile)
    if classes:
        parts.append(classes)
    if profile.skipped:
        parts.append(f"{len(profile.skipped):,} skipped")
    return "data      " + "   ".join(parts)


def split_line(profile: Profile) -> str:
    """`split     15% validation, stratified by class   train 6f2ab3..., validation ...`."""
    marks = ", ".join(f"{part.name} {part.fingerprint}" for part in profile.parts)
    return f"split     {profile.rule}   {marks}"


def binding_lines(plan: TrainPlan, profile: Profile) -> list[str]:
    """`binding   image <- digits.image uint8[1,28,28], /255      digit <- digits.label (...)`."""
    if plan.binding is None:
        return []
    said = []
    for name, bound in plan.binding.inputs:
        field = profile.field(bound)
        kind = f" {type_text(field)}" if field is not None else ""
        front = front_text(profile.front(bound), profile.time)
        said.append(f"{name} <- {profile.data}.{bound}{kind}{f', {front}' if front else ''}")
    losses: dict[str, list[str]] = {}
    for phase in plan.phases:
        for term in phase.terms:
            losses.setdefault(term.output, []).append(term.loss.word)
        for formula in phase.formulas:
            for named in names(formula.formula):
                if named.kind in ("output", "label"):
                    losses.setdefault(named.name, []).append("formula")
    fields = {field.name for field in profile.fields}
    for name, bound in plan.binding.targets:
        where = f"{profile.data}.{bound}" if bound in fields else bound
        said.append(f"{name} <- {where} ({', '.join(losses.get(name, ['-']))})")
    formulas = [f.formula for phase in plan.phases for f in phase.formulas]
    read = [n.name for formula in formulas for n in names(formula) if n.kind == "field"]
    said += [f"{profile.data}.{name} (formula)" for name in dict.fromkeys(read)]
    bound_to = {name for name, _ in plan.binding.targets}
    for name, words in losses.items():
        if name not in bound_to:
            said.append(f"{name} ({', '.join(dict.fromkeys(words))})")
    lines = ["binding   " + "      ".join(said)]
    if plan.binding.unbound:
        lines.append(f"          learns nothing: {', '.join(plan.binding.unbound)}")
    if plan.binding.unused:
        lines.append(f"          not used: {', '.join(plan.binding.unused)}")
    return lines


def _classes(profile: Profile) -> str:
    train = profile.part("train")
    if train is None or not train.classes or not train.samples:
        return ""
    shares = [count / train.samples for count in train.classes]
    said = many(len(shares), "class", "classes")
    low, high = f"{min(shares):.1%}", f"{max(shares):.1%}"
    return f"{said}, {low} each" if low == high else f"{said}, {low} to {high}"
