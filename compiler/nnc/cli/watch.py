"""Waiting for files to change, by looking at them: no system's own service, little work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import NoReturn

Stamp = dict[str, tuple[int, int, int]]

PAUSE = 0.4
"""Seconds between two looks."""
SHARE = 25
"""Looking takes at most one part in so many of the time: large folders are looked at less often."""
SETTLE = 0.05
"""Seconds in which nothing may change before a change counts: editors write in several steps."""


def stamp(paths: Iterable[str]) -> Stamp:
    """What tells one state of files from another; files that are not there are left out."""
    found: Stamp = {}
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def watch(
    look: Callable[[], Stamp],
    react: Callable[[], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> NoReturn:
    """Reacts at once, then whenever `look` sees something else; ends with an exception alone."""
    while True:
        before = look()  # first, so that what changes during the reaction is seen afterwards
        react()
        wait_for_change(look, before, sleep=sleep, clock=clock)


def wait_for_change(
    look: Callable[[], Stamp],
    before: Stamp,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Returns once `look` sees something else than `before` and sees it twice."""
    while True:
        start = clock()
        now = look()
        took = clock() - start
        if now == before:
            sleep(max(PAUSE, SHARE * took))
            continue
        sleep(max(SETTLE, took))
        if look() == now:
            return
