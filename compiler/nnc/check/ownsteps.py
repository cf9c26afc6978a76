"""Outputs whose steps differ from sample to sample: which steps are a sample's own."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.training_rules import OWN_STEPS
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.dims import show, symbols
from nnc.ir.graph import Network
from nnc.ir.lossformula import names
from nnc.ir.plan import Field, Profile, Steps, Term, TrainPlan


def own_steps(
    plan: TrainPlan,
    network: Network,
    profile: Profile,
    inputs: Mapping[str, Field],
    terms: tuple[Term, ...],
) -> tuple[Steps, ...]:
    """The axes of outputs that are as long as padded inputs, or as layers made of them.

    Raises:
        Refusal: a target has as many steps for each sample, or a formula reads such an output.
    """
    graph = network.graph
    lengths = {}
    for port in graph.fed:
        if port.measures:
            of = next(p for p in graph.inputs if p.name == port.measures)
            lengths[show(graph.types[of.value].dims[0])] = inputs[port.name].name
    found = tuple(
        Steps(port.name, axis, size, symbol, lengths[symbol])
        for port in graph.outputs
        for axis, size in enumerate(graph.types[port.value].dims)
        for symbol in symbols(size)
        if symbol in lengths
    )
    differ = {steps.output for steps in found}
    for term in terms:
        problem = _wrong_target(term, term.output in differ, profile)
        if problem is not None:
            raise Refusal(problem)
    for phase in plan.phases:
        for formula in phase.formulas:
            read = [
                n.name for n in names(formula.formula) if n.name in differ | {*_padded(network)}
            ]
            if read:
                message = f"`{read[0]}` has padded steps, which a formula would count"
                help = "use a named loss: `cross_entropy`, `mse`, `l1`, `ctc`"
                raise Refusal(OWN_STEPS.at(formula.span, message, help=help))
    return found


def _padded(network: Network) -> tuple[str, ...]:
    return tuple(port.measures for port in network.graph.fed if port.measures)


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
