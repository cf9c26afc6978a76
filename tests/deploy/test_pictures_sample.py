"""Drawing from a generator's file, without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnc.deploy.pictures_sample import Wish, between, make
from nnc.deploy.session import Session
from nnc.diagnostics import Refusal
from tests.deploy.test_players import exported
from tests.train.gan.kit import LABELLED, PAIRED, SMALL


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return exported(SMALL, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return exported(LABELLED, tmp_path_factory.mktemp("labelled"))


def test_samples_depend_on_the_seed_alone(plain: Session) -> None:
    many, few = make(plain, Wish(40, seed=3)), make(plain, Wish(5, seed=3))
    assert len(many.pictures) == 40
    assert (many.columns, few.columns) == (8, 5)
    assert all(np.array_equal(a, b) for a, b in zip(few.pictures, many.pictures))
    other = make(plain, Wish(5, seed=4))
    assert not np.array_equal(other.pictures[0], few.pictures[0])
    assert few.pictures[0].dtype == np.uint8


def test_the_way_between_two_latents_is_an_arc(plain: Session) -> None:
    first, last = np.random.default_rng(0).standard_normal((2, 100)).astype(np.float32)
    way = between(first, last, 9)
    assert way.shape == (9, 100)
    assert np.allclose(way[0], first, atol=1e-6)
    assert np.allclose(way[-1], last, atol=1e-6)
    lengths = np.linalg.norm(way, axis=1)
    ends = np.linalg.norm([first, last], axis=1)
    assert lengths.min() > 0.9 * ends.min()
    unit = between(first / ends[0], last / ends[1], 9)
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    assert np.allclose(between(first, first, 3), first)
    made = make(plain, Wish(2, between=6))
    assert (len(made.pictures), made.columns) == (12, 6)


def test_classes_in_turn_or_one_alone(labelled: Session) -> None:
    made = make(labelled, Wish(9))
    assert made.columns == 3
    alone = make(labelled, Wish(9, label="b"))
    assert all(np.array_equal(made.pictures[i], alone.pictures[i]) for i in (1, 4, 7))
    assert not np.array_equal(made.pictures[0], alone.pictures[0])
    assert len(make(labelled, Wish(2, label="c", between=4)).pictures) == 8
    with pytest.raises(Refusal, match="no class `7`"):
        make(labelled, Wish(1, label="7"))


def test_what_is_not_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="reads `plain`, which is not drawn"):
        make(exported(PAIRED, tmp_path), Wish(4))


SAMPLE = """
import sys
from nnc.cli.main import main
sys.argv = ["nnc", "sample", *sys.argv[1:]]
code = main()
heavy = {"torch", "onnx"} & set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""


def nnc_sample(model: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SAMPLE, str(model), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_verb_imports_no_torch(tmp_path: Path) -> None:
    exported(SMALL, tmp_path)
    model, sheet = tmp_path / "generator.onnx", tmp_path / "out" / "grid.png"
    done = nnc_sample(model, "--count", "16", "-o", str(sheet), "--seed", "3")
    assert done.returncode == 0, done.stderr
    with Image.open(sheet) as picture:
        assert picture.size == (8 * 50 + 2, 2 * 50 + 2)
    done = nnc_sample(model, "--count", "3", "-o", str(tmp_path / "files"))
    assert sorted(p.name for p in (tmp_path / "files").iterdir()) == [
        "0001.png",
        "0002.png",
        "0003.png",
    ]
    done = nnc_sample(model)
    assert done.returncode == 1
    assert "-o grid.png" in done.stderr
