"""How the fields of the data meet a network: inputs, targets, and what its outputs mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from nnc.check.training.training_rules import OWN_STEPS
from nnc.diagnostics import Refusal
from nnc.ir.lossformula import FormulaTerm, Named, names
from nnc.ir.plan import Binding, Field, Phase, Profile, Scale, Target, Term, TrainPlan
from nnc.ir.training import BceWithLogits, CrossEntropy, Ctc
from nnc.passes.carrying import Carrier
from nnc.record import Record
from nnc.train.ctc import ctc_function
from nnc.train.data.ragged import length_name
from nnc.train.feed import Raw
from nnc.train.formulas import Part, formula_value, hidden
from nnc.train.losses import LossFunction, by_place, loss_function, refuse_beyond
from nnc.train.numbers import Change, to_network, to_units
from nnc.train.own import Axes, axes_of, differing, own_loss, own_of
from nnc.train.terms import name_of


class Member(Record):
    """A player ready to train: its module, and the names of its inputs and outputs in order.

    `carriers`: what keeps states from window to window, where data carry them; None: whatever can.
    """

    name: str
    module: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    carriers: tuple[Carrier, ...] | None = None


CLASSES = ("class", "mask", "tokens")
"""Fields that hold class numbers."""
Task = Literal["classes", "binary", "labels", "values", "text"]


class Lesson(Record):
    """What an output learns.

    Args:
        output: its name.
        target: where the right values come from.
        task: "classes" ([classes, ...] logits), "binary" (one number a class or mask element, two
            classes), "labels" (each element of numbers is a yes or no of its own), "text" ([T,
            tokens] logits of CTC), or "values".
        classes: their number; of "labels" the number of elements; 0 for values.
        labels: their names.
        logits: a sigmoid makes probabilities of the output.
        units: from the network's numbers to the target's, None where they are the same.
        back: from the target's to the network's.
        scaled: the target is compared in the network's numbers, not in the field's own.
        last: classes stand last, [places, classes], as texts have it; else first.
        axes: of the output, that padding makes longer than some samples are.
    """

    output: str
    target: Target
    task: Task
    classes: int
    labels: tuple[str, ...]
    logits: bool
    units: Change | None
    back: Change | None
    scaled: bool
    last: bool = False
    axes: Axes = ()


class Wiring:
    """A network's inputs and outputs and the data, joined by a binding, on one device.

    Args:
        inputs, outputs: the network's names, in order.
    """

    def __init__(
        self,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        binding: Binding,
        profile: Profile,
        device: torch.device,
    ) -> None:
        fields = dict(binding.inputs)
        self.outputs = outputs
        self.profile = profile
        self.device = device
        self._inputs = inputs
        self._learnt = {name for _, name in binding.targets}
        self._sources = tuple(fields[name] for name in inputs)
        fronts = tuple(to_network(profile.front(name), device) for name in self._sources)
        self._pairs = tuple(zip(self._sources, fronts))
        self.axes = axes_of(binding)

    def inputs(self, raw: Raw) -> list[Tensor]:
        """The network's inputs, in order, of raw values."""
        return [front(raw[name]) for name, front in self._pairs]

    def target(self, target: Target) -> Callable[[Raw, list[Tensor]], Tensor]:
        """What an output learns from, as a function of raw values and the network's inputs."""
        if target.kind == "input":
            at = self._inputs.index(target.name)
            return lambda raw, inputs: inputs[at]
        if target.name in self._sources:
            at = self._sources.index(target.name)
            return lambda raw, inputs: inputs[at]
        name = target.name
        front = to_network(self.profile.front(name), self.device, target=True)
        return lambda raw, inputs: front(raw[name])

    def lesson(self, term: Term) -> Lesson:
        """What the output of a term learns."""
        target = bound(term)
        field = self._field(target)
        last = _classes_last(target, field) and not term.loss.word.startswith("bce")
        labels = field.labels if field is not None and field.meaning in CLASSES else ()
        axes = self.axes.get(term.output, ())
        count = len(labels)
        task: Task = "values"
        if isinstance(term.loss, CrossEntropy):
            task, count = "classes", count or target.classes
        elif isinstance(term.loss, Ctc) and field is not None:
            task, labels, count = "text", field.labels, len(field.labels)
        elif term.loss.needs and labels:
            task = "binary"
        elif term.loss.needs and field is not None and field.role == "target":
            task, count = "labels", elements(field, padded=bool(axes))
        front = None
        if target.kind == "field":
            front = self.profile.front(target.name)
        units = to_units(front, self.device) if task == "values" else None
        back = None if units is None else to_network(front, self.device, target=True)
        scaled = task == "values" and not isinstance(front, Scale)
        logits = isinstance(term.loss, BceWithLogits)
        count = 0 if task == "values" else count
        return Lesson(
            term.output, target, task, count, labels, logits, units, back, scaled, last, axes
        )

    def _source(self, name: str) -> str:
        """The field that an input of the network reads."""
        return self._sources[self._inputs.index(name)]

    def _field(self, target: Target) -> Field | None:
        return self.profile.field(target.name) if target.kind == "field" else None

    def field_value(self, name: str) -> Callable[[Raw, list[Tensor]], Tensor]:
        """A field as a formula reads it.

        In the network's numbers where it reads it, or where a named loss compares with it; others
        are as they are in the data, missing numbers filled.
        """
        if name in self._sources or name in self._learnt:
            return self.target(Target("field", name))
        front = self.profile.front(name)
        if not isinstance(front, Scale) or not front.missing:
            return lambda raw, inputs: raw[name]
        missing = torch.tensor(front.missing, device=self.device)
        return lambda raw, inputs: torch.where(raw[name].isnan(), missing, raw[name])

    def fields(
        self, terms: tuple[Term, ...], formulas: tuple[FormulaTerm, ...] = ()
    ) -> tuple[str, ...]:
        """The fields that are read, each once."""
        found = [n.name for f in formulas for n in names(f.formula) if n.kind == "field"]
        targets = [bound(term).name for term in terms if bound(term).kind == "field"]
        read = dict.fromkeys((*self._sources, *targets, *found))
        known = {f.name for f in self.profile.fields if f.meaning == "length"}
        lengths = [name for name in map(length_name, read) if name in known]
        return tuple(dict.fromkeys((*read, *lengths)))

    def total_loss(
        self, terms: tuple[Term, ...], formulas: tuple[FormulaTerm, ...] = ()
    ) -> TotalLoss:
        """The weighted sum of some terms, as one function."""
        return TotalLoss(self, terms, formulas)

    def place(self, named: Named) -> int:
        """The position of an output, or a label behind them, or of an input among its like."""
        return (self._inputs if named.kind == "input" else self.outputs).index(named.name)

    def part(self, term: Term) -> Callable[[Tensor, Raw, list[Tensor]], Tensor]:
        """A term's loss as a function of its output, raw values and inputs."""
        found, axes = bound(term), self.axes.get(term.output, ())
        if isinstance(term.loss, Ctc):
            ctc = ctc_function(term, axes, found.name)
            return lambda output, raw, inputs: ctc(output, raw)
        target, loss = self.target(found), self.loss_of(term)
        classes = isinstance(term.loss, CrossEntropy)

        def whole(output: Tensor, raw: Raw, inputs: list[Tensor]) -> Tensor:
            wanted = target(raw, inputs)
            return loss(output, wanted if classes else as_values(wanted, output))

        def own(output: Tensor, raw: Raw, inputs: list[Tensor]) -> Tensor:
            wanted = target(raw, inputs)
            problem = differing(axes, output, wanted, found.name, term.span)
            if problem is not None:
                raise Refusal(problem)
            wanted = wanted if classes else as_values(wanted, output)
            return own_loss(term.loss, axes, raw, output, wanted)

        return own if axes else whole

    def loss_of(self, term: Term) -> LossFunction:
        """The loss function of a term, told what the data knows of its classes."""
        target = bound(term)
        field = self._field(target)
        classes = len(field.labels) if field is not None else 0
        if not classes and not target.classes:
            name = target.name if field is not None else self._source(target.name)
            refuse_beyond(term.loss, self.profile.front(name), name, term.span)
        part = self.profile.part("train")
        # Part.classes counts samples by the data's label: it is no count of a mask's pixels.
        counts = part.classes if part is not None and field and field.meaning == "class" else ()
        function = loss_function(
            term.loss, counts=counts, classes=classes, device=self.device, span=term.span
        )
        summed = getattr(term.loss, "reduce", "mean") == "sum"
        classes_last = isinstance(term.loss, CrossEntropy) and _classes_last(target, field)
        return by_place(function, summed=summed) if classes_last else function


def elements(field: Field, padded: bool) -> int:
    """How many numbers of a field are learnt each by itself: of padded ones those of a step."""
    dims = field.type.dims[1:] if padded and field.padded else field.type.dims
    return math.prod(n for n in dims if isinstance(n, int))


def _classes_last(target: Target, field: Field | None) -> bool:
    """Features stand last: of texts, and of ids that the network reads."""
    return bool(target.classes) or (field is not None and field.meaning == "tokens")


class TotalLoss:
    """The weighted sum of a phase's terms: a function of outputs, raw values and inputs."""

    def __init__(
        self, wiring: Wiring, terms: tuple[Term, ...], formulas: tuple[FormulaTerm, ...] = ()
    ) -> None:
        outputs = wiring.outputs
        self._wiring, self._formulas = wiring, formulas
        read = {n.name for f in formulas for n in names(f.formula) if n.kind == "field"}
        self._fields = {name: wiring.field_value(name) for name in sorted(read)}
        self._parts = tuple(
            (outputs.index(term.output), wiring.part(term), term.weight) for term in terms
        )
        several: list[Term | FormulaTerm] = [*terms, *formulas]
        self.names = tuple(name_of(term) for term in several) if len(several) > 1 else ()

    def __call__(self, outputs: tuple[Tensor, ...], raw: Raw, inputs: list[Tensor]) -> Tensor:
        """The sum."""
        return self.apart(outputs, raw, inputs)[0]

    def apart(
        self, outputs: tuple[Tensor, ...], raw: Raw, inputs: list[Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The sum, and the terms in the order of `names`; none where there is one."""
        total: Tensor | None = None
        each: list[Tensor] = []
        for at, loss, weight in self._parts:
            output = outputs[at]
            if output.dtype is not torch.float32:  # losses are computed in float32 under bf16
                output = output.float()
            value = loss(output, raw, inputs)
            value = value if weight == 1.0 else value * weight
            each.append(value)
            total = value if total is None else total + value
        for term in self._formulas:
            value = term.weight * self._formula(term, outputs, raw, inputs)
            each.append(value)
            total = value if total is None else total + value
        assert total is not None, "a phase has at least one term"
        return total, tuple(value.detach() for value in each) if self.names else ()

    def _formula(
        self, term: FormulaTerm, outputs: tuple[Tensor, ...], raw: Raw, inputs: list[Tensor]
    ) -> Tensor:
        longest: dict[tuple[str, str], tuple[int, str]] = {}

        def read(named: Named) -> Part:
            value, steps = self._read(named, outputs, raw, inputs), term.steps_of(named)
            for one in steps:
                here = value.shape[one.axis + 1], named.name
                other = longest.setdefault((one.symbol, str(one.size)), here)
                if here[0] != other[0]:
                    message = f"`{here[1]}` has {here[0]} steps where `{other[1]}` has {other[0]}"
                    raise Refusal(OWN_STEPS.at(term.span, message))
            return hidden(value, own_of(steps, raw, value)) if steps else Part(value)

        return formula_value(term.formula, read)

    def _read(
        self, named: Named, outputs: tuple[Tensor, ...], raw: Raw, inputs: list[Tensor]
    ) -> Tensor:
        if named.kind == "field":
            return self._fields[named.name](raw, inputs).float()
        among = inputs if named.kind == "input" else outputs
        return among[self._wiring.place(named)].float()


def as_values(target: Tensor, output: Tensor) -> Tensor:
    """A target as float32 in the output's shape: [B] learns [B, 1]."""
    target = target if target.dtype is torch.float32 else target.to(torch.float32)
    return target if target.shape == output.shape else target.reshape(output.shape)


def call(module: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    """A module's outputs, as a tuple also when there is one."""
    made: Tensor | tuple[Tensor, ...] = module(*inputs)
    return made if isinstance(made, tuple) else (made,)


def bound(term: Term) -> Target:
    """The target of a term whose fields are bound.

    Raises:
        ValueError: they are not.
    """
    if term.target is None:
        raise ValueError(f"the output {term.output} is not bound")
    return term.target


def binding_of(plan: TrainPlan) -> Binding:
    """The binding of a plan whose data was opened.

    Raises:
        ValueError: it was not.
    """
    if plan.binding is None:
        raise ValueError("the plan is not bound to data")
    return plan.binding


def lessons(wiring: Wiring, phases: tuple[Phase, ...]) -> dict[str, Lesson]:
    """What each output learns; its first term that decides (a class, yes or no) says, else any."""
    made: dict[str, Lesson] = {}
    for phase in phases:
        for term in sorted(phase.terms, key=lambda term: not term.loss.needs):
            made.setdefault(term.output, wiring.lesson(term))
    return {name: made[name] for phase in phases for name in (t.output for t in phase.terms)}


def wanted(lesson: Lesson, raw: Mapping[str, Tensor], network: Tensor) -> Tensor:
    """The right values of an output in the units that people see.

    Args:
        network: the target in the network's numbers.
    """
    if lesson.task == "values" and not lesson.scaled:
        return raw[lesson.target.name].to(torch.float32)
    return network
