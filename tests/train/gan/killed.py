"""A command of nnc that kills itself: `python killed.py SAVE KILL WORDS...`.

It asks itself for a checkpoint (SIGUSR1) in update SAVE, and dies in update KILL (SIGKILL), counted
over all players.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from nnc.cli.main import run
from nnc.train.gan.players import Side

save, kill = map(int, sys.argv[1:3])
update, updates = Side.update, itertools.count(1)


def counted(side: Side) -> None:
    number = next(updates)
    if number == save:
        os.kill(os.getpid(), signal.SIGUSR1)
    if number == kill:
        os.kill(os.getpid(), signal.SIGKILL)
    update(side)


Side.update = counted  # type: ignore[method-assign]
sys.exit(run(sys.argv[3:]))
