"""What the words of data and train blocks mean; `nnc layers WORD` tells it."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """A data source, a setting, or an augmentation.

    Attributes:
        kind: what it is a word of.
        written: how it is written.
        about: what it does.
        arguments: by name, where it takes any.
    """

    kind: str
    written: str
    about: str
    arguments: tuple[tuple[str, str], ...] = ()


_TARGET = ("target", 'columns that are learnt, a list: `target=["price"]`')
SOURCES: dict[str, Word] = {
    "bundled": Word(
        "data source",
        'bundled("mnist5k")',
        "A small data set that comes with nnc; `nnc data --licences` lists them.",
        (
            ("name", "of the data set"),
            ("unit", "of a text, as of `text`"),
            ("window", "of a text or a series: units or rows of a sample"),
            ("vocab", "of a text: so many different units at most"),
            ("carry", "of a text: windows follow on one another"),
            ("horizon", "of a series: rows that are forecast"),
        ),
    ),
    "images": Word(
        "data source",
        'images("photos")',
        "Pictures in a folder: in class folders, flat, with a table of labels, with masks, or in "
        "pairs. Gives `image`, and `label`, `mask`, the table's columns, or `a` and `b`.",
        (
            ("path", "the folder; part folders (train, val, test) are used where it has them"),
            ("labels", "a table with a row for each picture"),
            ("file", "the column of `labels` that names the picture"),
            ("target", "the columns of `labels` that are learnt, a list"),
            ("masks", "a folder of masks with the names of the pictures"),
            ("pairs", "two folders of pictures with equal names"),
            ("size", "pixels that pictures are brought to, as the setting `size`"),
            ("names", 'parts of file names: `"label.*"` for `cat.12.jpg`'),
        ),
    ),
    "idx": Word(
        "data source",
        'idx("digits")',
        "A folder of idx files with MNIST's names, also .gz.",
        (("path", "the folder"),),
    ),
    "arrays": Word(
        "data source",
        'arrays("waves.npz", target=["y"])',
        "Arrays of NumPy in an .npz file, samples along the first axis; each is a field.",
        (
            ("path", "the file; it may hold no pickled objects"),
            ("target", "arrays that are learnt; by default y, label, labels or target"),
        ),
    ),
    "table": Word(
        "data source",
        'table("houses.csv", target=["price"])',
        "Rows of a CSV or Parquet file. Gives `numbers`, each category under its column's name, "
        "all of them as `categories`, and the targets.",
        (
            ("path", "the file"),
            _TARGET,
            ("drop", "columns that are left out"),
            ("numbers", "columns that are numbers, whatever they look like"),
            ("categories", "columns that are categories, whatever they look like"),
        ),
    ),
    "text": Word(
        "data source",
        'text("poems.txt", unit=char, window=128)',
        "A long text in windows, divided by position: gives `text` and `next`, the same one unit "
        "on. With `column` and `target`: a table with a text in each row; gives `text`, of "
        "different lengths, and the target. `DATA.vocab` is the number of different units in the "
        "train part, and one for all others.",
        (
            ("path", "the file"),
            ("unit", "what is numbered: char, byte, word, or subword (byte-level BPE)"),
            ("window", "units of a sample, 128 by default"),
            ("vocab", "so many different units at most, the frequent ones"),
            ("carry", "windows follow on one another in each place of a batch; else shuffled"),
            ("encoding", 'of the file, UTF-8 by default: `encoding="latin-1"`'),
            ("column", "of a table: the column of texts"),
            ("target", "of a table: the column that is learnt"),
        ),
    ),
    "series": Word(
        "data source",
        'series("sales.csv", time="date", target=["sold"], window=90, horizon=14)',
        "Rows in time order: gives `past`, all columns of the last `window` rows, and the target's "
        "next `horizon` rows under its name (several targets: `future`); `known` and `series` "
        "where they are asked for. Scales are fitted on the train part.",
        (
            ("path", "the file, CSV or Parquet"),
            ("time", "the column of dates (or years), which rise"),
            ("target", "the columns that are forecast"),
            ("window", "rows of the past that a sample has"),
            ("horizon", "rows that are forecast"),
            (
                "known",
                "columns whose future is known; parts of the date are computed: `date.year`, "
                "`date.month`, `date.day`, `date.weekday` (Monday is 1), `date.hour`; of others "
                "`nnc run` reads the rows to come, behind the last and with empty targets",
            ),
            ("id", "the column that tells several series in one file apart"),
            ("drop", "columns that are left out"),
            ("missing", "what stands for missing numbers: `missing=last`, the last known one"),
            (
                "gaps",
                "rows that are missing in time: `split` (windows do not cross the hole), `fill` "
                "(rows are put in, as the one before), `ignore` (rows alone count) or `error`",
            ),
            ("sort", "`sort=true`: rows are sorted by time"),
        ),
    ),
    "audio": Word(
        "data source",
        'audio("digits", rate=16000)',
        "WAV and FLAC files in a folder: in class folders, flat, or with a table of targets. "
        "Channels are mixed to one. Gives `audio`, samples from -1 to 1 of different lengths, and "
        "`label` or the table's columns; with `unit` the target is what is said, as tokens.",
        (
            ("path", "the folder; part folders (train, val, test) are used where it has them"),
            ("rate", "samples a second that all files have; by default the files' own"),
            ("resample", "`resample=true`: files at other rates are brought to `rate`"),
            ("labels", "a table with a row for each sound"),
            ("file", "the column of `labels` that names the sound"),
            ("target", "the columns of `labels` that are learnt, a list"),
            ("unit", "the target is a text: char, byte, word or subword; token 0 is CTC's blank"),
            ("vocab", "so many different units at most"),
            ("names", 'parts of file names: `"label_speaker_take"`; `group "speaker"` reads them'),
        ),
    ),
}
DATA_SETTINGS: dict[str, Word] = {
    "split": Word(
        "data setting",
        "split 0.8/0.1/0.1",
        "How samples are divided into train, validation and test: shares, `folders`, "
        '`files("train.txt", "val.txt")`, `column("part")`, `time("2020-01-01", "2021-01-01")` or '
        "`none`. By default what the data carries, else 10% validation.",
    ),
    "group": Word(
        "data setting",
        'group "patient"',
        "Samples with equal values of this column (or folder) come into one part.",
    ),
    "split_seed": Word("data setting", "split_seed 0", "Another seed, another drawn split."),
    "classes": Word(
        "data setting",
        "classes [cat, dog]",
        "The classes in order; by default numbers by value, else by code points.",
    ),
    "size": Word(
        "data setting",
        "size 224",
        "Pixels that pictures are brought to, `size 64x48` is height x width; by default the "
        "sizes of the network's input.",
    ),
    "fit": Word(
        "data setting",
        "fit crop",
        "How pictures come to their size: `crop` covers it and cuts (the default), `pad` fits "
        "inside with black around, `stretch` distorts.",
    ),
    "normalize": Word(
        "data setting",
        "normalize 0..1",
        "How values become network numbers: `0..1` (pictures' default), `-1..1`, `imagenet`, "
        "`(mean, std)`, `fit` (of the train part; columns' default) or `none`.",
    ),
    "on_error": Word(
        "data setting", "on_error stop", "What an unreadable file does: `stop`, or `skip`."
    ),
    "augment": Word(
        "data setting",
        "augment flip, shift(2), crop(padding=4)",
        "Changes to pictures of the train part, drawn anew each time: `flip`, `shift`, `crop`.",
    ),
}
AUGMENTS: dict[str, Word] = {
    "flip": Word("augmentation", "flip", "Mirrors every other picture, left to right."),
    "shift": Word(
        "augmentation",
        "shift(2)",
        "Moves a picture by so many pixels at most, up or down and left or right.",
        (("amount", "pixels, at least 1"),),
    ),
    "crop": Word(
        "augmentation",
        "crop(padding=4)",
        "Pads a picture on all sides and cuts its size out anywhere.",
        (("padding", "pixels, at least 1"),),
    ),
}
TRAIN_SETTINGS: dict[str, Word] = {
    "data": Word(
        "train setting",
        "data digits(image=image, digit=label)",
        "The data block, and which field feeds which input or output where names do not tell.",
    ),
    "loss": Word(
        "train setting",
        "loss cross_entropy(digit) + 0.5 * l1(box)",
        "What is made small; the name alone where one output learns.",
    ),
    "optimizer": Word(
        "train setting",
        "optimizer adam(lr=1e-3)",
        "How weights are changed. A further line `on bias, norm` is for some of them: kinds of "
        "weights, kinds of layers, or names; the most specific line wins.",
    ),
    "schedule": Word(
        "train setting",
        "schedule cosine",
        "How the learning rate goes on; further lines `on head` are for some weights.",
    ),
    "epochs": Word("train setting", "epochs 20", "So many times through the train part."),
    "steps": Word("train setting", "steps 5000", "So many updates, instead of `epochs`."),
    "batch": Word("train setting", "batch 64", "Samples of an update; 64 by default."),
    "metric": Word(
        "train setting",
        "metric accuracy, f1",
        "What is measured; the first one on validation chooses the weights that are kept.",
    ),
    "clip": Word(
        "train setting",
        "clip 1.0",
        "The largest norm that gradients may have; further lines `on head` are for some weights.",
    ),
    "freeze": Word(
        "train setting",
        "freeze stem, encoder",
        "Weights that stay as they start, and running statistics with them: labels, `shared` "
        "steps, blocks, kinds of layers or of weights.",
    ),
    "init": Word(
        "train setting",
        'init "runs/lenet/1"',
        "Starts from the weights of a run, of the newest run in a folder, or of a safetensors "
        "file; layers are aligned by structure and sizes, and what carries over is printed.",
    ),
    "accumulate": Word(
        "train setting",
        "accumulate 4",
        "Computes a batch in so many pieces, one after the other, for less memory; the update is "
        "that of the whole batch (batch_norm sees a piece at a time).",
    ),
    "early_stop": Word(
        "train setting",
        "early_stop 5",
        "Ends after so many epochs in which the first metric (without metrics the loss) on "
        "validation was no better; off by default.",
    ),
    "seed": Word("train setting", "seed 0", "Of initial weights, order and augmentations."),
    "precision": Word(
        "train setting",
        "precision auto",
        "Numbers to train with: `float32`, `bf16`, or `auto` by device and loss.",
    ),
    "deterministic": Word(
        "train setting", "deterministic true", "Equal to the bit on a GPU too, and slower."
    ),
    "compile": Word(
        "train setting",
        "compile true",
        "PyTorch compiles the step before the first one, which takes a minute or more: for long "
        "runs on a GPU. Where it cannot, the run says why and goes on without.",
    ),
}
WORDS = (SOURCES, DATA_SETTINGS, AUGMENTS, TRAIN_SETTINGS)
