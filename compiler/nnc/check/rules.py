"""The rules of names, arguments, flow and claims.

Each with the explanation that `nnc explain` shows.
"""

from __future__ import annotations

from nnc.diagnostics import rule

UNKNOWN_STEP = rule(
    "NN101",
    "unknown-step",
    """
A step is a layer or a block, and no layer or block has this name. `nnc layers` lists the layers.
Names are PyTorch's in the field's short words: `dense` for `Linear`, `conv` for `Conv2d`.
""",
)
UNKNOWN_NAME = rule(
    "NN102",
    "unknown-name",
    """
An expression uses a name that nothing declares here: no parameter, `let`, label, loop variable or
option of the argument. Names are declared before they are used, and end with the block, path or
turn of a loop that made them.
""",
)
TAKEN_NAME = rule(
    "NN103",
    "taken-name",
    """
The name is in use already. Layers, blocks and networks are one space of names; labels, parameters
and `let` are another and do not shadow one another within a body.
""",
)
ENDED_LABEL = rule(
    "NN104",
    "ended-label",
    """
A label made in a path, an `if` or a turn of a loop ends with it. To keep the values of a loop,
name a family: `as skip[i]` in the loop, `from skip[i]` or `from skip` later.
""",
)
VALUE_AS_STEP = rule(
    "NN105",
    "value-as-step",
    """
A label names a value, and a step does something to a value. To go on from a value write `from
NAME`, then the steps.
""",
)
STEP_AS_VALUE = rule(
    "NN106",
    "step-as-value",
    """
The name is a layer or a block, where a value or a number is wanted.
""",
)
UNKNOWN_DIMENSION = rule(
    "NN107",
    "unbound-dimension",
    """
Upper-case names in a type are sizes that inputs, sources and block patterns bind. Here nothing
binds this one: write a number, a bound name, or `_` for any size.
""",
)
UNKNOWN_NETWORK = rule(
    "NN108",
    "unknown-network",
    """
A train or export block speaks of a network that this file does not declare.
""",
)
UNKNOWN_ATTRIBUTE = rule(
    "NN109",
    "unknown-data-number",
    """
Data give these numbers: `classes` (of the target), `numbers` (numeric columns), `NAME.values`
(values of a category column).
""",
)
UNCALLED_BLOCK = rule(
    "NN110",
    "uncalled-block",
    """
No network calls this block. Call it, or remove it.
""",
    "warning",
)
RECURSION = rule(
    "NN111",
    "recursive-block",
    """
A block that calls itself, even through others, has no end. Use `repeat` or `for`.
""",
)
EMPTY = rule(
    "NN112",
    "empty-spec",
    """
A spec declares something: a network, blocks, data. `nnc new NAME` writes one to start from.
""",
)
MISSING_FILE = rule(
    "NN113",
    "missing-file",
    """
`use "file.nn"` reads a file beside the text that says so, `use std.name` one of the standard
library. The path is relative to that text, with `/` between folders.
""",
)
CIRCULAR_USE = rule(
    "NN114",
    "circular-use",
    """
A file cannot use itself, neither directly nor through others. What two files need of each other
belongs into a third.
""",
)
LATER = rule(
    "NN120",
    "planned",
    """
This is a part of the language that this version of nnc reads but cannot lower; nothing is ever
ignored, so it is an error.
""",
)

WEIGHTS_IN_FORMULA = rule(
    "NN130",
    "weights-in-formula",
    """
A formula computes; what it computes with has a name. A layer with weights is a step, so that its
weights have a place and a name: write `from x -> dense(4) as h`, then use `h`.
""",
)
BAD_SOURCE = rule(
    "NN131",
    "bad-source",
    """
`weight gamma: [64, 1, 1] = 1e-6` is learned and starts from a number, a list of numbers or a
distribution (without one from `normal(0.02)`). `constant mask: [3] = [1, 0, 1]` keeps its numbers.
`noise dice: [20]` is drawn anew at each call, from `normal(1)` or what `=` says.
""",
)
UNKNOWN_ARGUMENT = rule(
    "NN201",
    "unknown-argument",
    """
The step has no argument of this name. `nnc layers NAME` lists a layer's arguments.
""",
)
MISSING_ARGUMENT = rule(
    "NN202",
    "missing-argument",
    """
The argument has no default and must be given.
""",
)
DOUBLED_ARGUMENT = rule(
    "NN203",
    "doubled-argument",
    """
The argument is given twice: once by position and once by name, or twice by name.
""",
)
WRONG_KIND = rule(
    "NN204",
    "wrong-kind",
    """
The argument takes another kind of value: a whole number, a number, `true` or `false`, one of its
options, a tuple.
""",
)
OUT_OF_RANGE = rule(
    "NN205",
    "out-of-range",
    """
The value is outside of what the argument allows.
""",
)
TOO_MANY = rule(
    "NN206",
    "too-many-arguments",
    """
More values by position than the step has arguments.
""",
)
UNNAMED_DEFAULT = rule(
    "NN207",
    "unnamed-default",
    """
`defaults` name the arguments that they speak of: `defaults { conv(bias=false) }`.
""",
)
BAD_OPERATION = rule(
    "NN208",
    "bad-operation",
    """
The operator does not work on these values: sizes are whole numbers, `/` of whole numbers must be
exact (`//` rounds down), and conditions need numbers that are known while checking.
""",
)
NOT_A_CONDITION = rule(
    "NN209",
    "not-a-condition",
    """
`if`, `and`, `or`, `not` take conditions: comparisons such as `stride != 1`, or a parameter that
is `true` or `false`.
""",
)
NOT_A_COUNT = rule(
    "NN210",
    "not-a-count",
    """
`repeat` takes a whole number of turns that is known while checking; `for` takes a list or a range
`0..n`.
""",
)
UNPACKING = rule(
    "NN211",
    "wrong-unpacking",
    """
A `for` or `let` with several names takes tuples of as many values.
""",
)
NO_BODY = rule(
    "NN212",
    "unexpected-body",
    """
This step takes no braces. `add`, `concat` and `mul` take paths; `residual` and `scale` take
steps.
""",
)
LIMIT = rule(
    "NN213",
    "too-large",
    """
nnc stops at 1,000,000 steps, loops of 1,000,000 turns in all and blocks nested 64 deep, so that
no text exhausts the machine.
""",
)
BAD_OVERRIDE = rule(
    "NN214",
    "bad-override",
    """
`--set K=V` names a parameter of the file, of a network (`NET.width`), a setting (`train.epochs`),
or a number from data (`data.NAME.classes`).
""",
)

NO_VALUE = rule(
    "NN310",
    "no-value",
    """
There is no current value here: a network with several inputs starts with `from NAME`, a network
with one input starts after its `input`.
""",
)
SEVERAL_VALUES = rule(
    "NN311",
    "several-values",
    """
Several values came from `from a, b`, and this step takes one. Join them first: `-> concat` or `->
add`.
""",
)
UNUSED_VALUE = rule(
    "NN312",
    "unused-value",
    """
A value that nothing uses is work thrown away, and most often a missing `from`, `add` or `output`.
""",
)
UNUSED_INPUT = rule(
    "NN313",
    "unused-input",
    """
Nothing reads this input. Use it with `from NAME`, or remove it.
""",
)
WRONG_CLAIM = rule(
    "NN314",
    "wrong-claim",
    """
A shape written after a step is a claim about the value right there, and it is not so. Sizes are
without the batch.
""",
)
WRONG_PATTERN = rule(
    "NN315",
    "pattern-mismatch",
    """
A block says in its header which shape it accepts, and the value has another.
""",
)
WRONG_RANK = rule(
    "NN316",
    "wrong-rank",
    """
The layer takes values with another number of axes. Axes are counted without the batch:
`[channels, height, width]` has three. `flatten` makes one axis of all, `reshape` any.
""",
)
WRONG_TYPE = rule(
    "NN317",
    "wrong-element-type",
    """
The layer takes another type of element: most take numbers; ids (`token[...]`) go through
`embedding` first.
""",
)
NO_OUTPUT = rule(
    "NN318",
    "no-output",
    """
A network gives at least one value out: `output NAME` after the step that makes it.
""",
)
NO_INPUT = rule(
    "NN319",
    "no-input",
    """
A network takes at least one input: `input image: [1, 28, 28]`, sizes without the batch.
""",
)
OUTPUT_NAME = rule(
    "NN320",
    "output-names-another",
    """
`output NAME` gives out the current value. Where NAME is a label, that label must name this very
value.
""",
)
LOOSE_PATH = rule(
    "NN321",
    "loose-path",
    """
`path { }` stands directly in `add`, `concat` or `mul` (or in a `for` or `if` there), and these
hold nothing but paths.
""",
)
MISPLACED = rule(
    "NN322",
    "misplaced-statement",
    """
This statement does not belong here: `input` and `output` stand at the top of a network's body,
not in blocks, paths or loops.
""",
)
TYPE_SYNTAX = rule(
    "NN323",
    "bad-size",
    """
A size in a type is a whole number of at least 1, a dimension's name, or an expression of these.
""",
)
SHARED_SHAPES = rule(
    "NN324",
    "shared-shapes",
    """
The uses of a shared step have the same weights, so their inputs must ask for weights of the same
sizes.
""",
)
OPEN_WEIGHT = rule(
    "NN326",
    "weight-of-open-size",
    """
A weight has one size for good, so it cannot depend on a size that differs from input to input,
such as `H` in `[3, H, W]`. Fix that size, or pool to a size that does not depend on it:
`global_avg_pool -> flatten -> dense(10)`.
""",
)
TIME_AXIS = rule(
    "NN325",
    "time-as-channels",
    """
Convolutions and poolings take channels first: `[C, L]`. Here the first axis is time;
`rearrange([t, c], [c, t])` turns it.
""",
)
NO_SAMPLES = rule(
    "NN351",
    "no-samples",
    """
A weight or a constant is the same for all samples; where a layer or an output takes a value of each
sample, it is repeated once for each. How many there are is told by an input.
""",
)
BAD_PADDED = rule(
    "NN388",
    "bad-padded-input",
    """
`padded` says that the first size differs from sample to sample, so the type names it: `input words:
token[T] padded`, `input sound: [T, 40] padded`. In a batch the shorter ones are padded to the
longest; the network has one more input, `words_length`, with the length of each.
""",
)
