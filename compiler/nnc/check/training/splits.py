"""The setting `split` of a data block."""

from __future__ import annotations

from nnc.check.training.settings import one_value
from nnc.check.training.training_rules import BAD_SETTING
from nnc.check.world import World
from nnc.diagnostics import Fix
from nnc.ir.datasettings import Split
from nnc.syntax import ast

SPLITS = "`0.8/0.1/0.1`, `folders`, `files(...)`, `column(...)`, `time(...)` or `none`"


def read_split(world: World, setting: ast.Setting) -> Split | None:
    """How the samples are divided, or None after a message."""
    meant = _meant(setting)
    if meant:
        values = setting.values[0].span.to(setting.values[-1].span)
        world.sink.add(
            BAD_SETTING.at(
                values,
                "the shares of train, validation and test add up to 1, with `/` between them",
                help=f"write `split {meant}`",
                fix=Fix(values, meant),
            )
        )
        return None
    e = one_value(world, setting, "0.8/0.1/0.1")
    if e is None:
        return None
    if isinstance(e, ast.Ref) and e.text in ("folders", "none"):
        return Split(e.text, span=setting.span)
    if isinstance(e, ast.Call) and e.name.text in ("files", "column", "time"):
        return _split_call(world, setting, e)
    shares = _shares(e)
    if shares is None:
        world.sink.add(BAD_SETTING.at(e.span, f"`split` takes {SPLITS}"))
        return None
    if len(shares) > 3 or any(not 0 <= s <= 1 for s in shares) or not 0.999 < sum(shares) < 1.001:
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                "the shares of train, validation and test add up to 1",
                label=f"these add up to {sum(shares):g}",
                help="for example `split 0.8/0.1/0.1`",
            )
        )
        return None
    return Split("shares", (*shares, *([0.0] * (3 - len(shares)))), span=setting.span)


def _meant(setting: ast.Setting) -> str:
    """`0.8/0.1/0.1` for shares in a list, with commas, or in percent; nothing for others."""
    values = setting.values
    if len(values) == 1 and isinstance(values[0], ast.List | ast.Tuple):
        values = values[0].items
    shares = [share for value in values for share in _shares(value) or [-1.0]]
    total = sum(shares)
    if not 2 <= len(shares) <= 3 or min(shares) < 0:
        return ""
    if abs(total - 100) < 1e-6:
        return "/".join(f"{share / 100:g}" for share in shares)
    if 0.999 < total < 1.001 and (len(values) > 1 or values is not setting.values):
        return "/".join(f"{share:g}" for share in shares)
    return ""


def _split_call(world: World, setting: ast.Setting, e: ast.Call) -> Split | None:
    kind = e.name.text
    values: list[float | str] = []
    for arg in e.args:
        if isinstance(arg.value, ast.String) or (
            isinstance(arg.value, ast.Number) and kind == "time"
        ):
            values.append(arg.value.value)
    allowed = {"files": (2, 3), "column": (1,), "time": (2, 3)}[kind]
    if len(values) != len(e.args) or len(values) not in allowed:
        wanted = {"files": 'files("train.txt", "val.txt")', "column": 'column("part")'}
        example = wanted.get(kind, "time(V, T)")
        world.sink.add(BAD_SETTING.at(e.span, f"`split` takes `{example}`"))
        return None
    return Split(kind, tuple(values), span=setting.span)


def _shares(e: ast.Expr) -> list[float] | None:
    if isinstance(e, ast.Number):
        return [float(e.value)]
    if isinstance(e, ast.Binary) and e.op == "/":
        left, right = _shares(e.left), _shares(e.right)
        return None if left is None or right is None else left + right
    return None
