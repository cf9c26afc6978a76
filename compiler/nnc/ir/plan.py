"""Plans: what the engine runs and what the data reader reads.

Checked, without torch and without opening data.

`DataPlan` is what a data block says. `Profile` is what opening it found. `TrainPlan` is what a
train block
says; once profiles are known it carries the `Binding` of fields to inputs and outputs.
"""

from __future__ import annotations

from typing import Literal

from nnc.ir.arguments import Declared
from nnc.ir.datasettings import Augment, Normalize, Split
from nnc.ir.gan import GanPlan
from nnc.ir.lossformula import FormulaTerm
from nnc.ir.ownsteps import Steps
from nnc.ir.timeline import Timeline
from nnc.ir.training import Loss, Metric
from nnc.ir.types import TensorType
from nnc.ir.updates import Clip, Frozen, Group, Init
from nnc.ir.vocabulary import Vocabulary
from nnc.record import Record
from nnc.source import NOWHERE, Span

PARTS = ("train", "validation", "test")

# --- data, as declared ---------------------------------------------------------------------------


class DataPlan(Record):
    """A data block.

    Args:
        name: its name in the spec.
        kind: "bundled", "images", "idx", "arrays", "table", "text", "series" or "audio".
        path: the folder or file as written (for bundled: the data set's name), or "" where `pairs`
        are given.
        options: the other arguments of the source, by name (strings, tuples of strings, integers).
        root: folder that relative paths start from: that of the file which holds the text.
        moved: the path was replaced on the command line (`--data`).
        classes: the fixed order of classes, or ().
        size: the pixels [H, W] asked for, or () for the network's.
        fit: "crop", "pad" or "stretch".
        on_error: "stop" or "skip".
    """

    name: str
    kind: str
    path: str
    options: tuple[tuple[str, object], ...] = ()
    root: str = ""
    moved: bool = False
    split: Split = Split()
    classes: tuple[str, ...] = ()
    size: tuple[int, ...] = ()
    fit: str = "crop"
    normalize: Normalize = Normalize()
    on_error: str = "stop"
    augment: tuple[Augment, ...] = ()
    span: Span = NOWHERE
    path_span: Span = NOWHERE

    def option(self, name: str, default: object = None) -> object:
        """The value of an argument of the source."""
        return dict(self.options).get(name, default)


# --- data, as found ------------------------------------------------------------------------------

Meaning = Literal[
    "image", "mask", "class", "number", "numbers", "category", "categories", "array",
    "text", "tokens", "past", "known", "sequence", "sound", "transcript", "length",
]  # fmt: skip
"""What a field holds.

"text": ids of what is read; "tokens": a class at each of its places; "past", "known": columns of a
series before and after now; "sequence", "sound": numbers [T, ...] of different lengths;
"transcript": what was said, as ids; "length": how long a field of different lengths is.
"""


class Field(Record):
    """A named, typed column of samples.

    Args:
        name: as binding speaks of it (`image`, `label`, a column's name).
        role: "input" or "target".
        meaning: what it holds; a "class" has `labels`.
        type: per sample, raw (images uint8, classes and categories int64, numbers float32).
        labels: class names in order, or a category's values (id 0 is the unknown or missing value).
        columns: the table's columns that it gathers, in order.
        padded: samples differ in their first size; the type has the largest. A batch is filled up
            with 0, and the field `NAME_length` tells how long each sample is.
        shortest: of a padded field, the smallest first size; 0 where it is not known.
        ids: the smallest and the largest id, where neither labels nor a front tell them.
    """

    name: str
    role: Literal["input", "target"]
    meaning: Meaning
    type: TensorType
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    padded: bool = False
    shortest: int = 0
    ids: tuple[int, ...] = ()


class Part(Record):
    """One part of the data: its size, fingerprint (12 hexadecimal digits) and samples a class."""

    name: str
    samples: int
    fingerprint: str
    classes: tuple[int, ...] = ()


class Pixels(Record):
    """What makes network input of uint8 pixels.

    (x / 255 - mean) / std, a number a channel (or one).

    `fit`, `size`: how pictures of other sizes come to this size ("crop", "pad", "stretch"; bilinear
    with
    antialias). `range`: as written ("0..1", "-1..1", "imagenet", "fit", "given", "none": 0..255).
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    range: str = "0..1"
    fit: str = "crop"


class Scale(Record):
    """What makes network input of raw numbers.

    Missing (NaN) becomes `missing`, then (x - mean) / std.

    One value a column, or a single one for all elements. As a target's scale it is undone at the
    output.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    missing: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()


class Categories(Record):
    """What makes ids of strings: for each column its values.

    Id 0 is unknown or missing, then from 1.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


Front = Pixels | Scale | Categories | Vocabulary


class Profile(Record):
    """What opening a data block found.

    Args:
        data: the block's name.
        fields: in order.
        sizes: numbers for the spec: ("classes", 10), ("numbers", 6), ("colour.values", 4).
        rule: how it was split, in words for the printout ("stratified by class, 10% validation").
        parts: those that exist, in the order of PARTS.
        fronts: for each field that needs it, how raw values become network numbers (fitted on train
        only).
        described: the line of the printout after the name (`bundled("mnist5k")`).
        read, converted: counts; skipped: names of skipped files or rows.
        carried: windows follow on one another, so that a state may be carried from each to the
            next: batches are made by `nnc.train.data.carried.carried_order`.
        time: of a series, when its rows are.
    """

    data: str
    fields: tuple[Field, ...]
    sizes: tuple[tuple[str, int], ...]
    rule: str
    parts: tuple[Part, ...]
    fronts: tuple[tuple[str, Front], ...] = ()
    described: str = ""
    read: int = 0
    converted: int = 0
    skipped: tuple[str, ...] = ()
    carried: bool = False
    time: Timeline | None = None

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((f for f in self.fields if f.name == name), None)

    def front(self, name: str) -> Front | None:
        """How a field's raw values become network numbers."""
        return dict(self.fronts).get(name)

    def picture_size(self, name: str) -> tuple[int, ...]:
        """The (height, width) that the pictures of a field were brought to; () of other fields."""
        field = self.field(name)
        if field is None or field.meaning != "image":
            return ()
        return tuple(int(d) for d in field.type.dims[1:] if isinstance(d, int))

    def part(self, name: str) -> Part | None:
        """The part of that name."""
        return next((p for p in self.parts if p.name == name), None)


# --- training ------------------------------------------------------------------------------------


class Target(Record):
    """What an output learns from.

    A field of the data ("field"), or an input of the network ("input"). `classes`: of an input that
    holds ids, how many numbers the output gives each of its places; else 0.
    """

    kind: Literal["field", "input"]
    name: str
    classes: int = 0


class Term(Record):
    """`weight * loss(output, target)` of the loss; `target` is None until fields are bound."""

    weight: float
    loss: Loss
    output: str
    target: Target | None
    span: Span = NOWHERE


class Phase(Record):
    """One update: which player is called, the terms of its loss, the groups it updates.

    Every how many steps. `formulas` are the terms that are computed of outputs and inputs.
    """

    player: str
    terms: tuple[Term, ...]
    groups: tuple[Group, ...]
    every: int = 1
    formulas: tuple[FormulaTerm, ...] = ()


class Player(Record):
    """A network that trains. `ema`: decay of an average kept of its weights, or 0."""

    name: str
    network: str
    ema: float = 0.0


class Length(Record):
    """How long: `count` "epochs" or "steps"."""

    unit: Literal["epochs", "steps"]
    count: int


class EarlyStop(Record):
    """Stop after `patience` epochs without improvement of the monitored value."""

    patience: int
    metric: str = ""


class MetricPlan(Record):
    """A metric of one output (resolved once outputs are bound)."""

    metric: Metric
    output: str
    span: Span = NOWHERE

    @property
    def name(self) -> str:
        """As printed and logged."""
        return self.metric.word


class Binding(Record):
    """Which field feeds what. `inputs`: (network input, field).

    `targets`: (output, field or input name).

    `unused`: fields that nothing reads; `unbound`: outputs without a target (allowed, printed).
    `steps`: axes of outputs that padding makes longer than some samples are.
    """

    inputs: tuple[tuple[str, str], ...]
    targets: tuple[tuple[str, str], ...]
    unused: tuple[str, ...] = ()
    unbound: tuple[str, ...] = ()
    steps: tuple[Steps, ...] = ()


class TrainPlan(Record):
    """A train block, checked.

    Args:
        name: the network's name, or the name after `as`.
        network: the network that is trained.
        data: names of the data blocks.
        given: bindings written out in the data setting: (network name, field).
        defaults: settings that the block leaves open and the engine chose, for the printout.
        binding: None until the data was opened.
        precision: "auto", "float32" or "bf16".
        accumulate: pieces that a batch is computed in, one after the other.
        monitor: name of the metric that picks the best weights, "loss", or "" for the last.
    """

    name: str
    network: str
    data: tuple[str, ...]
    players: tuple[Player, ...]
    phases: tuple[Phase, ...]
    length: Length
    batch: int
    metrics: tuple[MetricPlan, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    binding: Binding | None = None
    seed: int = 0
    clips: tuple[Clip, ...] = ()
    frozen: Frozen = Frozen()
    init: Init | None = None
    accumulate: int = 1
    gan: GanPlan | None = None
    early_stop: EarlyStop | None = None
    precision: str = "auto"
    deterministic: bool = False
    compile: bool = False
    monitor: str = ""
    defaults: tuple[str, ...] = ()
    span: Span = NOWHERE


class ExportPlan(Record):
    """An export block: `labels hidden`, `source hidden`, `bare`, `outputs a, b` (none: all).

    `players`: those of a gan that are exported beside its generators.
    `streaming`: also a file that takes one step of a sequence at a time.
    """

    network: str
    bare: bool = False
    labels: bool = True
    source: bool = True
    span: Span = NOWHERE
    outputs: tuple[str, ...] = ()
    players: tuple[str, ...] = ()
    streaming: bool = False


def describe(call: Declared) -> str:
    """A declared call as a person would write it: arguments that differ from their defaults."""
    parts = []
    for name, arg in call.args.items():
        value = getattr(call, name)
        if arg.required or value != arg.default:
            parts.append(f"{name}={value}" if not arg.required else f"{value}")
    return f"{call.word}({', '.join(parts)})" if parts else call.word
