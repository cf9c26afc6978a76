"""What to say of a name that nothing declares: a habit, an ended label, a step, a misspelling."""

from __future__ import annotations

import re

from nnc.check.rules import (
    BAD_OPERATION,
    ENDED_LABEL,
    STEP_AS_VALUE,
    UNKNOWN_ATTRIBUTE,
    UNKNOWN_NAME,
)
from nnc.check.scope import Scope
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.source import Span
from nnc.syntax import ast

HABITS = {
    "True": "true", "TRUE": "true", "yes": "true", "on": "true",
    "False": "false", "FALSE": "false", "no": "false", "off": "false",
    "None": "", "null": "", "nil": "",
}  # fmt: skip


def _same_body(span: Span, later: int) -> bool:
    """Whether a later place stands in the same declaration, as far as braces tell."""
    depth = 0
    for sign in re.finditer(r"[{}]|#[^\n]*", span.source.text[span.end : later]):
        depth += {"{": 1, "}": -1}.get(sign[0], 0)
        if depth < 0 and span.source.text[span.end + sign.end() :][:1] == "\n":
            following = span.source.text[span.end + sign.end() :].lstrip("\n")
            if following[:1] not in (" ", "\t", "}"):
                return False
    return True


def _habit(e: ast.Ref, name: str) -> Diagnostic:
    right = HABITS[name]
    return UNKNOWN_NAME.at(
        e.span,
        f"`{name}` is written `{right}` here" if right else f"there is no `{name}` here",
        help=f"write `{right}`" if right else "leave the argument out for its default",
        fix=Fix(e.span, right) if right else None,
    )


def _made_later(e: ast.Ref) -> Span | None:
    """Where the same body makes a label of this name after it is read."""
    name = e.names[0].text
    if len(name) > 80:
        return None
    form = rf"\bas\s+(?:\w+\s*,\s*)*({re.escape(name)})\b"
    found = re.compile(form).search(e.span.source.text, e.span.end)
    if found is None or not _same_body(e.span, found.start(1)):
        return None
    return Span(e.span.source, found.start(1), found.end(1))


def unknown_name(
    e: ast.Ref,
    scope: Scope,
    options: tuple[str, ...],
    steps: list[str],
    data: frozenset[str] = frozenset(),
) -> Diagnostic:
    """Reports a name that nothing declares, as helpfully as it can."""
    name = e.names[0].text
    if name in HABITS:
        return _habit(e, name)
    ended = scope.root.ended.get(name)
    if ended is not None:
        return ENDED_LABEL.at(
            e.span,
            f"the label `{name}` ended with its {ended.inside}",
            others=(Label(ended.span, f"made here, inside this {ended.inside}"),),
            help=f"keep the values of a loop as a family: `as {name}[i]`"
            if ended.inside == "loop"
            else f"label what the whole `{ended.inside}` gives: `}} as {name}`",
        )
    later = _made_later(e)
    if later is not None:
        return UNKNOWN_NAME.at(
            e.span,
            f"`{name}` is not made yet here",
            others=(Label(later, "it is made here, later"),),
            help="a value is read after the step that makes it: move one of the two",
        )
    if name in steps:
        return _step_as_value(e, scope)
    if name in data:
        return STEP_AS_VALUE.at(
            e.span,
            f"`{name}` is data; a value is wanted here",
            help=f"the numbers of data are such as `{name}.classes`",
        )
    known = [*options, *scope.words()]
    guess = nearest(name, known)
    hint = f"did you mean `{guess}`?" if guess else _hint(name, options)
    return UNKNOWN_NAME.at(
        e.span,
        f"nothing here is called `{name}`",
        help=hint,
        fix=Fix(e.span, guess) if guess else None,
    )


def _hint(name: str, options: tuple[str, ...]) -> str:
    """What to write for a word that is like no other."""
    if options:
        return "options: " + ", ".join(f"`{o}`" for o in options)
    if name in ("training", "is_training", "train", "eval"):
        return "layers know by themselves whether the network trains: leave the `if` out"
    if re.fullmatch(r"[A-Z]\w?", name):
        return f"a size is named where values come in: `input x: [{name}, H, W]`; or write a number"
    return ""


def _step_as_value(e: ast.Ref, scope: Scope) -> Diagnostic:
    """A step where a value is wanted; perhaps a label in the other case is meant."""
    alike = next((w for w in scope.words() if w.lower() == e.text.lower() and w != e.text), "")
    return STEP_AS_VALUE.at(
        e.span,
        f"`{e.text}` is a step; a value is wanted here",
        help=f"did you mean `{alike}`?" if alike else "",
        fix=Fix(e.span, alike) if alike else None,
    )


def python_call(e: ast.Call) -> Diagnostic:
    """`range(3)` and other functions of Python."""
    texts = [arg.span.text for arg in e.args]
    made = "//" if e.name.text == "int" else ""
    if e.name.text == "enumerate" and len(e.args) == 1 and isinstance(e.args[0].value, ast.List):
        rows = [f"({at}, {i.span.text})" for at, i in enumerate(e.args[0].value.items)]
        made = f"[{', '.join(rows)}]"
    if e.name.text == "range" and 0 < len(texts) < 3:
        made = "..".join(texts if len(texts) == 2 else ["0", *texts])
    return BAD_OPERATION.at(
        e.span,
        f"there is no `{e.name.text}` here",
        help="`//` divides and rounds down" if made == "//" else f"write `{made}`" if made else "",
        fix=Fix(e.span, made) if made and made != "//" else None,
    )


def no_data(e: ast.Ref, rest: str, local: bool) -> Diagnostic:
    """`image.shape` of a value, where `local`, or a number of data that there are not."""
    name = e.names[0].text
    if local:
        help = "sizes are named in types: `input image: [C, H, W]`, then `C`"
        return UNKNOWN_NAME.at(e.span, f"`{name}` is no data, and has no `{rest}`", help=help)
    help = f'declare it: data {name} = bundled("mnist5k")'
    return UNKNOWN_NAME.at(e.names[0].span, f"no data is called `{name}`", help=help)


def no_number(e: ast.Ref, rest: str, said: str) -> Diagnostic:
    """A number that data do not give; `said` lists those that they do."""
    span = e.names[1].span.to(e.names[-1].span)
    start = f"`{e.names[0].text}."
    offered = [part.split("`")[0] for part in said.split(start)[1:]]
    guess = nearest(rest, offered)
    return UNKNOWN_ATTRIBUTE.at(
        span,
        said,
        help=f"did you mean {start}{guess}`?" if guess else "",
        fix=Fix(span, guess) if guess else None,
    )
