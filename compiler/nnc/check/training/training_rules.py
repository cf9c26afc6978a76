"""The rules of data and train blocks and of binding fields, NN4xx."""

from __future__ import annotations

from nnc.diagnostics import rule

UNKNOWN_SOURCE = rule(
    "NN401",
    "unknown-source",
    """
Data come from `bundled("NAME")`, `images("DIR")`, `idx("DIR")`, `arrays("f.npz")` or
`table("f.csv")`.
""",
)
UNKNOWN_SETTING = rule(
    "NN402",
    "unknown-setting",
    """
The block has no setting of this name. Settings are `name value`, one a line or separated by `;`.
""",
)
DOUBLED_SETTING = rule(
    "NN403",
    "doubled-setting",
    """
The setting stands twice in one block.
""",
)
BAD_SETTING = rule(
    "NN404",
    "bad-setting",
    """
The setting takes another kind of value.
""",
)
MISSING_SETTING = rule(
    "NN405",
    "missing-setting",
    """
A train block needs `data`, a `loss` and a length: `epochs` or `steps`.
""",
)
UNKNOWN_LOSS = rule(
    "NN406",
    "unknown-loss",
    """
Losses: cross_entropy, ctc, bce, bce_with_logits, mse, l1, huber.
""",
)
UNKNOWN_OPTIMIZER = rule(
    "NN407",
    "unknown-optimizer",
    """
Optimizers: sgd, adam, adamw, rmsprop.
""",
)
UNKNOWN_SCHEDULE = rule(
    "NN408",
    "unknown-schedule",
    """
Schedules: constant, step, cosine, linear, plateau; each takes `warmup`.
""",
)
UNKNOWN_METRIC = rule(
    "NN409",
    "unknown-metric",
    """
Metrics: accuracy, f1, precision, recall, auroc, iou of classes, perplexity and bits of their
cross-entropy; mae, mse, rmse, r2 of numbers; error_rate of texts.
""",
)
BAD_LOSS = rule(
    "NN410",
    "bad-loss",
    """
A loss is a sum of terms, perhaps times numbers: losses of outputs, `cross_entropy(digit)
+ 0.5 * l1(box)`, `mse(copy, image)`.
""",
)
WRONG_HEAD = rule(
    "NN411",
    "wrong-head",
    """
`cross_entropy`, `ctc` and `bce_with_logits` contain their softmax or sigmoid and want the raw
numbers before it; `bce` wants probabilities, after a sigmoid. The exported file gives the
probabilities of classes all the same.
""",
)
UNKNOWN_OUTPUT = rule(
    "NN412",
    "unknown-output",
    """
The loss, metric or export speaks of an output that the network does not have.
""",
)
WRONG_METRIC = rule(
    "NN413",
    "wrong-metric",
    """
Metrics of classes go with `cross_entropy`, `bce` and `bce_with_logits`, `perplexity` and `bits`
with `cross_entropy` alone, `error_rate` with `ctc`, metrics of numbers with the others.
""",
)
UNKNOWN_DATA = rule(
    "NN414",
    "unknown-data",
    """
The train block names data that the file does not declare.
""",
)
UNBOUND_INPUT = rule(
    "NN420",
    "unbound-input",
    """
Each input of the network reads one field of the data: by an equal name, or as the only one left
whose type fits, or as the data setting says: `data digits(image=image)`.
""",
)
UNBOUND_TARGET = rule(
    "NN421",
    "unbound-target",
    """
Each loss compares one output with a target field of the data: by an equal name, or the only one
left that fits, or as the data setting says: `data digits(digit=label)`.
""",
)
WRONG_CLASSES = rule(
    "NN422",
    "wrong-number-of-classes",
    """
`cross_entropy` needs one output number a class: write `dense(DATA.classes)`; `ctc` one a token and
one for the blank, features last: `dense(DATA.vocab)`. `bce` and
`bce_with_logits` on one number need two classes.
""",
)
WRONG_TARGET = rule(
    "NN423",
    "target-shape",
    """
The output and its target have different sizes.
""",
)
WRONG_FIELD = rule(
    "NN424",
    "unknown-field",
    """
The data setting names a field that the data do not have, or a name that is no input or output.
""",
)
BROKEN_CONDITION = rule(
    "NN425",
    "size-breaks-condition",
    """
The network works only for some sizes ("H must be a multiple of 16"), and the data have others.
Set `size` in the data block.
""",
)
CARRIED = rule(
    "NN426",
    "carried-state",
    """
With `carry=true` the windows of a text follow on one another, and what `rnn`, `gru` and `lstm`
remember at the end of one is what they start from in the next (truncated back-propagation through
time). A layer that is given a state (`lstm(8, h, c)`) starts from that one. What reads backwards
cannot carry on, and a scan starts anew with each window.
""",
)
OWN_STEPS = rule(
    "NN427",
    "own-steps",
    """
An output with a step for each step of a padded input is longer than some samples are: only a
sample's own steps are learnt and measured. What it learns from has as many steps for each sample:
a sequence of the data, or the padded input itself. A loss is the mean over samples of the mean over
a sample's own steps; a metric counts all own steps alike. In formulas `mean` and `sum` are those of
a sample's own steps.
""",
)
LOST_TEXT = rule(
    "NN428",
    "text-beyond-steps",
    """
`ctc` finds the tokens of a text in at least as many steps: one a token, and one more between two
equal tokens. Convolutions with strides and pools make fewer steps of a sequence.
""",
)
SMALL_TABLE = rule(
    "NN429",
    "table-lacks-ids",
    """
`embedding(COUNT, WIDTH)` has a row for each id from 0 to COUNT - 1, and the data hold ids beyond:
there is nothing to look up for them. Write the number that the data give: `DATA.vocab` for texts,
`DATA.COLUMN.values` for a column of a table or the `id` of a series. `one_hot` counts in the same
way.
""",
)
UNKNOWN_SELECTION = rule(
    "NN430",
    "unknown-selection",
    """
`on` and `freeze` name weights: by kind of weight (`bias`, `weight`), by kind of layer (`norm` for
all normalisations, or a layer's word), or by an explicit name: a label (`as stem`), a `shared`
step, a block. What is named inside of a block stands behind a dot: `encoder.stem`. Counted names
(`conv1`) are output, never input.
""",
)
SELECTS_NOTHING = rule(
    "NN431",
    "selects-nothing",
    """
The words are understood, but no weight that learns is left for them: the layer has none, they are
frozen, or more specific lines take them.
""",
)
SELECTIONS_OVERLAP = rule(
    "NN432",
    "selections-overlap",
    """
Of several lines the most specific one wins a weight: an explicit name before a kind of layer before
a kind of weight; of two names the inner one, a label before a block, of kinds a layer's word before
`norm`. Two that are equally specific must not select the same weight.
""",
)
ALL_FROZEN = rule(
    "NN433",
    "all-frozen",
    """
`freeze` keeps weights as they are. Something must be left to learn.
""",
)
CLASS_WEIGHTS = rule(
    "NN480",
    "class-weights-do-not-fit",
    """
`class_weights` of cross_entropy has one number a class, in the order of the classes, or is
`balanced`: then a class weighs samples / (classes * its samples), counted in the train part.
""",
)
