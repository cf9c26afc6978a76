"""Pictures of all specs and of random networks: each arrow of the graph, none hides another."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.check import check_source, check_text
from nnc.ir.graph import Network
from nnc.render.diagram import scene_of
from nnc.render.gan_scene import gan_scene, gan_svg
from nnc.render.scene import Scene
from nnc.render.svg import network_svg
from nnc.syntax.files import read_source
from tests.fuzz.networks import drawn
from tests.render.pictures import Segment, all_of_it, edges_are_those_of, lines_are_apart, ways

ROOT = Path(__file__).resolve().parent.parent.parent
SPECS = [*sorted((ROOT / "specs").glob("*.nn")), *sorted((ROOT / "specs" / "zoo").glob("*.nn"))]


def holds(network: Network, depth: int | None) -> Scene:
    scene = scene_of(network, depth)
    picture = network_svg(network, depth=depth)
    edges_are_those_of(network.graph, scene)
    all_of_it(picture, scene)
    assert picture == network_svg(network, depth=depth)
    return scene


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_specs(spec: Path) -> None:
    checked = check_source(read_source(str(spec)))
    for network in checked.networks.values():
        holds(network, None)
    for gan in checked.gans.values():
        for depth in (None, 0, 1):
            scene = gan_scene(gan, checked.networks, depth)
            all_of_it(gan_svg(gan, checked.networks, depth=depth), scene)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [0, 1, 2, 9])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_specs_at_every_depth(spec: Path, depth: int) -> None:
    for network in check_source(read_source(str(spec))).networks.values():
        holds(network, depth)


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int) -> None:
    holds(check_text(drawn(seed, 40)).networks["N"], 9)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_random_networks(part: int) -> None:
    for seed in range(1000 + part, 1200, 8):
        network = check_text(drawn(seed, 60)).networks["N"]
        holds(network, 0)
        holds(network, 9)


OWN = {
    "film": """\
block film(cond: [K]): [C, H, W] {
  as x
  from cond -> dense(2*C) -> reshape(2*C, 1, 1) -> split(2) as gamma, beta
  from x * (1 + gamma) + beta
}
network N {
  input image: [3, 16, 16]
  input words: [16]
  from image -> conv(8, 3) -> batch_norm -> relu
  film(words)
  conv(16, 3) -> relu
  film(words)
  output y
}
""",
    "encoder and decoder": """\
network N {
  input source: token[S] padded
  input target: token[T] padded
  from source -> embedding(9, 8) -> lstm(8) as memory, h, c
  from target -> embedding(9, 8) -> gru(8, h) as query
  from query -> attention(2, to=memory) -> add(query) -> layer_norm
  output y
}
""",
    "cross attention in a loop": """\
block cross(memory: [S, D]): [T, C] {
  residual { layer_norm -> attention(2, causal=true) }
  residual { layer_norm -> attention(2, to=memory) }
}
network N {
  input source: [S, 8]
  input target: [T, 8]
  from source -> repeat 3 { residual { layer_norm -> attention(2) } } -> layer_norm as memory
  from target
  repeat 4 { cross(memory) }
  output y
}
""",
    "two states": """\
network N {
  input frames: [T, 6]
  input start: [8]
  from frames
  scan {
    state h: [8] = start
    state c: [8]
    concat(h) -> dense(32) -> split(4) as i, f, g, o
    from sigmoid(f) * c + sigmoid(i) * tanh(g) as c1
    from sigmoid(o) * tanh(c1) as h1
    next h = h1
    next c = c1
    from h1
  } as out, h, c
  from out -> dense(5)
  output each
  from h -> concat(c) -> dense(2)
  output last
}
""",
    "scans in scans": """\
network N {
  input x: [S, T, 3]
  input gain: [5]
  from x
  scan(row) {
    state d: [5]
    from row -> scan { state h: [5]; gru_cell(5, h) as h1; next h = h1; from h1 }
    mean(axis=0) -> mul(gain) -> add(d) as e
    next d = e
    from e
  }
  output y
}
""",
    "three parts": """\
network N {
  input x: [12, 5]
  split(3) as q, k, v
  from q * k + v -> relu
  output y
  from 1 - 0.5 * v - x[0]
  output z
}
""",
    "shared towers": """\
block tower(width) { conv(width, 3) -> relu -> flatten -> dense(8) }
network N {
  input left, right: [1, 8, 8]
  shared towers = tower(4)
  from left -> towers as a
  from right -> towers as b
  from a, b -> concat -> dense(1)
  output alike
  from abs(a - b)**2 / 3 -> dense(1)
  output far
}
""",
    "several inputs, again and again": """\
block mix(other: [C, H, W], gate: [C, H, W]): [C, H, W] {
  as x -> sigmoid as g
  from g * other + (1 - g) * gate -> conv(C, 3, padding=1) -> relu
}
network N {
  input image: [3, 8, 8]
  conv(4, 3, padding=1) as a
  conv(4, 3, padding=1) as b
  conv(4, 3, padding=1)
  repeat 3 { mix(a, b) }
  mix(other=b, gate=a) -> add(a, b) -> concat(a, b)
  output y
}
""",
    "several outputs": """\
network N {
  input image: [3, 32, 32]
  for c in [4, 8, 16] { conv(c, 3, padding=1) as low[c]; max_pool(2) }
  output deep
  for c in [16, 8, 4] { conv_transpose(c, 2, stride=2) as up; from low[c], up -> concat }
  output wide
  from low[8] -> conv(2, 1)
  output middle
}
""",
    "one value twice": """\
network N { input x: [4, 4]; add { path { } path { } }; matmul(x); output y }
""",
}


@pytest.mark.parametrize("depth", [0, 1, 9])
@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_several_values(text: str, depth: int) -> None:
    checked = check_text(text)
    assert not checked.errors, checked.diagnostics
    holds(checked.networks["N"], depth)


def said(scene: Scene) -> list[str]:
    return [line.text for box in scene.boxes for line in box.lines]


def test_formulas_are_drawn_as_they_are_written() -> None:
    scene = scene_of(check_text(OWN["film"]).networks["N"], 1)
    inside = scene.boxes[3].inside
    assert inside is not None
    assert said(inside) == ["dense(16)", "reshape(16, 1, 1)", "split(2)", "x * (1 + gamma) + beta"]
    assert inside.boxes[-2].ins == ("gamma", "x", "beta")
    assert inside.boxes[-3].outs == ("gamma", "beta")
    assert said(scene_of(check_text(OWN["three parts"]).networks["N"])) == [
        *("x", "split(3)", "q * k + v", "relu", "1 - 0.5 * v - x[0]", "y", "z"),
    ]


def test_what_a_block_is_given_has_a_name() -> None:
    scene = scene_of(check_text(OWN["cross attention in a loop"]).networks["N"], 1)
    (cross,) = (box for box in scene.boxes if box.lines and box.lines[0].text == "cross")
    assert (cross.times, cross.ins) == (4, ("", "memory"))
    assert cross.inside is not None
    (to,) = (box for box in cross.inside.boxes if box.ins == ("", "to"))
    assert to.lines[0].text == "attention(2)"


def test_states_come_back() -> None:
    scene = scene_of(check_text(OWN["two states"]).networks["N"], 1)
    (scan,) = (box for box in scene.boxes if box.inside is not None)
    assert scan.inside is not None
    back = [
        (scan.inside.boxes[a].lines[0].text, scan.inside.boxes[b].lines[0].text)
        for a, b in scan.inside.back
    ]
    assert back == [("next h", "h"), ("next c", "c = 0 at first")]
    assert (str(scan.times), scan.outs) == ("T", ("out", "h", "c"))
    picture = network_svg(check_text(OWN["two states"]).networks["N"], depth=1)
    assert picture.count('class="n"') == 2


def test_lengths_that_nobody_wrote_are_not_drawn() -> None:
    scene = scene_of(check_text(OWN["encoder and decoder"]).networks["N"])
    assert [text for text in said(scene) if "padded" in text or "length" in text] == [
        *("source padded", "target padded")
    ]


def test_players_of_a_gan_are_joined(root: Path) -> None:
    checked = check_source(read_source(str(root / "specs" / "cgan.nn")))
    (gan,) = checked.gans.values()
    scene = gan_scene(gan, checked.networks, 0)
    names = [box.lines[0].text for box in scene.boxes]
    assert names == [
        *("latent z", "condition label", "generator", "real", "real or made", "discriminator"),
        "score",
    ]
    arrows = [(names[e.start], names[e.end], scene.boxes[e.end].ins[e.into]) for e in scene.edges]
    assert arrows == [
        *(("latent z", "generator", "z"), ("condition label", "generator", "label")),
        *(("generator", "real or made", "made"), ("real", "real or made", "real")),
        *(
            ("real or made", "discriminator", "sample"),
            ("condition label", "discriminator", "label"),
        ),
        ("discriminator", "score", ""),
    ]


def test_lines_that_lie_on_one_another_are_found() -> None:
    picture = network_svg(check_text(OWN["film"]).networks["N"])
    lines = [s for way in ways(picture) for s in way if s.y1 == s.y2 and abs(s.x1 - s.x2) > 20]
    line: Segment = lines[0]
    path = f'<path class="l" d="M{line.x1 + 5} {line.y1 + 1}H{line.x2}"/></svg>'
    with pytest.raises(AssertionError):
        lines_are_apart(picture.replace("</svg>", path))
