"""Files appear only when they were compared, say what they are, and repeat to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import pytest

from nnc.backends import onnx_file
from nnc.deploy import export
from nnc.deploy.export import Proof, export_network, file_digest, record_results
from nnc.deploy.exporter import OnnxExporter
from nnc.deploy.look import metadata_of
from nnc.deploy.parity import Differs, Parity
from nnc.deploy.rules import CANNOT_RUN, refusal
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.diagnostics import Refusal
from nnc.ir.plan import ExportPlan
from nnc.record import replace
from tests.conftest import ROOT
from tests.deploy import small


def test_a_classifier_says_what_it_is(tmp_path: Path) -> None:
    file = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "model.onnx")
    assert file.described == "image uint8[batch,1,6,6] -> digit, digit_probability"
    assert file.parity is not None
    assert file.parity.verified
    assert file.bytes == file.path.stat().st_size
    said = metadata_of(file.path)
    assert json.loads(said["nnc.labels"]) == {"digit": ["two", "seven", "nine"]}
    assert json.loads(said["nnc.parity"]) == {"tolerance": 1e-4, "verified": True}
    assert said["nnc.task"] == "classification"
    assert said["nnc.trained"] == "true"
    assert said["nnc.spec"] == small.PICTURES
    (image,) = json.loads(said["nnc.inputs"])
    assert image["fit"] == "pad"
    onnx.checker.check_model(onnx.load(file.path), full_check=True)
    about = Session(file.path).about
    assert about.input("image").front == small.PICTURES_PROFILE.fronts[0][1]
    assert about.output("digit_probability").of == "digit"


def test_a_table_takes_words_and_gives_the_users_units(tmp_path: Path) -> None:
    file = small.exported(small.TABLE, small.TABLE_PROFILE, tmp_path / "model.onnx")
    session = Session(file.path)
    numbers = np.array([[80, np.nan], [np.nan, 2]], np.float32)
    words = np.array([["red"], ["none of them"]], dtype=object)
    price = session.run({"numbers": numbers, "categories": words})["price"]
    assert price.shape == (2, 1)
    assert (price > 1000).all()
    assert session.about.task == "regression"
    assert session.about.output("price").columns == ("price",)


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    a = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "a.onnx")
    b = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "b.onnx")
    assert a.path.read_bytes() == b.path.read_bytes()


def test_bare_and_hidden(tmp_path: Path) -> None:
    recipe = small.recipe(small.TABLE, small.TABLE_PROFILE)
    recipe = replace(recipe, export=ExportPlan("Price", bare=True, labels=False, source=False))
    file = export_network(
        recipe, small.weights_of(recipe.network), tmp_path / "model.onnx", proof=verify
    )
    assert file.described.startswith("numbers [batch,2], categories int64[batch,1]")
    assert "nnc.spec" not in metadata_of(file.path)
    whole = small.exported(small.TABLE, small.TABLE_PROFILE, tmp_path / "whole.onnx")
    raw = {
        "numbers": np.array([[60, np.nan]], np.float32),
        "categories": np.array([["blue"]], dtype=object),
    }
    from nnc.deploy.inputs import RawRunner

    assert RawRunner(Session(file.path))(raw)["price"] == pytest.approx(
        Session(whole.path).run(raw)["price"], rel=1e-6
    )


def test_labels_hidden(tmp_path: Path) -> None:
    recipe = small.recipe(
        small.PICTURES + "export Small { labels hidden }\n", small.PICTURES_PROFILE
    )
    file = export_network(
        recipe, small.weights_of(recipe.network), tmp_path / "model.onnx", proof=verify
    )
    assert "nnc.labels" not in metadata_of(file.path)


def test_over_tolerance_the_file_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    small.exported(small.PICTURES, small.PICTURES_PROFILE, path)
    before = path.read_bytes()
    bad = Parity(0.5, 1e-4, "digit", (1,), ({},), "onnxruntime", None)
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    weights = small.weights_of(recipe.network)
    with pytest.raises(Differs) as refused:
        export_network(recipe, weights, path, proof=lambda *_, **__: bad)
    assert (
        refused.value.diagnostics[0].message
        == "model.onnx differs from PyTorch by 5e-01, more than 1e-04"
    )
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


def test_weights_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "LARGEST", 10)
    monkeypatch.setattr(onnx_file, "INLINE", 16)
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    weights = small.weights_of(recipe.network)
    made = export.prepare(recipe, weights, trained=True)
    original = export.write_model
    monkeypatch.setattr(
        export,
        "write_model",
        lambda model, path, stored: original(model, path, stored=stored, largest=10),
    )
    file = export_network(recipe, weights, tmp_path / "model.onnx", proof=verify)
    assert {p.name for p in tmp_path.iterdir()} == {"model.onnx", "model.onnx.data"}
    assert file.bytes > made.model.size


def test_results_change_the_metadata_alone(tmp_path: Path) -> None:
    file = small.exported(small.PICTURES, small.PICTURES_PROFILE, tmp_path / "model.onnx")
    before, digest = onnx.load(file.path), file_digest(file.path)
    after = record_results(file, {"accuracy": 0.97431, "f1": float("nan")})
    assert file_digest(after.path) != digest
    assert after.bytes == file.path.stat().st_size
    assert onnx.load(file.path).graph == before.graph
    assert json.loads(metadata_of(file.path)["nnc.metrics"]) == {"accuracy": 0.9743, "f1": None}
    assert Session(file.path).about.parity == 1e-4


def test_the_exporter_of_a_run(tmp_path: Path) -> None:
    recipe = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    exporter = OnnxExporter(recipe, "Small", tmp_path)
    weights = {"Small": small.weights_of(recipe.network)}
    checked = exporter.before(weights)
    assert checked.text.startswith("opset 20, ")
    assert not list(tmp_path.iterdir())
    exported = exporter.after(weights)
    assert not exported.failure
    assert exported.measured_on == "model.onnx"
    (export,) = exporter.finish(exported, {"test": {"accuracy": 0.5}})
    assert export.sha256 == file_digest(tmp_path / "model.onnx")
    assert json.loads(metadata_of(tmp_path / "model.onnx")["nnc.metrics"]) == {"accuracy": 0.5}


def test_a_file_is_written_unproved_without_torch(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.deploy import small\n"
        "from nnc.deploy.export import export_network\n"
        "made = small.recipe(small.PICTURES, small.PICTURES_PROFILE)\n"
        f"path = Path({str(tmp_path / 'm.onnx')!r})\n"
        "export_network(made, small.weights_of(made.network), path, proof=None)\n"
        "print([m for m in ('torch', 'onnxruntime', 'polars', 'PIL') if m in sys.modules])"
    )
    made = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert made.stdout.strip() == "[]"
    assert "nnc.parity" not in metadata_of(tmp_path / "m.onnx")


def test_a_refusal_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    def refuses(network: object, weights: object, model: Path, **_: object) -> Parity:
        raise refusal(CANNOT_RUN, model, f"ONNX Runtime does not run {model.name}", "", f"{model}")

    made = small.recipe(small.PICTURES, small.PICTURES_PROFILE)
    with pytest.raises(Refusal) as refused:
        export_network(
            made, small.weights_of(made.network), tmp_path / "m.onnx", proof=cast(Proof, refuses)
        )
    (told,) = refused.value.diagnostics
    assert told.message == "ONNX Runtime does not run m.onnx"
    assert told.span.source.name == str(tmp_path / "m.onnx")
    assert told.notes == (str(tmp_path / "m.onnx"),)
    assert list(tmp_path.iterdir()) == []
