"""One text of a spec and the files that it uses: what it needs of them stands at its end.

What a file says for its own text alone (parameters, `let`, defaults) goes into each of its
declarations that is taken, so that the text means what the files meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnc.check.blocks.passing import nodes
from nnc.check.formulas.values import Value
from nnc.check.world import Home, World
from nnc.ir.dims import Poly, show
from nnc.source import Span
from nnc.syntax import ast

Edits = list[tuple[Span, str]]


def flattened(world: World, files: tuple[ast.File, ...], edits: Edits) -> str:
    """The text of the spec with what it uses.

    Args:
        edits: of all texts, such as numbers of data written in.
    """
    first, edits = files[0], list(edits)
    taken = [d for file in files[1:] for d in file.declarations if _taken(world, d)]
    for d in first.declarations:
        if isinstance(d, ast.Use):
            edits.append((_line(d.span), ""))
    if taken:
        _push_defaults(first, edits)
    for d in taken:
        _at_home(world.home(d.span), d, edits)
    whole = Span(first.source, 0, len(first.source.text))
    texts = [edited(whole, edits)]
    if taken and not texts[0].endswith("\n"):
        texts.append("\n")
    texts += [f"\n{edited(_with_comment(d.span), edits)}\n" for d in taken]
    return "".join(texts)


def edited(span: Span, edits: Edits) -> str:
    """The text of a span after the edits inside it."""
    inside = dict.fromkeys(  # the defaults of a file are edited for each block that takes them
        (s, t)
        for s, t in edits
        if s.source is span.source and span.start <= s.start and s.end <= span.end
    )
    text, shift = span.text, span.start
    for s, new in sorted(inside, key=lambda e: (-e[0].start, -e[0].end)):
        text = text[: s.start - shift] + new + text[s.end - shift :]
    return text


def _taken(world: World, d: ast.Declaration) -> bool:
    if isinstance(d, ast.Block):
        return d.name.text in world.called
    names = {*world.networks, *world.played}
    return isinstance(d, ast.Network) and d.name.text in names


def _line(span: Span) -> Span:
    """A declaration with its line's end, where it stands alone on it."""
    text = span.source.text
    end = span.end
    while end < len(text) and text[end] in " \t;\r":
        end += 1
    alone = not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip()
    if alone and end < len(text) and text[end] == "\n":
        end += 1
    return Span(span.source, span.start, end)


def _with_comment(span: Span) -> Span:
    """A declaration with the comment lines right above it."""
    text, start = span.source.text, span.start
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above : start - 1].lstrip().startswith("#"):
            break
        start = above
    return Span(span.source, start, span.end)


def _push_defaults(file: ast.File, edits: Edits) -> None:
    """Moves the defaults of the spec itself into its blocks, networks and players."""
    stated = [d for d in file.declarations if isinstance(d, ast.Defaults)]
    if not stated:
        return
    said = " ".join(f"{edited(d.span, edits)};" for d in stated)
    for d in file.declarations:
        if isinstance(d, (ast.Block, ast.Network)):
            _begin(d.body, said, edits)
        elif isinstance(d, ast.Gan):
            for item in d.items:
                if isinstance(item, ast.Player) and item.body is not None:
                    _begin(item.body, said, edits)
    edits.extend((_line(d.span), "") for d in stated)


def _begin(body: ast.Body, text: str, edits: Edits) -> None:
    """Puts statements before the first of a body."""
    if body.statements and text:
        start = body.statements[0].span.start
        edits.append((Span(body.span.source, start, start), f"{text} "))


def _at_home(home: Home, d: ast.Declaration, edits: Edits) -> None:
    """Writes what a declaration takes from its file into it."""
    assert isinstance(d, (ast.Block, ast.Network))
    stated = [s for s in home.file.declarations if isinstance(s, ast.Defaults)]
    for part in (*d.params, *(d.pattern if isinstance(d, ast.Block) else ()), *stated):
        for ref in _refs(part):
            entry = home.scope.names.get(ref.names[0].text)
            if entry is not None:
                edits.append((ref.span, _literal(entry.value)))
    own = {p.name.text for p in d.params} | set(_declared(d))
    read = dict.fromkeys(ref.names[0].text for ref in _refs(d.body))
    lets = [
        f"let {name} = {_literal(home.scope.names[name].value)};"
        for name in read
        if name in home.scope.names and name not in own
    ]
    _begin(d.body, " ".join([*lets, *(f"{edited(s.span, edits)};" for s in stated)]), edits)


def _refs(node: object) -> Iterator[ast.Ref]:
    return (one for one in nodes(node) if isinstance(one, ast.Ref) and len(one.names) == 1)


def _declared(d: ast.Block | ast.Network) -> Iterator[str]:
    """Names that a declaration makes."""
    for one in nodes(d):
        if isinstance(one, (ast.Let, ast.For, ast.SourceDecl)):
            yield from (name.text for name in one.names)
        elif isinstance(one, (ast.LabelName, ast.Shared)):
            yield one.name.text
        elif isinstance(one, ast.Type):
            yield from (ref.text for ref in _refs(one.dims) if ref.text[:1].isupper())


def _literal(value: Value) -> str:
    """A static value as a `.nn` text has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Poly):
        return f"({show(value)})"
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(v) for v in value)}]"
    if isinstance(value, range):
        return f"({value.start}..{value.stop})"
    return f"({value})" if str(value).startswith("-") else str(value)
