"""The syntax tree: what a `.nn` text says, before anything is checked. Every node has its span."""

from __future__ import annotations

from typing import Union

from nnc.record import Record
from nnc.source import Source, Span


class Ident(Record):
    """A name where it stands."""

    span: Span
    text: str


# --- expressions: sizes, values and losses share them -------------------------------------------------


class Number(Record):
    """`3`, `1e-3`, `50_257`, and `5K` (value 5000, unit "") or `20MB` (value 20_000_000, unit "B"), `10ms`."""

    span: Span
    value: int | float
    unit: str = ""


class Kernel(Record):
    """`3x5`."""

    span: Span
    sizes: tuple[int, ...]


class String(Record):
    """Text in double quotes."""

    span: Span
    value: str


class Bool(Record):
    """`true` or `false`."""

    span: Span
    value: bool


class Ref(Record):
    """`width` or `digits.classes`."""

    span: Span
    names: tuple[Ident, ...]

    @property
    def text(self) -> str:
        """The name with its dots."""
        return ".".join(name.text for name in self.names)


class Arg(Record):
    """One argument of a call; `name` is None when it is given by position."""

    span: Span
    name: Ident | None
    value: Expr


class Call(Record):
    """`adam(lr=1e-3)`, `exp(h)`."""

    span: Span
    name: Ident
    args: tuple[Arg, ...]


class Slice(Record):
    """`1:`, `:3` inside brackets."""

    span: Span
    start: Expr | None
    stop: Expr | None


class Index(Record):
    """`skip[c]`, `h[0]`, `h[1:, 0]`."""

    span: Span
    base: Ref
    items: tuple[Expr | Slice, ...]


class Tuple(Record):
    """`(3, 5)`."""

    span: Span
    items: tuple[Expr, ...]


class List(Record):
    """`[64, 128]`."""

    span: Span
    items: tuple[Expr, ...]


class Unary(Record):
    """`-x`, `not x`."""

    span: Span
    op: str
    operand: Expr


class Binary(Record):
    """`a + b`; `op` is one of + - * / // % ** == != < <= > >= and or."""

    span: Span
    op: str
    op_span: Span
    left: Expr
    right: Expr


class Choice(Record):
    """`a if c else b`."""

    span: Span
    then: Expr
    condition: Expr
    otherwise: Expr


class Range(Record):
    """`0..depth`; its end is excluded in a loop."""

    span: Span
    start: Expr
    stop: Expr


Expr = Union[
    Number, Kernel, String, Bool, Ref, Call, Index, Tuple, List, Unary, Binary, Choice, Range
]


# --- types and labels ---------------------------------------------------------------------------------


class Rest(Record):
    """`...`: any number of axes."""

    span: Span


class Type(Record):
    """`[3, H, W]` (kind ""), `token[T]` (kind "token"); `dims` are expressions, a `Ref` `_`, or `Rest`."""

    span: Span
    kind: str
    dims: tuple[Expr | Rest, ...]


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


# --- statements ---------------------------------------------------------------------------------------


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


class SourceDecl(Record):
    """`input image: [1, 28, 28]`; kind: input weight constant noise state latent condition domain."""

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
    """`optimizer adam(lr=1e-3) on bias`, `weights <= 5M`, `batch 64`; `op` is "", "<=", ">=" or "=="."""

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
    """`budget { weights <= 5M }`."""

    span: Span
    settings: Settings


class Path(Record):
    """`path { }` of a combinator."""

    span: Span
    body: Body


Statement = Union[SourceDecl, Output, From, Chain, Let, Shared, Next, Defaults, Budget, Path]


# --- declarations -------------------------------------------------------------------------------------


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
    """`block double(c): [C, H, W] { }`; `doc` is the comment lines right above it (or beside its header)."""

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


Declaration = Union[Use, FileParam, Let, Defaults, Block, Network, Gan, Data, Train, Export]


class File(Record):
    """One text. `doc` is the comment at its top.

    Statements that could not be read are left out: `mistakes` are the places of the syntax mistakes, `lost`
    the names that stand in what was left out.
    """

    source: Source
    declarations: tuple[Declaration, ...]
    doc: str = ""
    mistakes: tuple[Span, ...] = ()
    lost: frozenset[str] = frozenset()

    def damaged(self, span: Span) -> bool:
        """Whether a syntax mistake stands inside: what is missing there need not be reported again."""
        return any(span.start <= mistake.start <= span.end for mistake in self.mistakes)
