"""What the parser alone makes of a text: its mistakes, and a tree in the language's own words.

Chapters `syntax*.md` show both. In the tree every operation has its parentheses and every statement
ends with `;`, so that precedence and line ends can be seen.
`python -m tests.language.trees FILE.md` writes the outcomes of a chapter anew: read the difference.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from nnc.diagnostics import Diagnostic
from nnc.record import Record
from nnc.source import Source
from nnc.syntax import ast
from nnc.syntax.parser import parse


def outcome(text: str) -> str:
    """The mistakes of a text, and what was understood."""
    file, diagnostics = parse(Source("spec.nn", text))
    lines = [line for d in diagnostics for line in _mistake(d)]
    return "\n".join([*lines, *(tree(d) for d in file.declarations)])


def _mistake(d: Diagnostic) -> list[str]:
    line, column = d.span.source.position(d.span.start)
    lines = [f"{line}:{column} {d.code} {d.message}"]
    lines += [f"  {label.span.line}: {label.text}" for label in d.labels[1:] if label.text]
    if d.help:
        lines.append(f"  help: {d.help}")
    if d.fix:
        lines.append(f"  fix: {d.fix.span.text!r} -> {d.fix.text!r}")
    return lines


def rewritten(chapter: str) -> str:
    """The chapter with each outcome as it is now."""
    return re.sub(
        r"(```nn\n(.*?)```\n\n```text\n).*?```",
        lambda m: f"{m[1]}{outcome(m[2])}\n```",
        chapter,
        flags=re.DOTALL,
    )


def tree(node: object) -> str:
    """A node in the language's words."""
    match node:
        case None:
            return ""
        case tuple():
            return ", ".join(tree(item) for item in node)
        case ast.Body():
            return "{ " + "".join(f"{tree(s)}; " for s in node.statements) + "}"
        case ast.Settings():
            return "{ " + "".join(f"{tree(s)}; " for s in node.settings) + "}"
        case ast.Network() | ast.Block() | ast.Gan() | ast.Player() | ast.Train() | ast.Data():
            return _declaration(node)
        case ast.Ident() | ast.Ref():
            return node.text
        case Record():
            return _statement(node)
    raise TypeError(f"{node!r}")


def _declaration(node: Record) -> str:
    match node:
        case ast.Network():
            return f"network {node.name.text}{_params(node.params)} {tree(node.body)}"
        case ast.Block():
            pattern = f": {tree(node.pattern)}" if node.pattern else ""
            return f"block {node.name.text}{_params(node.params)}{pattern} {tree(node.body)}"
        case ast.Gan():
            items = "".join(f"{tree(item)}; " for item in node.items)
            return f"gan {node.name.text}{_params(node.params)} {{ {items}}}"
        case ast.Player():
            made = tree(node.body) if node.body else f"= {tree(node.call)}"
            return " ".join(filter(None, [node.role.text, tree(node.name), made]))
        case ast.Train():
            name = f" as {node.name.text}" if node.name else ""
            return f"train {node.network.text}{name} {tree(node.settings)}"
        case ast.Data():
            settings = f" {tree(node.settings)}" if node.settings else ""
            return f"data {node.name.text} = {tree(node.source)}{settings}"
    raise TypeError(f"{node!r}")


def _params(params: tuple[ast.Param, ...]) -> str:
    return f"({tree(params)})" if params else ""


def _statement(node: Record) -> str:
    match node:
        case ast.Export():
            return f"export {node.network.text} {tree(node.settings)}"
        case ast.Use():
            return f"use {tree(node.what)}"
        case ast.FileParam():
            return f"param {node.name.text} = {tree(node.value)}"
        case ast.Let():
            return f"let {tree(node.names)} = {tree(node.value)}"
        case ast.Defaults():
            return "defaults { " + "".join(f"{tree(call)}; " for call in node.calls) + "}"
        case ast.Setting():
            said = [tree(node.name), node.op, tree(node.values)]
            said += ["on " + tree(node.selectors)] if node.selectors else []
            return " ".join(filter(None, [*said, tree(node.block)]))
        case ast.SourceDecl():
            padded = " padded" if node.padded else ""
            init = f" = {tree(node.init)}" if node.init else ""
            return f"{node.kind.text} {tree(node.names)}: {tree(node.type)}{padded}{init}"
        case ast.Output():
            return f"output {tree(node.name)}" + (f": {tree(node.type)}" if node.type else "")
        case ast.From():
            marks = "".join(f" {tree(mark)}" for mark in node.marks)
            return f"from {tree(node.values)}{marks}" + "".join(
                f" -> {tree(x)}" for x in node.links
            )
        case ast.Named():
            return tree(node.mark) + "".join(f" -> {tree(x)}" for x in node.links)
        case ast.Chain():
            return " -> ".join(tree(link) for link in node.links)
        case ast.Link():
            return tree(node.step) + "".join(f" {tree(mark)}" for mark in node.marks)
        case ast.Shared():
            return f"shared {node.name.text} = {tree(node.step)}"
        case ast.Next():
            return f"next {node.name.text} = {tree(node.value)}"
        case ast.Budget():
            return f"budget {tree(node.settings)}"
        case ast.Path():
            return f"path {tree(node.body)}"
    return _part(node)


def _part(node: Record) -> str:
    match node:
        case ast.Step():
            args = "" if node.args is None else f"({tree(node.args)})"
            return f"{node.name.text}{args}" + (f" {tree(node.body)}" if node.body else "")
        case ast.Repeat():
            return f"repeat {tree(node.count)} {tree(node.body)}"
        case ast.For():
            return f"for {tree(node.names)} in {tree(node.over)} {tree(node.body)}"
        case ast.If():
            other = f" else {tree(node.otherwise)}" if node.otherwise else ""
            return f"if {tree(node.condition)} {tree(node.body)}{other}"
        case ast.As():
            return f"as {tree(node.names)}"
        case ast.Claim():
            return f": {tree(node.type)}"
        case ast.LabelName():
            return node.name.text + (f"[{tree(node.index)}]" if node.index else "")
        case ast.Type():
            return f"{node.kind}[{tree(node.dims)}]"
        case ast.Rest():
            return "..."
        case ast.Param():
            type_ = f": {tree(node.type)}" if node.type else ""
            return node.name.text + type_ + (f"={tree(node.default)}" if node.default else "")
        case ast.Call():
            return f"{node.name.text}({tree(node.args)})"
        case ast.Arg():
            return f"{node.name.text}={tree(node.value)}" if node.name else tree(node.value)
    return _expression(node)


def _expression(node: Record) -> str:
    match node:
        case ast.Number():
            # `20B` would be twenty billion: bytes are told in thousands.
            in_bytes = node.unit == "B"
            return f"{node.value // 1000}KB" if in_bytes else f"{node.value}{node.unit}"
        case ast.Kernel():
            return "x".join(str(size) for size in node.sizes)
        case ast.String():
            return f'"{node.value}"'
        case ast.Bool():
            return str(node.value).lower()
        case ast.Index():
            return f"{tree(node.base)}[{tree(node.items)}]"
        case ast.Slice():
            return f"{tree(node.start)}:{tree(node.stop)}"
        case ast.Tuple():
            return f"({tree(node.items)},)"
        case ast.List():
            return f"[{tree(node.items)}]"
        case ast.Unary():
            return f"({node.op} {tree(node.operand)})"
        case ast.Binary():
            return f"({tree(node.left)} {node.op} {tree(node.right)})"
        case ast.Choice():
            parts = (node.then, node.condition, node.otherwise)
            return "({} if {} else {})".format(*(tree(part) for part in parts))
        case ast.Range():
            return f"({tree(node.start)} .. {tree(node.stop)})"
    raise TypeError(f"{node!r}")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(rewritten(path.read_text("utf-8")), "utf-8")
