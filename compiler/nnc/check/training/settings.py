"""Settings of a block: which there are, which are doubled, and their values."""

from __future__ import annotations

from collections.abc import Mapping

from nnc.check.foreign import settingwords
from nnc.check.formulas.values import Quantity, Unknown, is_integer, is_real
from nnc.check.overrides import Override, meant
from nnc.check.rules import LATER
from nnc.check.training import settinghelp
from nnc.check.training.training_rules import BAD_SETTING
from nnc.check.world import World
from nnc.diagnostics import Diagnostic, Refusal
from nnc.ir.arguments import Declared
from nnc.ir.gan import OBJECTIVES
from nnc.ir.training import OPTIMIZERS, SCHEDULES
from nnc.source import NOWHERE, Span
from nnc.syntax import ast

Found = dict[str, ast.Setting]


def collect(
    world: World,
    what: str,
    settings: ast.Settings | None,
    known: tuple[str, ...],
    planned: tuple[str, ...],
    several: tuple[str, ...] = (),
    selecting: dict[str, list[ast.Setting]] | None = None,
) -> Found:
    """The settings by name; unknown, doubled and planned ones are reported.

    Args:
        selecting: settings that may have `on WORDS`; gets those that do.
    """
    found: Found = {}
    world.doubted = set()
    chosen = {} if selecting is None else selecting
    written = settings.settings if settings is not None else ()
    others = frozenset(s.name.text for s in written if isinstance(s, ast.Setting))
    for setting in settings.settings if settings is not None else ():
        if isinstance(setting, ast.Let):
            world.sink.add(
                LATER.at(setting.span, "`let` among settings is planned; nnc 0.1 has none")
            )
            continue
        name = setting.name.text
        if name in planned:
            world.sink.add(LATER.at(setting.span, f"`{name}` is planned; nnc 0.1 has none"))
        elif name not in known:
            world.sink.add(settinghelp.unknown(setting, what, known, others))
            meant = settinghelp.guess(name, known)
            elsewhere = settingwords.ELSEWHERE.get(what, {}).get(name.lower())
            if meant and meant not in others and not elsewhere:
                if settinghelp.is_sure(name, meant):
                    found[meant] = setting  # so that it does not lack as well
                else:
                    world.doubted.add(meant)
        elif setting.block is not None:
            world.sink.add(settinghelp.in_braces(setting))
            world.doubted.add(name)
        elif setting.selectors and name not in chosen:
            world.sink.add(_no_selection(setting, tuple(chosen)))
            found[name] = setting
        elif setting.selectors and not setting.op:
            chosen[name].append(setting)
        elif name in found and name not in several:
            world.sink.add(settinghelp.twice(found[name], setting, name in chosen))
        elif setting.op:
            world.sink.add(
                BAD_SETTING.at(setting.span, f"`{name}` takes a value without `{setting.op}`")
            )
        else:
            found[name] = setting
    return found


def _no_selection(setting: ast.Setting, able: tuple[str, ...]) -> Diagnostic:
    *first, last = (f"`{word}`" for word in able or ("",))
    words = f"{', '.join(first)} and {last}"
    return BAD_SETTING.at(
        setting.selectors[0].span.to(setting.selectors[-1].span),
        f"`{setting.name.text}` is of the whole network: it takes no `on`",
        help=f"`on` selects weights for {words}" if able else "leave `on ...` out",
    )


def override(
    found: Found, overrides: Mapping[str, Override], known: tuple[str, ...], what: str
) -> dict[str, Override]:
    """Puts overrides of whole settings into `found`.

    Returns those that speak of an argument (`optimizer.lr`), by path.

    Raises:
        Refusal: a value does not parse.
    """
    arguments = {}
    for path, one in overrides.items():
        head, _, rest = path.partition(".")
        if rest:
            arguments[path] = one
            continue
        value = meant(one, text_target(head))
        span = value.span
        name = ast.Ref(span, (ast.Ident(span, head),))
        if head not in known:
            raise Refusal(
                settinghelp.unknown(ast.Setting(span, name, "", (value,), (), None), what, known)
            )
        found[head] = ast.Setting(span, name, "", (value,), (), None)
    return arguments


def text_target(setting: str) -> ast.Expr | None:
    """A text, where a setting takes one: then `--set` takes what is written as it is."""
    return ast.String(NOWHERE, "") if setting in ("group", "init") else None


CALLEES: dict[str, Mapping[str, type[Declared]]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "loss": {},
    "objective": OBJECTIVES,
}
"""Settings whose value has arguments; those by position have the names of what is called."""


def with_argument(head: str, value: ast.Expr, name: str, new: ast.Expr) -> ast.Call | None:
    """A call with one argument set: `adam(lr=1e-3)` with lr=0.1; a bare word becomes a call.

    None where the value is no call.
    """
    span: Span = new.span
    arg = ast.Arg(span, ast.Ident(span, name), new)
    if isinstance(value, ast.Ref):
        return ast.Call(value.span, value.names[0], (arg,))
    if not isinstance(value, ast.Call):
        return None
    called = CALLEES[head].get(value.name.text)
    names = tuple(called.args) if called is not None else ()
    args = [
        ast.Arg(a.span, ast.Ident(a.span, names[i]), a.value)
        if a.name is None and i < len(names)
        else a
        for i, a in enumerate(value.args)
    ]
    kept = tuple(a for a in args if a.name is None or a.name.text != name)
    return ast.Call(value.span, value.name, (*kept, arg))


def one_value(world: World, setting: ast.Setting, wanted: str) -> ast.Expr | None:
    """The only value of a setting, or None after a message."""
    if len(setting.values) == 1:
        return setting.values[0]
    world.sink.add(
        BAD_SETTING.at(
            setting.span,
            f"`{setting.name.text}` takes one value",
            help="several terms are added: `"
            + " + ".join(v.span.text for v in setting.values)
            + "`"
            if setting.name.text == "loss" and setting.values
            else f"for example `{setting.name.text} {wanted}`",
        )
    )
    return None


def number(
    world: World,
    setting: ast.Setting,
    example: str,
    *,
    whole: bool,
    least: float,
    above: bool = False,
) -> int | float | None:
    """The number of a setting: at least, or `above`, `least`. None after a message."""
    value = one_value(world, setting, example)
    if value is None:
        return None
    kind = f"{'a whole' if whole else 'a'} number {'above' if above else 'of at least'} {least:g}"
    word = value if isinstance(value, ast.Ref) and len(value.names) == 1 else None
    if word is not None and not world.numbers.knows(word, world.scope):
        world.sink.add(settinghelp.no_number(setting.name.text, word, kind, example))
        return None
    found = world.numbers.value(value, world.scope)
    fits = is_integer(found) or (is_real(found) and not whole)
    if fits and is_real(found) and (found > least or (found == least and not above)):
        return found
    if isinstance(found, Unknown):
        return None
    world.sink.add(
        BAD_SETTING.at(
            value.span,
            f"`{setting.name.text}` takes {kind}",
            help=found.advice(setting.name.text)
            if isinstance(found, Quantity)
            else f"for example `{setting.name.text} {example}`",
        )
    )
    return None


def text_of(e: ast.Expr) -> str | None:
    """A string, or a bare word."""
    if isinstance(e, ast.String):
        return e.value
    if isinstance(e, ast.Ref):
        return e.text
    return None
