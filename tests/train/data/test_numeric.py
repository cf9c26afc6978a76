"""Whole numbers that are learnt as numbers, and numbers that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnc.check import check_source
from nnc.check.training.numeric import numeric_targets
from nnc.ir.datasettings import Normalize, Split
from nnc.source import Source
from nnc.train.data import open_data
from tests.train.data.made import counts, names, opened, picture, plan, refused, table

NONE = Split("none")
STARS = np.arange(40) % 5 + 1


def every(name: str) -> bool:
    return True


def test_ratings_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((40, 2), np.float32), stars=STARS)
    block = plan("arrays", tmp_path / "d.npz", target=("stars",), split=NONE)
    assert open_data(block).profile.fields[1].meaning == "class"
    found = open_data(block, numeric=every)
    assert found.profile.fields[1].meaning == "number"
    assert open_data(block, like=found.profile).profile.fields[1].meaning == "number"


def test_ratings_of_a_table(tmp_path: Path) -> None:
    rows = "".join(f"{i}.5,{s}\n" for i, s in enumerate(STARS))
    block = plan("table", table(tmp_path / "d.csv", "a,stars\n" + rows), target=("stars",))
    assert open_data(block, numeric=every).profile.fields[1].meaning == "number"


def test_ages_of_pictures(tmp_path: Path) -> None:
    lines = ["file,age"]
    for n in range(8):
        picture(tmp_path / "p" / f"{n}.png", n, mode="L")
        lines.append(f"{n}.png,{20 + n % 3}")
    labels = str(table(tmp_path / "l.csv", "\n".join(lines) + "\n"))
    block = plan("images", tmp_path / "p", labels=labels, size=(4, 4), split=NONE)
    assert open_data(block).profile.fields[1].meaning == "class"
    assert open_data(block, numeric=every).profile.fields[1].meaning == "number"


@pytest.mark.parametrize(
    "outputs,loss,wanted",
    [
        (("stars",), "mse", {"stars"}),
        (("stars",), "cross_entropy", set()),
        (("stars", "kind"), "mse(score) + cross_entropy(kind)", {"stars"}),
        (("score", "kind"), "l1(score) + cross_entropy(kind)", {"score"}),
        (("stars", "other"), "l1(score) + cross_entropy(kind)", set()),
    ],
)
def test_the_losses_tell(outputs: tuple[str, ...], loss: str, wanted: set[str]) -> None:
    two = "(" in loss
    ends = "dense(4) as h\n" if two else "dense(1)\n  output score"
    more = "  dense(1)\n  output score\n  from h\n  dense(3)\n  output kind"
    text = f"""data d = table("d.csv", target=[{", ".join(f'"{o}"' for o in outputs)}])
network N {{
  input numbers: [2]
  {ends}{more if two else ""}
}}
train N {{
  data d
  loss {loss}
  epochs 1
}}
"""
    checked = check_source(Source("s.nn", text))
    assert not checked.errors, [d.message for d in checked.diagnostics]
    numeric = numeric_targets(checked.trains.values(), checked.data["d"])
    assert {name for name in outputs if numeric(name)} == wanted


@pytest.mark.parametrize("bad,said", [(np.nan, "NaN"), (np.inf, "an infinite number")])
@pytest.mark.parametrize("field", ["x", "y"])
def test_numbers_that_are_none(field: str, bad: float, said: str, tmp_path: Path) -> None:
    values = {"x": np.ones((20, 2), np.float32), "y": np.ones((20, 1), np.float32)}
    values[field][[3, 7], 0] = bad
    np.savez(tmp_path / "d.npz", **values)
    found = refused("arrays", tmp_path / "d.npz", split=NONE)
    assert found.message == f"row 4 of `{field}` in `d.npz` holds {said}"
    data = opened("arrays", tmp_path / "d.npz", split=NONE, on_error="skip")
    assert counts(data.profile) == {"train": 18}
    assert data.profile.skipped == ("d.npz row 4", "d.npz row 8")
    assert names(data, "train")[3] == "d.npz row 5"


def test_missing_numbers_may_be_imputed(tmp_path: Path) -> None:
    x = np.ones((20, 2), np.float32)
    x[3, 1] = np.nan
    np.savez(tmp_path / "d.npz", x=x, y=np.arange(20))
    data = opened("arrays", tmp_path / "d.npz", split=NONE, normalize=Normalize("fit"))
    assert counts(data.profile) == {"train": 20}


@pytest.mark.parametrize(
    "form",
    ["T{}:30:00", "T{}:30:00.000000", "T{}:30:00.25Z", "T{}:30:00Z", " {}:30:00", " {}:30:00.5"],
)
def test_moments(form: str, tmp_path: Path) -> None:
    rows = "".join(f"2024-02-{i + 1:02}{form.format(f'{i:02}')},{i}.5\n" for i in range(20))
    path = table(tmp_path / "d.csv", "when,y\n" + rows)
    data = opened("table", path, target=("y",), split=NONE)
    assert data.profile.fields[0].columns[-1] == "when.hour"
