"""A class of the generated source, as text."""

from __future__ import annotations

from nnc.record import Record


class Param(Record):
    """A parameter: its name in the spec and in the source, and the literal it has by default."""

    spec: str
    name: str
    default: str = ""


class Class(Record):
    """A class as its users see it: its name, and its constructor's parameters."""

    name: str
    params: tuple[Param, ...]


class Written(Record):
    """A class without its name: graphs for which this is equal are one class."""

    base: str
    params: tuple[Param, ...]
    inputs: tuple[str, ...]
    constructor: tuple[str, ...]
    forward: tuple[str, ...]
