"""Tables of names: data that is checked, and what they make of another program's file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnc.backends.foreign_names import Line, NameTable, beside, check_lines, piece, read_tables
from nnc.backends.initial import initial_weights
from nnc.backends.taken import take_weights, told
from nnc.check import check_source
from nnc.diagnostics import Refusal
from nnc.ir.walk import weight_table
from nnc.source import Source

SPEC = """\
block unit(width) { conv(width, 3, padding=1, bias=false) -> batch_norm -> relu }
network Net {
  input image: [3, 8, 8]
  weight start: [1, 4] = 0
  repeat 2 { unit(4) }
  flatten -> dense(4) as joined
  from joined + start[0] -> dense(5)
  output label
}
"""
ROWS = weight_table(check_source(Source("net.nn", SPEC)).networks["Net"])
OURS = initial_weights(ROWS, 0)
WEIGHTS = {
    "unit{u}.conv1": "layers.{u-1}.0",
    "unit{u}.batch_norm1": "layers.{u-1}.1",
    "start": "token",
    "joined.weight": ["q.weight", "k.weight"],
    "joined.bias": "joint",
    "dense1.weight": {"name": "head.w", "transpose": True},
    "dense1.bias": "head.b",
}


def theirs() -> dict[str, np.ndarray]:
    """Our weights as the other program writes them."""
    made: dict[str, np.ndarray] = {}
    for name, array in OURS.items():
        if name.startswith("unit"):
            unit, layer, rest = name.split(".")
            made[f"layers.{int(unit[4:]) - 1}.{int(layer == 'batch_norm1')}.{rest}"] = array
    made["token"] = OURS["start"][None]
    made["q.weight"], made["k.weight"] = OURS["joined.weight"][:1], OURS["joined.weight"][1:]
    made["joint"] = OURS["joined.bias"]
    made["head.w"] = np.ascontiguousarray(OURS["dense1.weight"].T)
    made["head.b"] = OURS["dense1.bias"]
    return made


def tables(folder: Path, document: object) -> tuple[NameTable, ...]:
    path = folder / "net.names.json"
    text = document if isinstance(document, str) else json.dumps(document, indent=1)
    path.write_text(text, encoding="utf-8")
    return read_tables(path, "net.names.json")


def refused(folder: Path, document: object) -> str:
    with pytest.raises(Refusal) as caught:
        checked(folder, document)
    (found,) = caught.value.diagnostics
    assert found.code == "NN547"
    return found.message


def checked(folder: Path, document: object) -> None:
    for table in tables(folder, document):
        check_lines(table, (row.name for row in ROWS))


def test_joined_transposed_computed_and_squeezed(tmp_path: Path) -> None:
    found = tables(tmp_path, {"other": {"weights": WEIGHTS}})
    save_file(theirs(), tmp_path / "x.safetensors")
    taken = take_weights(tmp_path / "x.safetensors", ROWS, found)
    assert list(taken.arrays) == [row.name for row in ROWS]
    for name, array in taken.arrays.items():
        np.testing.assert_array_equal(array, OURS[name])
    lines = list(told(taken, "x.safetensors"))
    assert lines[0].endswith("17 of x.safetensors, by the names of other")
    assert lines[2] == "          layers.{u-1}.0 -> unit{u}.conv1 (2)"
    assert "          q.weight and k.weight -> joined.weight (1)" in lines


def test_our_own_names_need_no_table(tmp_path: Path) -> None:
    save_file(dict(OURS), tmp_path / "x.safetensors")
    found = tables(tmp_path, {"other": {"weights": WEIGHTS}})
    taken = take_weights(tmp_path / "x.safetensors", ROWS, found)
    assert taken.title == ""
    assert list(told(taken, "x")) == []


@pytest.mark.parametrize("before", ["module.", "_orig_mod.", "net."])
def test_prefixes_counters_and_names_left_out(before: str, tmp_path: Path) -> None:
    document = {"other": {"weights": WEIGHTS, "prefixes": ["net."], "left_out": ["aux.*"]}}
    file = {f"{before}{n}": a for n, a in theirs().items() if "num_batches" not in n}
    file |= {f"{before}aux.fc": np.zeros(2), "more.num_batches_tracked": np.zeros((), np.int64)}
    save_file(file, tmp_path / "x.safetensors")
    taken = take_weights(tmp_path / "x.safetensors", ROWS, tables(tmp_path, document))
    assert len(taken.arrays) == len(ROWS)
    assert len(taken.left_out) == 2
    assert taken.arrays["unit1.batch_norm1.num_batches_tracked"] == 0


def test_what_does_not_fit_is_listed_at_once(tmp_path: Path) -> None:
    file = theirs()
    del file["joint"]
    file["head.b"] = np.zeros(7, np.float32)
    file["optimizer.state.0"] = np.zeros(2, np.float32)
    save_file(file, tmp_path / "x.safetensors")
    found = tables(tmp_path, {"other": {"weights": WEIGHTS}})
    with pytest.raises(Refusal) as caught:
        take_weights(tmp_path / "x.safetensors", ROWS, found)
    (told_,) = caught.value.diagnostics
    assert told_.code == "NN545"
    assert told_.message.endswith(
        "by the names of other: 1 of other sizes, 1 missing, 1 that the network has no use for"
    )
    assert told_.notes == (
        "head.b [7] in the file, dense1.bias [5] in the network",
        "joint is missing for joined.bias",
        "optimizer.state.0 is not in the network",
    )


def test_mistakes_in_a_table(tmp_path: Path) -> None:
    def line(ours: str, value: object) -> str:
        return refused(tmp_path, {"t": {"weights": {ours: value}}})

    assert line("unti{u}.conv1", "x") == "no weight of the network is called unti{u}.conv1"
    assert line("unit{u}.conv1", "x{v}") == "`{v}` does not stand on the left"
    assert line("unit{u}.conv1", "x{u**2}") == "`{u**2}` is no number"
    assert line("unit{u}.conv1", "x{all[u]}") == '"lists" has no `all`'
    assert line("unit{u}.conv1", "x{u") == 'a brace in "x{u" lacks its partner'
    assert line("unit{u}{v}.conv1", "x") == "between two numbers stands a letter or a point"
    assert line("unit{u}.conv{u}", "x") == "each number stands once on the left"
    assert line("dense1", 5) == '"dense1" wants a name of the file'
    assert line("dense1", {"nam": "x"}) == 'a line has "name" and "transpose"'
    assert refused(tmp_path, {"t": {"wieghts": {}}}) == 'a table has no "wieghts"'
    assert refused(tmp_path, {"t": {}}) == '"t" has no "weights"'
    assert refused(tmp_path, ["t"]) == "a table is wanted"
    assert refused(tmp_path, '{"t": {}, "t": {}}') == '"t" stands twice'
    assert "is no JSON" in refused(tmp_path, "{")
    assert "is no JSON" in refused(tmp_path, "[" * 100_000)
    left_out = {"weights": {"dense1": "x"}, "left_out": ["a*b*"]}
    assert refused(tmp_path, {"t": left_out}) == '"a*b*" has more than one `*`'


def test_the_first_line_that_fits_counts_and_lists_end(tmp_path: Path) -> None:
    weights = {"unit1.conv1": "first", "unit{u}.conv1": "x.{at[u-1]}"}
    (table,) = tables(tmp_path, {"t": {"weights": weights, "lists": {"at": [3, "four"]}}})

    def names(of: str) -> tuple[str, ...]:
        found = piece(table, of)
        return found.names if found else ()

    assert names("unit1.conv1.weight") == ("first.weight",)
    assert names("unit2.conv1.weight") == ("x.four.weight",)
    assert names("unit3.conv1.weight") == ()
    assert names("unit2.conv12.weight") == ()
    assert isinstance(table.lines[0], Line)
    assert beside(Path("a/net.nn")) == Path("a/net.names.json")
