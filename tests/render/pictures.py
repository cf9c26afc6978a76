"""What a person must not find in a picture: wrong arrows, lines that look like one, overlaps."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import combinations
from typing import NamedTuple

from nnc.ir.graph import Call, Graph, Scan
from nnc.layers.lengths import HidePadding, Lengths, OwnSteps
from nnc.layers.source import OneSample, PerSample, TheSample
from nnc.render.scene import Box, Scene

SVG = "{http://www.w3.org/2000/svg}"
PIECE = re.compile(r"([MVHQ])([-\d. ]+)")


class Segment(NamedTuple):
    """A straight piece of line number `line`."""

    line: int
    x1: float
    y1: float
    x2: float
    y2: float


class Rect(NamedTuple):
    """A box, or where a text stands."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


def scenes(scene: Scene) -> list[Scene]:
    """A scene and all inside it."""
    found = [scene]
    for box in scene.boxes:
        if box.inside is not None:
            found += scenes(box.inside)
    return found


def ports_are_joined_once(scene: Scene) -> None:
    """Each place of each box where an arrow ends has exactly one."""
    for each in scenes(scene):
        ends = Counter((edge.end, edge.into) for edge in each.edges)
        expected = {(at, into) for at, box in enumerate(each.boxes) for into in range(len(box.ins))}
        assert set(ends) == expected
        assert all(n == 1 for n in ends.values())
        for edge in each.edges:
            assert edge.out < len(each.boxes[edge.start].outs)


def edges_are_those_of(graph: Graph, scene: Scene) -> None:
    """What boxes read in a picture is what their steps read in the graph, and from whom."""
    same, unwritten = _unwritten(graph)
    items = {item.name: item for item in graph.items}
    maker = {value: item.name for item in graph.items for value in item.outputs}
    own = {name: at for at, box in enumerate(scene.boxes) for name in box.items}
    for at, box in enumerate(scene.boxes):
        if box.kind in ("input", "enter", "state"):
            continue
        drawn = {edge.value for edge in scene.edges if edge.end == at}
        if box.items and box.kind != "repeat":
            group = _whole(graph, box)
            made = {value for name in group for value in items[name].outputs}
            read = {v for name in group for v in items[name].inputs if v is not None}
            read = {same.get(v, v) for v in read if v not in unwritten} - made
            assert drawn == read, (graph.name, box)
        for edge in scene.edges:
            if edge.end == at and maker.get(edge.value) in own:
                assert own[maker[edge.value]] == edge.start
        if box.inside is not None and box.kind == "block":
            op = items[box.items[0]].op
            assert isinstance(op, Call)
            edges_are_those_of(op.graph, box.inside)
            starts = op.starts if isinstance(op, Scan) else ()
            assert len(box.inside.back) == len(starts)
        elif box.inside is not None:
            edges_are_those_of(graph, box.inside)


def _unwritten(graph: Graph) -> tuple[dict[int, int], set[int]]:
    same: dict[int, int] = {}
    unwritten = {port.value for port in graph.inputs if port.name.endswith("_length")}
    for item in graph.items:
        if isinstance(item.op, (Lengths, OwnSteps)):
            unwritten.update(item.outputs)
        elif isinstance(item.op, (PerSample, OneSample, TheSample, HidePadding)):
            first = item.inputs[0]
            assert first is not None
            same[item.outputs[0]] = same.get(first, first)
    return same, unwritten


def _whole(graph: Graph, box: Box) -> set[str]:
    """The steps of a box with those that only its formulas use."""
    items = {item.name: item for item in graph.items}
    maker = {value: item for item in graph.items for value in item.outputs}
    group = set(box.items)
    said = zip(box.items, (line.text for line in box.lines))
    waiting = [name for name, text in said if text.split() == items[name].span.text.split()]
    while waiting:
        item = items[waiting.pop()]
        for value in item.inputs:
            part = maker.get(-1 if value is None else value)
            if part is None or part.name in group or isinstance(part.op, Call):
                continue
            a, b = part.span, item.span
            if b.start <= a.start < a.end <= b.end and a != b and item.span.text != item.op.word:
                readers = [i.name for i in graph.items if value in i.inputs]
                results = [port.value for port in graph.outputs]
                if set(readers) <= group and value not in results and not part.label:
                    group.add(part.name)
                    waiting.append(part.name)
    return group


def ways(picture: str) -> list[list[Segment]]:
    """The straight pieces of each arrow; arrows of one value have one number."""
    found = []
    for number, path in enumerate(ET.fromstring(picture).iter(f"{SVG}path")):
        if path.attrib["class"] != "l":
            continue
        for part in path.attrib["d"].split("M")[1:]:
            found.append(_segments(number, "M" + part))
    return found


def _segments(line: int, d: str) -> list[Segment]:
    found = []
    x = y = 0.0
    for letter, numbers in PIECE.findall(d):
        values = [float(n) for n in numbers.split()]
        before = (x, y)
        if letter == "V":
            y = values[0]
        elif letter == "H":
            x = values[0]
        else:
            x, y = values[-2:]
        if letter in "VH":
            found.append(Segment(line, *before, x, y))
        elif letter == "Q":  # its corner
            found.append(Segment(line, *before, values[0], values[1]))
            found.append(Segment(line, values[0], values[1], x, y))
    return found


def lines_are_apart(picture: str) -> None:
    """Lines of different values share no stretch, and no two arrows end at one point."""
    arrows = ways(picture)
    ends = Counter((a[-1].x2, a[-1].y2) for a in arrows)
    assert all(n == 1 for n in ends.values()), "two arrows end at one point"
    starts = {(a[0].line, a[0].x1, a[0].y1) for a in arrows}
    assert len({s[1:] for s in starts}) == len(starts), "two values begin at one point"
    pieces = {segment for arrow in arrows for segment in arrow}
    for upright in (True, False):
        lanes: dict[int, list[tuple[float, float, float, int]]] = {}
        for s in pieces:
            if (s.x1 == s.x2) == upright:
                at, low, high = (
                    (s.x1, *sorted((s.y1, s.y2))) if upright else (s.y1, *sorted((s.x1, s.x2)))
                )
                lanes.setdefault(int(at // 8), []).append((at, low, high, s.line))
        for lane, own in lanes.items():
            near = own + lanes.get(lane + 1, [])
            for a, b in combinations(near, 2):
                if a[3] != b[3] and abs(a[0] - b[0]) < 3:
                    assert min(a[2], b[2]) - max(a[1], b[1]) < 1, ("lie on one another", a, b)


def rects(picture: str) -> list[Rect]:
    """All boxes but the shadows behind them."""
    found: list[Rect] = []
    for rect in ET.fromstring(picture).iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        new = Rect(x, y, x + w, y + h, rect.attrib["class"])
        if found and abs(found[-1].x1 - x - 3.5) < 0.11 and abs(found[-1].y1 - y - 3.5) < 0.11:
            found.pop()
        found.append(new)
    return found


def boxes_are_apart(picture: str) -> None:
    """Two boxes are beside one another, or one is a frame around the other."""
    for a, b in combinations(rects(picture), 2):
        apart = a.x2 < b.x1 or b.x2 < a.x1 or a.y2 < b.y1 or b.y2 < a.y1
        inner, outer = (a, b) if b.x1 < a.x1 else (b, a)
        inside = (
            outer.kind in "gr"
            and outer.x1 < inner.x1 <= inner.x2 < outer.x2
            and outer.y1 < inner.y1 <= inner.y2 < outer.y2
        )
        assert apart or inside, (a, b)


def boxes_are_free(picture: str) -> None:
    """No arrow runs through a box."""
    pieces = {segment for arrow in ways(picture) for segment in arrow}
    for rect in rects(picture):
        if rect.kind in "gr":
            continue
        for s in pieces:
            assert not _meets(s, rect), (s, rect)


def _meets(s: Segment, rect: Rect, by: float = 0.5) -> bool:
    (x1, x2), (y1, y2) = sorted((s.x1, s.x2)), sorted((s.y1, s.y2))
    return x2 > rect.x1 + by and x1 < rect.x2 - by and y2 > rect.y1 + by and y1 < rect.y2 - by


def texts(picture: str) -> list[Rect]:
    """Where texts in 11 and 12 pixels stand that are on no card."""
    found = []
    for text in ET.fromstring(picture).iter(f"{SVG}text"):
        kind = text.attrib.get("class", "")
        if kind not in ("t", "k f", "w e t"):
            continue
        wide = len("".join(text.itertext())) * (6.6 if "t" in kind else 7.25)
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        x = x - wide if "e" in kind else x
        found.append(Rect(x, y - 8, x + wide, y, kind))
    return found


def texts_are_free(picture: str) -> None:
    """No arrow runs through a text, no text over another."""
    pieces = {segment for arrow in ways(picture) for segment in arrow}
    found = texts(picture)
    for rect in found:
        for s in pieces:
            assert not _meets(s, rect), (s, rect)
    for a, b in combinations(found, 2):
        assert a.x2 < b.x1 or b.x2 < a.x1 or a.y2 < b.y1 or b.y2 < a.y1, (a, b)


def all_of_it(picture: str, scene: Scene) -> None:
    """Everything that can be seen on the picture alone."""
    ports_are_joined_once(scene)
    assert len(ways(picture)) == sum(len(each.edges) for each in scenes(scene))
    lines_are_apart(picture)
    boxes_are_apart(picture)
    boxes_are_free(picture)
    texts_are_free(picture)
