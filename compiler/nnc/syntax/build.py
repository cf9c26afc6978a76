"""Rules of the grammar to nodes of the syntax tree: one function a rule.

Children are nodes, `Ident`s of words and signs, lists, or None for a part that is absent. What a
rule of the grammar cannot say (an argument by position after a named one) is judged by `judge.py`
on the finished nodes.
"""

from __future__ import annotations

from typing import Any

from nnc.record import Record
from nnc.source import Span
from nnc.syntax import ast
from nnc.syntax.machine import Action

Children = list[Any]


def dropped(statement: object) -> bool:
    """Whether a statement stands for one that could not be read: its step has no name."""
    return (
        isinstance(statement, ast.Chain)
        and isinstance(step := statement.links[0].step, ast.Step)
        and not step.name.text
    )


def _same(span: Span, children: Children) -> object:
    return tuple(children)


def _doc(span: Span, body: Span | None) -> str:
    """The comment lines right above a declaration, or the comment behind its opening brace."""
    text = span.source.text
    lines: list[str] = []
    end = text.rfind("\n", 0, span.start)
    if text[end + 1 : span.start].strip(" \t\r;"):
        end = -1  # what is above belongs to another declaration on the line
    while end >= 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end].strip()
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
        end = start - 1
    if lines or body is None:
        return "\n".join(reversed(lines)).strip()
    stop = text.find("\n", body.start)
    beside = text[body.start + 1 : stop if stop >= 0 else len(text)].strip()
    return beside.lstrip("#").strip() if beside.startswith("#") else ""


def file_doc(text: str) -> str:
    """The comment at the top of a text."""
    lines = []
    at = len(text) - len(text.lstrip())
    while at < len(text):
        stop = text.find("\n", at)
        line = text[at : stop if stop >= 0 else len(text)].strip()
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
        at = stop + 1 if stop >= 0 else len(text)
    return "\n".join(lines).strip()


# --- declarations ---------------------------------------------------------------------------------


def _file(span: Span, children: Children) -> object:
    return tuple(child for child in children if _named(child))


def _named(declaration: object) -> bool:
    """Whether a declaration has a name, or needs none; the others were reported."""
    name = getattr(declaration, "network", None) or getattr(declaration, "name", None)
    return not isinstance(name, ast.Ident) or name.text != ""


def _defaults(span: Span, children: Children) -> object:
    return ast.Defaults(span, tuple(children))


def _block(span: Span, children: Children) -> object:
    name, params, pattern, body = children
    return ast.Block(span, name, params or (), pattern or (), body, _doc(span, body.span))


def _network(span: Span, children: Children) -> object:
    name, params, body = children
    return ast.Network(span, name, params or (), body, _doc(span, body.span))


def _gan(span: Span, children: Children) -> object:
    name, params, items = children
    return ast.Gan(span, name, params or (), items, _doc(span, None))


def _built_player(span: Span, children: Children) -> object:
    role, name, body = children
    return ast.Player(span, role, name, body, None)


def _called_player(span: Span, children: Children) -> object:
    role, name, call = children
    return ast.Player(span, role, name, None, call)


# --- settings -------------------------------------------------------------------------------------


def _settings(span: Span, children: Children) -> object:
    return ast.Settings(span, tuple(child for child in children if not _nameless(child)))


def _nameless(setting: object) -> bool:
    """Whether a setting stands for one that could not be read."""
    return isinstance(setting, ast.Setting) and not setting.name.text


def _setting(span: Span, children: Children) -> object:
    name, op, values, selectors, block = children
    return ast.Setting(span, name, op.text if op else "", values or (), selectors or (), block)


# --- statements -----------------------------------------------------------------------------------


def _body(span: Span, children: Children) -> object:
    return ast.Body(span, tuple(child for child in children if not dropped(child)))


def _source(span: Span, children: Children) -> object:
    kind, names, type_, padded, init = children
    return ast.SourceDecl(span, kind, names, type_, padded is not None, init)


def _from(span: Span, children: Children) -> object:
    values, marks, links = children
    return ast.From(span, values, marks or (), links or ())


def _head(span: Span, children: Children) -> object:
    mark, links = children
    return ast.Named(span, mark, links or ())


def _chain(span: Span, children: Children) -> object:
    return ast.Chain(span, tuple(children))


def _link(span: Span, children: Children) -> object:
    return ast.Link(span, children[0], children[1] or ())


def _as(span: Span, children: Children) -> object:
    return ast.As(span, tuple(children))


def _label(span: Span, children: Children) -> object:
    return ast.LabelName(span, children[0], children[1] or ())


def _type(span: Span, children: Children) -> object:
    return ast.Type(span, children[0].text if children[0] else "", tuple(children[1:]))


def _rest(span: Span, children: Children) -> object:
    return ast.Rest(span)


# --- expressions ----------------------------------------------------------------------------------


def _call(span: Span, children: Children) -> object:
    return ast.Call(span, children[0], children[1] or ())


def _binary(span: Span, children: Children) -> object:
    left, op, right = children
    return ast.Binary(span, op.text, op.span, left, right)


def _unary(span: Span, children: Children) -> object:
    return ast.Unary(span, children[0].text, children[1])


def _truth(span: Span, children: Children) -> object:
    return ast.Bool(span, children[0].text == "true")


def _ref(span: Span, children: Children) -> object:
    return ast.Ref(span, tuple(children))


def _index(span: Span, children: Children) -> object:
    return ast.Index(span, children[0], tuple(children[1:]))


def _tuple(span: Span, children: Children) -> object:
    return ast.Tuple(span, tuple(children))


def _list(span: Span, children: Children) -> object:
    return ast.List(span, tuple(children))


_LISTS = ("pattern", "params", "players", "values", "selectors", "links", "marks", "names", "args")

# Rules whose children are the fields of a node.
_NODES: dict[str, type[Record]] = {
    "data": ast.Data,
    "train": ast.Train,
    "export": ast.Export,
    "parameter": ast.Param,
    "output": ast.Output,
    "shared": ast.Shared,
    "next": ast.Next,
    "step": ast.Step,
    "repeat": ast.Repeat,
    "for": ast.For,
    "if": ast.If,
    "param": ast.FileParam,
    "let": ast.Let,
    "arg": ast.Arg,
    "choice": ast.Choice,
    "range_of": ast.Range,
    "slice": ast.Slice,
    "use": ast.Use,
    "budget": ast.Budget,
    "path": ast.Path,
    "claim": ast.Claim,
}


def _straight(node: type[Record]) -> Action:
    return lambda span, children: node(span, *children)


ACTIONS: dict[str, Action] = {
    "file": _file,
    "defaults": _defaults,
    "block": _block,
    "network": _network,
    "gan": _gan,
    "built_player": _built_player,
    "called_player": _called_player,
    "settings": _settings,
    "setting": _setting,
    "body": _body,
    "source": _source,
    "from": _from,
    "named": _head,
    "chain": _chain,
    "link": _link,
    "as": _as,
    "label": _label,
    "type": _type,
    "rest": _rest,
    "call": _call,
    "function": _call,
    "binary": _binary,
    "unary": _unary,
    "truth": _truth,
    "ref": _ref,
    "index": _index,
    "tuple": _tuple,
    "list": _list,
    **dict.fromkeys(_LISTS, _same),
    **{name: _straight(node) for name, node in _NODES.items()},
}
