"""The syntax tree: what a `.nn` text says, before anything is checked. Every node has its span."""

from __future__ import annotations

from typing import Union

from nnc.record import Record
from nnc.source import Source, Span
from nnc.syntax.expressions import (
    Arg as Arg,
)
from nnc.syntax.expressions import (
    Binary as Binary,
)
from nnc.syntax.expressions import (
    Bool as Bool,
)
from nnc.syntax.expressions import (
    Call as Call,
)
from nnc.syntax.expressions import (
    Choice as Choice,
)
from nnc.syntax.expressions import (
    Expr as Expr,
)
from nnc.syntax.expressions import (
    Ident as Ident,
)
from nnc.syntax.expressions import (
    Index as Index,
)
from nnc.syntax.expressions import (
    Kernel as Kernel,
)
from nnc.syntax.expressions import (
    List as List,
)
from nnc.syntax.expressions import (
    Number as Number,
)
from nnc.syntax.expressions import (
    Range as Range,
)
from nnc.syntax.expressions import (
    Ref as Ref,
)
from nnc.syntax.expressions import (
    Rest as Rest,
)
from nnc.syntax.expressions import (
    Slice as Slice,
)
from nnc.syntax.expressions import (
    String as String,
)
from nnc.syntax.expressions import (
    Tuple as Tuple,
)
from nnc.syntax.expressions import (
    Unary as Unary,
)

# --- types and labels -----------------------------------------------------------------------------


class Type(Record):
    """`[3, H, W]` (kind ""), `token[T]` (kind "token"); `_` among the dims is a `Ref`."""

    span: Span
    kind: str
    dims: tuple[Expr, ...]


class LabelName(Record):
    """`skip` or `skip[c]`."""

    span: Span
    name: Ident
    index: tuple[Expr, ...] = ()


class As(Record):
    """`as e1`, `as out, h, c`, `as skip[c]`."""

    span: Span
    names: tuple[LabelName, ...]


class Claim(Record):
    """`: [6, 14, 14]` after a link."""

    span: Span
    type: Type


Mark = Union[As, Claim]


# --- statements -----------------------------------------------------------------------------------


class Body(Record):
    """What stands between braces."""

    span: Span
    statements: tuple[Statement, ...]


class Step(Record):
    """`conv(64, 3)`, `relu`, `residual { ... }`; `args` is None without parentheses."""

    span: Span
    name: Ident
    args: tuple[Arg, ...] | None
    body: Body | None


class Repeat(Record):
    """`repeat n { }`."""

    span: Span
    count: Expr
    body: Body


class For(Record):
    """`for k, c in [(3, 16), (5, 40)] { }`."""

    span: Span
    names: tuple[Ident, ...]
    over: Expr
    body: Body


class If(Record):
    """`if c { } else { }`; `otherwise` is a Body, another If, or None."""

    span: Span
    condition: Expr
    body: Body
    otherwise: Body | If | None


class Link(Record):
    """A step or a control word in a chain, with its labels and claims in the order written."""

    span: Span
    step: Step | Repeat | For | If
    marks: tuple[Mark, ...]


class Chain(Record):
    """`conv(6, 5) -> relu -> max_pool(2)`."""

    span: Span
    links: tuple[Link, ...]


class From(Record):
    """`from a, b -> concat`; `marks` belong to the values themselves."""

    span: Span
    values: tuple[Expr, ...]
    marks: tuple[Mark, ...]
    links: tuple[Link, ...]


class Named(Record):
    """`as x`, `as x -> relu` at the beginning of a body: names the value that comes in."""

    span: Span
    mark: As
    links: tuple[Link, ...]


class SourceDecl(Record):
    """`input image: [1, 28, 28]`; the kinds are those of `words.py`."""

    span: Span
    kind: Ident
    names: tuple[Ident, ...]
    type: Type
    padded: bool
    init: Expr | None


class Output(Record):
    """`output digit: [10]`."""

    span: Span
    name: LabelName
    type: Type | None


class Let(Record):
    """`let wide = C * expand`."""

    span: Span
    names: tuple[Ident, ...]
    value: Expr


class Shared(Record):
    """`shared words = embedding(50257, 768)`."""

    span: Span
    name: Ident
    step: Step


class Next(Record):
    """`next h = h1` in a scan."""

    span: Span
    name: Ident
    value: Expr


class Defaults(Record):
    """`defaults { conv(bias=false) }`."""

    span: Span
    calls: tuple[Call, ...]


class Setting(Record):
    """`optimizer adam(lr=1e-3) on bias`, `weights <= 5M`; `op` is a comparison or ""."""

    span: Span
    name: Ref
    op: str
    values: tuple[Expr, ...]
    selectors: tuple[Expr, ...]
    block: Settings | None


class Settings(Record):
    """Settings between braces; a Let may stand among them."""

    span: Span
    settings: tuple[Setting | Let, ...]


class Budget(Record):
    """`budget { weights <= 5M }`; outside of a network with its name, `budget LeNet5 { }`."""

    span: Span
    network: Ident | None
    settings: Settings


class Path(Record):
    """`path { }` of a combinator."""

    span: Span
    body: Body


Statement = Union[SourceDecl, Output, From, Named, Chain, Let, Shared, Next, Defaults, Budget, Path]


# --- declarations ---------------------------------------------------------------------------------


class Param(Record):
    """A parameter of a block, network or gan: `stride=1`, `skip: [S, H, W]`, `act=relu`."""

    span: Span
    name: Ident
    type: Type | None
    default: Expr | None


class Use(Record):
    """`use "file.nn"` or `use std.residual`."""

    span: Span
    what: String | Ref


class FileParam(Record):
    """`param width = 64` at the top of a file."""

    span: Span
    name: Ident
    value: Expr


class Block(Record):
    """`block double(c): [C, H, W] { }`; `doc` is the comment above it, or behind its brace."""

    span: Span
    name: Ident
    params: tuple[Param, ...]
    pattern: tuple[Type, ...]
    body: Body
    doc: str = ""


class Network(Record):
    """`network LeNet5 { }`."""

    span: Span
    name: Ident
    params: tuple[Param, ...]
    body: Body
    doc: str = ""


class Player(Record):
    """`generator { }`, `discriminator is_zebra = PatchGAN`, in a gan."""

    span: Span
    role: Ident
    name: Ident | None
    body: Body | None
    call: Call | None


class Gan(Record):
    """`gan DCGAN { }`."""

    span: Span
    name: Ident
    params: tuple[Param, ...]
    items: tuple[SourceDecl | Player, ...]
    doc: str = ""


class Data(Record):
    """`data digits = bundled("mnist5k") { split 0.8/0.1/0.1 }`."""

    span: Span
    name: Ident
    source: Call
    settings: Settings | None


class Train(Record):
    """`train LeNet5 as finetune { }`."""

    span: Span
    network: Ident
    name: Ident | None
    settings: Settings


class Export(Record):
    """`export CharLM { streaming }`."""

    span: Span
    network: Ident
    settings: Settings


Declaration = Union[Use, FileParam, Let, Defaults, Block, Network, Gan, Data, Train, Export, Budget]


class File(Record):
    """One text. `doc` is the comment at its top.

    Statements that could not be read are left out: `mistakes` are the places of the syntax
    mistakes, `lost` the names that stand in what was left out, `gaps` where that began.
    """

    source: Source
    declarations: tuple[Declaration, ...]
    doc: str = ""
    mistakes: tuple[Span, ...] = ()
    lost: frozenset[str] = frozenset()
    gaps: tuple[int, ...] = ()

    def damaged(self, span: Span) -> bool:
        """Whether a syntax mistake stands inside: what is missing there was reported."""
        return any(span.start <= mistake.start <= span.end for mistake in self.mistakes)

    def left_out(self, start: int, end: int) -> bool:
        """Whether a statement that began between two offsets was left out."""
        return any(start <= gap < end for gap in self.gaps)
