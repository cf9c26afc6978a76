"""Windows of a text that follow on one another, run by a file that takes one step at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.inputs import feed_of
from nnc.deploy.session import Session
from nnc.deploy.stepper import Stepper
from nnc.ir.graph import Network
from nnc.passes.carrying import kept_states


class Windows:
    """Takes windows whole, step by step; what the network remembers of each goes on into the next.

    As many windows side by side as before go on where those ended; of another number start anew, as
    everything does with each window that training does not carry along: keys, values, positions.

    Args:
        session: the file of one step.
        network: that it was made of.

    Raises:
        Refusal: its states are not among its inputs and outputs.
    """

    def __init__(self, session: Session, network: Network) -> None:
        self._session = session
        self._kept = kept_states(network)
        self._stepper = Stepper(session)

    def __call__(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs by name for raw values by input, as of a file that takes windows whole."""
        session, about = self._session, self._session.about
        count = len(next(iter(raw.values())))
        if count != self._stepper.batch:
            self._stepper = Stepper(session, count)
        self._stepper.restart(self._kept)
        stream = self._stepper.stream
        axes, ends = dict(stream.inputs), dict(stream.outputs)
        feeds = {
            port.name: feed_of(port, about.input(port.name), raw[port.name], about.bare)
            for port in self._stepper.fed
        }
        steps = max(feeds[name].shape[axis + 1] for name, axis in axes.items())
        made = [
            self._stepper.step(
                {n: x.take([at], axis=axes[n] + 1) if n in axes else x for n, x in feeds.items()}
            )
            for at in range(steps)
        ]
        return {
            name: np.concatenate([step[name] for step in made], axis=ends[name] + 1)
            if name in ends
            else made[-1][name]
            for name in made[0]
        }
