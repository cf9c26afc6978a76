"""Losses of players as formulas: what each objective says, and what a spec writes out.

An update lowers one formula by the weights of some players. A formula reads samples by name and
calls players: `bce_with_logits(discriminator(real), 1)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnc.ir.gan import (
    R1,
    CycleGan,
    Gan,
    GanLoss,
    GanPlan,
    GanPlayer,
    GanTerm,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Objective,
    Pix2Pix,
    Wasserstein,
)
from nnc.ir.lossformula import Applied, Compared, Formula, Function, Named, Operation
from nnc.ir.training import L1, BceWithLogits, Loss
from nnc.record import Record, replace

REAL = Named("source", "real")
"""What the data hold where there are no domains."""


class Updates(Record):
    """The updates of a step, in their order.

    Args:
        redraw: each draws latents of its own; else all see the step's.
        clamps: the largest size of a player's weights, kept after its update.
    """

    each: tuple[GanLoss, ...]
    redraw: bool = False
    clamps: tuple[tuple[str, float], ...] = ()


def called(player: GanPlayer, *of: Formula, output: str = "") -> Applied:
    """What a player gives: of the batch's own sources, or of something else in their place."""
    return Applied("call", of, player.name, output or player.output)


def parts(formula: Formula) -> Iterator[Formula]:
    """All that a formula holds, then the formula."""
    if isinstance(formula, Operation):
        inner: tuple[Formula, ...] = (formula.left, formula.right)
    elif isinstance(formula, Compared):
        inner = (formula.of, formula.target)
    elif isinstance(formula, Function):
        inner = (formula.of,)
    else:
        inner = formula.of if isinstance(formula, Applied) else ()
    for part in inner:
        yield from parts(part)
    yield formula


def calls(formula: Formula) -> tuple[Applied, ...]:
    """The calls of players in a formula, as written, what is inside of one before it."""
    found = (p for p in parts(formula) if isinstance(p, Applied) and p.word == "call")
    return tuple(dict.fromkeys(found))


def generated(formula: Formula, makers: set[str]) -> bool:
    """Whether it is a source, or made of sources by generators alone."""
    if isinstance(formula, Named):
        return True
    if not isinstance(formula, Applied) or formula.word != "call":
        return False
    return formula.player in makers and all(generated(of, makers) for of in formula.of)


def players_in(formula: Formula) -> frozenset[str]:
    """The players that a formula calls."""
    return frozenset(p.player for p in parts(formula) if isinstance(p, Applied) and p.player)


def updates_of(plan: GanPlan) -> Updates:
    """What a step of a plan does: the objective's updates, with what the spec adds to them."""
    redraw, clamps = plan.redraw, plan.clamps
    if not plan.objective.word:
        return Updates(plan.losses, redraw, clamps)
    objective = plan.objective
    each = tuple(_with(update, plan) for update in lowered(plan.gan, objective))
    fresh = isinstance(objective, Wasserstein | GradientPenalty)
    if isinstance(objective, Wasserstein):
        clamps = tuple((player.name, objective.clip) for player in plan.gan.discriminators)
    return Updates(each, fresh, clamps)


def _with(update: GanLoss, plan: GanPlan) -> GanLoss:
    """An update of the objective with the terms beside it, and the lines on its players."""
    formula = update.formula
    role = plan.gan.player(update.players[0]).role
    for term in plan.terms:
        for part in _beside(plan.gan, term, role):
            formula = Operation("+", formula, part)
    for line in plan.losses:
        if {*line.players} <= {*update.players}:
            formula = Operation("+", formula, line.formula)
    return replace(update, formula=formula)


def _beside(gan: Gan, term: GanTerm, role: str) -> Iterator[Formula]:
    """A term in the update of a role: on real samples too, where it says so and judges learn."""
    player = gan.player(term.player)
    made = called(gan.generators[0])
    shown: list[tuple[Formula, ...]] = [()]
    if player.role == "discriminator":
        shown = [(REAL,), (made,)] if term.real and role == "discriminator" else [(made,)]
    elif role == "discriminator":
        return
    for of in shown:
        output = called(player, *of, output=term.output)
        loss = Compared(term.loss, output, Named("source", term.source))
        yield loss if term.weight == 1.0 else Operation("*", term.weight, loss)


def chances(plan: GanPlan) -> bool:
    """Whether a score's sigmoid is the chance that a sample is real."""
    return any(
        isinstance(part, Compared) and isinstance(part.loss, BceWithLogits)
        for update in updates_of(plan).each
        for part in parts(update.formula)
    )


# --- objectives -----------------------------------------------------------------------------------


def lowered(gan: Gan, objective: Objective) -> tuple[GanLoss, ...]:
    """The updates of a named objective, written out; discriminators first but for cyclegan."""
    if isinstance(objective, CycleGan):
        return _cycle(gan, objective)
    judged, taken = _SCORES[type(objective)]
    made = called(gan.generators[0])
    lines = []
    for judge in gan.discriminators:
        formula = judged(objective, called(judge, REAL), called(judge, made))
        formula = _plus(formula, _penalty(judge, made, objective))
        lines.append(GanLoss((judge.name,), formula))
    whole: Formula | None = None
    for judge in gan.discriminators:
        whole = _plus(whole, taken(called(judge, made)))
    if isinstance(objective, Pix2Pix):
        whole = _plus(whole, Operation("*", objective.l1, Compared(L1(), made, REAL)))
    assert whole is not None, "a gan has a discriminator"
    return (*lines, GanLoss((gan.generators[0].name,), whole, every=objective.critic))


def _plus(formula: Formula | None, more: Formula | None) -> Formula:
    if formula is None or more is None:
        one = formula if more is None else more
        assert one is not None, "one of the two is there"
        return one
    return Operation("+", formula, more)


def _penalty(judge: GanPlayer, made: Formula, objective: Objective) -> Formula | None:
    if isinstance(objective, GradientPenalty) and objective.penalty:
        slope = Applied("slope", (Applied("between", (REAL, made)),), judge.name)
        away = Operation("**", Operation("-", slope, 1.0), 2.0)
        return Operation("*", objective.penalty, Function("mean", away))
    if isinstance(objective, R1) and objective.gamma:
        square = Operation("**", Applied("slope", (REAL,), judge.name), 2.0)
        return Operation("*", objective.gamma / 2, Function("mean", square))
    return None


def _mean(formula: Formula) -> Formula:
    return Function("mean", formula)


def _entropy(score: Formula, target: float) -> Formula:
    return Compared(BceWithLogits(), score, target)


def _entropies(objective: Objective, real: Formula, made: Formula) -> Formula:
    smoothing = objective.label_smoothing if isinstance(objective, NonSaturating) else 0.0
    both = Operation("+", _entropy(real, 1.0 - smoothing), _entropy(made, 0.0))
    return Operation("*", 0.5, both) if isinstance(objective, Pix2Pix) else both


def _square(score: Formula, target: float) -> Formula:
    away = Operation("-", score, target) if target else score
    return _mean(Operation("**", away, 2.0))


def _squares(objective: Objective, real: Formula, made: Formula) -> Formula:
    return Operation("+", _square(real, 1.0), _square(made, 0.0))


def _hinge(objective: Objective, real: Formula, made: Formula) -> Formula:
    told = _mean(Function("relu", Operation("-", 1.0, real)))
    return Operation("+", told, _mean(Function("relu", Operation("+", 1.0, made))))


def _distance(objective: Objective, real: Formula, made: Formula) -> Formula:
    return Operation("-", _mean(made), _mean(real))


def _taken_for_real(score: Formula) -> Formula:
    return _entropy(score, 1.0)


def _near_one(score: Formula) -> Formula:
    return _square(score, 1.0)


def _raised(score: Formula) -> Formula:
    return Operation("*", -1.0, _mean(score))


Judged = Callable[[Objective, Formula, Formula], Formula]
Taken = Callable[[Formula], Formula]
_SCORES: dict[type[Objective], tuple[Judged, Taken]] = {
    NonSaturating: (_entropies, _taken_for_real),
    Pix2Pix: (_entropies, _taken_for_real),
    R1: (_entropies, _taken_for_real),
    LeastSquares: (_squares, _near_one),
    Hinge: (_hinge, _raised),
    Wasserstein: (_distance, _raised),
    GradientPenalty: (_distance, _raised),
}


def _cycle(gan: Gan, objective: CycleGan) -> tuple[GanLoss, ...]:
    """Both generators together, then each discriminator."""
    whole: Formula | None = None
    for maker in gan.generators:
        start = maker.reads[0]
        made = called(maker)
        back = called(next(p for p in gan.generators if p.makes == start), made)
        judge = next(p for p in gan.discriminators if p.judges == maker.makes)
        loss: Loss = L1()
        whole = _plus(whole, _near_one(called(judge, made)))
        there = Compared(loss, back, Named("source", start))
        whole = _plus(whole, Operation("*", objective.cycle, there))
        share = objective.cycle * objective.identity
        if share:
            own = Named("source", maker.makes)
            same = Compared(loss, called(maker, own), own)
            whole = _plus(whole, Operation("*", share, same))
    assert whole is not None, "there are two generators"
    makers = tuple(p.name for p in gan.generators)
    lines = [GanLoss(makers, whole, every=objective.critic)]
    for judge in gan.discriminators:
        maker = next(p for p in gan.generators if p.makes == judge.judges)
        made = called(maker)
        older = Applied("older", (made, float(objective.buffer))) if objective.buffer else made
        real = called(judge, Named("source", judge.judges))
        both = _squares(objective, real, called(judge, older))
        lines.append(GanLoss((judge.name,), Operation("*", 0.5, both)))
    return tuple(lines)
