"""Optimizers, schedules and losses called as other tools call them, with their arguments."""

from __future__ import annotations

from nnc.ir.arguments import Declared
from nnc.syntax import ast

ARGUMENTS = {
    "learning_rate": "lr",
    "epsilon": "eps",
    "rho": "alpha",
    "step_size": "every",
    "decay_rate": "gamma",
    "warmup_steps": "warmup",
    "warmup_epochs": "warmup",
    "num_warmup_steps": "warmup",
    "weight": "class_weights",
    "reduction": "reduce",
    "beta": "delta",
}
DROPPED = frozenset({
    "from_logits", "amsgrad", "foreach", "fused", "t_max", "eta_min", "last_epoch", "verbose",
    "axis", "name", "ignore_index", "params", "optimizer", "total_steps", "mode", "size_average",
})  # fmt: skip
"""Arguments that are derived or have no sense here."""
_VALUES = {"True": "true", "False": "false"}


def rewritten(
    cls: type[Declared], word: str, args: tuple[ast.Arg, ...], *, names: bool = False
) -> str:
    """The call as it is written here, or nothing where an argument is not known.

    Args:
        names: arguments by position are names that stay: outputs that a loss is of.
    """
    said: list[str] = []
    for arg in args:
        text = arg.value.span.text
        if arg.name is None:
            number = isinstance(arg.value, ast.Number)
            if (number and not said and cls.args) or (names and isinstance(arg.value, ast.Ref)):
                said.append(text)
            elif number:
                return ""
            continue
        name = ARGUMENTS.get(arg.name.text, arg.name.text)
        name = name if name in cls.args else arg.name.text
        if name.lower() in DROPPED and name not in cls.args:
            continue
        if name not in cls.args:
            return ""
        said.append(f"{name}={_VALUES.get(text, text)}")
    return f"{word}({', '.join(said)})" if said else word
