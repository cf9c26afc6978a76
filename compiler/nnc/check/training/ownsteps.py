"""Outputs whose steps differ from sample to sample: which steps are a sample's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnc.check.training.training_rules import OWN_STEPS
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.dims import show, symbol, symbols
from nnc.ir.graph import Network
from nnc.ir.labels import labelled
from nnc.ir.lossformula import FormulaTerm, names
from nnc.ir.ownsteps import Steps
from nnc.ir.plan import Field, Profile, Term, TrainPlan
from nnc.ir.types import TensorType
from nnc.record import replace


def own_steps(
    plan: TrainPlan,
    network: Network,
    profile: Profile,
    inputs: Mapping[str, Field],
    terms: tuple[Term, ...],
) -> tuple[Steps, ...]:
    """The axes of outputs that are as long as padded inputs, or as layers made of them.

    Raises:
        Refusal: a target has as many steps for each sample.
    """
    graph = network.graph
    lengths = _lengths(network, inputs)
    found = tuple(
        steps
        for port in graph.outputs
        for steps in _axes(port.name, graph.types[port.value], lengths)
    )
    differ = {steps.output for steps in found}
    for term in terms:
        problem = _wrong_target(term, term.output in differ, profile)
        if problem is not None:
            raise Refusal(problem)
    return found


def formula_steps(
    term: FormulaTerm, network: Network, profile: Profile, inputs: Mapping[str, Field]
) -> FormulaTerm:
    """The term with the padded axes of what it reads."""
    lengths = _lengths(network, inputs)
    labels = labelled(network)
    graph = network.graph
    found: list[Steps] = []
    for named in names(term.formula):
        if named.kind == "field":
            field = profile.field(named.name)
            if field is not None and field.padded:
                length = f"{field.name}_length"
                found.append(Steps(field.name, 0, symbol("T"), "T", length, "field"))
            continue
        ports = graph.outputs if named.kind == "output" else graph.inputs
        value = next((p.value for p in ports if p.name == named.name), None)
        value = labels[named.name] if value is None else value
        found += _axes(named.name, graph.types[value], lengths, named.kind)
    return replace(term, steps=tuple(found))


def _lengths(network: Network, inputs: Mapping[str, Field]) -> dict[str, str]:
    """The field that tells the lengths of what a size is the longest of."""
    graph, found = network.graph, {}
    for port in graph.fed:
        if port.measures:
            of = next(p for p in graph.inputs if p.name == port.measures)
            found[show(graph.types[of.value].dims[0])] = inputs[port.name].name
    return found


def _axes(
    name: str, type: TensorType, lengths: Mapping[str, str], kind: str = "output"
) -> Iterator[Steps]:
    for axis, size in enumerate(type.dims):
        for one in symbols(size):
            if one in lengths:
                yield Steps(name, axis, size, one, lengths[one], kind)


def _wrong_target(term: Term, differs: bool, profile: Profile) -> Diagnostic | None:
    """The message where an output's steps differ from sample to sample, and its target's do not."""
    if term.target is None or term.target.kind == "input":
        return None
    field = profile.field(term.target.name)
    if field is None or field.padded == differs or field.meaning == "transcript":
        return None
    if differs:
        message = f"`{term.output}` has a step for each of a sequence, and `{field.name}` is"
        message = f"{message} {field.type} for each sample"
        help = "bring the steps together: `lstm(units, keep=last)`, or `mean(axis=0)`"
    else:
        message = f"the steps of `{field.name}` differ in number, and `{term.output}` has as many"
        message = f"{message} for each sample"
        help = "give one step for each of a padded input: `input x: [T, 8] padded`"
    return OWN_STEPS.at(term.span, message, help=help)
