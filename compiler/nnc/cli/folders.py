"""Where runs and what can be made again are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from nnc.cli.settings import settings


def runs_folder() -> Path:
    """Where runs are kept: NNC_RUNS, else the project's setting, else `runs`."""
    return Path(os.environ.get("NNC_RUNS") or settings().runs)


def cache_folder() -> Path:
    """Where nnc keeps what can be made again: NNC_CACHE, else the system's folder for it."""
    named = os.environ.get("NNC_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "nnc"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nnc"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nnc"
