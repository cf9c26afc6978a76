"""Evaluation of a file on data: the same numbers as training's, reports, requirements."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.arrays import Array
from nnc.deploy.evaluate import measure, questions
from nnc.deploy.export import around_of, export_network
from nnc.deploy.inputs import RawRunner
from nnc.deploy.likeness import like_of
from nnc.deploy.reference import Reference
from nnc.deploy.reports import class_rows, requirement, write_reports
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.diagnostics import Refusal
from nnc.ir.plan import Profile
from nnc.train import evaluation
from nnc.train.feed import Feed
from nnc.train.wiring import Wiring, binding_of, lessons
from tests.deploy import small


class Part:
    """Samples in memory."""

    def __init__(self, values: dict[str, Array]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def batch(self, indices: Array) -> dict[str, Array]:
        return {name: array[indices] for name, array in self.values.items()}

    def arrays(self) -> dict[str, Array]:
        return self.values


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def digits() -> Part:
    draw = np.random.default_rng(5)
    return Part(
        {
            "image": draw.integers(0, 256, (23, 1, 6, 6), dtype=np.uint8),
            "label": draw.integers(0, 3, 23),
        }
    )


def houses() -> Part:
    draw = np.random.default_rng(5)
    numbers = draw.standard_normal((23, 2)).astype(np.float32)
    numbers[3, 1] = np.nan
    return Part(
        {
            "numbers": numbers,
            "categories": draw.integers(0, 3, (23, 1)),
            "price": (draw.standard_normal((23, 1)) * 9e4 + 25e4).astype(np.float32),
        }
    )


@pytest.mark.parametrize(
    "text,profile,part",
    [
        (small.PICTURES, small.PICTURES_PROFILE, digits()),
        (small.TABLE, small.TABLE_PROFILE, houses()),
    ],
)
def test_the_numbers_are_those_of_training(
    text: str, profile: Profile, part: Part, tmp_path: Path
) -> None:
    recipe = small.recipe(text, profile)
    plan = recipe.plan
    assert plan is not None
    weights = small.weights_of(recipe.network)
    file = export_network(recipe, weights, tmp_path / "model.onnx", proof=verify)
    runner = RawRunner(Session(file.path))
    found = measure(runner, plan, profile, part, batch=8)
    assert found.samples == 23

    graph = recipe.network.graph
    wiring = Wiring(
        tuple(p.name for p in graph.inputs),
        tuple(p.name for p in graph.outputs),
        binding_of(plan),
        profile,
        torch.device("cpu"),
    )
    known = lessons(wiring, plan.phases)
    exam = evaluation.Examination(wiring, known, plan.metrics, baseline=True, detail=True)
    predictor = evaluation.SessionPredictor(runner, binding_of(plan).inputs)
    fields = wiring.fields(tuple(t for phase in plan.phases for t in phase.terms))
    wanted = evaluation.evaluate(exam, predictor, Feed(part, fields, torch.device("cpu")), 8)
    assert found.metrics == pytest.approx(wanted.metrics, rel=1e-6)
    assert found.baseline == pytest.approx(wanted.baseline, rel=1e-6)
    for name, counts in wanted.confusion.items():
        assert (found.confusion[name] == counts).all()

    # and PyTorch, without the file, counts the same
    reference = Reference(recipe.network, weights, around_of(recipe))
    again = measure(reference, plan, profile, part)
    assert again.metrics == pytest.approx(found.metrics, rel=1e-4)


def test_reports_of_classes(tmp_path: Path) -> None:
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    assert recipe.plan is not None
    file = export_network(
        recipe, small.weights_of(recipe.network), tmp_path / "model.onnx", proof=verify
    )
    part = digits()
    found = measure(RawRunner(Session(file.path)), recipe.plan, small.PICTURES_PROFILE, part)
    asked = questions(recipe.plan, small.PICTURES_PROFILE)
    called = [f"{n}.png" for n in range(len(part))]
    files = write_reports(tmp_path / "out", found, asked, called)
    assert {f.name for f in files} == {"confusion.csv", "predictions.csv", "mistakes.csv"}
    confusion = list(csv.reader(lines(tmp_path / "out/confusion.csv")))
    assert confusion[0] == ["", "two", "seven", "nine"]
    assert sum(int(n) for row in confusion[1:] for n in row[1:]) == 23
    predictions = list(csv.DictReader(lines(tmp_path / "out/predictions.csv")))
    assert [row["input"] for row in predictions] == called
    mistakes = list(csv.DictReader(lines(tmp_path / "out/mistakes.csv")))
    assert len(mistakes) == sum(row["right"] != row["predicted"] for row in predictions)
    chances = [float(row["probability"]) for row in mistakes]
    assert chances == sorted(chances, reverse=True)
    rows = class_rows(found.confusion["digit"], ("two", "seven", "nine"))
    assert sum(row.samples for row in rows) == 23


def test_reports_of_values(tmp_path: Path) -> None:
    recipe = small.recipe(small.TABLE, small.TABLE_PROFILE)
    assert recipe.plan is not None
    file = export_network(
        recipe, small.weights_of(recipe.network), tmp_path / "model.onnx", proof=verify
    )
    part = houses()
    found = measure(RawRunner(Session(file.path)), recipe.plan, small.TABLE_PROFILE, part)
    called = [f"row {n}" for n in range(len(part))]
    files = write_reports(tmp_path, found, questions(recipe.plan, small.TABLE_PROFILE), called)
    assert {f.name for f in files} == {"predictions.csv", "mistakes.csv"}
    rows = list(csv.DictReader(lines(tmp_path / "mistakes.csv")))
    off = [float(row["difference"]) for row in rows]
    assert off == sorted(off, reverse=True)


def test_requirements() -> None:
    assert requirement("f1>=0.9", ["f1"]).met(0.9)
    assert not requirement(" f1 > 0.9", ["f1"]).met(0.9)
    assert requirement("mae<1e3", ["mae"]).met(999)
    assert not requirement("f1>=0", ["f1"]).met(float("nan"))
    assert str(requirement("f1 >= 0.90", ["f1"])) == "f1>=0.9"


@pytest.mark.parametrize("text", ["f1", "f1=0.9", "f1>=x", ">=1", "f1>=0.9>=1", "f2>=0.9"])
def test_malformed_requirements(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        requirement(text, ["f1"])
    assert refused.value.diagnostics[0].code == "NN557"


def test_no_samples() -> None:
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    assert recipe.plan is not None
    empty = Part({"image": np.zeros((0, 1, 6, 6), np.uint8), "label": np.zeros(0, np.int64)})
    with pytest.raises(Refusal) as refused:
        measure(lambda raw: {}, recipe.plan, small.PICTURES_PROFILE, empty)
    assert refused.value.diagnostics[0].code == "NN558"


def test_a_file_tells_what_its_data_looks_like(tmp_path: Path) -> None:
    file = small.exported(small.TABLE, small.TABLE_PROFILE, tmp_path / "model.onnx")
    like = like_of(Session(file.path).about)
    assert like.front("categories") == small.TABLE_PROFILE.front("categories")
    numbers = like.field("numbers")
    assert numbers is not None
    assert numbers.columns == ("area", "rooms")
    price = like.field("price")
    assert price is not None
    assert price.role == "target"
