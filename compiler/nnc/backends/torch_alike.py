"""Which classes of a block become one class, and what tells them apart: a condition of the block.

The condition is parsed and written anew from names of parameters and plain numbers; it is tried
with the numbers of every call.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from nnc.backends.torch_class import Param, Written
from nnc.backends.torch_merge import (
    Both,
    Segment,
    flag_name,
    merged_constructor,
    merged_forward,
    written,
)
from nnc.backends.torch_numbers import parameter_order
from nnc.ir.dims import Poly
from nnc.ir.graph import Graph
from nnc.ir.names import local_name, place_name
from nnc.record import Record
from nnc.source import Span

LONGEST = 120  # a condition of more characters is not looked at
SPLITS = 4  # statements under the flag that a reader follows

Values = Mapping[str, object]


class Variant(Record):
    """A class of a block, and the graphs that it is written of."""

    body: Written
    graphs: Sequence[Graph]


def joined(one: Variant, other: Variant) -> Written | None:
    """Both classes as one, None where they differ too much or nothing tells them apart."""
    if one.body.base != other.body.base or one.body.inputs != other.body.inputs:
        return None
    if not _of_one_text(one.graphs, other.graphs):
        return None
    if len(_lines(one.body)) < len(_lines(other.body)):
        one, other = other, one
    made = [_merged(a, b) for a, b in ((one, other), (other, one))]
    found = [body for body in made if body is not None]
    best = min(found, key=lambda body: len(_lines(body)), default=None)
    both = len(_lines(one.body)) + len(_lines(other.body))
    return best if best is not None and len(_lines(best)) <= both else None


def _lines(body: Written) -> list[str]:
    return [*body.constructor, *body.forward]


def _merged(one: Variant, other: Variant) -> Written | None:
    a, b = one.body, other.body
    params = _params(one, other)
    if params is None:
        return None
    named = [_by_name(graph, params, a) for graph in other.graphs]

    def empty(loop: str) -> bool:
        return all(_no_turn(loop, values) for values in named)

    constructor = merged_constructor(a.constructor, b.constructor, empty)
    forward: list[Segment] | None = []
    if a.forward or b.forward:
        inputs = [name.partition("=")[0] for name in a.inputs]
        forward = merged_forward(inputs, a.forward, b.forward, empty)
    if forward is None:
        return None
    here, there = (sum(isinstance(s, Both) for s in part) for part in (constructor, forward))
    told = _condition(one, other, params) if here + there else ("", params)
    if told is None or here + there > SPLITS:
        return None
    flag, params = told
    keeping: list[str] = []
    own = flag
    if there or here > 1:
        taken = re.findall(r"self\.(\w+)", " ".join((*a.constructor, *b.constructor)))
        plain = flag.isidentifier()
        name = place_name(flag, taken) if plain else flag_name(constructor, forward, taken)
        keeping, own = [f"self.{name} = {flag}"], flag if plain else f"self.{name}"
        flag = f"self.{name}"
    lines = [*keeping, *written(constructor, own)]
    return Written(a.base, params, a.inputs, tuple(lines), tuple(written(forward, flag)))


def _params(one: Variant, other: Variant) -> tuple[Param, ...] | None:
    """The parameters of both, in the order of the block; None where a call lacks a number."""
    known = {p.spec: p for p in one.body.params}
    for param in other.body.params:
        if known.setdefault(param.spec, param).name != param.name:
            return None
    return _ordered(known, (*one.graphs, *other.graphs))


def _ordered(known: Mapping[str, Param], graphs: Sequence[Graph]) -> tuple[Param, ...] | None:
    for graph in graphs:
        values = dict(graph.params)
        if any(name not in values or isinstance(values[name], Poly) for name in known):
            return None
    names = [p.name for p in known.values()]
    if len({*names}) < len(names):
        return None
    order = [name for name in parameter_order(graphs[0]) if name in known]
    found = [known[name] for name in order]
    return tuple(sorted(found, key=lambda param: bool(param.default)))


def _by_name(graph: Graph, params: Sequence[Param], body: Written) -> Values:
    """What names of the constructor, and attributes that keep them, are in a graph's class."""
    values = dict(graph.params)
    found = {p.name: values[p.spec] for p in params}
    for line in body.constructor:
        name, _, kept = line.partition(" = ")
        if kept in found and name.startswith("self."):
            found[name] = found[kept]
    return found


# --- conditions ----------------------------------------------------------------------------------


def _condition(
    one: Variant, other: Variant, params: tuple[Param, ...]
) -> tuple[str, tuple[Param, ...]] | None:
    """The condition that holds in the first alone, and the parameters with those that it reads."""
    told = _differing(one.graphs, other.graphs)
    if told is not None:
        text, truth = told
        tree = _tree(text)
        if tree is None or not _tells(tree, truth, one.graphs, other.graphs):
            return None
        known = {p.spec: p for p in params}
        for name in _names(tree):
            if name not in known:
                used = [p.name for p in known.values()]
                known[name] = Param(name, local_name(name, used), _default(name, one.graphs[0]))
        found = _ordered(known, (*one.graphs, *other.graphs))
        if found is not None:
            return _text(tree if truth else _negated(tree), known), found
    return None


def _default(name: str, graph: Graph) -> str:
    value = dict(graph.defaults).get(name)
    return "" if value is None else repr(value)


def _of_one_text(graphs: Sequence[Graph], others: Sequence[Graph]) -> bool:
    """Whether what differs are steps of the block itself, not steps that it was given."""
    words: list[dict[Span, str]] = []
    for several in (graphs, others):
        words.append({item.span: item.op.word for graph in several for item in graph.items})
    one, other = words
    if any(one[span] != other[span] for span in one.keys() & other.keys()):
        return False
    block = graphs[0].span
    return all(
        span.source == block.source and block.start <= span.start and span.end <= block.end
        for span in one.keys() ^ other.keys()
    )


def _differing(graphs: Sequence[Graph], others: Sequence[Graph]) -> tuple[str, bool] | None:
    """The only condition that was decided otherwise in the others, and how in the first."""
    one, other = _decided(graphs), _decided(others)
    apart = [text for text in one if text in other and one[text] != other[text]]
    if len(apart) != 1 or len(one[apart[0]]) > 1 or one[apart[0]] & other[apart[0]]:
        return None
    return apart[0], True in one[apart[0]]


def _decided(graphs: Sequence[Graph]) -> dict[str, set[bool]]:
    """How the conditions of graphs were decided."""
    found: dict[str, set[bool]] = {}
    for graph in graphs:
        for branch in graph.branches:
            text, truth = _split(branch)
            found.setdefault(text, set()).add(truth)
    return found


def _split(branch: str) -> tuple[str, bool]:
    """A condition as written, and how it was decided."""
    if branch.startswith("not ") and " " not in branch[4:]:
        return branch[4:], False
    if branch.startswith("not (") and _closes(branch[4:]):
        return branch[5:-1], False
    return branch, True


def _closes(text: str) -> bool:
    """Whether the bracket that a text begins with ends it."""
    depth = 0
    for at, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if not depth:
            return at == len(text) - 1
    return False


_BINARY: dict[type[ast.operator], tuple[str, Callable[[int, int], int]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
}
_COMPARE: dict[type[ast.cmpop], tuple[str, Callable[[object, object], bool]]] = {
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
    ast.Lt: ("<", lambda a, b: a < b),  # type: ignore[operator]
    ast.LtE: ("<=", lambda a, b: a <= b),  # type: ignore[operator]
    ast.Gt: (">", lambda a, b: a > b),  # type: ignore[operator]
    ast.GtE: (">=", lambda a, b: a >= b),  # type: ignore[operator]
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}


def plainly(branch: str) -> str:
    """A condition that was decided, without a `not` where it can be said without."""
    found = _split(branch)
    tree = None if found[1] else _tree(found[0])
    return branch if tree is None else _spelt(_negated(tree))


def _tree(text: str) -> ast.expr | None:
    """A condition over names, whole numbers and decimals; None for anything else."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if _is_plain(tree) else None


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(map(_is_plain, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not | ast.USub) and _is_plain(node.operand)
    if isinstance(node, ast.BinOp):
        return type(node.op) in _BINARY and _is_plain(node.left) and _is_plain(node.right)
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        return len(sides) == 2 and type(node.ops[0]) in _COMPARE and all(map(_is_plain, sides))
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.Name)


def _names(tree: ast.expr) -> list[str]:
    found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(found))


def _tells(tree: ast.expr, truth: bool, graphs: Sequence[Graph], others: Sequence[Graph]) -> bool:
    """Whether a condition is `truth` in all of the first graphs and in none of the others."""
    for wanted, several in ((truth, graphs), (not truth, others)):
        for graph in several:
            values = dict(graph.params)
            if not all(isinstance(values.get(name), int | float) for name in _names(tree)):
                return False
            if bool(_value(tree, values)) != wanted:
                return False
    return True


def _value(node: ast.expr, values: Values) -> object:
    if isinstance(node, ast.BoolOp):
        every = [bool(_value(v, values)) for v in node.values]
        return all(every) if isinstance(node.op, ast.And) else any(every)
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return not inner if isinstance(node.op, ast.Not) else -inner  # type: ignore[operator]
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, values), _value(node.right, values)
        return _BINARY[type(node.op)][1](left, right)  # type: ignore[arg-type]
    if isinstance(node, ast.Compare):
        left, right = _value(node.left, values), _value(node.comparators[0], values)
        return _COMPARE[type(node.ops[0])][1](left, right)
    return node.value if isinstance(node, ast.Constant) else values[node.id]  # type: ignore[attr-defined]


def _negated(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _TURNED:
        return ast.Compare(node.left, [_TURNED[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return ast.UnaryOp(ast.Not(), node)


def _text(tree: ast.expr, params: Mapping[str, Param]) -> str:
    """The condition with the names of the constructor."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = params[node.id].name
    return _spelt(tree)


def _spelt(node: ast.expr, least: int = 0) -> str:
    """A plain condition as Python, in brackets where it binds less tightly than `least`."""
    if isinstance(node, ast.BoolOp):
        word, level = ("and", 2) if isinstance(node.op, ast.And) else ("or", 1)
        text = f" {word} ".join(_spelt(value, level + 1) for value in node.values)
    elif isinstance(node, ast.UnaryOp):
        is_not = isinstance(node.op, ast.Not)
        word, level = ("not ", 3) if is_not else ("-", 7)
        text = word + _spelt(node.operand, level)
    elif isinstance(node, ast.Compare):
        left, right = (_spelt(side, 5) for side in (node.left, node.comparators[0]))
        text, level = f"{left} {_COMPARE[type(node.ops[0])][0]} {right}", 4
    elif isinstance(node, ast.BinOp):
        level = 5 if isinstance(node.op, ast.Add | ast.Sub) else 6
        left, right = _spelt(node.left, level), _spelt(node.right, level + 1)
        text = f"{left} {_BINARY[type(node.op)][0]} {right}"
    else:
        level = 8
        text = repr(node.value) if isinstance(node, ast.Constant) else node.id  # type: ignore[attr-defined]
    return f"({text})" if level < least else text


_LOOP = re.compile(r"for \w+ in range\((.*)\):(?:\n.*)*")


def _no_turn(loop: str, values: Values) -> bool:
    """Whether a statement is a loop that makes no turn with these values."""
    found = _LOOP.fullmatch(loop)
    if not found:
        return False
    ends = [ast.parse(text.strip(), mode="eval").body for text in found[1].split(",")]
    for tree in ends:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                return _no_turn(loop.replace("self.", "self_"), _underscored(values))
    if not all(_is_plain(tree) for tree in ends):
        return False
    if not all(isinstance(values.get(n), int) for tree in ends for n in _names(tree)):
        return False
    numbers = [_value(tree, values) for tree in ends]
    start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    return stop <= start  # type: ignore[operator,no-any-return]


def _underscored(values: Values) -> Values:
    return {name.replace("self.", "self_"): value for name, value in values.items()}
