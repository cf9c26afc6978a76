"""Noise in files: told in the metadata, drawn where nobody gives it, alike in both backends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnc.backends.initial import initial_weights
from nnc.check import check_text
from nnc.deploy.export import export_network
from nnc.deploy.gather import gather
from nnc.deploy.meanings import Recipe
from nnc.deploy.reference import Reference
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.diagnostics import Refusal
from nnc.ir.walk import weight_table
from nnc.passes.inference import Ends

TEXT = """
network Noisy {
  input x: [3, H]
  noise a: [3, H] = uniform(2, 3)
  noise b: [3, 1] = normal(0.5, mean=-7)
  weight gain: [3, 1] = 1
  constant keep: [3, 1] = [1, 0, 1]
  from x * gain + a as first
  output first
  from keep * (0 * x + b) as second
  output second
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Reference, Path]:
    network = check_text(TEXT).networks["Noisy"]
    weights = initial_weights(weight_table(network), seed=0)
    path = tmp_path_factory.mktemp("noise") / "noisy.onnx"
    file = export_network(Recipe(network), weights, path, proof=verify)
    assert file.parity is not None
    assert file.parity.largest < 1e-6
    return Session(path), Reference(network, weights, Ends()), path


def test_metadata_tell_noise(made: tuple[Session, Reference, Path]) -> None:
    session = made[0]
    assert [port.name for port in session.fed] == ["x"]
    assert [port.name for port in session.inputs] == ["x", "a", "b"]
    assert session.about.input("a").drawn == ("uniform", 2, 3)
    assert session.about.input("b").drawn == ("normal", -7, 0.5)


def test_both_draw_the_same(made: tuple[Session, Reference, Path]) -> None:
    session, reference, _ = made
    session = Session(made[2])
    x = {"x": np.zeros((500, 3, 2), np.float32)}
    for _ in range(2):
        ours, theirs = session.run(x), reference(x)
        for name, value in theirs.items():
            assert np.allclose(ours[name], value, atol=1e-6)
    assert 2 <= ours["first"].min() < ours["first"].max() <= 3
    assert ours["second"][:, 0].mean() == pytest.approx(-7, abs=0.1)
    assert ours["second"][:, 0].std() == pytest.approx(0.5, abs=0.05)
    assert not ours["second"][:, 1].any()


def test_given_noise_is_taken(made: tuple[Session, Reference, Path]) -> None:
    x = np.zeros((1, 3, 2), np.float32)
    out = made[0].run({"x": x, "a": x + 9, "b": x[:, :, :1]})
    assert (out["first"] == 9).all()
    with pytest.raises(Refusal, match="x"):
        made[0].run({"a": x})


def test_arrays_need_no_noise(made: tuple[Session, Reference, Path], tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=np.zeros((2, 3, 4), np.float32))
    both = np.zeros((2, 3, 4), np.float32)
    np.savez(tmp_path / "two.npz", x=both, a=both, b=both[:, :, :1])
    names = [
        sorted(sample.values)
        for file in ("one", "two")
        for sample in gather(made[0], [str(tmp_path / f"{file}.npz")])
    ]
    assert names == [["x"], ["x"], ["a", "b", "x"], ["a", "b", "x"]]
