"""What the losses tell of targets before their data is opened: which of them are numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nnc.ir.plan import DataPlan, TrainPlan


def numeric_targets(plans: Iterable[TrainPlan], data: DataPlan) -> Callable[[str], bool]:
    """Whether a target of data not yet opened is numbers, by what the train blocks learn from it.

    It is where only `mse`, `l1` and `huber` compare with it: whole numbers are then no classes.
    """
    asked = data.option("target", ())
    targets = (asked,) if isinstance(asked, str) else asked
    known = (
        [name for name in targets if isinstance(name, str)] if isinstance(targets, tuple) else []
    )
    found = [_numeric(plan, known) for plan in plans if data.name in plan.data]
    return lambda name: bool(found) and all(numeric(name) for numeric in found)


def _numeric(plan: TrainPlan, known: list[str]) -> Callable[[str], bool]:
    terms = [t for phase in plan.phases for t in phase.terms if t.target is None]
    classes = {t.output for t in terms if t.loss.needs}
    numbers = {t.output for t in terms} - classes
    if not classes:
        return lambda name: bool(numbers)
    given = dict(plan.given)
    named = {given.get(output, output) for output in numbers}
    left = [name for name in known if name not in named | {given.get(o, o) for o in classes}]
    unnamed = [output for output in numbers | classes if given.get(output, output) not in known]
    if len(left) == len(unnamed) == 1 and unnamed[0] in numbers:
        named.add(left[0])
    return lambda name: name in named
