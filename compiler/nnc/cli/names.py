"""Names that files and folders get from a spec's."""

from __future__ import annotations

import os


def public_name(name: str) -> str:
    """A spec's name as files may carry it: never a folder outside of the working folder."""
    return os.path.basename(name) if os.path.isabs(name) or name.startswith("..") else name


def stem(name: str) -> str:
    """The folder's name for runs of a spec: `specs/lenet.nn` gives lenet."""
    return os.path.basename(name).removesuffix(".nn").strip(".-") or "spec"
