"""What is written on the boxes of a picture, and how much room it takes."""

from __future__ import annotations

from nnc.ir.dims import Dim, Poly, show
from nnc.render.human import many
from nnc.render.scene import Box, Line, Scene
from nnc.render.summary import count
from nnc.render.text import visible, width

CHAR, SMALL = 7.25, 6.6
"""Columns of 12 and 11 pixels of a fixed-width font."""
ROW, PAD = 22.0, 12.0
WIDE = 340
"""Cards up to here are as wide as the widest of their scene."""
PILLS = ("input", "output", "state", "next")


def quiet(line: Line) -> str:
    """What stands behind a step: its name, or that its weights are shared."""
    shared = f" shared {visible(line.shared)}" if line.shared else ""
    return shared + (f" as {visible(line.label)}" if line.label else "")


def title(box: Box) -> str:
    """Of a frame."""
    return visible(box.lines[0].text) + quiet(box.lines[0]) if box.lines else ""


def weights(box: Box) -> str:
    """Of a frame."""
    return count(box.lines[0].weights) if box.lines and box.lines[0].weights != 0 else ""


def times(box: Box) -> str:
    """How often a box runs, "" for once."""
    if not isinstance(box.times, Poly) and box.times == 1:
        return ""
    return f"\N{MULTIPLICATION SIGN} {visible(show(box.times))}"


def note_width(box: Box) -> float:
    """The room for how often it runs, beside it."""
    said = times(box)
    return len(said) * CHAR + 10 if said else 0.0


def tip(box: Box) -> str:
    """What a pointer over a box is told."""
    work: Dim = box.macs
    macs = "" if work == 0 and not isinstance(work, Poly) else f", {count(work)} multiply-adds"
    each = " each" if times(box) else ""
    return visible(f"{box.place}: {many(len(box.lines), 'step')}{macs}{each}")


def height(box: Box) -> float:
    """Of a box that is no frame."""
    return 26.0 if box.kind in PILLS else ROW * len(box.lines) + 6


def own_width(box: Box) -> float:
    """What its text needs."""
    widest = 0.0
    for line in box.lines:
        text = width(visible(line.text)) + width(quiet(line))
        learnt = len(count(line.weights)) * SMALL + 20 if line.weights != 0 else 0.0
        widest = max(widest, text * CHAR + learnt)
    return widest + 2 * PAD


def card_width(scene: Scene) -> float:
    """Cards of one scene are equally wide, where they are not too wide."""
    own = [
        own_width(box)
        for box in scene.boxes
        if box.kind in ("layer", "block") and box.inside is None
    ]
    return max([wide for wide in own if wide <= WIDE], default=0.0)


def said(scene: Scene) -> list[list[str]]:
    """For each box and each place where arrows leave it, what flows: its name and type."""
    found = [["" for _ in box.outs] for box in scene.boxes]
    for edge in scene.edges:
        box = scene.boxes[edge.start]
        if box.kind not in ("enter", "state") and scene.boxes[edge.end].kind not in (
            "leave",
            "next",
        ):
            found[edge.start][edge.out] = visible(str(edge.type))
    for box, texts in zip(scene.boxes, found):
        for at, name in enumerate(box.outs):
            texts[at] = " ".join(filter(None, (visible(name), texts[at])))
    return found
