"""Immutable records that are cheap to declare.

`dataclasses.dataclass` compiles a constructor for each class, 0.7 ms apiece; the syntax tree, the
IR and
the layers declare more than a hundred, and `nnc check` must start in a tenth of a second. A
`Record`
looks like a frozen dataclass to people and type checkers, and costs a dictionary to declare.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform

R = TypeVar("R", bound="Record")


@dataclass_transform(frozen_default=True)
class Record:
    """Base of immutable records: annotated names are the fields, assigned values their defaults.

    Raises:
        TypeError: a field is missing, doubled or unknown.
        AttributeError: a field is assigned after construction.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        fields, defaults = list(cls._fields), dict(cls._defaults)
        for name, annotation in cls.__dict__.get("__annotations__", {}).items():
            if str(annotation).startswith("ClassVar"):
                continue
            if name not in fields:
                fields.append(name)
            if name in cls.__dict__:
                defaults[name] = cls.__dict__[name]
        cls._fields, cls._defaults = tuple(fields), defaults
        # Type checkers take this name for read-only.
        type.__setattr__(cls, "__match_args__", cls._fields)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        values = self.__dict__
        fields = self._fields
        if len(args) == len(fields) and not kwargs:
            values.update(zip(fields, args))
            return
        if len(args) > len(fields):
            raise TypeError(f"{type(self).__name__} takes {len(fields)} fields")
        values.update(self._defaults)
        values.update(zip(fields, args))
        for name in kwargs:
            if name not in fields or name in fields[: len(args)]:
                raise TypeError(f"{type(self).__name__} has no field {name}, or has it twice")
        values.update(kwargs)
        if len(values) != len(fields):
            missing = [name for name in fields if name not in values]
            raise TypeError(f"{type(self).__name__} needs {', '.join(missing)}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), *(self.__dict__[name] for name in self._fields)))

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._fields)
        return f"{type(self).__name__}({inside})"


def replace(record: R, **changes: object) -> R:
    """The same record with some fields changed.

    Raises:
        TypeError: a name is not a field.
    """
    return type(record)(**(record.__dict__ | changes))
