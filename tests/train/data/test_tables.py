"""`table(...)`: CSV as people write it, and Parquet."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nnc.diagnostics import Refusal
from nnc.ir.datasettings import Normalize, Split
from nnc.ir.plan import Categories, Scale
from nnc.train.data import BadTable, open_data, read_rows
from tests.train.data.made import counts, everything, names, opened, plan, refused, table

NONE = Split("none")
HOUSES = """size,rooms,colour,price
100,3,red,10.5
80,,blue,8.0
NA,2,red,9.25
60,1,,7.5
"""


def test_numbers_categories_and_targets(tmp_path: Path) -> None:
    data = opened("table", table(tmp_path / "h.csv", HOUSES), target=("price",), split=NONE)
    fields = {field.name: field for field in data.profile.fields}
    assert list(fields) == ["numbers", "colour", "categories", "price"]
    assert fields["numbers"].columns == ("size", "rooms")
    assert fields["colour"].labels == ("blue", "red")
    assert str(fields["price"].type) == "[1]"
    assert dict(data.profile.sizes) == {"numbers": 2, "colour.values": 3}
    values = everything(data, "train")
    assert values["numbers"].dtype == np.float32
    assert np.isnan(values["numbers"]).tolist() == [[0, 0], [0, 1], [1, 0], [0, 0]]
    assert values["colour"].tolist() == [2, 1, 2, 0]
    assert values["categories"].tolist() == [[2], [1], [2], [0]]
    assert values["price"].tolist() == [[10.5], [8], [9.25], [7.5]]
    front = data.profile.front("numbers")
    assert isinstance(front, Scale)
    assert front.missing == (80, 2)
    assert front.mean == (80, 2)
    assert front.std == pytest.approx((np.std([100, 80, 60]), np.std([3, 2, 1])))
    scale = data.profile.front("price")
    assert isinstance(scale, Scale)
    assert scale.mean == (8.8125,)


def test_what_is_fitted_is_fitted_on_train_alone(tmp_path: Path) -> None:
    text = "x,c,part,y\n1,a,train,1.5\n3,a,train,2.5\n1000,b,test,99.5\n"
    path = table(tmp_path / "t.csv", text)
    data = opened("table", path, target=("y",), split=Split("column", ("part",)))
    assert counts(data.profile) == {"train": 2, "test": 1}
    numbers, categories = data.profile.front("numbers"), data.profile.front("categories")
    assert isinstance(numbers, Scale)
    assert (numbers.mean, numbers.std, numbers.columns) == ((2,), (1,), ("x",))
    assert categories == Categories(("c",), (("a",),))
    assert everything(data, "test")["c"].tolist() == [0]


@pytest.mark.parametrize(
    "text,encoding,note",
    [
        ("a;b;y\n1,5;x;2,5\n2;z;3\n", "utf-8", "decimal comma"),
        ("a\tb\ty\n1.5\tx\t2.5\n2\tz\t3\n", "utf-8", "a tab"),
        ("a|b|y\n1.5|x|2.5\n2|z|3\n", "utf-8", "`|`"),
        ("a,b,y\r\n1.5,x,2.5\r\n\r\n2,z,3\r\n", "utf-8-sig", ""),
        ("a,b,y\n1.5,x,2.5\n2,z,3\n", "utf-16", "UTF-16"),
        ("a,b,y\n1.5,é,2.5\n2,z,3\n", "cp1252", "Windows-1252"),
        (",a,b,y\n0,1.5,x,2.5\n1,2,z,3\n", "utf-8", "left out"),
        (' a , b ,y\n" 1.5 ",x, 2.5\n2,z,3\n', "utf-8", ""),
    ],
)
def test_dialects(tmp_path: Path, text: str, encoding: str, note: str) -> None:
    path = table(tmp_path / "t.csv", text, encoding)
    data = opened("table", path, target=("y",), split=NONE)
    values = everything(data, "train")
    assert values["numbers"].tolist() == [[1.5], [2]]
    assert values["y"].tolist() == [[2.5], [3]]
    assert note in "; ".join(data.notes)


@pytest.mark.parametrize(
    "text,code,said",
    [
        ("a,y\n1,2\n1,2,3\n", "NN460", "row 2 of `t.csv` (line 3) has 3 cells, the header 2"),
        ("a,y\n1,2\n1\n", "NN460", "row 2 of `t.csv` (line 3) has 1 cells, the header 2"),
        ("a,a,y\n1,2,3\n", "NN460", "several columns named `a`"),
        ("1,2,3\n4,5,6\n", "NN460", "write a line of column names above"),
        ("a,,y\n1,2,3\n", "NN460", "column 2 of `t.csv` has no name"),
        ("", "NN460", "is empty"),
        ("a,y\n1,2\n2,\n", "NN462", "row 2 of `t.csv` has no value in the target `y`"),
        ("a,y\n1,2.5\n2,inf\n", "NN464", "row 2, column `y`: `inf`"),
        ("a,y\n1e39,2.5\n2,3.5\n", "NN464", "row 1, column `a`"),
        ("a,Y\n1,2\n", "NN461", "no column `y`"),
        ("y\n1.5\n2.5\n", "NN460", "no column left as an input"),
    ],
)
def test_bad_tables_name_the_row(tmp_path: Path, text: str, code: str, said: str) -> None:
    found = refused("table", table(tmp_path / "t.csv", text), target=("y",), split=NONE)
    assert found.code == code
    assert said in found.message


def test_a_misspelt_target_is_guessed(tmp_path: Path) -> None:
    found = refused("table", table(tmp_path / "h.csv", HOUSES), target=("prise",))
    assert found.help == "did you mean `price`?"


def test_rows_without_a_target_may_be_skipped(tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{n},{'' if n in (2, 5) else n + 0.5}\n" for n in range(1, 9))
    path = table(tmp_path / "t.csv", text)
    data = opened("table", path, target=("y",), split=NONE, on_error="skip")
    assert data.profile.skipped == ("t.csv row 2", "t.csv row 5")
    assert names(data, "train") == [f"t.csv row {n}" for n in (1, 3, 4, 6, 7, 8)]


def test_words_among_numbers_name_the_row(tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{'?' if n == 30 else n * n},{n}.5\n" for n in range(60))
    found = refused("table", table(tmp_path / "t.csv", text), target=("y",))
    assert found.code == "NN464"
    assert "row 31: `?` stands among the numbers of `a`" in found.message


def test_identifiers_are_refused_or_warned_of(tmp_path: Path) -> None:
    text = "id,name,a,y\n" + "".join(f"{n},person {n},{n % 7},{n}.5\n" for n in range(50))
    path = table(tmp_path / "t.csv", text)
    found = refused("table", path, target=("y",))
    assert found.code == "NN463"
    assert found.help == 'leave it out with `drop=["name"]`'
    data = opened("table", path, target=("y",), drop=("name",))
    (warning,) = data.warnings
    assert (warning.code, warning.severity) == ("NN470", "warning")
    assert "`id`" in warning.message
    assert not opened("table", path, target=("y",), drop=("name", "id")).warnings


def test_dates_become_parts(tmp_path: Path) -> None:
    text = "when,t,y\n2024-03-05,05.03.2024 14:30,1.5\n2023-12-31,,2.5\n"
    data = opened("table", table(tmp_path / "t.csv", text), target=("y",), split=NONE)
    assert data.profile.fields[0].columns == (
        *("when.year", "when.month", "when.day", "when.weekday"),
        *("t.year", "t.month", "t.day", "t.weekday", "t.hour"),
    )
    numbers = everything(data, "train")["numbers"]
    assert numbers[0].tolist() == [2024, 3, 5, 2, 2024, 3, 5, 2, 14]
    assert np.isnan(numbers[1, 4:]).all()


@pytest.mark.parametrize(
    "values,meaning,labels",
    [
        (["3", "10", "3", "10"], "class", ("3", "10")),
        (["b", "a", "b", "a"], "class", ("a", "b")),
        (["True", "False", "True", "False"], "class", ("false", "true")),
        (["01", "02", "01", "02"], "class", ("01", "02")),
        (["1.5", "2", "2", "1.5"], "number", ()),
        (["100", "250", "300", "175"], "number", ()),
    ],
)
def test_kinds_of_targets(
    tmp_path: Path, values: list[str], meaning: str, labels: tuple[str, ...]
) -> None:
    text = "a,y\n" + "".join(f"{at},{value}\n" for at, value in enumerate(values))
    data = opened("table", table(tmp_path / "t.csv", text), target=("y",), split=NONE)
    field = data.profile.fields[-1]
    assert (field.meaning, field.labels) == (meaning, labels)


def test_kinds_may_be_told(tmp_path: Path) -> None:
    text = "zip,n,y\n1234,1,1\n1234,2,2\n9999,1,1\n1234,2,2\n"
    path = table(tmp_path / "t.csv", text)
    data = opened("table", path, target=("y",), categories=("zip",), numbers=("y",), split=NONE)
    assert [f.meaning for f in data.profile.fields] == [
        "numbers",
        "category",
        "categories",
        "number",
    ]
    assert refused("table", path, target=("y",), numbers=("nn",)).code == "NN461"


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    frame = {
        "a": [1, None, 3, 4],
        "b": [True, False, None, True],
        "when": [date(2024, 1, 2)] * 4,
        "f": [0.5, float("nan"), 1.5, 2.5],
        "y": ["u", "v", "u", "v"],
    }
    pl.DataFrame(frame).write_parquet(path)
    data = opened("table", path, target=("y",), split=NONE)
    values = everything(data, "train")
    assert data.profile.fields[0].columns[0] == "a"
    assert values["numbers"][0].tolist() == [1, 2024, 1, 2, 2, 0.5]
    assert np.isnan(values["numbers"][1, [0, 5]]).all()
    assert values["b"].tolist() == [2, 1, 0, 2]
    assert values["y"].tolist() == [0, 1, 0, 1]
    monkeypatch.setattr("nnc.train.data.frame.most_bytes", lambda: 2000)
    pl.DataFrame({"a": [1] * 10_000}).write_parquet(path)
    assert "10,000 cells" in refused("table", path, target=("a",)).message
    path.write_bytes(b"PAR1 junk")
    assert refused("table", path, target=("y",)).code == "NN460"


@pytest.mark.parametrize(
    "kind,mean,std", [("fit", 2, 0.8165), ("0..1", 1, 2), ("-1..1", 2, 1), ("none", 0, 1)]
)
def test_normalize(tmp_path: Path, kind: str, mean: float, std: float) -> None:
    path = table(tmp_path / "t.csv", "a,y\n1,1.5\n2,2.5\n3,9.5\n")
    data = opened("table", path, target=("y",), split=NONE, normalize=Normalize(kind))
    front = data.profile.front("numbers")
    assert isinstance(front, Scale)
    assert front.mean + front.std == pytest.approx((mean, std), rel=1e-4)
    assert (data.profile.front("y") is None) == (kind == "none")


def test_a_constant_column_keeps_its_scale(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", "a,y\n0.1,1.5\n0.1,2.5\n0.1,9.5\n")
    front = opened("table", path, target=("y",), split=NONE).profile.front("numbers")
    assert isinstance(front, Scale)
    assert front.std == (1,)


def test_a_run_reads_a_table_its_own_way(tmp_path: Path) -> None:
    """Columns in another order, unseen categories, and cells that alone would tell another kind."""
    train = opened("table", table(tmp_path / "h.csv", HOUSES), target=("price",), split=NONE)
    other = table(tmp_path / "o.csv", "price,extra,colour,rooms,size\n7,q,green,1,50\n8,q,red,2,\n")
    block = plan("table", other, target=("price",), moved=True)
    data = open_data(block, whole=True, like=train.profile)
    values = everything(data, "test")
    assert values["numbers"][0].tolist() == [50, 1]
    assert values["colour"].tolist() == [0, 2]
    assert values["price"].tolist() == [[7], [8]]
    assert data.profile.fronts == train.profile.fronts
    short = table(tmp_path / "s.csv", "price,size\n7,50\n")
    with pytest.raises(Refusal, match="no column `rooms`"):
        open_data(plan("table", short, target=("price",)), whole=True, like=train.profile)


def test_rows_for_a_model(tmp_path: Path) -> None:
    path = table(tmp_path / "x.csv", "c,when,b,a\nu,2024-02-03,,1\n,2024-02-04,2,3\n")
    rows = read_rows(path, ("a", "b", "when.day"), ("c",))
    assert rows.numbers[:, [0, 2]].tolist() == [[1, 3], [3, 4]]
    assert np.isnan(rows.numbers[0, 1])
    assert rows.words == (("u", ""),)
    assert rows.names == ("x.csv row 1", "x.csv row 2")
    assert rows.ids(Categories(("c",), (("t", "u"),))).tolist() == [[2], [0]]
    with pytest.raises(BadTable, match=r"row 1, column `c`: `u` is no number"):
        read_rows(path, ("c",))
    with pytest.raises(BadTable, match="no column `zz`"):
        read_rows(path, ("zz",))
