"""The setting `split` of a data block."""

from __future__ import annotations

from nnc.check.settings import one_value
from nnc.check.training_rules import BAD_SETTING
from nnc.check.world import World
from nnc.ir.datasettings import Split
from nnc.syntax import ast

SPLITS = "`0.8/0.1/0.1`, `folders`, `files(...)`, `column(...)`, `time(...)` or `none`"


def read_split(world: World, setting: ast.Setting) -> Split | None:
    """How the samples are divided, or None after a message."""
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
