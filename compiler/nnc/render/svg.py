"""`nnc show -o x.svg`: a network as a picture. Text stays text, and nothing in it can run."""

from __future__ import annotations

from nnc.ir.dims import Dim, Poly
from nnc.ir.graph import Network
from nnc.ir.walk import totals
from nnc.render import layout
from nnc.render.diagram import Box, Line, Scene, scene_of
from nnc.render.human import many
from nnc.render.layout import Node, Size
from nnc.render.summary import briefly, count
from nnc.render.text import visible, width

CHAR, SMALL = 7.25, 6.6
"""Columns of 12 and 11 pixels of a fixed-width font."""
ROW, PAD, TITLE = 22.0, 12.0, 26.0
STUB, GAP, TIGHT, LAST = 22.0, 42.0, 26.0, 12.0
"""Below a box: where arrows branch off; the gap with a size written in it, without, at an end."""
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
.l{fill:none;stroke:#8795a8;stroke-width:1.4}.d{fill:#8795a8}
@media(prefers-color-scheme:dark){text{fill:#dbe3ec}.c{fill:#1b222c;stroke:#445164}
.p{fill:#222c39;stroke:#445164}.j{fill:#33291a;stroke:#7d6437}.b{fill:#1d2a3c;stroke:#4a6488}
.h,.f{fill:#c3cedb}.w,.a,.s,.t{fill:#8f9db0}}
"""


class Drawn:
    """A scene with its places: sizes of the whole, where it is entered and left, its parts."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.inner = [Drawn(box.inside) if box.inside is not None else None for box in scene.boxes]
        self.labels = _labels(scene)
        self.card = _card_width(scene)
        sizes = [self._size(at, box) for at, box in enumerate(scene.boxes)]
        arrows = [(edge.start, edge.end) for edge in scene.edges]
        self.ranks = layout.layout(sizes, arrows, self._late)
        nodes = [node for rank in self.ranks for node in rank]
        start = min((node.x - node.left for node in nodes), default=0.0)
        for node in nodes:
            node.x -= start
        self.width = max((node.x + node.right for node in nodes), default=0.0)
        self.nodes = {node.box: node for node in nodes if not node.rail}
        self.top: list[float] = []
        self.gap: list[float] = []
        y = 0.0
        for rank in self.ranks:
            self.top.append(y)
            said = any(not n.rail and self.labels[n.box] for n in rank)
            ends = any(n.box >= 0 and scene.boxes[n.box].kind == "leave" for n in _below(rank))
            self.gap.append(GAP if said else LAST if ends else TIGHT)
            y += max((n.height for n in rank), default=0.0) + self.gap[-1]
        self.height = y - (self.gap[-1] if self.gap else 0.0)

    def _size(self, at: int, box: Box) -> Size:
        """A box's extent, with room for the size written below it."""
        inner = self.inner[at]
        note = len(_times(box)) * CHAR + 10 if box.times > 1 else 0.0
        label = width(self.labels[at]) * SMALL + 14
        if inner is not None:
            enter, leave = inner.port("enter"), inner.port("leave")
            title = width(_title(box)) * CHAR + 26
            weights = len(_weights(box)) * SMALL + 26
            left = max(enter + PAD, title)
            right = max(inner.width - enter + PAD, weights)
            height = TITLE + inner.height + 8
            out = leave - enter
            return Size(left, max(right + note, label + out), height, out)
        if box.kind in ("enter", "leave"):
            return Size(6, 6, 0)
        half = self._width(box) / 2
        return Size(half, max(half + note, label), _height(box))

    def _late(self, box: int) -> bool:
        return self.scene.boxes[box].kind != "enter"

    def _width(self, box: Box) -> float:
        own = _own_width(box)
        return max(own, self.card) if box.kind in ("layer", "block") and own <= 340 else own

    def port(self, kind: str) -> float:
        """The x of the first port of a kind."""
        return next(
            (self.nodes[at].x for at, b in enumerate(self.scene.boxes) if b.kind == kind),
            self.width / 2,
        )


def _below(rank: list[Node]) -> list[Node]:
    return [lower for node in rank for lower in node.below]


def network_svg(network: Network, *, depth: int | None = None) -> str:
    """The picture of a network as one SVG document, a newline at the end.

    `depth`: how many levels of blocks are opened; by default as many as leave the picture small.

    Raises:
        TooLarge: it would have thousands of boxes.
    """
    drawn = Drawn(scene_of(network, depth))
    sums = totals(network)
    facts = f"{count(sums.weights)} weights"
    if not isinstance(sums.macs, Poly):
        facts += f", {briefly(sums.macs)} multiply-adds"
    said = [facts, *network.conditions]
    name = visible(network.name)
    across = max(drawn.width, 10 * width(name), *(6.4 * width(text) for text in said))
    head = MARGIN + 22 + 17 * len(said) + 10
    size = f"{_n(across + 2 * MARGIN)} {_n(head + drawn.height + MARGIN)}"
    wide, high = size.split()
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
        f' viewBox="0 0 {size}" role="img">',
        f"<title>{_xml(name)}</title>",
        f"<desc>{_xml(facts)}</desc>",
        f"<style>{_xml(STYLE)}</style>",
        _text(MARGIN, MARGIN + 14, name, "h"),
    ]
    for at, text in enumerate(said):
        lines.append(_text(MARGIN, MARGIN + 36 + 17 * at, visible(text), "s"))
    lines += _scene(drawn, MARGIN + (across - drawn.width) / 2, head)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _scene(drawn: Drawn, x: float, y: float) -> list[str]:
    """Boxes first, then arrows and what is written beside them."""
    boxes, arrows = [], []
    for rank, top in zip(drawn.ranks, drawn.top):
        for node in rank:
            if not node.rail:
                boxes += _box(drawn, node, x + node.x, y + top)
    for number, rank in enumerate(drawn.ranks):
        for node in rank:
            if node.below:
                arrows += _arrows(drawn, node, number, x, y)
            if node.rail:
                start, end = y + drawn.top[number], y + _bottom(drawn, number)
                arrows.append(_path(f"M{_n(x + node.x)} {_n(start)}V{_n(end)}"))
    return [*boxes, *arrows]


def _bottom(drawn: Drawn, rank: int) -> float:
    """Where a rank ends and the gap below it begins."""
    return drawn.top[rank] + max(node.height for node in drawn.ranks[rank])


def _box(drawn: Drawn, node: Node, x: float, y: float) -> list[str]:
    box = drawn.scene.boxes[node.box]
    inner = drawn.inner[node.box]
    if box.kind in ("enter", "leave"):
        return []
    if inner is not None:
        return _frame(box, inner, node, x, y)
    wide, high = drawn._width(box), node.height
    left = x - wide / 2
    if box.kind in ("input", "output"):
        shape = _rect(left, y, wide, high, "p", high / 2)
        return [shape, _text(x, y + 16.5, visible(box.lines[0].text), "m k")]
    lines = [f"<g><title>{_xml(_tip(box))}</title>"]
    if box.kind == "block" or box.times > 1:  # more lies behind it
        lines.append(_rect(left + 3.5, y + 3.5, wide, high, "b" if box.kind == "block" else "c"))
    kind = {"join": "j", "block": "b"}.get(box.kind, "c")
    lines.append(_rect(left, y, wide, high, kind))
    if any(line.weights != 0 for line in box.lines) and box.kind == "layer":
        lines.append(f'<path class="x" d="{_bar(left, y, high)}"/>')
    for at, line in enumerate(box.lines):
        base = y + 3 + ROW * at + 15
        lines.append(_step(left + PAD, base, line, first=at == 0))
        if line.weights != 0:
            lines.append(_text(left + wide - PAD, base, count(line.weights), "w e t"))
    if box.times > 1:
        lines.append(_text(left + wide + 10, y + high / 2 + 4, _times(box), "k f"))
    return [*lines, "</g>"]


def _frame(box: Box, inner: Drawn, node: Node, x: float, y: float) -> list[str]:
    """An opened block, or the body of a loop, around what it holds."""
    note = len(_times(box)) * CHAR + 10 if box.times > 1 else 0.0
    title, weights = _title(box), _weights(box)
    left = x - node.left
    enter = inner.port("enter")
    right = x + max(inner.width - enter + PAD, len(weights) * SMALL + 26)
    lines = [_rect(left, y, right - left, node.height, "r" if box.kind == "repeat" else "g", 9)]
    if title:
        lines.append(_text(left + 11, y + 18, title, "k f"))
    if weights:
        lines.append(_text(right - 11, y + 18, weights, "w e t"))
    if note:
        lines.append(_text(right + 10, y + 18, _times(box), "k f"))
    entry, top = _n(x), y + TITLE
    lines.append(_path(f"M{entry} {_n(y)}V{_n(top)}"))
    lines += _scene(inner, x - enter, top)
    leave = x + node.out
    lines.append(_path(f"M{_n(leave)} {_n(top + inner.height)}V{_n(y + node.height)}"))
    return lines


def _arrows(drawn: Drawn, node: Node, rank: int, x: float, y: float) -> list[str]:
    """What leaves a node: lines to the rank below, and the size that flows."""
    start = x + node.x + node.out
    end = y + _bottom(drawn, rank)
    base = end if node.rail else y + drawn.top[rank] + node.height
    gap = drawn.gap[rank]
    fork = end + (STUB if gap == GAP else 9)
    below = y + drawn.top[rank + 1]
    lines = []
    for lower in node.below:
        target = x + lower.x
        side = _side_entry(drawn, node, lower)
        if side:
            edge = target + side * drawn._width(drawn.scene.boxes[lower.box]) / 2
            middle = below + 3 + ROW / 2
            lines.append(_elbow(start, base, edge, middle))
            lines.append(_head(edge, middle, -side))
            continue
        alone = len(node.below) == 1
        turn = below - 12 if alone and not lower.rail else fork
        lines.append(_line(start, base, target, below, turn))
        if not lower.rail and _headed(drawn, lower.box):
            lines.append(_head(target, below, 0))
    if not node.rail and drawn.labels[node.box]:
        lines.append(_text(start + 7, base + 17, drawn.labels[node.box], "t"))
    return lines


def _headed(drawn: Drawn, box: int) -> bool:
    """Whether arrows end at a box: into a frame they go on."""
    return drawn.inner[box] is None and drawn.scene.boxes[box].kind != "leave"


def _side_entry(drawn: Drawn, node: Node, lower: Node) -> int:
    """1: an arrow ends at a join from the right, -1: from the left, 0: from above as all others."""
    if lower.rail or drawn.scene.boxes[lower.box].kind != "join":
        return 0
    if len(lower.above) != 2 or len(node.below) != 1:
        return 0
    half = drawn._width(drawn.scene.boxes[lower.box]) / 2
    start = node.x + node.out
    side = 1 if start > lower.x else -1
    if abs(start - lower.x) < half + 12:
        return 0
    low, high = sorted((lower.x, start))
    between = [n for n in drawn.ranks[lower.rank] if n is not lower]
    return 0 if any(n.x + n.right > low and n.x - n.left < high for n in between) else side


def _line(x1: float, y1: float, x2: float, y2: float, turn: float) -> str:
    """Down, across at `turn`, down again, with round corners."""
    if abs(x1 - x2) < 0.5:
        return _path(f"M{_n(x1)} {_n(y1)}V{_n(y2)}")
    r = min(CORNER, abs(x1 - x2) / 2, turn - y1, y2 - turn)
    way = 1 if x2 > x1 else -1
    return _path(
        f"M{_n(x1)} {_n(y1)}V{_n(turn - r)}Q{_n(x1)} {_n(turn)} {_n(x1 + way * r)} {_n(turn)}"
        f"H{_n(x2 - way * r)}Q{_n(x2)} {_n(turn)} {_n(x2)} {_n(turn + r)}V{_n(y2)}"
    )


def _elbow(x1: float, y1: float, x2: float, y2: float) -> str:
    """Down, then across into the side of a box."""
    way = 1 if x2 > x1 else -1
    return _path(
        f"M{_n(x1)} {_n(y1)}V{_n(y2 - CORNER)}"
        f"Q{_n(x1)} {_n(y2)} {_n(x1 + way * CORNER)} {_n(y2)}H{_n(x2)}"
    )


def _head(x: float, y: float, way: int) -> str:
    """An arrow's head that points down (0), right (1) or left (-1)."""
    if way == 0:
        return f'<path class="d" d="M{_n(x)} {_n(y)}l-4 -7h8z"/>'
    return f'<path class="d" d="M{_n(x)} {_n(y)}l{-7 * way} -4v8z"/>'


def _path(d: str) -> str:
    return f'<path class="l" d="{d}"/>'


def _bar(x: float, y: float, high: float) -> str:
    """The mark of a card that learns: its left edge."""
    return f"M{_n(x + 4)} {_n(y)}v{_n(high)}a5 5 0 0 1 -4 -5v{_n(10 - high)}a5 5 0 0 1 4 -5z"


def _rect(x: float, y: float, w: float, h: float, kind: str, r: float = 5.0) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(w)}" height="{_n(h)}" rx="{_n(r)}"'
    return f'<rect class="{kind}" {place}/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}">{_xml(text)}</text>'


def _step(x: float, y: float, line: Line, *, first: bool) -> str:
    """A step: its word, then its arguments and its name, quieter."""
    word, bracket, rest = visible(line.text).partition("(")
    quiet = f"{bracket}{rest}" + (f" as {visible(line.label)}" if line.label else "")
    tail = f'<tspan class="a">{_xml(quiet)}</tspan>' if quiet else ""
    bold = f'<tspan class="k">{_xml(word)}</tspan>' if first else _xml(word)
    return f'<text x="{_n(x)}" y="{_n(y)}">{bold}{tail}</text>'


def _labels(scene: Scene) -> list[str]:
    """The types of what leaves each box; none where a frame's own port says it."""
    said: list[dict[str, None]] = [{} for _ in scene.boxes]
    for edge in scene.edges:
        kinds = scene.boxes[edge.start].kind, scene.boxes[edge.end].kind
        if kinds[0] != "enter" and kinds[1] != "leave":
            said[edge.start][visible(str(edge.type))] = None
    return [", ".join(types) for types in said]


def _card_width(scene: Scene) -> float:
    """Cards of one scene are equally wide, where they are not too wide."""
    own = [
        _own_width(box)
        for box in scene.boxes
        if box.kind in ("layer", "block") and box.inside is None
    ]
    return max([wide for wide in own if wide <= 340], default=0.0)


def _own_width(box: Box) -> float:
    widest = 0.0
    for line in box.lines:
        text = width(visible(line.text)) + (len(visible(line.label)) + 4 if line.label else 0)
        weights = len(count(line.weights)) * SMALL + 20 if line.weights != 0 else 0.0
        widest = max(widest, text * CHAR + weights)
    return widest + 2 * PAD


def _height(box: Box) -> float:
    return ROW * len(box.lines) + 6 if box.kind not in ("input", "output") else 26.0


def _title(box: Box) -> str:
    if not box.lines:
        return ""
    line = box.lines[0]
    return visible(line.text) + (f" as {visible(line.label)}" if line.label else "")


def _weights(box: Box) -> str:
    return count(box.lines[0].weights) if box.lines and box.lines[0].weights != 0 else ""


def _times(box: Box) -> str:
    return f"\N{MULTIPLICATION SIGN} {box.times}"


def _tip(box: Box) -> str:
    """What a pointer over a box is told."""
    work: Dim = box.macs
    macs = "" if work == 0 and not isinstance(work, Poly) else f", {count(work)} multiply-adds"
    each = " each" if box.times > 1 else ""
    return visible(f"{box.place}: {many(len(box.lines), 'step')}{macs}{each}")


def _n(value: float) -> str:
    """A coordinate with a digit at most behind the point."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def _xml(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
