"""Files that ship with nnc, found alike in an installed wheel and in a checkout.

A wheel holds `grammar/` and `specs/` inside the package; in a checkout they stand beside
`compiler/`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Room = Literal["grammar", "specs"]


def path(room: Room, *parts: str) -> Path:
    """Where a shipped file or folder stands; it need not exist.

    Raises:
        ValueError: a part leads out of the room.
    """
    from pathlib import Path  # `nnc check` starts without it

    if any(part in ("", ".", "..") or "/" in part or "\\" in part or ":" in part for part in parts):
        raise ValueError(f"not a path inside {room}: {'/'.join(parts)}")
    package = Path(__file__).resolve().parent
    if package.parent.name == "compiler" and (package.parents[1] / room).is_dir():
        return package.parents[1].joinpath(room, *parts)
    from importlib.resources import files

    return Path(str(files("nnc"))).joinpath(room, *parts)


def text(room: Room, *parts: str) -> str:
    """The text of a shipped file.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a part leads out of the room.
    """
    return path(room, *parts).read_text(encoding="utf-8")
