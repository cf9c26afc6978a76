"""The rules of shapes that layers state, each with the explanation that `nnc explain` shows."""

from __future__ import annotations

from nnc.diagnostics import rule

KERNEL = rule(
    "NN301",
    "kernel-too-large",
    """
A window must fit into its input at least once, padding included: along each axis `size + padding
before and after >= dilation * (kernel - 1) + 1`. Sizes shrink with each pooling and each
convolution without padding; pad, pool less, or use a smaller kernel.
""",
)
GROUPS = rule(
    "NN302",
    "groups-do-not-divide",
    """
A grouped convolution cuts its input channels and its output channels into `groups` equal parts, so
`groups` must divide both.
""",
)
OUTPUT_PADDING = rule(
    "NN303",
    "output-padding-too-large",
    """
`output_padding` chooses among the input sizes that a strided convolution maps to one output size.
There are `stride` of them, so it must be smaller than the stride (or, as PyTorch allows, than the
dilation).
""",
)
PADDING = rule(
    "NN304",
    "padding-too-large",
    """
Padding of a pool is at most half its kernel: beyond, a window would hold nothing but padding.
Reflection needs fewer cells than the axis has (the border itself is not repeated), circular padding
at most as many.
""",
)
SAME_STRIDE = rule(
    "NN305",
    "same-with-stride",
    """
`padding=same` keeps the size of the input, which a stride above 1 cannot. Give the padding as a
number: `padding=1` with a kernel of 3 and a stride of 2 halves the size, rounding up.
""",
)
NUMBER = rule(
    "NN306",
    "size-not-a-number",
    """
This argument becomes part of the program, so it must be a number that is known while checking. A
size that only the input (or the data) fixes cannot stand here.
""",
)
COUNT = rule(
    "NN307",
    "wrong-number-of-sizes",
    """
An argument with one number an axis takes as many numbers as the value has axes of space: `conv(8,
3x5)` for `[C, H, W]`. One number alone speaks of all axes. `pad` takes two numbers an axis, last
axis first, as in PyTorch: (left, right, top, bottom).
""",
)
AXIS = rule(
    "NN308",
    "no-such-axis",
    """
Axes are counted from 0 without the batch, or from the end: -1 is the last. `[C, H, W]` has the axes
0, 1, 2.
""",
)
ELEMENTS = rule(
    "NN309",
    "element-count",
    """
`reshape` gives the same elements other sizes, so the product of the sizes stays. One size may be
-1: it is what remains.
""",
)
OPEN_SIZES = rule(
    "NN330",
    "bad-reshape-size",
    """
A size in `reshape` is at least 1; one of them may be -1, which stands for what remains.
""",
)
BROADCAST = rule(
    "NN331",
    "shapes-do-not-match",
    """
`add` and `mul` work element by element. Shapes are compared from the last axis on; two sizes match
where they are equal or one of them is 1. The batch is left out: a value of fewer axes is repeated
along the missing ones.
""",
)
CONCAT = rule(
    "NN332",
    "shapes-do-not-join",
    """
`concat` lays values side by side along one axis (the first, channels, unless told `axis=`); all
other sizes, the number of axes and the type of element must be equal.
""",
)
MODE = rule(
    "NN333",
    "mode-does-not-fit",
    """
Interpolation is named after the number of axes that it works on, as in PyTorch: `linear` for `[C,
L]`, `bilinear` and `bicubic` for `[C, H, W]`, `trilinear` for `[C, D, H, W]`. `nearest` fits all.
""",
)
NOTHING_LEFT = rule(
    "NN334",
    "nothing-left",
    """
The padding of a transposed convolution is cut off its output: along each axis `(size - 1) * stride
- 2 * padding + dilation * (kernel - 1) + output_padding + 1` must be at least 1.
""",
)
ADAPTIVE = rule(
    "NN335",
    "adaptive-of-open-size",
    """
An adaptive pool chooses its windows from the size of its input, and an exported network needs them
fixed. Along an axis whose size only the input fixes, the one size that it can give is 1. Write the
input's size as a number, or pool to 1.
""",
)
NO_EFFECT = rule(
    "NN336",
    "argument-without-effect",
    """
The argument speaks of something that this step does not have: `init` of a weight that is left out,
`value` of a padding that copies from its input. Nothing is ever ignored, so it is an error.
""",
)
SLOPES = rule(
    "NN337",
    "slopes-do-not-fit",
    """
`prelu` learns one slope for all numbers, or one for each channel (axis 0). `prelu(64)` fits values
of 64 channels, `[64, H, W]`.
""",
)
BOUNDS = rule(
    "NN338",
    "bounds-turned-round",
    """
Two bounds enclose something: the lower one must be below the upper one.
""",
)
PARTS = rule(
    "NN339",
    "parts-do-not-divide",
    """
What is cut into equal parts along an axis must have a size that the number of parts divides: `glu`
takes two halves, `group_norm(8)` eight groups, `attention(12)` twelve heads, `pixel_shuffle(2)` 2*2
channels for each that comes out.
""",
)
ONE_CELL = rule(
    "NN340",
    "norm-of-one-cell",
    """
`instance_norm` takes the mean of each channel over its space, and divides by the deviation from it.
Where the space has shrunk to one cell, the mean is the number itself and nothing is left.
""",
)
PERMUTATION = rule(
    "NN341",
    "axes-not-a-permutation",
    """
`permute` lists each axis of its value once, in the order that they have afterwards: `permute(2, 0,
1)` makes `[C, H, W]` of `[H, W, C]`. To exchange sizes that are no whole axes use `reshape`.
""",
)
NOT_ONE = rule(
    "NN342",
    "squeeze-of-a-long-axis",
    """
`squeeze` drops an axis that holds one number, so that nothing is lost. An axis of another size is
taken together by `mean`, `sum` or `max`, or laid into its neighbour by `reshape` and `flatten`.
""",
)
SLICE = rule(
    "NN343",
    "slice-outside",
    """
A slice lies inside its axis and holds at least one place: `0 <= start < stop <= size`. Negative
numbers count from the end. Nothing is cut down in silence, as Python does.
""",
)
TOO_FEW = rule(
    "NN344",
    "deviation-of-too-few",
    """
`std` divides by the number of values less `correction` (1, as in PyTorch), which must leave at
least 1: the deviation of a single number is not defined.
""",
)
POSITIONS = rule(
    "NN345",
    "positions-do-not-reach",
    """
`positions` learns a vector for each place of a sequence, so it must know the longest one: `max` is
at least the number of steps. Where the steps are a number it may be left out.
""",
)
NO_INTERVAL = rule(
    "NN348",
    "empty-interval",
    """
`clamp(min, max)` keeps numbers between two bounds, so the first is not above the second.
""",
)
OUTSIDE = rule(
    "NN349",
    "no-such-position",
    """
Positions along an axis count from 0, or from the end: -1 is the last. An index drops its axis,
`h[0]` of `[T, C]` is `[C]`; a slice keeps it, `h[1:]` is `[T - 1, C]`, and holds at least one
position. Axes are counted without the batch.
""",
)
AXES_COUNT = rule(
    "NN370",
    "wrong-number-of-axes",
    """
The first list of `rearrange` names each axis of the value that comes, in order; the batch is left
out. `...` stands for all axes that are not named.
""",
)
AXIS_SIZE = rule(
    "NN371",
    "axis-size-does-not-fit",
    """
A composed axis has the product of its parts, so a part that is told must divide it; an axis whose
size is told has that size. Names that are numbers where the step stands (bound sizes, parameters,
`let`) tell their size, and so does `g=2` behind the lists, which comes first.
""",
)
STATES = rule(
    "NN390",
    "wrong-state",
    """
A recurrent layer starts from zeros, or from states that are given to it: `lstm(64, h, c)`, `gru(64,
h)`. A state has a number for each unit, `[units]`; of several layers or directions it has a row
each, `[layers * directions, units]`, in the order of PyTorch.
""",
)
SPLIT_SIZES = rule(
    "NN372",
    "parts-do-not-add-up",
    """
The parts that `split` makes are two or more, and together they are the axis that is cut:
`split([64, 64, 128])` cuts an axis of 256.
""",
)
MEMORY = rule(
    "NN373",
    "memory-does-not-fit",
    """
Attention to another sequence, `attention(8, to=memory)`, takes steps and features from it: `[S,
M]`. Axes before these are batch, and are the same in both.
""",
)
SCORES = rule(
    "NN374",
    "mask-does-not-fit",
    """
A `mask` and a `position_bias` of attention are laid over the scores, which have an axis for the
heads, one for the steps and one for the steps that they see: `[heads, T, S]`, or `[T, S]` for all
heads alike, `[S]` for all steps alike. Sizes of 1 are repeated.
""",
)
SPOILED = rule(
    "NN389",
    "spoiled-by-padding",
    """
The sequences of a padded input have lengths of their own. A layer that mixes the steps of a
sequence must know where it ends, or its result would depend on what the others in the batch are.
Recurrent layers, attention, convolutions, and mean, sum, max and min over the steps know; layers
that treat each step on its own need not.
""",
)
WINDOW = rule(
    "NN396",
    "window-longer-than-frame",
    """
A frame of a spectrogram has `fft` samples, and its window spans all of them or, with `length`,
fewer in the middle.
""",
)
FILTERS = rule(
    "NN397",
    "band-without-frequency",
    """
A spectrogram has the frequencies 0, rate/fft, 2*rate/fft, ... Bands on the mel scale are narrow
where frequencies are low; one that lies between two of them would be 0 for each sound. Use fewer
bands, or a longer `fft`, which has more frequencies.
""",
)
CAUSAL = rule(
    "NN398",
    "causal-of-pictures",
    """
`padding=causal` adds `dilation * (kernel - 1)` cells before the start of a sequence `[C, T]` and
none behind its end, so that no step sees a later one. A picture has no axis of time: tell its
padding in numbers.
""",
)
PADDING_ID = rule(
    "NN383",
    "padding-id",
    """
`embedding(9, 4, padding=0)` keeps the vector of one id at zeros, for places that hold nothing.
It is an id of the one table, and `weight_norm` cannot keep a vector of zeros.
""",
)
LIKE = rule(
    "NN384",
    "sizes-of-another-value",
    """
`pad`, `crop` and `upsample` take their sizes from a number, or with `like=` from another value with
as many axes: `pad` and `upsample` from a larger one, `crop` from a smaller one.
""",
)
FILL = rule(
    "NN385",
    "fill-of-ids",
    """
What comes in where a sequence of ids is shifted is an id: a whole number.
""",
)
SHIFT = rule(
    "NN386",
    "shift-of-nothing",
    """
`shift(1)` moves a sequence along its first axis by some places, fewer than it has.
""",
)
