"""Pictures: sound XML without scripts, the same bytes, boxes that do not overlap."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest

from nnc.check import check_source, check_text
from nnc.ir.graph import Network
from nnc.render.diagram import scene_of
from nnc.render.drawn import Drawn
from nnc.render.layout import Arrow, Node, Shape, ranked
from nnc.render.placing import place
from nnc.render.svg import network_svg
from nnc.syntax.files import read_source

SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "title", "desc", "style", "g", "rect", "path", "text", "tspan"}


def network(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors, checked.diagnostics
    return next(iter(checked.networks.values()))


def shipped(root: Path, name: str) -> Network:
    checked = check_source(read_source(str(root / "specs" / name)))
    return next(iter(checked.networks.values()))


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
@pytest.mark.parametrize("name", ["lenet.nn", "resnet50.nn", "unet.nn", "autoencoder.nn"])
def test_shipped_specs(root: Path, name: str, depth: int | None) -> None:
    drawn = shipped(root, name)
    picture = network_svg(drawn, depth=depth)
    assert picture == network_svg(drawn, depth=depth)
    tree = ET.fromstring(picture)
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= TAGS
    assert not any(key.lower().startswith(("on", "href")) for e in tree.iter() for key in e.attrib)
    assert "nan" not in picture
    assert "inf" not in picture.replace("information", "")
    wide, high = float(tree.attrib["width"]), float(tree.attrib["height"])
    for rect in tree.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 <= y
        assert x + w <= wide
        assert y + h <= high


def texts(picture: str) -> list[str]:
    return ["".join(e.itertext()) for e in ET.fromstring(picture).iter(f"{SVG}text")]


def test_what_it_says(root: Path) -> None:
    said = texts(network_svg(shipped(root, "unet.nn"), depth=0))
    assert said[:4] == [
        "UNet",
        "31,037,698 weights, 735,040*H*W multiply-adds",
        *("H must be a multiple of 16", "W must be a multiple of 16"),
    ]
    assert "double(64) as skip[64]" in said
    assert "[512, H//8, W//8]" in said
    assert "14,159,872" in said
    assert "\N{MULTIPLICATION SIGN} 5" in texts(network_svg(shipped(root, "resnet50.nn"), depth=1))


def test_all_text_is_escaped() -> None:
    text = "network N { input größe: [4]; dense(2) as wörter; output y }"
    checked = check_text(text)
    if not checked.errors:
        assert "wörter" in network_svg(checked.networks["N"])
    told = network_svg(network("network N { input x: [H, 8]; relu; output y }"))
    assert "[H, 8]" in told
    ET.fromstring(told)


BRANCHES = """\
block mixed(c) {
  concat {
    path { conv(c, 1) -> relu }
    path { conv(c, 1) -> relu -> conv(c, 3, padding=1) }
    path { max_pool(3, stride=1, padding=1) -> conv(c, 1) }
  }
}
network N {
  input a: [3, 8, 8]
  input b: [3, 8, 8]
  from a, b -> concat as both
  mixed(8) -> mixed(4)
  residual { mixed(4) }
  concat(both)
  output y
  global_avg_pool -> flatten
  output z
}
"""


def nodes_of(drawn: Drawn) -> list[tuple[Node, float]]:
    return [(node, top) for rank, top in zip(drawn.ranks, drawn.top) for node in rank]


@pytest.mark.parametrize("depth", [0, 1])
def test_boxes_do_not_overlap(depth: int) -> None:
    waiting = [Drawn(scene_of(network(BRANCHES), depth))]
    while waiting:
        drawn = waiting.pop()
        waiting += [inner for inner in drawn.inner if inner is not None]
        for (a, top_a), (b, top_b) in combinations(nodes_of(drawn), 2):
            beside = a.x + a.right <= b.x - b.left + 0.1 or b.x + b.right <= a.x - a.left + 0.1
            above = top_a + a.height < top_b or top_b + b.height < top_a
            assert beside or above


def arranged(shapes: list[Shape], arrows: list[tuple[int, ...]]) -> list[list[Node]]:
    ranks = ranked(shapes, [Arrow(*arrow) for arrow in arrows])
    place(ranks, shapes)
    return ranks


def test_chains_and_rails_are_straight() -> None:
    size = Shape(50, 60, 30, ins=(0, 0), how="sum")
    chain = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4, 0, 1), (1, 3, 0, 1)]
    ranks = arranged([size] * 5, chain)
    boxes = {node.box: node for rank in ranks for node in rank if not node.rail}
    assert len({round(node.x, 1) for node in boxes.values()}) == 1
    rails = [node.x for rank in ranks for node in rank if node.rail]
    assert len(rails) == 4
    assert len({round(x, 1) for x in rails}) == 2
    assert min(rails) >= boxes[0].x + size.right


def test_branches_stand_beside_one_another() -> None:
    size = Shape(50, 50, 30, ins=(0, 0, 0), how="sum")
    ranks = arranged([size] * 5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4, 0, 1), (3, 4, 0, 2)])
    assert [node.box for node in ranks[1]] == [1, 2, 3]
    assert ranks[0][0].x == pytest.approx(ranks[1][1].x, abs=0.5)
    assert ranks[2][0].x == pytest.approx(ranks[1][1].x, abs=0.5)


def test_many_boxes() -> None:
    start = time.process_time()
    steps = "".join(f"conv({8 + i % 3}, 1) as v{i}; relu;" for i in range(400))
    picture = network_svg(network(f"network N {{ input x: [3, 8, 8]; {steps} output y }}"))
    assert time.process_time() - start < 10
    assert picture.count("conv</tspan>") == 400


def test_the_picture_in_the_readme_is_current(root: Path) -> None:
    shown = (root / "docs" / "unet.svg").read_text(encoding="utf-8")
    drawn = network_svg(shipped(root, "unet.nn"))
    assert shown == drawn, "python -m nnc show specs/unet.nn -o docs/unet.svg"
