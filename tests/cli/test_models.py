"""Which file a run or a folder of built files stands for."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Nnc

SPEC = """data d = bundled("iris")
network A { input numbers: [4]; dense(3); output species }
train A { data d; loss cross_entropy; epochs 2 }
"""


def test_a_run_that_was_gone_on_with_keeps_its_model(nnc: Nnc) -> None:
    Path("a.nn").write_text(SPEC)
    assert nnc("train", "a.nn", "-q").code == 0
    row = Path("row.csv")
    row.write_text("sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n")
    record = Path("runs/a/1/run.json")
    told = json.loads(record.read_text())
    told["status"], told["exports"] = "interrupted", []  # as a resumed run stands until its end
    record.write_text(json.dumps(told))
    done = nnc("run", "runs/a/1", row)
    assert done.code == 0, done.err
    assert "note: model.onnx is of the run's end before it was gone on with" in done.err
    Path("runs/a/1/model.onnx").unlink()
    done = nnc("run", "runs/a/1", row)
    assert done.code == 1
    assert "runs/a/1 has no exported model" in done.err
    assert "`nnc build runs/a/1` makes one of its weights: then `nnc run build/a ...`" in done.err
    assert nnc("build", "runs/a/1").code == 0
    done = nnc("run", "build/a", row)
    assert done.code == 0, done.err
    assert nnc("eval", "build/a").code == 0


def test_the_data_of_the_run_by_name_is_no_other_data(nnc: Nnc) -> None:
    spec = SPEC.replace('bundled("iris")', 'table("rows.csv", target=["species"])')
    Path("a.nn").write_text(spec)
    lines = [f"{n},{n % 7},{n % 5},{n % 3},{'abc'[n % 3]}" for n in range(60)]
    Path("mine.csv").write_text("\n".join(["a,b,c,d,species", *lines]))
    assert nnc("train", "a.nn", "-q", "--data", "d=mine.csv").code == 0
    plain = nnc("eval", "runs/a/1", "--json").json
    again = nnc("eval", "runs/a/1", "--json", "--data", "d=./mine.csv")
    assert again.code == 0, again.err
    assert again.json == plain
    assert "other data" not in again.err
