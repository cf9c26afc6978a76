"""Amounts in units that people read."""

from __future__ import annotations


def file_size(count: int) -> str:
    """`247 kB`, as file managers show it: in powers of a thousand."""
    if count < 1000:
        return f"{count} B"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.5 or unit == "GB":
            return f"{amount:.0f} {unit}" if amount >= 9.95 else f"{amount:.1f} {unit}"
    raise AssertionError("the last unit takes all")


def memory(count: int) -> str:
    """`9 MB`, in steps that an estimate deserves."""
    return file_size(count) if count >= 10**6 else "1 MB"
