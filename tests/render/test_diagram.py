"""A network as boxes: what is folded, what shares a card, what flows between."""

from __future__ import annotations

import pytest

from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.render import diagram
from nnc.render.diagram import scene_of
from nnc.render.scene import Box, Scene, TooLarge

CHAIN = """\
network N {
  input x: [3, 16, 16]
  conv(8, 3, padding=1) -> batch_norm -> relu -> max_pool(2)
  conv(8, 3, padding=1) as a
  relu
  from a -> flatten -> dense(4)
  output y
}
"""
BLOCKS = """\
block unit(c): [C, H, W] {
  add { path { conv(c, 3, padding=1) -> relu } path { if C != c { conv(c, 1) } } }
}
network N {
  input x: [3, 16, 16]
  unit(8)
  repeat 4 { unit(8) }
  repeat 3 { residual { conv(8, 1) }; relu -> max_pool(1) }
  for c in [8, 4] { conv(c, 1) }
  output y
}
"""


def network(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors, checked.diagnostics
    return checked.networks["N"]


def steps(scene: Scene) -> list[str]:
    return [", ".join(line.text for line in box.lines) for box in scene.boxes]


def times(scene: Scene) -> list[int]:
    return [box.times for box in scene.boxes]


def test_chains_share_a_card() -> None:
    text = CHAIN.replace("  relu\n  from a -> ", "  ")
    assert steps(scene_of(network(text))) == [
        *("x", "conv(8, 3, padding=1), batch_norm, relu", "max_pool(2)"),
        *("conv(8, 3, padding=1)", "flatten", "dense(4)", "y"),
    ]


def test_a_value_read_twice_ends_its_card() -> None:
    text = CHAIN.replace("from a -> ", "from a -> add(a) -> ").replace("  relu\n", "")
    scene = scene_of(network(text))
    assert ("join", "add") in [(b.kind, b.lines[0].text) for b in scene.boxes]
    assert [str(edge.type) for edge in scene.edges][:2] == ["[3, 16, 16]", "[8, 16, 16]"]


def test_blocks_fold_and_open() -> None:
    closed = scene_of(network(BLOCKS), 0)
    assert steps(closed)[:3] == ["x", "unit(8)", "unit(8)"]
    assert times(closed)[:3] == [1, 1, 4]
    opened = scene_of(network(BLOCKS), 1)
    inside = opened.boxes[1].inside
    assert inside is not None
    assert [b.kind for b in inside.boxes] == ["enter", "layer", "layer", "join", "leave"]
    again = opened.boxes[2].inside
    assert again is not None
    assert [b.kind for b in again.boxes] == ["enter", "layer", "join", "leave"]


def test_turns_that_differ_stay() -> None:
    scene = scene_of(network(BLOCKS), 0)
    assert [b.kind for b in scene.boxes[3:]] == ["repeat", "layer", "layer", "output"]
    body: Box = scene.boxes[3]
    assert body.times == 3
    assert body.inside is not None
    assert steps(body.inside) == ["", "conv(8, 1)", "add, relu, max_pool(1)", ""]


def test_a_result_of_an_earlier_turn_that_is_read_later_keeps_them_apart() -> None:
    text = """\
network N {
  input x: [4, 8, 8]
  for i in 0..3 { conv(4, 3, padding=1) as kept[i] }
  from kept -> concat
  output y
}
"""
    assert times(scene_of(network(text))) == [1] * 6


def test_shared_weights_count_once() -> None:
    text = """\
network N { shared twin = dense(4); input x: [4]; twin -> relu -> twin; output y }
"""
    scene = scene_of(network(text))
    assert [box.lines[0].weights for box in scene.boxes] == [0, 20, 0, 0]


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagram, "FEW", 8)
    assert scene_of(network(BLOCKS)).boxes[1].inside is None, "opened it would be too large"
    monkeypatch.setattr(diagram.Builder.__init__, "__defaults__", (8,))
    with pytest.raises(TooLarge):
        scene_of(network(BLOCKS), 1)
