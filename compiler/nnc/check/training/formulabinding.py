"""Fields of the data in the formulas of a loss: whether the data have them, and shapes."""

from __future__ import annotations

from nnc.check.training.training_rules import WRONG_FIELD, WRONG_TARGET
from nnc.diagnostics import Refusal, nearest
from nnc.ir.graph import Network
from nnc.ir.labels import labelled
from nnc.ir.lossformula import Compared, Formula, FormulaTerm, Function, Named, Operation, names
from nnc.ir.plan import Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.layers.arithmetic import broadcast

ONE = TensorType(())


def formula_fields(plan: TrainPlan, network: Network, profile: Profile) -> tuple[str, ...]:
    """The fields that the formulas of a loss read, each once.

    Raises:
        Refusal: the data have no such field, or its shape does not fit.
    """
    found: dict[str, None] = {}
    for phase in plan.phases:
        for term in phase.formulas:
            fields = [n.name for n in names(term.formula) if n.kind == "field"]
            for name in fields:
                if profile.field(name) is None:
                    raise _unknown(term, name, network, profile)
            if fields:
                _type(term.formula, term, network, profile)
            found.update(dict.fromkeys(fields))
    return tuple(found)


def _unknown(term: FormulaTerm, name: str, network: Network, profile: Profile) -> Refusal:
    graph = network.graph
    ends = [port.name for port in (*graph.outputs, *graph.fed)]
    fields = [field.name for field in profile.fields]
    guess = nearest(name, [*fields, *ends])
    return Refusal(
        WRONG_FIELD.at(
            term.span,
            f"`{name}` is no output or input, and the data `{profile.data}` have no such field",
            help=f"did you mean `{guess}`?"
            if guess
            else f"a value inside the network is given out by `output {name}`; the data have "
            + ", ".join(f"`{field}`" for field in fields),
        )
    )


def _type(formula: Formula, term: FormulaTerm, network: Network, profile: Profile) -> TensorType:
    """The type a sample of a formula."""
    if isinstance(formula, Named):
        return _named(formula, network, profile)
    if isinstance(formula, Function):
        inner = _type(formula.of, term, network, profile)
        return ONE if formula.word in ("sum", "mean") else inner
    if isinstance(formula, Operation):
        sides = (_type(side, term, network, profile) for side in (formula.left, formula.right))
        return _joined(term, *sides)
    if isinstance(formula, Compared):
        of = _type(formula.of, term, network, profile)
        target = _type(formula.target, term, network, profile)
        if formula.loss.target == "class":
            _classes(formula, term, of, target, profile)
        else:
            _joined(term, of, target)
    return ONE


def _named(named: Named, network: Network, profile: Profile) -> TensorType:
    if named.kind == "field":
        field = profile.field(named.name)
        assert field is not None, "looked up before"
        return field.type
    graph = network.graph
    if named.kind == "label":
        return graph.types[labelled(network)[named.name]]
    ports = graph.outputs if named.kind == "output" else graph.inputs
    return next(graph.types[port.value] for port in ports if port.name == named.name)


def _joined(term: FormulaTerm, a: TensorType, b: TensorType) -> TensorType:
    for x, y in zip(reversed(a.dims), reversed(b.dims)):
        if x not in (y, 1) and y != 1 and isinstance(x, int) and isinstance(y, int):
            raise Refusal(
                WRONG_TARGET.at(
                    term.span,
                    f"shapes in this term cannot be combined: {a} and {b}",
                    help="sizes are equal or 1, from the last axis on",
                )
            )
    return broadcast(a, b)


def _classes(
    formula: Compared, term: FormulaTerm, of: TensorType, target: TensorType, profile: Profile
) -> None:
    """Classes first in what is compared, then the axes of the field."""
    assert isinstance(formula.target, Named), "seen to by its checker"
    field = profile.field(formula.target.name)
    count = len(field.labels) if field is not None else 0
    if field is not None and field.meaning == "tokens":
        message = f"`{formula.loss.word}` of a class at each place stands alone, not in a formula"
        help = f"write it as a term of its own: `{formula.loss.word}(tags) + 0.1 * mean(h**2)`"
        raise Refusal(WRONG_TARGET.at(term.span, message, help=help))
    if field is None or field.meaning not in ("class", "mask"):
        message = f"`{formula.target.name}` holds no classes"
        raise Refusal(WRONG_TARGET.at(term.span, message, help="use `mse`, `l1` or `huber`"))
    if of.dims[:1] != (count,) or of.rank != target.rank + 1:
        message = f"`{field.name}` has {count} classes, and what is compared is {of}"
        raise Refusal(WRONG_TARGET.at(term.span, message, help=f"it wants {count} numbers"))
