"""Runs a file that takes one step of a sequence at a time, and carries its states."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.about import State, Stream
from nnc.deploy.rules import BROKEN_MODEL, NO_STEPS, refusal
from nnc.deploy.session import Port, Session

LARGEST = 1 << 28
"""So many numbers all states may have at first."""


class Stepper:
    """A sequence that is run step by step.

    Attributes:
        fed: the inputs that each step takes: all but the states.
        outputs: what each step gives: all but the states.
        steps: how many there were.

    Args:
        session: the file.
        batch: so many sequences side by side.

    Raises:
        Refusal: it takes sequences whole, or its states are not among its inputs and outputs.
    """

    def __init__(self, session: Session, batch: int = 1) -> None:
        stream = session.about.stream
        if stream is None:
            raise refusal(
                NO_STEPS,
                session.name,
                f"{session.name} takes sequences whole",
                f"write `export {session.about.network or 'X'} {{ streaming }}` into the spec; "
                "`nnc build RUN` then writes a step.onnx too",
            )
        self.session, self.stream, self.batch = session, stream, batch
        self._first = self._checked(stream)
        states = {state.name for state in stream.states}
        after = {state.next for state in stream.states}
        self.fed = tuple(p for p in session.fed if p.name not in states)
        self.outputs = tuple(p for p in session.outputs if p.name not in after)
        self.steps = 0
        self._states = self._first

    def restart(self, kept: Collection[str] = ()) -> None:
        """Forgets all steps, but for what some states hold."""
        left = {name: self._states[name] for name in kept if name in self._states}
        self._states, self.steps = {**self._first, **left}, 0

    def step(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs of the next step.

        Raises:
            Refusal: an input does not fit.
        """
        made = self.session.run({**feeds, **self._states})
        self._states = {state.name: made.pop(state.next) for state in self.stream.states}
        self.steps += 1
        return made

    def _checked(self, stream: Stream) -> dict[str, Array]:
        """What each state is before the first step."""
        taken = {port.name: port for port in self.session.inputs}
        given = {port.name: port for port in self.session.outputs}
        made: dict[str, Array] = {}
        room = LARGEST
        for state in stream.states:
            port, after = taken.get(state.name), given.get(state.next)
            if port is None or after is None or port.dtype != after.dtype:
                raise self._broken(state, "is not among its inputs and outputs")
            shape = self._shape(state, port)
            room -= math.prod(shape)
            if room < 0:
                raise self._broken(state, "is too large")
            made[state.name] = np.full(shape, state.start, np.dtype(port.dtype))
        return made

    def _shape(self, state: State, port: Port) -> tuple[int, ...]:
        if port.dtype not in ("float32", "int64") or not port.dims:
            raise self._broken(state, f"is {port.described}")
        shape = [self.batch]
        for size in port.dims[1:]:
            if isinstance(size, str) and size != state.grows:
                raise self._broken(state, f"has an unknown size, {size}")
            shape.append(0 if isinstance(size, str) else size)
        return tuple(shape)

    def _broken(self, state: State, what: str) -> Exception:
        name = "".join(c if c.isprintable() else " " for c in state.name)[:80]
        return refusal(BROKEN_MODEL, self.session.name, f"its state {name} {what}")
