"""`compile true`: the losses of a step as PyTorch compiles them, or as they are where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


class Compiler:
    """Compiles functions, each for every shape that it meets; off, they stay as they are.

    What is called by a compiled function is compiled with it: a phase's networks, losses and their
    sum are one program. The gradient of a gradient (penalties of critics) is not: PyTorch compiles
    no second derivatives.

    Attributes:
        on: it compiles; set to False, functions that it gave run as they were written.
    """

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, compiled when it is first called."""
        if not self.on:
            return function

        def own(*args: P.args, **named: P.kwargs) -> R:
            return function(*args, **named)

        # PyTorch compiles a function 8 times at most, and counts by code: each has code of its own.
        own.__code__ = own.__code__.replace()
        # Fixed shapes: symbolic ones crash on networks of transposed convolutions on CPUs.
        compiled = torch.compile(own, dynamic=False)

        def run(*args: P.args, **named: P.kwargs) -> R:
            return compiled(*args, **named) if self.on else function(*args, **named)

        return run


PLAIN = Compiler(False)
