"""Arguments declared once: parsing.

"did you mean", the reference, completion and cases derive from them.

A layer, an optimizer, a loss is a class whose annotated fields are its arguments:

    @layer("conv")
    class Conv(Layer):
        channels: Dim = size("output channels")
        kernel: Sizes = sizes("size of the window, one for all axes or one an axis")
        bias: bool = flag("adds a learned number to each output channel", default=True)
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, dataclass_transform

from nnc.ir.dims import Dim
from nnc.record import Record

Sizes = Dim | tuple[Dim, ...]
"""One size for every axis, or one an axis."""

REST: Final = "..."
"""All axes that a list of named axes does not name."""

Axes = tuple[tuple[str, ...], ...]
"""The axes of a value, each the names that it is composed of: none for 1, "..." for any axes."""

Kind = Literal[
    "size",  # an integer, possibly symbolic
    "sizes",  # a size, or a tuple of sizes, one an axis; `3x5` is (3, 5)
    "dims",  # all positional arguments: reshape(1, 28, 28)
    "real",  # a number
    "reals",  # a tuple of numbers, or one number
    "flag",  # true or false
    "option",  # one of the words in `options`
    "axis",  # an axis counted without the batch, negative from the end
    "init",  # a distribution, see ir/initial.py
    "text",  # a string
    "call",  # a call of one of the registry named in `options[0]`
    "axes",  # a list of named axes: [(g, c), H, W]
    "named",  # all other arguments by name, which give sizes to axes of such lists
    "tie",  # a step, whose weight is this one's too
]


class Required:
    """Marks an argument that has no default."""

    def __repr__(self) -> str:
        return "required"


REQUIRED: Final = Required()


class Arg(Record):
    """One argument: what it may be, its default, its range, and a sentence about it.

    `options` are words allowed beside (or, for kind "option", instead of) a number. `least` and
    `most`
    are inclusive; `above` and `below` exclusive.
    """

    kind: Kind
    doc: str
    default: Any = REQUIRED
    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    options: tuple[str, ...] = ()
    count: int = 0

    @property
    def required(self) -> bool:
        """Must be given."""
        return self.default is REQUIRED


def size(
    doc: str, *, default: Any = REQUIRED, least: int = 1, options: tuple[str, ...] = ()
) -> Any:
    """An integer of at least `least`."""
    return Arg("size", doc, default, least=least, options=options)


def sizes(
    doc: str, *, default: Any = REQUIRED, least: int = 1, options: tuple[str, ...] = ()
) -> Any:
    """An integer for all axes, or one an axis."""
    return Arg("sizes", doc, default, least=least, options=options)


def dims(doc: str, *, least: int = 1) -> Any:
    """All positional arguments as a tuple of sizes."""
    return Arg("dims", doc, REQUIRED, least=least)


def real(
    doc: str,
    *,
    default: Any = REQUIRED,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    options: tuple[str, ...] = (),
) -> Any:
    """A number, or one of the words in `options`."""
    return Arg("real", doc, default, least, most, above, below, options)


def reals(
    doc: str,
    *,
    default: Any = REQUIRED,
    least: float | None = None,
    below: float | None = None,
    options: tuple[str, ...] = (),
    count: int = 0,
) -> Any:
    """A number or a tuple of numbers, or one of the words in `options`; `count`: so many."""
    return Arg("reals", doc, default, least, below=below, options=options, count=count)


def flag(doc: str, *, default: Any = REQUIRED, kw_only: bool = False) -> Any:
    """`true` or `false`; `kw_only`: an argument of a base class, which comes last in a spec."""
    return Arg("flag", doc, default)


def option(doc: str, options: tuple[str, ...], *, default: Any = REQUIRED) -> Any:
    """One of a few words."""
    return Arg("option", doc, default, options=options)


def axis(doc: str, *, default: Any = REQUIRED) -> Any:
    """An axis, counted without the batch; negative counts from the end."""
    return Arg("axis", doc, default)


def initial(
    doc: str = "how the weight starts; by default as in PyTorch", *, default: Any = None
) -> Any:
    """A distribution (`normal(0.02)`, a number), or None for the layer's own."""
    return Arg("init", doc, default)


def text(doc: str, *, default: Any = REQUIRED) -> Any:
    """A string in double quotes."""
    return Arg("text", doc, default)


def axes(doc: str) -> Any:
    """A list of named axes, `[(g, c), H, W]`."""
    return Arg("axes", doc, REQUIRED)


def named(doc: str) -> Any:
    """Sizes of named axes, `g=2`: pairs of a name and a size."""
    return Arg("named", doc, ())


class Tied(Record):
    """A weight of another step of the same graph: the place that names it, and its own name.

    `turned`: it is used with its two axes in the other order.
    """

    owner: str
    weight: str
    turned: bool = False

    def __str__(self) -> str:
        return f"transpose({self.owner})" if self.turned else self.owner


def tied(doc: str, *, default: Any = None, kw_only: bool = False) -> Any:
    """A named step, of whose weight the graph's `Tied` is made."""
    return Arg("tie", doc, default)


@dataclass_transform(
    frozen_default=True,
    field_specifiers=(
        size,
        sizes,
        dims,
        real,
        reals,
        flag,
        option,
        axis,
        initial,
        text,
        axes,
        named,
        tied,
    ),
)
class Declared(Record):
    """Base of everything that is written as `word(arguments)`.

    `word` is the name in the language, `args` the declared arguments in order.
    """

    word: ClassVar[str] = ""
    args: ClassVar[dict[str, Arg]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        args, defaults = dict(cls.args), dict(cls._defaults)
        for name in cls._fields:
            value = cls.__dict__.get(name)
            if isinstance(value, Arg):
                args[name] = value
                defaults.pop(name, None)
                if value.default is not REQUIRED:
                    defaults[name] = value.default
                delattr(cls, name)
        cls.args, cls._defaults = args, defaults


def axes_text(axes: Axes) -> str:
    """A list of named axes as it is written."""
    inside = [
        "1" if not names else names[0] if len(names) == 1 else f"({', '.join(names)})"
        for names in axes
    ]
    return f"[{', '.join(inside)}]"
