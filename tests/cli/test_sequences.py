"""Texts and series from a spec to a file that was measured: what a newcomer does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Nnc

SUN = """data sun = bundled("sunspots", window=22, horizon=5)
network Sun {
  input past: [22, 1]
  flatten -> dense(5)
  output sunspots
}
train Sun { data sun; loss mse; metric mae, mse(scaled=true); epochs 3; batch 32 }
"""
TEXT = """data lines = text("lines.txt", unit=char, window=8) { split 0.6/0.2/0.2 }
network Lines {
  input text: token[T]
  embedding(lines.vocab, 8) -> dense(lines.vocab)
  output next
}
train Lines { data lines; loss cross_entropy; metric accuracy; epochs 2; batch 8 }
"""


def test_a_series(nnc: Nnc, tmp_path: Path) -> None:
    (tmp_path / "sun.nn").write_text(SUN)
    out = nnc("train", "sun.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "mse_scaled" in out.err
    told = nnc("eval", "run", "--json").json
    assert told["metrics"]["onnx"]["mae"] == pytest.approx(told["metrics"]["pytorch"]["mae"])
    assert set(told["metrics"]["onnx"]) == {"mae", "mse_scaled"}
    alone = nnc("eval", "run/model.onnx", "--json").json
    assert alone["metrics"]["onnx"] == told["metrics"]["onnx"]
    page = nnc("data", "run").out
    assert "sunspots  target  float[5]" in page


def test_a_text(nnc: Nnc, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    (tmp_path / "lines.txt").write_text("".join(draw.choice(list("abc \n"), 600)))
    (tmp_path / "lines.nn").write_text(TEXT)
    out = nnc("train", "lines.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "text int64[batch,T] -> next " in out.err
    told = nnc("eval", "run", "--json").json
    assert told["metrics"]["onnx"]["accuracy"] == told["metrics"]["pytorch"]["accuracy"]
    assert told["samples"] == 14
    rows = nnc("data", "lines.nn", "--sample", "2").out
    assert "lines.txt token 1" in rows


def test_a_model_keeps_its_vocabulary(nnc: Nnc, tmp_path: Path) -> None:
    """Other text is numbered as that of training, from the run and from the file alone."""
    (tmp_path / "lines.txt").write_text("abcab " * 60)
    (tmp_path / "other.txt").write_text("zzzab " * 60)
    (tmp_path / "lines.nn").write_text(TEXT)
    assert nnc("train", "lines.nn", "--out", "run").code == 0
    found = [
        nnc("eval", model, "--data", "lines=other.txt", "--json").json
        for model in ("run", "run/model.onnx")
    ]
    assert found[0]["metrics"]["onnx"] == found[1]["metrics"]["onnx"]
    assert found[0]["part"] == found[1]["part"] == "test"


MAILS = """data mails = text("mails.csv", column="body", target="kind", unit=word)
network Mails {
  input text: token[T] padded
  embedding(mails.vocab, 8) -> mean(axis=0) -> dense(mails.classes)
  output kind
}
train Mails {
  data mails
  loss cross_entropy
  metric accuracy
  epochs 12
  batch 8
  optimizer adam(lr=3e-2)
}
"""


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    rows = ["body,kind"]
    for at in range(80):
        kind = "good" if at % 2 else "bad"
        words = [*draw.choice(["the", "film", "was"], int(draw.integers(1, 9))), f"{kind}ly"]
        rows.append(f"{' '.join(words)},{kind}")
    (tmp_path / "mails.csv").write_text("\n".join(rows))
    (tmp_path / "mails.nn").write_text(MAILS)
    return tmp_path


def test_texts_of_different_lengths(nnc: Nnc, mails: Path) -> None:
    out = nnc("train", "mails.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "text int64[batch,T], text_length int64[batch] -> kind, kind_probability" in out.err
    told = nnc("eval", "run", "--json").json
    assert told["metrics"]["onnx"]["accuracy"] == told["metrics"]["pytorch"]["accuracy"] == 1.0
    (mails / "one.txt").write_text("the film was goodly\n")
    lines = nnc("run", "run", "one.txt", "mails.csv", "--format", "jsonl").out.splitlines()
    assert len(lines) == 81
    assert json.loads(lines[0])["kind"]["label"] == "good"
    page = nnc("data", "mails.nn").out
    assert "token[T]  body, numbered by word, up to 9 long" in page


def test_lengths_are_asked_for_where_samples_have_them(nnc: Nnc, mails: Path) -> None:
    (mails / "plain.nn").write_text(MAILS.replace(" padded", ""))
    told = nnc("train", "plain.nn", "--out", "run")
    assert told.code == 1
    assert "the samples of `text` differ in length, and the input is token[T]" in told.err
    assert "write `input text: token[T] padded`" in told.err
    (mails / "lines.txt").write_text("abc " * 100)
    (mails / "lines.nn").write_text(TEXT.replace("token[T]", "token[T] padded"))
    told = nnc("check", "lines.nn")
    assert "`text` is `padded`, and its field has samples of one length" in told.out


def test_a_forecast_of_rows_to_come(nnc: Nnc, tmp_path: Path, root: Path) -> None:
    (tmp_path / "sun.nn").write_text(SUN)
    assert nnc("train", "sun.nn", "--out", "run").code == 0
    file = root / "specs" / "data" / "sunspots.csv"
    made = nnc("run", "run", file, "--format", "jsonl")
    assert made.code == 0, made.err
    (line,) = made.out.splitlines()
    assert len(json.loads(line)["sunspots"]) == 5
    assert "after row 309" in line
    (tmp_path / "short.csv").write_text("year,sunspots\n2000,5\n")
    assert "has 1 rows; the model reads 22" in nnc("run", "run", "short.csv").err
    (tmp_path / "other.csv").write_text("year,spots\n2000,5\n")
    assert "has no column `sunspots`" in nnc("run", "run", "other.csv").err


def test_windows_are_drawn(nnc: Nnc, tmp_path: Path) -> None:
    (tmp_path / "sun.nn").write_text(SUN)
    assert nnc("data", "sun.nn", "--sample", "4", "-o", "curves.png").code == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "sunspots.csv row 23" in nnc("data", "sun.nn", "--sample", "2").out


CARRIED = """data lines = text("lines.txt", unit=char, window=8, carry=true) { split 0.7/0.3 }
network Lines {
  input text: token[T]
  embedding(lines.vocab, 8) -> gru(6)
  scan { state h: [8] = 0.1; gru_cell(8, h) as h1; next h = h1; from h1 }
  attention(2, causal=true, rotary=true) -> dense(lines.vocab)
  output next
}
train Lines { data lines; loss cross_entropy; metric bits; epochs 2; batch 3 }
"""


def test_states_are_carried_in_the_file_as_in_training(nnc: Nnc, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    (tmp_path / "lines.txt").write_text("".join(draw.choice(list("abc \n"), 600)))
    (tmp_path / "lines.nn").write_text(CARRIED + "export Lines { streaming }\n")
    out = nnc("train", "lines.nn", "--out", "run")
    assert out.code == 0, out.err
    assert "measured on step.onnx" in out.err
    rows = [json.loads(row) for row in Path("run/metrics.jsonl").read_text().splitlines()]
    best = min(row["bits"] for row in rows if row["part"] == "validation")
    told = nnc("eval", "run", "--json").json["metrics"]
    assert told["onnx"]["bits"] == pytest.approx(best, abs=1e-5)
    assert told["pytorch"]["bits"] == pytest.approx(best, abs=1e-5)
    anew = nnc("eval", "run/model.onnx", "--json").json["metrics"]
    assert anew["onnx"]["bits"] != pytest.approx(best, abs=1e-4)
    alone = nnc("train", "lines.nn", "--out", "other", "--no-export")
    assert f"validation bits {best:.3f}" in alone.err
    (tmp_path / "whole.nn").write_text(CARRIED)
    out = nnc("train", "whole.nn", "--out", "whole")
    assert "model.onnx starts each window from zeros" in out.err


IDS = """data kinds = arrays("ids.npz", target=["y"])
network Kinds {
  input x: token[4]
  embedding(20, 8) -> mean(axis=0) -> dense(kinds.classes)
  output y
}
train Kinds { data kinds; loss cross_entropy; epochs 1 }
"""
COPY = """data kinds = arrays("ids.npz")
network Copy {
  input x: token[4]
  embedding(30, 8) -> dense(20)
  output z
}
train Copy { data kinds; loss cross_entropy(z, x); epochs 1 }
"""


def test_ids_beyond_a_table(nnc: Nnc, tmp_path: Path) -> None:
    """Told before training, before what learns them, and of what a model is run on."""
    draw = np.random.default_rng(0)
    ids = draw.integers(0, 20, (40, 4))
    ids[3, 2] = 29
    (tmp_path / "ids.nn").write_text(IDS)
    (tmp_path / "copy.nn").write_text(COPY)
    np.savez(tmp_path / "ids.npz", x=ids, y=np.arange(40) % 2)
    out = nnc("train", "ids.nn", "--out", "run")
    assert out.code == 1
    assert "NN429" in out.err
    assert "write `embedding(30, 8)`" in out.err
    out = nnc("train", "copy.nn", "--out", "run")
    assert out.code == 1
    assert "the ids of `x` go up to 29, and the output `z` tells 20" in out.err
    np.savez(tmp_path / "ids.npz", x=ids % 20 - 1, y=np.arange(40) % 2)
    out = nnc("train", "ids.nn", "--out", "run")
    assert "`x` holds -1, and `embedding` counts its ids from 0" in out.err
    np.savez(tmp_path / "ids.npz", x=ids % 20, y=np.arange(40) % 2)
    assert nnc("train", "ids.nn", "--out", "run").code == 0
    np.savez(tmp_path / "new.npz", x=ids)
    out = nnc("run", "run", "new.npz")
    assert out.code == 1
    assert "`x[3]` in new.npz holds 29: ids go from 0 to 19" in out.err
    np.savez(tmp_path / "new.npz", x=ids[:2] % 20)
    assert nnc("run", "run", "new.npz").code == 0


SHOPS = """data sales = series("sales.csv", time="day", id="shop", window=4, horizon=3,
  target=["sold"], KNOWN)
network Shops {
  input past: [4, sales.numbers]
  input known: [3, _N]
  input series: token[]
  from past -> flatten as p
  from known -> flatten as k
  from series -> embedding(sales.shop.values, 2) as s
  from p, k, s -> concat -> dense(3)
  output sold
}
train Shops { data sales; loss mse; metric mae; epochs 1; batch 8 }
"""


def _sales(path: Path, more: int, sold: bool = True) -> None:
    """Two shops of 40 days; `more` rows to come, without what is sold."""
    lines = ["day,shop,price,sold"]
    for shop in ("north", "south"):
        for at in range(40 + more):
            day = np.datetime64("2024-02-01") + at
            lines.append(f"{day},{shop},{2 + at % 3},{at % 7 if at < 40 and sold else ''}")
    path.write_text("\n".join(lines))


def test_a_forecast_after_the_last_row(nnc: Nnc, tmp_path: Path) -> None:
    """Parts of dates are computed; a row a step, with its date and its series."""
    known = 'known=["day.weekday", "day.day"]'
    (tmp_path / "s.nn").write_text(SHOPS.replace("KNOWN", known).replace("_N", "2"))
    _sales(tmp_path / "sales.csv", 0)
    assert nnc("train", "s.nn", "--out", "run").code == 0
    out = nnc("run", "run", "sales.csv", "--format", "csv")
    rows = [line.split(",") for line in out.out.splitlines()]
    assert rows[0] == ["shop", "day", "sold"]
    days = ["2024-03-12", "2024-03-13", "2024-03-14"]
    assert [row[:2] for row in rows[1:]] == [[s, day] for s in ("north", "south") for day in days]
    told = nnc("run", "run", "sales.csv", "--json").json["predictions"]
    assert told[0]["times"] == days
    assert told[1]["series"] == "south"
    assert len(told[0]["sold"]) == 3
    _sales(tmp_path / "more.csv", 3)  # the same with rows to come
    again = nnc("run", "run", "more.csv", "--format", "csv")
    assert again.out == out.out
    assert "3 rows without `sold` at the end of `north`: they are what is to come" in again.err
    found = nnc("eval", "run", "-o", "found")
    assert found.code == 0
    lines = (tmp_path / "found/predictions.csv").read_text().splitlines()
    assert lines[0] == "window,shop,day,sold,sold_predicted"
    assert lines[1].startswith("1,north,2024-")
    told = nnc("eval", "run", "--json").json
    assert len(lines) == 1 + 3 * told["samples"]
    assert list(told["naive"]) == ["last value"]  # a week is longer than the window
    rows = [line.split(",") for line in lines[1:]]
    assert told["metrics"]["onnx"]["mae"] == pytest.approx(
        np.mean([abs(float(row[3]) - float(row[4])) for row in rows]), rel=1e-4
    )
    assert "always the mean  last value" in nnc("eval", "run").out


def test_what_nobody_has_to_learn(nnc: Nnc, tmp_path: Path) -> None:
    """A series that repeats each week is the series of a week ago."""
    text = SHOPS.replace("KNOWN", 'known=["day.day"]').replace("_N", "1")
    (tmp_path / "s.nn").write_text(text.replace("window=4", "window=8").replace("[4,", "[8,"))
    _sales(tmp_path / "sales.csv", 0)
    assert nnc("train", "s.nn", "--out", "run").code == 0
    naive = nnc("eval", "run", "--json").json["naive"]
    assert list(naive) == ["last value", "a week ago"]
    assert naive["a week ago"]["mae"] == 0
    assert naive["last value"]["mae"] > 1


def test_sounds_are_drawn_and_texts_are_not(nnc: Nnc, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("abc " * 200)
    (tmp_path / "lines.nn").write_text(TEXT)
    out = nnc("data", "lines.nn", "--sample", "2", "-o", "s.png")
    assert out.code == 1
    assert "pictures, series and sounds are drawn" in out.err


def test_what_is_known_of_rows_to_come_must_be_there(nnc: Nnc, tmp_path: Path) -> None:
    known = 'known=["price", "day.weekday"]'
    (tmp_path / "s.nn").write_text(SHOPS.replace("KNOWN", known).replace("_N", "2"))
    _sales(tmp_path / "sales.csv", 0)
    assert nnc("train", "s.nn", "--out", "run").code == 0
    out = nnc("run", "run", "sales.csv")
    assert out.code == 1
    said = "the model reads `price` of the 3 rows to come, and sales.csv has none of `north`"
    assert said in out.err
    assert "add rows with `day`, `shop`, `price` behind the last, and leave `sold` empty" in out.err
    _sales(tmp_path / "two.csv", 2)
    assert "two.csv has 2 such rows of `north`" in nnc("run", "run", "two.csv").err
    _sales(tmp_path / "more.csv", 5)
    out = nnc("run", "run", "more.csv", "--format", "csv")
    assert out.out.splitlines()[1].startswith("north,2024-03-12,")
    text = (tmp_path / "more.csv").read_text().replace("north", "west")
    (tmp_path / "west.csv").write_text(text)
    assert "training had no `shop` `west`" in nnc("run", "run", "west.csv").err


def test_rows_to_run_on_are_held_to_what_training_was(nnc: Nnc, tmp_path: Path) -> None:
    (tmp_path / "s.nn").write_text(SHOPS.replace("KNOWN", 'known=["day.day"]').replace("_N", "1"))
    _sales(tmp_path / "sales.csv", 0)
    assert nnc("train", "s.nn", "--out", "run").code == 0
    lines = (tmp_path / "sales.csv").read_text().splitlines()
    north = [line for line in lines if "south" not in line]
    (tmp_path / "back.csv").write_text("\n".join([north[0], *north[:0:-1]]))
    out = nnc("run", "run", "back.csv")
    assert "NN473" in out.err
    assert "sort the file\n" in out.err
    (tmp_path / "twice.csv").write_text("\n".join([*north, north[-1]]))
    assert "rows 40 and 41 of `twice.csv` have the same time" in nnc("run", "run", "twice.csv").err
    (tmp_path / "hole.csv").write_text("\n".join([*north[:-2], north[-1]]))
    assert "rows are missing before row 39 of `north`" in nnc("run", "run", "hole.csv").err
    (tmp_path / "none.csv").write_text("\n".join([*north[:-2], "2024-03-10,north,,3", north[-1]]))
    assert "row 39 of none.csv has no number in `price`" in nnc("run", "run", "none.csv").err


def test_sounds_are_drawn_as_waves(nnc: Nnc, tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    for at in range(6):
        folder = tmp_path / "sounds" / ("low", "high")[at % 2]
        folder.mkdir(parents=True, exist_ok=True)
        wave = np.sin(np.arange(800 + 50 * at) / (20 if at % 2 else 5)) * 0.5
        soundfile.write(folder / f"{at}.wav", wave, 8000)
    text = 'data s = audio("sounds", rate=8000)\n'
    (tmp_path / "s.nn").write_text(text)
    out = nnc("data", "s.nn", "--sample", "4", "-o", "w.png")
    assert out.code == 0, out.err
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "sounds/low/x.wav").write_bytes(b"")
    assert nnc("layers", "lengths").code == 0
