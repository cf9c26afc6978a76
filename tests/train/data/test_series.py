"""`series(...)`: windows in time, borders, scales, gaps and dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnc.ir.datasettings import Split
from nnc.ir.plan import Scale
from nnc.train.data import open_data
from tests.train.data.made import counts, everything, names, opened, plan, refused, table

NONE = Split("none")


def days(count: int, start: int = 1) -> list[str]:
    return [str(np.datetime64("2024-01-01") + i) for i in range(start - 1, start - 1 + count)]


def rows(count: int) -> str:
    """date, a counting up from 0, b down from 100."""
    lines = [f"{day},{i},{100 - i}" for i, day in enumerate(days(count))]
    return "\n".join(["date,a,b", *lines])


def test_windows_and_what_follows(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", rows(8))
    data = opened("series", path, time="date", target=("a",), window=3, horizon=2, split=NONE)
    past, target = data.profile.fields
    assert (past.name, past.columns, past.type.dims) == ("past", ("a", "b"), (3, 2))
    assert (target.name, target.type.dims, target.meaning) == ("a", (2,), "number")
    assert dict(data.profile.sizes) == {"numbers": 2}
    values = everything(data, "train")
    assert values["past"][0].tolist() == [[0, 100], [1, 99], [2, 98]]
    assert values["a"].tolist() == [[3, 4], [4, 5], [5, 6], [6, 7]]
    assert values["past"].dtype == values["a"].dtype == np.float32
    assert names(data, "train")[0] == "s.csv row 4"


def test_several_targets_and_known_columns(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", rows(8))
    data = opened(
        "series",
        path,
        time="date",
        target=("b", "a"),
        known=("b", "date.day"),
        window=3,
        horizon=2,
        split=NONE,
    )
    fields = {f.name: f for f in data.profile.fields}
    assert list(fields) == ["past", "known", "future"]
    assert fields["past"].columns == ("a", "b", "date.day")
    values = everything(data, "train")
    assert values["future"][0].tolist() == [[97, 3], [96, 4]]
    assert values["known"][0].tolist() == [[97, 4], [96, 5]]
    scale, past = data.profile.front("future"), data.profile.front("past")
    assert isinstance(scale, Scale)
    assert isinstance(past, Scale)
    assert scale.mean == (past.mean[1], past.mean[0])
    assert scale.columns == ("b", "a")


def test_what_is_forecast_never_crosses_a_border(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", rows(20))
    split = Split("time", ("2024-01-11", "2024-01-15", "2024-01-19"))
    data = opened("series", path, time="date", target=("a",), window=3, horizon=2, split=split)
    assert counts(data.profile) == {"train": 6, "validation": 3, "test": 3}
    assert everything(data, "train")["a"].tolist()[-1] == [8, 9]
    validation = everything(data, "validation")
    assert validation["a"].tolist() == [[10, 11], [11, 12], [12, 13]]
    assert validation["past"][0, :, 0].tolist() == [7, 8, 9]  # reaches back over the border
    assert everything(data, "test")["a"].tolist()[-1] == [16, 17]
    front = data.profile.front("past")
    assert isinstance(front, Scale)
    assert front.mean == (4.5, 95.5)  # of the ten rows for training
    assert front.std[0] == pytest.approx(np.std(np.arange(10)))
    same = opened(
        "series",
        path,
        time="date",
        target=("a",),
        window=3,
        horizon=2,
        split=Split("time", (11.0, 15.0, 19.0)),
    )
    assert counts(same.profile) == counts(data.profile)
    assert same.profile.parts == data.profile.parts


def test_shares_divide_by_position(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", rows(40))
    data = opened("series", path, time="date", target=("a",), window=3, horizon=2)
    assert counts(data.profile) == {"train": 32, "validation": 3}
    assert data.profile.rule == "by position: the last 10% validation"
    whole = open_data(
        plan("series", path, time="date", target=("a",), window=3, horizon=2),
        whole=True,
        like=data.profile,
    )
    assert counts(whole.profile) == {"test": 36}
    assert whole.profile.front("past") == data.profile.front("past")


def test_several_series_in_one_file(tmp_path: Path) -> None:
    lines = [
        f"{day},{shop},{at * 10 + i}"
        for i, day in enumerate(days(10))
        for at, shop in enumerate(("north", "south"))
    ]
    path = table(tmp_path / "s.csv", "\n".join(["day,shop,sold", *lines]))
    data = opened(
        "series", path, time="day", id="shop", target=("sold",), window=2, horizon=1, split=NONE
    )
    fields = {f.name: f for f in data.profile.fields}
    assert fields["past"].columns == ("sold",)
    assert fields["series"].labels == ("north", "south")
    assert dict(data.profile.sizes) == {"numbers": 1, "shop.values": 3}
    values = everything(data, "train")
    assert len(values["sold"]) == 16
    assert values["series"].tolist() == [1] * 8 + [2] * 8
    assert values["past"][8, :, 0].tolist() == [10, 11]
    assert names(data, "train")[8] == "s.csv row 6"
    split = Split("time", ("2024-01-06", "2024-01-09"))
    data = opened(
        "series", path, time="day", id="shop", target=("sold",), window=2, horizon=1, split=split
    )
    assert counts(data.profile) == {"train": 6, "validation": 6, "test": 4}
    told = refused(
        "series", path, time="day", target=("sold",), drop=("shop",), window=2, horizon=1
    )
    assert (told.code, told.help) == ("NN473", 'several series in one file want `id="COLUMN"`')


def test_gaps(tmp_path: Path) -> None:
    text = (
        rows(12)
        .replace("2024-01-05,4,96", "2024-01-05,,96")
        .replace("2024-01-06,5", "2024-01-06,NaN")
    )
    path = table(tmp_path / "s.csv", text)
    settings: dict[str, Any] = {
        "time": "date",
        "target": ("a",),
        "window": 2,
        "horizon": 1,
        "split": NONE,
    }
    told = refused("series", path, **settings)
    assert told.code == "NN474"
    assert told.message == "row 5 of `s.csv` has no number in `a`"
    assert told.notes == ("2 rows have gaps",)
    filled = opened("series", path, missing="last", **settings)
    assert everything(filled, "train")["a"].reshape(-1).tolist()[:5] == [2, 3, 3, 3, 6]
    skipped = opened("series", path, on_error="skip", **settings)
    assert everything(skipped, "train")["a"].reshape(-1).tolist() == [2, 3, 8, 9, 10, 11]
    assert skipped.notes == ("2 rows with gaps: windows that hold one are left out",)
    first = table(tmp_path / "f.csv", rows(12).replace("01-01,0,", "01-01,,"))
    assert "none stands before it" in refused("series", first, missing="last", **settings).message


def test_dates_rise(tmp_path: Path) -> None:
    head, *lines = rows(12).split("\n")
    lines[4], lines[5] = lines[5], lines[4]
    path = table(tmp_path / "s.csv", "\n".join([head, *lines]))
    settings: dict[str, Any] = {
        "time": "date",
        "target": ("a",),
        "window": 2,
        "horizon": 1,
        "split": NONE,
    }
    told = refused("series", path, **settings)
    assert told.code == "NN473"
    assert told.message == "row 6 of `s.csv` (2024-01-05) is earlier than row 5"
    assert "sort=true" in told.help
    data = opened("series", path, sort=True, **settings)
    assert everything(data, "train")["a"].reshape(-1).tolist() == list(range(2, 12))
    lines[5] = lines[6]
    path = table(tmp_path / "d.csv", "\n".join([head, *sorted(lines)]))
    told = refused("series", path, sort=True, **settings)
    assert told.code == "NN473"
    assert "have the same time, 2024-01-07" in told.message


def test_unequal_steps_are_told(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "time": "date",
        "target": ("a",),
        "window": 2,
        "horizon": 1,
        "split": NONE,
    }
    lines = [f"2024-01-{day:02},{day}" for day in (1, 2, 3, 4, 6, 7, 11)]
    data = opened("series", table(tmp_path / "s.csv", "\n".join(["date,a", *lines])), **settings)
    told = (
        "rows are missing at 2 places: row 5 (2024-01-06) comes 2 days after the row before it, "
        "row 7 (2024-01-11) comes 4 days after the row before it; windows do not cross them "
        "(`gaps=fill` puts rows in, `ignore` counts rows alone)"
    )
    assert data.notes == (told,)
    assert everything(data, "train")["past"][:, :, 0].tolist() == [[1, 2], [2, 3]]
    months = [f"{year}-{month:02}-01,{month}" for year in (2023, 2024) for month in range(1, 13)]
    data = opened("series", table(tmp_path / "m.csv", "\n".join(["date,a", *months])), **settings)
    assert data.notes == ()
    years = "\n".join(["date,a", *(f"{year},{year % 11}" for year in range(1900, 1930))])
    path = table(tmp_path / "y.csv", years)
    split = Split("time", ("1915", "1922"))
    data = opened("series", path, **{**settings, "split": split})
    assert counts(data.profile) == {"train": 13, "validation": 7, "test": 8}


@pytest.mark.parametrize(
    "change, code, said",
    [
        ({"window": 30}, "NN472", "has no whole window"),
        ({"target": ("c",)}, "NN461", "no column `c`"),
        ({"time": "when"}, "NN461", "no column `when`"),
        ({"split": Split("time", ("2024-01-05", "2024-01-03"))}, "NN457", "must rise"),
        ({"split": Split("time", ("soon", "later"))}, "NN457", "`soon` is no date"),
        ({"split": Split("time", (5.0, 50.0))}, "NN457", "there is no row 50"),
        ({"split": Split("time", ("2024-01-09", "2024-01-10"))}, "NN472", "the validation part"),
        ({"split": Split("folders")}, "NN457", "does not divide"),
        ({"target": ("a",), "drop": ("a",)}, "NN462", "left out by `drop`"),
        ({"target": ("past",)}, "NN462", "cannot be called"),
    ],
)
def test_what_is_wrong(tmp_path: Path, change: dict[str, object], code: str, said: str) -> None:
    path = table(tmp_path / "s.csv", rows(12))
    settings: dict[str, Any] = {"time": "date", "target": ("a",), "window": 2, "horizon": 2}
    told = refused("series", path, **{**settings, "split": NONE, **change})
    assert (told.code, said in told.message) == (code, True), told.message


def test_columns_that_hold_no_numbers(tmp_path: Path) -> None:
    text = "date,a,note\n" + "\n".join(f"{day},{i},fine" for i, day in enumerate(days(9)))
    path = table(tmp_path / "s.csv", text)
    settings: dict[str, Any] = {
        "time": "date",
        "target": ("a",),
        "window": 2,
        "horizon": 1,
        "split": NONE,
    }
    told = refused("series", path, **settings)
    assert (told.code, told.help) == (
        "NN464",
        'for a missing value leave the cell empty; words are left out: `drop=["note"]`',
    )
    assert opened("series", path, drop=("note",), **settings).profile.fields[0].columns == ("a",)
    bad = table(tmp_path / "b.csv", "date,a\nsoon,1\nlater,2\n")
    assert "is no date and no number" in refused("series", bad, **settings).message


HOLES = "\n".join(
    ["date,a", *(f"2024-01-{day:02},{day}" for day in (1, 2, 3, 4, 6, 7, 8, 11, 12, 13, 14))]
)
HOLED: dict[str, Any] = {
    "time": "date",
    "target": ("a",),
    "known": ("date.day",),
    "window": 2,
    "horizon": 1,
    "split": NONE,
}


def test_missing_rows_are_put_in(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", HOLES)
    data = opened("series", path, gaps="fill", **HOLED)
    assert data.notes == ("3 missing rows put in, each with the numbers of the row before it",)
    values = everything(data, "train")
    assert values["past"][:, 0, 0].tolist() == [1, 2, 3, 4, 4, 6, 7, 8, 8, 8, 11, 12]
    assert values["known"][:, 0, 0].tolist() == [*range(3, 15)]
    steps = data.part("train").steps(np.arange(3))
    assert [one.times for one in steps] == [("2024-01-03",), ("2024-01-04",), ("2024-01-05",)]
    time = data.profile.time
    assert time is not None
    assert (time.column, time.unit, time.step, time.gaps) == ("date", "second", 86_400, "fill")


def test_missing_rows_may_count_for_nothing_or_be_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", HOLES)
    data = opened("series", path, gaps="ignore", **HOLED)
    assert data.notes == ()
    assert everything(data, "train")["past"][:, 0, 0].tolist() == [1, 2, 3, 4, 6, 7, 8, 11, 12]
    told = refused("series", path, gaps="error", **HOLED)
    assert told.code == "NN474"
    assert told.notes[0] == "row 5 (2024-01-06) comes 2 days after the row before it"
    told = refused("series", path, **{**HOLED, "window": 5})
    assert told.code == "NN472"
    assert "is without missing rows" in told.message
    assert "`gaps=ignore`" in told.help


def test_rows_off_the_steps_are_not_put_in(tmp_path: Path) -> None:
    times = [f"2024-01-01 {hour:02}:00" for hour in range(6)] + ["2024-01-01 07:30"]
    path = table(tmp_path / "s.csv", "\n".join(["date,a", *(f"{t},1" for t in times)]))
    told = refused("series", path, gaps="fill", **{**HOLED, "known": ("date.hour",)})
    assert "row 7 of `s.csv` is off the steps of 1 hour" in told.message
    far = "\n".join([HOLES, "9999-01-01,1"])
    told = refused("series", table(tmp_path / "f.csv", far), gaps="fill", **HOLED)
    assert "rows of `f.csv` are missing" in told.message


def test_months_go_on_in_months(tmp_path: Path) -> None:
    months = [f"{year}-{month:02}-01,{month}" for year in (2023, 2024) for month in range(1, 13)]
    del months[4:6]
    path = table(tmp_path / "m.csv", "\n".join(["date,a", *months]))
    data = opened("series", path, gaps="fill", **{**HOLED, "known": ("date.month",)})
    assert everything(data, "train")["known"][:, 0, 0].tolist() == [*range(3, 13), *range(1, 13)]
    time = data.profile.time
    assert time is not None
    assert (time.unit, time.step) == ("month", 1)
