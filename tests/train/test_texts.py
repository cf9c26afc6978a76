"""Losses and metrics of sequences: own places alone count, CTC's numbers are PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.functional.text import char_error_rate, edit_distance, perplexity

from nnc.deploy.losses import LossSum
from nnc.diagnostics import Refusal
from nnc.ir.dims import symbol
from nnc.ir.ownsteps import Steps
from nnc.ir.plan import Binding, Field, MetricPlan, Phase, Profile, Target, Term
from nnc.ir.training import (
    L1,
    Accuracy,
    Adam,
    Bits,
    Constant,
    CrossEntropy,
    Ctc,
    ErrorRate,
    Loss,
    Mae,
    Metric,
    Perplexity,
)
from nnc.ir.types import TensorType
from nnc.ir.updates import Group
from nnc.record import replace
from nnc.train.evaluation import Examination, Seen, evaluate
from nnc.train.feed import Feed
from nnc.train.transcripts import ctc, decoded, distance, lost
from nnc.train.wiring import Wiring, lessons
from tests.train import kit
from tests.train.kit import class_plan

CPU = torch.device("cpu")
LENGTHS = np.array([7, 3, 5, 1])
HALVES = Steps("out", 0, (symbol("T") + 1) // 2, "T", "x_length")
WHOLE = replace(HALVES, size=symbol("T"))


def sequences(kind: str, steps: Steps) -> tuple[Profile, dict[str, np.ndarray], Tensor]:
    """A profile, raw values of four samples, and an output; what pads them is nonsense."""
    draw = np.random.default_rng(2)
    longest = max(steps.own([7]))
    out = torch.tensor(draw.normal(size=(4, longest, 5)), dtype=torch.float32)
    own = np.array(steps.own(LENGTHS.tolist()))
    y = draw.integers(1, 5, (4, longest))
    if kind == "number":
        y = draw.normal(size=(4, longest, 5)).astype(np.float32)
    behind = np.arange(longest) >= own[:, None]
    y[behind] = 0 if kind != "number" else 1e6
    out[torch.tensor(behind)] = 1e6
    labels = () if kind == "number" else tuple("_abcd")
    target = Field("y", "target", kind, TensorType(y.shape[1:]), labels, padded=True)
    length = Field("x_length", "input", "length", TensorType((), "int64"))
    x = Field("x", "input", "sequence", TensorType((7,), "int64"), padded=True)
    spoken = replace(length, name="y_length")
    profile = Profile("d", (x, length, target, spoken), (), "given", ())
    raw = {"x": draw.integers(1, 5, (4, 7)), "x_length": LENGTHS, "y": y, "y_length": own}
    return profile, raw, out


def examined(
    loss: Loss, metrics: tuple[Metric, ...], kind: str, steps: Steps, batch: int = 4
) -> tuple[float, dict[str, float], float]:
    """Loss and metrics as training counts them, and the loss as `nnc eval` does."""
    profile, raw, out = sequences(kind, steps)
    binding = Binding((("x", "x"), ("x_length", "x_length")), (("out", "y"),), steps=(steps,))
    wiring = Wiring(("x", "x_length"), ("out",), binding, profile, CPU)
    term = Term(1.0, loss, "out", Target("field", "y"))
    phases = (Phase("Net", (term,), (Group(Adam(), Constant()),)),)
    plans = tuple(MetricPlan(metric, "out") for metric in metrics)
    exam = Examination(wiring, lessons(wiring, phases), plans, wiring.total_loss((term,)))
    feed = Feed(kit.Memory(raw), (*raw,), CPU)
    at = 0

    def predict(_: dict[str, Tensor], inputs: list[Tensor]) -> Seen:
        nonlocal at
        at += len(inputs[0])
        return Seen({"out": out[at - len(inputs[0]) : at]}, None)

    found = evaluate(exam, predict, feed, batch)
    plan = class_plan(phases=phases, binding=binding, metrics=plans)
    total = LossSum(plan, profile)
    total.add(raw, {"out": out.numpy()})
    return found.loss, found.metrics, total.mean()


@pytest.mark.parametrize("steps", [WHOLE, HALVES], ids=["whole", "halves"])
@pytest.mark.parametrize("batch", [4, 3])
def test_own_places_alone_count(steps: Steps, batch: int) -> None:
    _, raw, out = sequences("tokens", steps)
    own = steps.own(LENGTHS.tolist())
    singles = [(out[at, :n], torch.tensor(raw["y"][at, :n])) for at, n in enumerate(own)]
    wanted = np.mean([torch.nn.functional.cross_entropy(y, t).item() for y, t in singles])
    metrics = (Accuracy(), Perplexity(), Bits())
    loss, found, again = examined(CrossEntropy(), metrics, "tokens", steps, batch)
    assert loss == pytest.approx(wanted, rel=1e-5)
    assert again == pytest.approx(wanted, rel=1e-5)
    all_y, all_t = (torch.cat([pair[i] for pair in singles]) for i in (0, 1))
    assert found["accuracy"] == pytest.approx((all_y.argmax(1) == all_t).float().mean().item())
    right = perplexity(all_y[None], all_t[None]).item()
    assert found["perplexity"] == pytest.approx(right, rel=1e-5)
    assert found["bits"] == pytest.approx(np.log2(right), rel=1e-5)


def test_own_numbers_alone_count() -> None:
    _, raw, out = sequences("number", WHOLE)
    singles = [np.abs(out[at, :n].numpy() - raw["y"][at, :n]) for at, n in enumerate(LENGTHS)]
    loss, found, again = examined(L1(), (Mae(),), "number", WHOLE)
    assert loss == pytest.approx(np.mean([one.mean() for one in singles]), rel=1e-5)
    assert again == pytest.approx(loss, rel=1e-5)
    assert found["mae"] == pytest.approx(np.concatenate(singles).mean(), rel=1e-5)
    loss, _, again = examined(L1(reduce="sum"), (), "number", WHOLE)
    assert loss == pytest.approx(np.mean([one.sum() for one in singles]), rel=1e-5)
    assert again == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_ctc_is_pytorchs(reduce: str) -> None:
    draw = np.random.default_rng(7)
    for _ in range(20):
        steps, tokens = int(draw.integers(1, 12)), int(draw.integers(1, 5))
        target = draw.integers(1, 5, tokens)
        if lost(target[None], [tokens], [steps]) is not None:
            continue
        logits = draw.normal(size=(steps, 5)) * 3
        logs = torch.tensor(logits).log_softmax(-1)[:, None]
        right = torch.nn.functional.ctc_loss(
            logs, torch.tensor(target)[None], [steps], [tokens], reduction="sum"
        )
        assert ctc(logits, target) == pytest.approx(right.item(), rel=1e-6)


def test_texts_that_fit() -> None:
    assert lost(np.array([[1, 1, 2]]), [3], [4]) is None
    assert lost(np.array([[1, 1, 2]]), [3], [3]) == 0
    assert lost(np.array([[1, 2, 1], [1, 2, 2]]), [3, 2], [3, 1]) == 1


def test_a_text_beyond_its_steps_is_told() -> None:
    with pytest.raises(Refusal, match="a text of 7 tokens does not fit into 7 steps"):
        examined(Ctc(), (), "transcript", replace(WHOLE, size=symbol("T")))


def test_error_rates_are_torchmetrics() -> None:
    draw = np.random.default_rng(1)
    for _ in range(50):
        a, b = ("".join(draw.choice(list("abc"), draw.integers(0, 8))) for _ in range(2))
        numbers = [[ord(letter) for letter in word] for word in (a, b)]
        assert distance(*numbers) == edit_distance([a], [b], reduction="sum").item()
    assert distance([1, 2, 3], [1, 3]) / 2 == char_error_rate(["abc"], ["ac"]).item()


def test_best_path() -> None:
    best = [0, 1, 1, 0, 1, 2, 2, 0, 0, 3, 3]
    scores = np.eye(4)[best]
    assert decoded(scores, 11) == [1, 1, 2, 3]
    assert decoded(scores, 5) == [1, 1]
    assert decoded(scores, 0) == []


def test_error_rate_of_a_part() -> None:
    profile, raw, out = sequences("transcript", WHOLE)
    del profile
    steps = WHOLE.own(LENGTHS.tolist())
    said = [decoded(out[at, :n].numpy(), n) for at, n in enumerate(steps)]
    right = [raw["y"][at, :n].tolist() for at, n in enumerate(steps)]
    wanted = sum(map(distance, said, right)) / sum(map(len, right))
    binding = Binding((("x", "x"), ("x_length", "x_length")), (("out", "y"),), steps=(WHOLE,))
    wiring = Wiring(("x", "x_length"), ("out",), binding, sequences("transcript", WHOLE)[0], CPU)
    term = Term(1.0, Ctc(), "out", Target("field", "y"))
    phases = (Phase("Net", (term,), (Group(Adam(), Constant()),)),)
    plans = (MetricPlan(ErrorRate(), "out"),)
    exam = Examination(wiring, lessons(wiring, phases), plans, None)
    feed = Feed(kit.Memory(raw), (*raw,), CPU)
    found = evaluate(exam, lambda *_: Seen({"out": out}, None), feed, 4)
    assert found.metrics == {"error_rate": pytest.approx(wanted)}
