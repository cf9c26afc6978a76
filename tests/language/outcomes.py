"""What a text of the language comes to, in a few lines that a person can check.

A network: `LeNet5: [1, 28, 28] -> [10], 61,706 weights`, then its conditions, indented. A data,
train or export block: one line. A mistake: `4:11 NN301 the message`, then its help, indented.
`python -m tests.language.outcomes FILE.md` writes the outcomes of a chapter anew: read what
changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nnc.check import Checked, check_text
from nnc.diagnostics import Diagnostic, Fix
from nnc.ir.dims import show
from nnc.ir.gan import Gan, GanPlan
from nnc.ir.graph import Network, Port
from nnc.ir.plan import DataPlan, ExportPlan, TrainPlan, describe
from nnc.ir.updates import Group
from nnc.ir.walk import count_weights


class Section(NamedTuple):
    """A heading with a text of the language and what it comes to."""

    title: str
    text: str
    outcome: str


def sections(chapter: str) -> Iterator[Section]:
    """The sections of a chapter that hold a text and its outcome.

    Raises:
        ValueError: a text without an outcome, or the other way round.
    """
    title, fence, text = "", "", ""
    held: list[str] = []
    for line in chapter.splitlines():
        if fence and line == "```":
            if fence == "nn":
                if text:
                    raise ValueError(f"{title}: two texts and no outcome between them")
                text = "\n".join(held) + "\n"
            elif fence == "text":
                if not text:
                    raise ValueError(f"{title}: an outcome of no text")
                yield Section(title, text, "\n".join(held))
                text = ""
            fence = ""
        elif fence:
            held.append(line)
        elif line.startswith("```"):
            fence, held = line[3:].strip() or "-", []
        elif line.startswith("#"):
            title = line.lstrip("#").strip()
    if fence or text:
        raise ValueError(f"{title}: a text without an outcome")


def outcome(text: str) -> str:
    """What a text comes to."""
    return told(check_text(text))


def told(checked: Checked) -> str:
    """What a checked text comes to: its mistakes, or its parts where it has no errors."""
    lines: list[str] = []
    for diagnostic in checked.diagnostics:
        lines += _mistake(diagnostic)
    if not checked.errors:
        for network in checked.networks.values():
            lines += _network(network)
        for gan in checked.gans.values():
            lines += _gan(gan)
        lines += [_data(plan) for plan in checked.data.values()]
        lines += [_train(plan) for plan in checked.trains.values()]
        lines += [_export(plan) for plan in checked.exports.values()]
    return "\n".join(lines)


def _mistake(diagnostic: Diagnostic) -> list[str]:
    place = diagnostic.span.source.position(diagnostic.span.start)
    warning = "warning: " if diagnostic.severity == "warning" else ""
    lines = [f"{place.line}:{place.column} {diagnostic.code} {warning}{diagnostic.message}"]
    if diagnostic.help:
        lines.append(f"  help: {diagnostic.help}")
    return lines


def _ports(network: Network, ports: tuple[Port, ...], named: bool) -> str:
    types = network.graph.types
    return ", ".join(f"{p.name + ' ' if named else ''}{types[p.value]}" for p in ports)


def _network(network: Network) -> list[str]:
    graph = network.graph
    several = len(graph.inputs) + len(graph.outputs) > 2
    inputs, outputs = (_ports(network, p, several) for p in (graph.inputs, graph.outputs))
    count = count_weights(network)
    weights = f"{count:,}" if isinstance(count, int) else show(count)
    line = f"{network.name}: {inputs} -> {outputs}, {weights} weight{'' if count == 1 else 's'}"
    return [line, *(f"  {condition}" for condition in network.conditions)]


def _data(plan: DataPlan) -> str:
    said = [f'{plan.kind} "{plan.path}"']
    for name, value in plan.options:
        said.append(f"{name} {', '.join(value) if isinstance(value, tuple) else value}")
    if plan.split.kind != "default" or plan.split.group:
        values = ", ".join(f"{v}" for v in plan.split.values)
        said.append(f"split {plan.split.kind}({values})" if values else f"split {plan.split.kind}")
    if plan.split.group:
        said.append(f"group {plan.split.group}")
    if plan.normalize.kind == "given":
        said.append(f"normalize {plan.normalize.mean} {plan.normalize.std}")
    elif plan.normalize.kind != "default":
        said.append(f"normalize {plan.normalize.kind}")
    if plan.classes:
        said.append("classes " + ", ".join(plan.classes))
    if plan.size:
        said.append("size " + "x".join(str(s) for s in plan.size))
    if plan.fit != "crop":
        said.append(f"fit {plan.fit}")
    if plan.on_error != "stop":
        said.append(f"on_error {plan.on_error}")
    said += [f"augment {a.word}" + (f"({a.amount})" if a.amount else "") for a in plan.augment]
    return f"data {plan.name}: " + "; ".join(said)


def _gan(gan: Gan) -> list[str]:
    """One line for its sources, one a player."""
    drawn = (f" from {describe(s.drawn)}" if s.drawn else "" for s in gan.sources)
    said = (f"{s.kind} {s.name} {s.type}{more}" for s, more in zip(gan.sources, drawn))
    lines = [f"gan {gan.name}: {', '.join(said)}"]
    for player in gan.players:
        sees = f" of {player.judges}" if player.judges else ""
        lines.append(f"  {player.name}: {', '.join(player.reads)} -> {player.output}{sees}")
    return lines


def _gan_train(plan: TrainPlan, gan: GanPlan) -> list[str]:
    """One line for what holds for all, one a player."""
    said = [describe(gan.objective)] if gan.objective.word else []
    for line in gan.losses:
        every = f" every {line.every} steps" if line.every > 1 else ""
        said.append(f"({line.text}) for {', '.join(line.players)}{every}")
    said += ["latents drawn for each"] if gan.redraw else []
    said += [f"{name} within {size:g}" for name, size in gan.clamps]
    for term in gan.terms:
        where = "real and made" if term.real else "made"
        weight = "" if term.weight == 1 else f"{term.weight:g} * "
        loss = f"{weight}{describe(term.loss)} of {term.player}.{term.output}, {term.source}"
        said.append(f"{loss} on {where}")
    said += [f"{plan.length.count} {plan.length.unit}", f"batch {plan.batch}", f"seed {plan.seed}"]
    said += [f"ema {gan.ema:g}"] if gan.ema else []
    said += [f"in {plan.accumulate} pieces"] if plan.accumulate > 1 else []
    said += [plan.precision] if plan.precision != "auto" else []
    said += ["deterministic"] if plan.deterministic else []
    said += ["compiled"] if plan.compile else []
    if plan.given:
        said.append("bound " + ", ".join(f"{a} <- {b}" for a, b in plan.given))
    lines = [f"train {plan.name}: {plan.network} on {', '.join(plan.data)}; {'; '.join(said)}"]
    starts = gan.inits or (None,) * len(gan.gan.players)
    for player, groups, clips, start in zip(gan.gan.players, gan.groups, gan.clips, starts):
        own = (_groups(groups) if groups else []) + [f"clip {clip.norm:g}" for clip in clips]
        frozen = gan.frozen_of(player.name)
        still = f" and statistics of {', '.join(frozen.still)}" if frozen.still else ""
        own += [f"frozen {', '.join(frozen.weights)}{still}"] if frozen.selector else []
        own += [f'starts from "{start.path}"'] if start is not None else []
        lines.append(f"  {player.name}: {'; '.join(own)}")
    return lines


def _train(plan: TrainPlan) -> str:
    if plan.gan is not None:
        return "\n".join(_gan_train(plan, plan.gan))
    (phase,) = plan.phases
    terms = []
    for term in phase.terms:
        weight = "" if term.weight == 1 else f"{term.weight:g} * "
        target = f", {term.target.name}" if term.target else ""
        terms.append(f"{weight}{describe(term.loss)} of {term.output}{target}")
    for formula in phase.formulas:
        weight = "" if formula.weight == 1 else f"{formula.weight:g} * "
        terms.append(f"{weight}({formula.text})")
    said = [" + ".join(terms)]
    said += _groups(phase.groups)
    said += [f"{plan.length.count} {plan.length.unit}", f"batch {plan.batch}", f"seed {plan.seed}"]
    said += [f"{m.metric.word} of {m.output}" for m in plan.metrics]
    if plan.given:
        said.append("bound " + ", ".join(f"{a} <- {b}" for a, b in plan.given))
    for clip in plan.clips:
        on = f" on {clip.selector}: {', '.join(clip.weights)}" if clip.selector else ""
        said.append(f"clip {clip.norm:g}{on}")
    if plan.frozen.selector:
        still = f" and statistics of {', '.join(plan.frozen.still)}" if plan.frozen.still else ""
        said.append(f"frozen {', '.join(plan.frozen.weights)}{still}")
    if plan.accumulate > 1:
        said.append(f"in {plan.accumulate} pieces")
    if plan.init is not None:
        said.append(f'init "{plan.init.path}"')
    if plan.early_stop is not None:
        said.append(f"early_stop {plan.early_stop.patience}")
    if plan.precision != "auto":
        said.append(plan.precision)
    if plan.deterministic:
        said.append("deterministic")
    if plan.compile:
        said.append("compiled")
    return f"train {plan.name}: {plan.network} on {', '.join(plan.data)}; " + "; ".join(said)


def _groups(groups: tuple[Group, ...]) -> list[str]:
    if len(groups) == 1:
        return [describe(groups[0].optimizer), describe(groups[0].schedule)]
    return [
        f"{describe(group.optimizer)} {describe(group.schedule)} of {', '.join(group.weights)}"
        for group in groups
    ]


def _export(plan: ExportPlan) -> str:
    said = [w for w, on in (("bare", plan.bare), ("streaming", plan.streaming)) if on]
    said += [
        f"{w} hidden" for w, on in (("labels", plan.labels), ("source", plan.source)) if not on
    ]
    said += [f"outputs {', '.join(plan.outputs)}"] if plan.outputs else []
    return f"export {plan.network}: " + ", ".join(said)


def fixed(text: str, fix: Fix) -> str:
    """The text with a fix applied."""
    return text[: fix.span.start] + fix.text + text[fix.span.end :]


def rewritten(chapter: str) -> str:
    """The chapter with each outcome as it is now."""
    lines: list[str] = []
    text, fence = "", ""
    for line in chapter.splitlines():
        if fence and line == "```":
            if fence == "text" and text:
                lines += outcome(text).splitlines()
                text = ""
            fence = ""
        elif fence == "nn":
            text += line + "\n"
        elif line.startswith("```"):
            fence = line[3:].strip() or "-"
        if not (fence == "text" and text and line != "```text"):
            lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
