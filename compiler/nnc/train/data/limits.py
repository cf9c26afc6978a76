"""How much memory data may take: a file that a stranger sent must not exhaust the machine."""

from __future__ import annotations

import os

CACHE_BYTES = 2 << 30
"""Decoded pictures are kept in memory up to here."""

_UNKNOWN = 4 << 30


def most_bytes() -> int:
    """Half of the machine's memory, or 4 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN
