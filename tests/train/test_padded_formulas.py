"""Formulas of padded values in a loss: a batch gives the mean of what its sequences give alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nnc.check import Checked, check_source
from nnc.deploy.losses import LossSum
from nnc.diagnostics import Refusal
from nnc.ir.labels import labels_read, with_labels
from nnc.ir.plan import Field, Profile
from nnc.ir.types import TensorType
from nnc.source import Source
from nnc.train.wiring import Wiring, binding_of

LENGTHS = (7, 3, 5, 1)
LOSSES = (
    "mean((y - x)**2)",
    "sum((y - x)**2) + 0.1 * mean(abs(y))",
    "mse(y * 2, x) + 0.5 * l1(y, x, reduce=sum)",
    "bce_with_logits(y * 0.5, tags)",
    "mean(y - d.tags) ** 2 + 0.1 * mean(h**2)",
    "y**2 * x + sum(y) / (1 + mean(exp(y)))",
    "mean(log(1 + exp(y)) * (d.tags - 0.5)) - one * mean(y)",
    "0.5 * mean(halves**2) + mean(pairs) + one**2",
)
TEXT = """
data d = arrays("x.npz", target=["tags"])
network Net {
  input x: [T, 2] padded
  dense(3) as h
  from h -> dense(2)
  output y
  from h -> rearrange([t, c], [c, t]) -> conv(2, 3, stride=2, padding=1)
  output halves
  from mean(h) -> unsqueeze(0)
  output one
  from h -> rearrange([t, c], [1, c, t])
  output pairs
}
train Net { data d; loss LOSS; epochs 1 }
"""


def plan_of(loss: str) -> tuple[Checked, Profile]:
    count = TensorType((), "int64")
    seven = TensorType((7, 2))
    profile = Profile(
        "d",
        (
            Field("x", "input", "sequence", seven, padded=True, shortest=1),
            Field("x_length", "input", "length", count),
            Field("tags", "target", "number", seven, padded=True, shortest=1),
            Field("tags_length", "input", "length", count),
        ),
        (),
        "given",
        (),
    )
    source = Source("spec.nn", TEXT.replace("LOSS", loss))
    checked = check_source(source, profiles={"d": profile})
    if checked.errors:
        raise Refusal(*checked.diagnostics)
    return checked, profile


def both(loss: str, raw: dict[str, np.ndarray], made: dict[str, np.ndarray]) -> tuple[float, float]:
    """A loss in training, and of a file."""
    checked, profile = plan_of(loss)
    plan = checked.trains["Net"]
    (phase,) = plan.phases
    network = with_labels(checked.networks["Net"], labels_read(plan))
    names = tuple(port.name for port in network.graph.outputs)
    place = torch.device("cpu")
    wiring = Wiring(("x", "x_length"), names, binding_of(plan), profile, place)
    tensors = {name: torch.from_numpy(values) for name, values in raw.items()}
    outputs = tuple(torch.from_numpy(made[name]) for name in names)
    total = wiring.total_loss(phase.terms, phase.formulas)
    found = float(total(outputs, tensors, wiring.inputs(tensors)))
    again = LossSum(plan, profile)
    again.add(raw, made)
    return found, again.mean()


def drawn() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Four sequences and values of a network; what pads them is nonsense."""
    draw = np.random.default_rng(3)

    def some(*shape: int) -> np.ndarray:
        return draw.standard_normal((4, *shape)).astype(np.float32)

    raw = {"x": some(7, 2), "tags": (some(7, 2) > 0).astype(np.float32)}
    raw |= {name: np.array(LENGTHS) for name in ("x_length", "tags_length")}
    made = {"h": some(7, 3), "y": some(7, 2), "halves": some(2, 4), "one": some(1)}
    made["pairs"] = some(1, 3, 7)
    for at, n in enumerate(LENGTHS):
        raw["x"][at, n:] = raw["tags"][at, n:] = made["h"][at, n:] = 1e6
        made["y"][at, n:] = np.nan
        made["halves"][at, :, (n + 1) // 2 :] = made["pairs"][at, :, :, n:] = 1e6
    return raw, made


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_gives_the_mean_of_its_sequences(loss: str) -> None:
    raw, made = drawn()
    alone = []
    for at, n in enumerate(LENGTHS):
        one = {name: values[at : at + 1] for name, values in raw.items()}
        one |= {name: one[name][:, :n] for name in ("x", "tags")}
        said = {name: values[at : at + 1] for name, values in made.items()}
        said |= {name: said[name][:, :n] for name in ("h", "y")}
        said["halves"] = said["halves"][:, :, : (n + 1) // 2]
        said["pairs"] = said["pairs"][..., :n]
        ours, theirs = both(loss, one, said)
        assert theirs == pytest.approx(ours, rel=1e-5, abs=1e-6)
        alone.append(ours)
    together, again = both(loss, raw, made)
    assert together == pytest.approx(float(np.mean(alone)), rel=1e-5)
    if "h**2" not in loss:  # a file does not give what a label names
        assert again == pytest.approx(together, rel=1e-5)


def test_what_pads_gives_no_gradient() -> None:
    checked, profile = plan_of("mean(log(1 + exp(y)) * (d.tags - 0.5))")
    plan = checked.trains["Net"]
    raw, made = drawn()
    names = tuple(made)[1:]
    wiring = Wiring(("x", "x_length"), names, binding_of(plan), profile, torch.device("cpu"))
    tensors = {name: torch.from_numpy(values) for name, values in raw.items()}
    outputs = {name: torch.from_numpy(made[name]) for name in names}
    y = outputs["y"].requires_grad_()
    total = wiring.total_loss((), plan.phases[0].formulas)
    total(tuple(outputs.values()), tensors, wiring.inputs(tensors)).backward()
    for row, n in zip(y.grad, LENGTHS):
        assert row[:n].abs().min() > 0
        assert not row[n:].any()


def test_other_steps_are_refused() -> None:
    raw, made = drawn()
    raw["tags"] = raw["tags"][:, :6]
    with pytest.raises(Refusal, match="`tags` has 6 steps where `y` has 7"):
        both("mean(y - d.tags)", raw, made)
