"""Two networks, layer by layer."""

from __future__ import annotations

from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.passes.compare import Compared, compare

TEXT = """\
network N {
  input x: [8, 16, 16]
  conv(8, 3, padding=1) as first
  conv(8, 3, padding=1) as second
  from first, second -> concat
  conv(4, 1)
  output y
}
"""


def network(text: str = TEXT) -> Network:
    checked = check_text(text)
    assert not checked.errors
    return checked.networks["N"]


def against(old: str, new: str) -> Compared:
    assert old in TEXT
    return compare(network(), network(TEXT.replace(old, new)))


def test_the_same() -> None:
    found = compare(network(), network("# a comment\n" + TEXT))
    assert found.same
    assert found.count("same") == len(found.rows) == 4


def test_changed() -> None:
    found = against("conv(4, 1)", "conv(5, 1)")
    (row,) = [row for row in found.rows if row.change != "same"]
    assert (row.change, row.weights_a, row.weights_b) == ("changed", 68, 85)
    assert not found.same
    assert found.ports_differ


def test_the_same_layers_read_elsewhere() -> None:
    found = against("from first, second", "from second, first")
    assert [row.change for row in found.rows] == ["same", "same", "rewired", "same"]
    assert not found.same
    assert not found.transfer.anew


def test_another_output() -> None:
    found = against("  conv(4, 1)\n", "  conv(4, 1) as last\n  output z\n")
    assert found.ports_differ
    assert not found.same


def test_added_and_renamed() -> None:
    found = against("  conv(4, 1)\n", "  relu -> conv(4, 1) as head\n")
    assert [row.change for row in found.rows] == ["same", "same", "same", "added", "renamed"]
