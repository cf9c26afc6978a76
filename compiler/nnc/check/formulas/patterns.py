"""Lists of named axes: `rearrange([(g, c), H, W], [(c, g), H, W], g=2)`.

Their names are axes and no labels. Where one is in reach as a number (a parameter, a bound size, a
`let`) the axis has that size; an argument by name says it for this step alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnc.check.formulas.expressions import Numbers
from nnc.check.formulas.values import UNKNOWN, Unknown, is_whole, written
from nnc.check.rules import OUT_OF_RANGE, UNKNOWN_ARGUMENT, WRONG_KIND
from nnc.check.scope import Scope
from nnc.diagnostics import Diagnostic, Fix, Label, nearest, rule
from nnc.ir.arguments import REST, Axes
from nnc.ir.dims import Dim
from nnc.source import Span
from nnc.syntax import ast

BAD_AXES = rule(
    "NN220",
    "bad-axes",
    """
`rearrange` takes two lists of axes: those of the value that comes, and those that it has then. An
axis is a name; `(g, c)` is an axis composed of two, of which the first counts slowly; `1` is an
axis of one number; `...` is all axes that are not named. The batch is left out, as everywhere.
""",
)
AXIS_SIDES = rule(
    "NN221",
    "axis-of-one-side",
    """
`rearrange` moves numbers and neither drops nor repeats any, so both lists hold the same names.
""",
)
AXIS_TWICE = rule(
    "NN222",
    "axis-named-twice",
    """
A list of axes names each axis once.
""",
)
AXIS_SIZES = rule(
    "NN223",
    "axis-sizes-open",
    """
The size of a composed axis is the product of its parts. One unknown part follows from the others;
the others are numbers: in reach by that name (a bound size, a parameter, a `let`), or given behind
the lists, `rearrange([(g, c), H, W], [(c, g), H, W], g=2)`.
""",
)

Names = list[tuple[str, Span]]


def axes(e: ast.Expr, numbers: Numbers) -> Axes | Unknown:
    """The names of each axis as written; nothing is looked up."""
    if not isinstance(e, ast.List):
        return numbers.say(_no_list(e))
    found: list[tuple[str, ...]] = []
    for item in e.items:
        if isinstance(item, ast.Number) and item.value == 1:
            found.append(())
            continue
        names = _axis(item)
        if names is None:
            return numbers.say(_no_axis(item))
        found.append(tuple(name for name, _ in names))
    return tuple(found)


def places(name: str, e: ast.Expr) -> dict[str, Span]:
    """Where each axis stands: `before[0]`."""
    items = e.items if isinstance(e, ast.List) else ()
    return {f"{name}[{i}]": item.span for i, item in enumerate(items)}


def axis_sizes(
    sides: list[ast.Expr],
    given: dict[str, ast.Arg],
    scope: Scope,
    numbers: Numbers,
) -> tuple[tuple[str, Dim], ...] | Unknown:
    """The sizes that are known of the axes in two lists, by name.

    Args:
        sides: the lists as written, that of the value that comes first.
        given: the arguments that are named after an axis.
    """
    left, right = (list(_all_names(e)) for e in sides)
    if not (_once(left, numbers) and _once(right, numbers) and _same(left, right, numbers)):
        return UNKNOWN
    known = {name for name, _ in left}
    sizes: dict[str, Dim] = {}
    for name, arg in given.items():
        if name not in known or name == REST:
            return numbers.say(_no_such_axis(arg, sorted(known - {REST})))
        size = _given_size(name, arg, scope, numbers)
        if isinstance(size, Unknown):
            return UNKNOWN
        sizes[name] = size
    for name, _ in left:
        entry = scope.find(name) if name not in sizes else None
        if entry is not None and isinstance(entry.value, Unknown):
            return UNKNOWN
        if entry is not None and is_whole(entry.value):
            sizes[name] = entry.value
    return tuple(sizes.items()) if _solvable(sides[0], sizes, numbers) else UNKNOWN


def _axis(item: ast.Expr) -> Names | None:
    """The names of one axis with their places; None for what is no axis."""
    if isinstance(item, ast.Rest):
        return [(REST, item.span)]
    parts = item.items if isinstance(item, ast.Tuple) else (item,)
    names: Names = []
    for part in parts:
        if not isinstance(part, ast.Ref) or len(part.names) > 1:
            return None
        names.append((part.text, part.span))
    return names


def _all_names(e: ast.Expr) -> Iterator[tuple[str, Span]]:
    assert isinstance(e, ast.List)
    for item in e.items:
        yield from _axis(item) or ()


def _no_list(e: ast.Expr) -> Diagnostic:
    help = "name its axes without the batch: `rearrange([t, c], [c, t])`"
    if isinstance(e, ast.String):
        made = _translated(e.value)
        help = f"write `rearrange({made})`; the batch is not named" if made else help
    return BAD_AXES.at(
        e.span, "axes are a list of names in brackets", label="this is none", help=help
    )


def _translated(text: str) -> str:
    """An einops pattern in nnc's form, without its batch axis; empty where it is none."""
    sides = text.replace("(", " ( ").replace(")", " ) ").split("->")
    if len(sides) != 2:
        return ""
    made = []
    for side in sides:
        words = side.split()[1:]  # the batch
        inside = ", ".join(words).replace("(, ", "(").replace(", )", ")")
        made.append(f"[{inside}]")
    return ", ".join(made)


def _no_axis(item: ast.Expr) -> Diagnostic:
    help = "an axis is a name, several in parentheses, `1`, or `...`"
    if isinstance(item, ast.Number):
        help = f"give the axis a name, and the size to the name: `[h, w], .., h={item.span.text}`"
    elif isinstance(item, ast.Tuple) and any(isinstance(i, ast.Tuple) for i in item.items):
        help = "parentheses do not stand within each other here"
    elif isinstance(item, ast.Binary):
        help = "a product of axes is written `(a, b)`, the outer one first"
    return BAD_AXES.at(item.span, "this is no axis", help=help)


def _once(names: Names, numbers: Numbers) -> bool:
    """Each name stands once on a side."""
    seen: dict[str, Span] = {}
    for name, span in names:
        if name in seen:
            numbers.say(
                AXIS_TWICE.at(
                    span,
                    f"the axis `{name}` stands twice on this side",
                    others=(Label(seen[name], "the first"),),
                    help="give each axis its own name"
                    if name != REST
                    else "`...` stands once: it is all axes that are not named",
                )
            )
            return False
        seen[name] = span
    return True


def _same(left: Names, right: Names, numbers: Numbers) -> bool:
    """Both sides have the same names."""
    sides = {name for name, _ in left}, {name for name, _ in right}
    for names, other, side in ((left, sides[1], "second"), (right, sides[0], "first")):
        missing = [(name, span) for name, span in names if name not in other]
        if not missing:
            continue
        name, span = missing[0]
        mine = sides[0] if side == "second" else sides[1]
        guess = nearest(name, tuple(sorted(other - mine)))
        numbers.say(
            AXIS_SIDES.at(
                span,
                f"the axis `{name}` is missing in the {side} list",
                label="" if len(missing) == 1 else "and so are others",
                help=f"did you mean `{guess}`?"
                if guess
                else "to drop an axis use `mean`, `max` or an index; to repeat one, `expand`",
                fix=Fix(span, guess) if guess else None,
            )
        )
        return False
    return True


def _no_such_axis(arg: ast.Arg, axes: list[str]) -> Diagnostic:
    assert arg.name is not None
    guess = nearest(arg.name.text, tuple(axes))
    listed = ", ".join(f"`{name}`" for name in axes)
    return UNKNOWN_ARGUMENT.at(
        arg.name.span,
        f"no axis is called `{arg.name.text}`",
        help=f"did you mean `{guess}`?" if guess else f"there are {listed}",
        fix=Fix(arg.name.span, guess) if guess else None,
    )


def _given_size(name: str, arg: ast.Arg, scope: Scope, numbers: Numbers) -> Dim | Unknown:
    value = numbers.value(arg.value, scope)
    if isinstance(value, Unknown):
        return UNKNOWN
    if not is_whole(value):
        return numbers.say(
            WRONG_KIND.at(
                arg.value.span, f"`{name}` takes a whole number", label=f"this is {written(value)}"
            )
        )
    if isinstance(value, int) and value < 1:
        return numbers.say(OUT_OF_RANGE.at(arg.value.span, f"`{name}` is at least 1"))
    return value


def _solvable(e: ast.Expr, sizes: dict[str, Dim], numbers: Numbers) -> bool:
    """At most one size of each composed axis is open."""
    assert isinstance(e, ast.List)
    for item in e.items:
        names = _axis(item) or []
        if any(name == REST for name, _ in names) and len(names) > 1:
            numbers.say(_no_axis(item))
            return False
        open_ = [(name, span) for name, span in names if name not in sizes]
        if len(open_) > 1:
            (a, _), (b, span) = open_[:2]
            numbers.say(
                AXIS_SIZES.at(
                    span,
                    f"the sizes of `{a}` and `{b}` are both open",
                    label="one size follows from the others, not two",
                    help=f"say all but one: `{b}=2` behind the lists",
                )
            )
            return False
    return True
