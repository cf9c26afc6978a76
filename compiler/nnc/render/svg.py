"""`nnc show -o x.svg`: a network as a picture. Text stays text, and nothing in it can run."""

from __future__ import annotations

from itertools import pairwise

from nnc.ir.dims import Poly
from nnc.ir.graph import Network
from nnc.ir.walk import totals
from nnc.render import cards
from nnc.render.cards import PAD, PILLS, ROW
from nnc.render.diagram import scene_of
from nnc.render.drawn import TITLE, Drawn, Frame, Way
from nnc.render.layout import Node
from nnc.render.scene import Box, Line, Scene
from nnc.render.summary import briefly, count
from nnc.render.text import visible, width

MARGIN = 24.0
CORNER = 7.0

STYLE = """\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2733}
.h{font:600 17px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.s{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.h,.f{fill:#6b7a8d}.w,.a{fill:#76859a}.a,.s,.t{fill:#76859a}.t{font-size:11px}.k{font-weight:600}
.e{text-anchor:end}.m{text-anchor:middle}
.c{fill:#fff;stroke:#b9c4d0}.p{fill:#eef3f9;stroke:#b9c4d0}.j{fill:#fdf3e1;stroke:#dcbd85}
.b{fill:#eaf1fb;stroke:#9db8dc}.g{fill:#8aa0bb;fill-opacity:.09;stroke:#8aa0bb;stroke-opacity:.55}
.r{fill:none;stroke:#8aa0bb;stroke-dasharray:5 4}.x{fill:#3f7bc8}
.l,.o,.n{fill:none;stroke:#8795a8;stroke-width:1.4}.n{stroke-dasharray:4 3}.d{fill:#8795a8}
@media(prefers-color-scheme:dark){text{fill:#dbe3ec}.c{fill:#1b222c;stroke:#445164}
.p{fill:#222c39;stroke:#445164}.j{fill:#33291a;stroke:#7d6437}.b{fill:#1d2a3c;stroke:#4a6488}
.h,.f{fill:#c3cedb}.w,.a,.s,.t{fill:#8f9db0}}
"""


def network_svg(network: Network, *, depth: int | None = None) -> str:
    """The picture of a network as one SVG document, a newline at the end.

    `depth`: how many levels of blocks are opened; by default as many as leave the picture small.

    Raises:
        TooLarge: it would have thousands of boxes.
    """
    sums = totals(network)
    facts = f"{count(sums.weights)} weights"
    work = count(sums.macs, network.facts) if isinstance(sums.macs, Poly) else briefly(sums.macs)
    if work != "?":
        facts += f", {work} multiply-adds"
    return picture(network.name, [facts, *network.conditions], scene_of(network, depth))


def picture(title: str, told: list[str], scene: Scene) -> str:
    """A scene under its title and some lines of text as one SVG document."""
    drawn = Drawn(scene)
    name = visible(title)
    across = max(drawn.width, 10 * width(name), *(6.4 * width(text) for text in told))
    head = MARGIN + 22 + 17 * len(told) + 10
    size = f"{_n(across + 2 * MARGIN)} {_n(head + drawn.height + MARGIN)}"
    wide, high = size.split()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
        f' viewBox="0 0 {size}" role="img">',
        f"<title>{_xml(name)}</title>",
        f"<desc>{_xml(told[0])}</desc>",
        f"<style>{_xml(STYLE)}</style>",
        _text(MARGIN, MARGIN + 14, name, "h"),
    ]
    for at, text in enumerate(told):
        lines.append(_text(MARGIN, MARGIN + 36 + 17 * at, visible(text), "s"))
    lines += _scene(drawn, MARGIN + (across - drawn.width) / 2, head, head, head + drawn.height)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _scene(drawn: Drawn, x: float, y: float, ceiling: float, floor: float) -> list[str]:
    """Boxes first, then lines and what is written beside them; a frame's border above and below."""
    boxes = []
    for box, node in drawn.nodes.items():
        boxes += _box(drawn, node, x + node.x, y + drawn.y[box])
    lines, heads = [], []
    ways: dict[tuple[int, int], list[str]] = {}  # lines of one value are one path: a part for each
    for edge, (link, way) in zip(drawn.scene.edges, drawn.ways(ceiling - y, floor - y)):
        placed = [(x + a, y + b) for a, b in way]
        ways.setdefault((edge.start, edge.out), []).append(_way(placed))
        if drawn.headed(edge.end, edge.into):
            heads.append(_head(*placed[-1], -link.side))
    lines += [_path("".join(parts), "l") for parts in ways.values()]
    for way in drawn.backward():
        placed = [(x + a, y + b) for a, b in way]
        lines.append(_path(_way(placed), "n"))
        heads.append(_head(*placed[-1], 0))
    for box, node in drawn.nodes.items():
        lines += _said(drawn, node, x, y + drawn.y[box])
    return [*boxes, *lines, *heads]


def _said(drawn: Drawn, node: Node, x: float, top: float) -> list[str]:
    """What flows out of a box, below it, and the names of what flows in, above it."""
    box = drawn.scene.boxes[node.box]
    lines = []
    shape = drawn.shapes[node.box]
    for text, out in zip(drawn.said[node.box], shape.outs):
        if text:
            lines.append(_text(x + node.x + out + 7, top + node.height + 17, text, "t"))
    if drawn.inner[node.box] is None:
        for link in node.above:
            if box.ins[link.into]:
                name = visible(box.ins[link.into])
                lines.append(_text(x + node.x + link.end + 7, top - 5, name, "t"))
    return lines


def _box(drawn: Drawn, node: Node, x: float, y: float) -> list[str]:
    box = drawn.scene.boxes[node.box]
    inner, frame = drawn.inner[node.box], drawn.frames[node.box]
    if box.kind in ("enter", "leave"):
        return []
    if inner is not None and frame is not None:
        return _frame(box, inner, frame, x, y)
    wide, high = drawn.wide(node.box), node.height
    left = x - wide / 2
    times = cards.times(box)
    if box.kind in PILLS:
        kind = "p" if box.kind in ("input", "output") else "c"
        word = "m k" if box.kind in ("input", "output") else "m"
        text = _text(x, y + high / 2 + 4, visible(box.lines[0].text), word)
        return [_rect(left, y, wide, high, kind, high / 2), text]
    lines = [f"<g><title>{_xml(cards.tip(box))}</title>"]
    if box.kind == "block" or times:  # more lies behind it
        lines.append(_rect(left + 3.5, y + 3.5, wide, high, "b" if box.kind == "block" else "c"))
    kind = {"join": "j", "block": "b"}.get(box.kind, "c")
    lines.append(_rect(left, y, wide, high, kind))
    if any(line.weights != 0 for line in box.lines) and box.kind == "layer":
        lines.append(f'<path class="x" d="{_bar(left, y, high)}"/>')
    for at, line in enumerate(box.lines):
        base = y + 3 + ROW * at + 15
        alone = box.kind == "join" and len(box.lines) == 1 and line.weights == 0
        lines.append(_step(x if alone else left + PAD, base, line, first=at == 0, middle=alone))
        if line.weights != 0:
            lines.append(_text(left + wide - PAD, base, count(line.weights), "w e t"))
    if times:
        lines.append(_text(left + wide + 10, y + high / 2 + 4, times, "k f"))
    return [*lines, "</g>"]


def _frame(box: Box, inner: Drawn, frame: Frame, x: float, y: float) -> list[str]:
    """An opened block, or the body of a loop, around what it holds."""
    title, weights, times = cards.title(box), cards.weights(box), cards.times(box)
    left, right, floor = x - frame.left, x + frame.right, y + frame.height
    kind = "r" if box.kind == "repeat" else "g"
    lines = [_rect(left, y, right - left, frame.height, kind, 9)]
    if title:
        lines.append(_text(left + 11, y + 18, title, "k f"))
    if weights:
        lines.append(_text(right - 11, y + 18, weights, "w e t"))
    if times:
        lines.append(_text(right + 10, y + 18, times, "k f"))
    start, top = x - frame.entry, y + TITLE
    for at, part in enumerate(inner.scene.boxes):
        node = inner.nodes[at]
        place = start + node.x
        if part.kind == "enter" and part.said:
            lines.append(_text(place + 7, y + 18, visible(part.said), "t"))
        if part.kind == "state" and part.open:
            lines.append(_path(_way([(place, y), (place, top + inner.y[at])]), "o"))
        if part.kind == "next" and part.open:
            below = top + inner.y[at] + node.height
            lines.append(_path(_way([(place, below), (place, floor)]), "o"))
    return [*lines, *_scene(inner, start, top, y, floor)]


def _path(d: str, kind: str) -> str:
    return f'<path class="{kind}" d="{d}"/>'


def _way(way: Way) -> str:
    """A line with round corners."""
    way = [point for at, point in enumerate(way) if at == 0 or not _same(point, way[at - 1])]
    d = f"M{_n(way[0][0])} {_n(way[0][1])}"
    for at, ((x1, y1), (x2, y2)) in enumerate(pairwise(way)):
        corner = _corner(way, at + 1)
        along = 1 if x2 + y2 > x1 + y1 else -1
        if x1 == x2:
            d += f"V{_n(y2 - along * corner)}"
        else:
            d += f"H{_n(x2 - along * corner)}"
        if corner:
            x3, y3 = way[at + 2]
            turn = 1 if x3 + y3 > x2 + y2 else -1
            after = (x2 + turn * corner, y2) if x1 == x2 else (x2, y2 + turn * corner)
            d += f"Q{_n(x2)} {_n(y2)} {_n(after[0])} {_n(after[1])}"
    return d


def _same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return abs(a[0] - b[0]) < 0.05 and abs(a[1] - b[1]) < 0.05


def _corner(way: Way, at: int) -> float:
    """How round a corner is, 0 at an end."""
    if at >= len(way) - 1:
        return 0.0
    (x1, y1), (x2, y2), (x3, y3) = way[at - 1 : at + 2]
    before, after = abs(x2 - x1) + abs(y2 - y1), abs(x3 - x2) + abs(y3 - y2)
    if at > 1:
        before /= 2
    if at < len(way) - 2:
        after /= 2
    return min(CORNER, before, after)


def _head(x: float, y: float, way: int) -> str:
    """An arrow's head that points down (0), right (1) or left (-1)."""
    if way == 0:
        return f'<path class="d" d="M{_n(x)} {_n(y)}l-4 -7h8z"/>'
    return f'<path class="d" d="M{_n(x)} {_n(y)}l{-7 * way} -4v8z"/>'


def _bar(x: float, y: float, high: float) -> str:
    """The mark of a card that learns: its left edge."""
    return f"M{_n(x + 4)} {_n(y)}v{_n(high)}a5 5 0 0 1 -4 -5v{_n(10 - high)}a5 5 0 0 1 4 -5z"


def _rect(x: float, y: float, w: float, h: float, kind: str, r: float = 5.0) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(r)}"'
    return f'<rect class="{kind}" {place}/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{_xml(text)}</text>'


def _step(x: float, y: float, line: Line, *, first: bool, middle: bool) -> str:
    """A step: its word, then its arguments and its name, quieter."""
    word, bracket, rest = visible(line.text).partition("(")
    if not _call(visible(line.text)):
        word, bracket, rest = visible(line.text), "", ""
    quiet = f"{bracket}{rest}" + cards.quiet(line)
    tail = f'<tspan class="a">{_xml(quiet)}</tspan>' if quiet else ""
    bold = f'<tspan class="k">{_xml(word)}</tspan>' if first else _xml(word)
    kind = ' class="m"' if middle else ""
    return f'<text{kind} x="{_n(x)}" y="{_n(y)}">{bold}{tail}</text>'


def _call(text: str) -> bool:
    """Whether a text is a step's word with its arguments, and no formula around one."""
    word, bracket, rest = text.partition("(")
    if not word.strip().isidentifier():
        return False
    depth = 1
    for at, char in enumerate(rest):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return at == len(rest) - 1
    return not bracket


def _n(value: float) -> str:
    """A coordinate with a digit at most behind the point."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def _xml(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
