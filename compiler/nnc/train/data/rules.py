"""What can be wrong with data, each rule with the explanation that `nnc explain` shows."""

from __future__ import annotations

from nnc.diagnostics import Refusal, Rule, rule
from nnc.ir.plan import DataPlan

NOT_FOUND = rule(
    "NN450",
    "data-not-found",
    """
    The file or folder that a data block names does not exist. A path in a `.nn` file is relative to
    the folder of that file; a path after `--data NAME=` is relative to the folder you are in.
    """,
)
LAYOUT = rule(
    "NN451",
    "data-layout",
    """
    The folder is not laid out in a way that this source reads. `images("DIR")` reads one folder a
    class (`DIR/cat/1.jpg`), the same below `train`, `val` and `test` (`DIR/train/cat/1.jpg`), or
    pictures without classes directly in `DIR`. `idx("DIR")` reads files named as MNIST's
    (`train-images-idx3-ubyte`, or `.gz`).
    """,
)
UNREADABLE = rule(
    "NN452",
    "unreadable-file",
    """
    A file cannot be read: it is cut off, is no picture, or would need more memory than is sensible.
    Repair or remove it, or write `on_error skip` in the data block: skipped files are then listed.
    """,
)
SIZE = rule(
    "NN453",
    "picture-size-unknown",
    """
    Pictures differ in size and nothing says which size the network takes. Write the sizes in the
    network's input (`input image: [3, 224, 224]`) or `size 224` in the data block.
    """,
)
CHANNELS = rule(
    "NN454",
    "channels-not-a-picture",
    """
    A picture has 1 (grey), 3 (RGB) or 4 (RGBA) channels; the network's input has another number of
    them.
    """,
)
PARTNER = rule(
    "NN455",
    "picture-without-partner",
    """
    `masks=`, `pairs=` and `labels=` join files by name: `images/a/1.jpg` belongs to
    `masks/a/1.png`. A picture has no partner, or a row names a picture that is not there.
    """,
)
CLASSES = rule(
    "NN456",
    "class-unknown",
    """
    A class appears where it cannot be learnt or judged: it is in the validation or test part but
    not in the train part, it is not in the `classes` setting, or the trained network does not know
    it.
    """,
)
SPLIT = rule(
    "NN457",
    "split-impossible",
    """
    The data cannot be divided as the `split` setting says: too few samples or groups, shares that
    do not sum to 1, a part that would be empty, folders, columns or files that are not there.
    """,
)
BUNDLED = rule(
    "NN458",
    "bundled-unknown",
    """
    `bundled("NAME")` reads data that ship with nnc; `nnc data --licences` lists them.
    """,
)
BINARY = rule(
    "NN459",
    "array-file-malformed",
    """
    An `.npz` or idx file is not what its header says, holds Python objects (which nnc never loads),
    or its arrays differ in length.
    """,
)
TABLE = rule(
    "NN460",
    "table-malformed",
    """
    A table cannot be read: a row has more or fewer cells than the header, two columns have one
    name, or the first line is no header. Rows are counted from 1, the header left out.
    """,
)
COLUMN = rule(
    "NN461",
    "column-missing",
    """
    A column that the data block (or the trained network) names is not in the table.
    """,
)
TARGET = rule(
    "NN462",
    "target-missing",
    """
    A row has no value in a target column, so there is nothing to learn from it. Fill it in, remove
    the row, or write `on_error skip`.
    """,
)
IDENTIFIER = rule(
    "NN463",
    "identifier-as-feature",
    """
    A text column has a different value in nearly each row: a name, an id or free text. A network
    would learn the rows by heart and know nothing about new ones. Leave it out with `drop=["..."]`.
    """,
)
VALUE = rule(
    "NN464",
    "value-unreadable",
    """
    A cell of a column of numbers is no number, is infinite, or is too large for float32. For a
    missing value leave the cell empty.
    """,
)
NORMALIZE = rule(
    "NN465",
    "normalize-does-not-fit",
    """
    The `normalize` setting does not fit the data: `imagenet` needs pictures with 3 channels, a
    given mean and standard deviation one number, or one a channel or column.
    """,
)
MEMORY = rule(
    "NN466",
    "data-too-large",
    """
    Arrays and tables are held in memory, and this file needs more than half of the machine's. A
    small compressed file that claims to be huge is refused by the same rule.
    """,
)
PROFILE = rule(
    "NN467",
    "profile-malformed",
    """
    `data.json` of a run folder is not as nnc writes it.
    """,
)
NO_PICTURES = rule(
    "NN468",
    "nothing-to-draw",
    """
    A sample grid is drawn of pictures, and this data holds none.
    """,
)
OPTION = rule(
    "NN469",
    "source-option",
    """
    An argument of the data's source is missing or is not of the kind it must be.
    """,
)
LIKE_AN_ID = rule(
    "NN470",
    "number-like-an-identifier",
    """
    A column of whole numbers has a different value in each row and counts up with them: most likely
    a row's id, which says nothing about new rows. Leave it out with `drop=["..."]`.
    """,
    "warning",
)


ENCODING = rule(
    "NN471",
    "text-not-in-encoding",
    """
    The bytes of a text file are no text in its encoding, UTF-8 unless `encoding=` says another.
    """,
)
SHORT = rule(
    "NN472",
    "shorter-than-a-window",
    """
    A text or a series, or a part of it after splitting, is shorter than one window, or holds
    nothing. Make the window smaller, give another `split`, or more data.
    """,
)
ORDER = rule(
    "NN473",
    "series-not-in-order",
    """
    The rows of a series are to rise in time, each date once (for each `id`, where there are
    several series). `sort=true` sorts them; rows with one date are to be joined by hand.
    """,
)
GAP = rule(
    "NN474",
    "series-with-a-gap",
    """
    A number of a series is missing. `missing=last` puts the last known one in its place;
    `on_error skip` in the data block leaves out the windows that hold it. Or rows are missing in
    time: `gaps=split` keeps windows from crossing the hole, `gaps=fill` puts rows in, each with the
    numbers of the row before it, and `gaps=ignore` counts rows alone.
    """,
)
SOUND = rule(
    "NN479",
    "sound-does-not-fit",
    """
    A file of sound is at another rate than `rate=` says, or is empty. `resample=true` brings it to
    the rate.
    """,
)


def refusal(kind: Rule, plan: DataPlan, message: str, help: str = "", *notes: str) -> Refusal:
    """The refusal of a rule at the place where the data block names its source."""
    span = plan.path_span if plan.path_span.end > plan.path_span.start else plan.span
    return Refusal(kind.at(span, message, notes=notes, help=help))


def some(names: list[str], limit: int = 5) -> str:
    """A few names in quotes, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
