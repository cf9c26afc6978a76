"""Mistakes that a finished node shows: what the grammar takes and the language does not mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nnc.diagnostics import Diagnostic, Fix, Label
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast, rules
from nnc.syntax.build import ACTIONS
from nnc.syntax.machine import Action

DEPTH = 200


class Judge:
    """Looks at some of the nodes when they are built, and reports."""

    def __init__(self, report: Callable[[Diagnostic], None], noted: list[Diagnostic]) -> None:
        self.report = report
        self.noted = noted

    def actions(self) -> dict[str, Action]:
        """The functions that take the place of those of build.py."""
        return {
            "type": self._type,
            "args": self._args,
            "network": self._network,
            "output": self._output,
        }

    def _type(self, span: Span, children: list[Any]) -> object:
        kind, *dims = children
        meant: list[object] = []
        for dim in dims:
            if not isinstance(dim, ast.Kernel):
                meant.append(dim)
            else:
                sizes = ", ".join(str(size) for size in dim.sizes)
                meant += [ast.Number(dim.span, size, "") for size in dim.sizes]
                self.report(
                    rules.SHAPE.at(
                        dim.span,
                        f"`{dim.span.text}` is a kernel, not the sizes of a shape",
                        help=f"write `{sizes}`",
                        fix=Fix(dim.span, sizes),
                    )
                )
        return ACTIONS["type"](span, [kind, *meant])

    def _args(self, span: Span, children: list[Any]) -> object:
        named: ast.Arg | None = None
        for arg in children:
            if arg.name is not None:
                named = named or arg
            elif named is not None:
                if not any(span.start <= d.span.start <= span.end for d in self.noted):
                    self.report(_order(children, arg, named))
                break
        return tuple(children)

    def _output(self, span: Span, children: list[Any]) -> object:
        name, type_ = children
        assert isinstance(name, ast.LabelName)
        if type_ is None and name.index and name.span.text[len(name.name.text)] in " \t":
            gap = Span(span.source, name.name.span.end, name.span.end)
            shape = gap.text.strip()
            self.report(
                rules.SHAPE.at(
                    name.index[0].span,
                    "`:` is missing before the shape",
                    help=f"write `{name.name.text}: {shape}`",
                    fix=Fix(gap, f": {shape}"),
                )
            )
        return ACTIONS["output"](span, children)

    def _network(self, span: Span, children: list[Any]) -> object:
        made = ACTIONS["network"](span, children)
        assert isinstance(made, ast.Network)
        statements = made.body.statements
        if any(isinstance(s, ast.SourceDecl) and s.kind.text == "input" for s in statements):
            return made
        put_right: list[ast.Statement] = []
        for statement in statements:
            source = _forgotten_input(statement)
            if source is None:
                break
            put_right.append(source)
            self.report(
                rules.NO_INPUT.at(
                    source.names[0].span,
                    f"`input` is missing before `{source.names[0].text}`",
                    label="a step, but nothing flows here yet",
                    help=f"write `input {source.span.text.strip()}`",
                    fix=Fix(Span(span.source, source.span.start, source.span.start), "input "),
                )
            )
        if not put_right:
            return made
        body = replace(made.body, statements=(*put_right, *statements[len(put_right) :]))
        return replace(made, body=body)


# What counts as a level: these later stages walk by recursion. A chain of `else if` is a nest of
# blocks.
_LEVELS: dict[type[Record], int] = {
    ast.Binary: 1,
    ast.Unary: 1,
    ast.Choice: 1,
    ast.Range: 1,
    ast.Call: 1,
    ast.Index: 1,
    ast.Tuple: 1,
    ast.List: 1,
    ast.If: 3,
}


def depth(node: object) -> int:
    """How deep the parts of an expression are nested, bodies left aside."""
    deepest = 0
    waiting = [(node, 0)]
    while waiting:
        part, level = waiting.pop()
        if isinstance(part, (tuple, list)):
            inside: Iterable[object] = part
        elif isinstance(part, Record) and not isinstance(part, (ast.Body, ast.Settings)):
            level += _LEVELS.get(type(part), 0)
            deepest = max(deepest, level)
            inside = part.__dict__.values()
        else:
            continue
        for one in inside:
            if isinstance(one, _MANY) and type(one) not in _LEAVES:
                waiting.append((one, level))
    return deepest


_MANY = (tuple, list, Record)
_LEAVES = (Span, ast.Ident)
"""Parts with nothing inside: most of a long chain, and not looked into."""


def long_chain(node: object) -> bool:
    """Whether `1 + 1 + 1 ..` went on for too long: cheap, for statements that are not complete."""
    for _ in range(DEPTH):
        if not isinstance(node, ast.Binary):
            return False
        node = node.left
    return True


def _forgotten_input(statement: ast.Statement) -> ast.SourceDecl | None:
    """`image: [3, 8, 8]`, a step that claims at once, as the source that was meant."""
    if not isinstance(statement, ast.Chain) or len(statement.links) > 1:
        return None
    link = statement.links[0]
    step = link.step
    if not isinstance(step, ast.Step) or step.args is not None or step.body is not None:
        return None
    if len(link.marks) != 1 or not isinstance(link.marks[0], ast.Claim):
        return None
    kind = ast.Ident(step.span, "input")
    names = (step.name,)
    return ast.SourceDecl(statement.span, kind, names, link.marks[0].type, False, None)


def _order(args: list[ast.Arg], late: ast.Arg, named: ast.Arg) -> Diagnostic:
    by_place = [arg.span.text for arg in args if arg.name is None]
    by_name = [arg.span.text for arg in args if arg.name is not None]
    inside = args[0].span.to(args[-1].span)
    fix = Fix(inside, ", ".join(by_place + by_name)) if "#" not in inside.text else None
    return rules.ARGUMENT_ORDER.at(
        late.span,
        "an argument by position stands after one by name",
        others=(Label(named.span, "given by name"),),
        help="put it first, or give it by name as well",
        fix=fix,
    )
