"""Which spec files a command is asked about: files as they are named, folders by what they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nnc.cli.failures import relative, unusable
from nnc.cli.nearby import spec_beside
from nnc.cli.settings import Settings


def spec_files(paths: tuple[str, ...], project: Settings) -> Iterator[str]:
    """The specs that the arguments name; folders give their .nn files in order.

    Raises:
        Refusal: a folder holds none.
    """
    for path in paths:
        if path == "-" or not os.path.isdir(path):
            yield path
            continue
        inside = list(_inside(path, project))
        if not inside:
            help = spec_beside(path, "")
            raise unusable(f"there is no .nn file in {relative(path)}", help=help)
        yield from inside


def _inside(folder: str, project: Settings) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = relative(os.path.join(here, name))
            if name.endswith(".nn") and not name.startswith(".") and not _excluded(path, project):
                yield path


def _excluded(path: str, project: Settings) -> bool:
    if not project.exclude:
        return False
    from fnmatch import fnmatch  # few projects exclude anything

    return any(
        fnmatch(path, pattern) or fnmatch(path, f"{pattern}/*") for pattern in project.exclude
    )
