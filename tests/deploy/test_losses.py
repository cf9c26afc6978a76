"""The loss without PyTorch is the loss that training computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.backends.arrays import Array
from nnc.deploy.losses import LossSum
from nnc.ir.plan import Profile, TrainPlan
from nnc.ir.training import L1, Bce, BceWithLogits, CrossEntropy, Huber, Loss, Mse
from nnc.record import replace
from nnc.train.wiring import Wiring, binding_of, lessons
from tests.deploy import small

DRAW = np.random.default_rng(7)


def with_loss(plan: TrainPlan, loss: Loss, weight: float = 1.0) -> TrainPlan:
    phases = tuple(
        replace(p, terms=tuple(replace(t, loss=loss, weight=weight) for t in p.terms))
        for p in plan.phases
    )
    return replace(plan, phases=phases)


def theirs(plan: TrainPlan, profile: Profile, raw: dict[str, Array], output: Array) -> float:
    names = tuple(name for name, _ in binding_of(plan).inputs)
    (term,) = plan.phases[0].terms
    wiring = Wiring(names, (term.output,), binding_of(plan), profile, torch.device("cpu"))
    lesson = lessons(wiring, plan.phases)[term.output]
    made = torch.from_numpy(output)
    if lesson.back is not None:
        made = lesson.back(made)
    tensors = {name: torch.from_numpy(values) for name, values in raw.items()}
    total = wiring.total_loss(plan.phases[0].terms)
    return float(total((made,), tensors, wiring.inputs(tensors)))


@pytest.mark.parametrize(
    "loss",
    [
        CrossEntropy(),
        CrossEntropy(label_smoothing=0.1),
        CrossEntropy(class_weights=(1.0, 2.0, 0.5), label_smoothing=0.2),
        CrossEntropy(class_weights="balanced", reduce="sum"),
    ],
    ids=str,
)
def test_classes(loss: Loss) -> None:
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    assert recipe.plan is not None
    plan = with_loss(recipe.plan, loss, 0.5)
    raw: dict[str, Array] = {
        "image": DRAW.integers(0, 256, (7, 1, 6, 6), dtype=np.uint8),
        "label": DRAW.integers(0, 3, 7),
    }
    output = (DRAW.standard_normal((7, 3)) * 5).astype(np.float32)
    found = LossSum(plan, small.PICTURES_PROFILE)
    found.add(raw, {"digit": output})
    wanted = theirs(plan, small.PICTURES_PROFILE, raw, output)
    assert found.mean() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [Mse(), Mse(reduce="sum"), L1(), Huber(), Huber(delta=0.3)],
    ids=str,
)
def test_values_in_units(loss: Loss) -> None:
    recipe = small.recipe(small.TABLE, small.TABLE_PROFILE)
    assert recipe.plan is not None
    plan = with_loss(recipe.plan, loss)
    raw: dict[str, Array] = {
        "numbers": DRAW.standard_normal((7, 2)).astype(np.float32),
        "categories": DRAW.integers(0, 3, (7, 1)),
        "price": (DRAW.standard_normal((7, 1)) * 9e4 + 25e4).astype(np.float32),
    }
    output = (DRAW.standard_normal((7, 1)) * 9e4 + 25e4).astype(np.float32)
    found = LossSum(plan, small.TABLE_PROFILE)
    found.add(raw, {"price": output})
    wanted = theirs(plan, small.TABLE_PROFILE, raw, output)
    assert found.mean() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    "loss", [Bce(), Bce(reduce="sum"), BceWithLogits(), BceWithLogits(pos_weight=3.0)], ids=str
)
def test_two_classes(loss: Loss) -> None:
    text = small.PICTURES.replace("dense(digits.classes)", "dense(1)").replace(
        "cross_entropy", "bce_with_logits"
    )
    label = replace(small.PICTURES_PROFILE.fields[1], labels=("no", "yes"))
    fields = (small.PICTURES_PROFILE.fields[0], label)
    profile = replace(small.PICTURES_PROFILE, fields=fields, sizes=(("classes", 2),))
    recipe = small.recipe(text, profile)
    assert recipe.plan is not None
    plan = with_loss(recipe.plan, loss)
    raw: dict[str, Array] = {
        "image": DRAW.integers(0, 256, (7, 1, 6, 6), dtype=np.uint8),
        "label": DRAW.integers(0, 2, 7),
    }
    output = DRAW.standard_normal((7, 1)).astype(np.float32)
    if isinstance(loss, Bce):
        output = 1 / (1 + np.exp(-output))
        output[0] = 0.0
    found = LossSum(plan, profile)
    found.add(raw, {"digit": output})
    wanted = theirs(plan, profile, raw, output)
    assert found.mean() == pytest.approx(wanted, rel=1e-5)
