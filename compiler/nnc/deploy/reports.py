"""What an evaluation leaves in files, and what it is held to."""

from __future__ import annotations

import csv
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nnc.backends.arrays import Array
from nnc.deploy.answers import named, plain
from nnc.deploy.evaluate import Answers, Measured, Question
from nnc.deploy.rules import BAD_REQUIREMENT, place
from nnc.diagnostics import Refusal, nearest
from nnc.ir.timeline import Timeline
from nnc.record import Record
from nnc.train.data.found import Steps

Row = Sequence[object]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


class Requirement(Record):
    """`f1>=0.9`: a metric, a comparison, a number."""

    metric: str
    sign: str
    number: float

    def met(self, value: float) -> bool:
        """Whether a value satisfies it; NaN never does."""
        return _COMPARE[self.sign](value, self.number)

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.number:g}"


def requirement(text: str, metrics: Iterable[str]) -> Requirement:
    """What `--require` says.

    Args:
        metrics: the names of those that are measured.

    Raises:
        Refusal: it is malformed, or of another metric.
    """
    found = re.fullmatch(r"\s*([^\s<>=]+)\s*(>=|<=|>|<)\s*([-+.\deE]+)\s*", text)
    try:
        if found is None:
            raise ValueError
        name, sign, number = found.group(1), found.group(2), float(found.group(3))
    except ValueError:
        help = "write it like 'f1>=0.9'"
        message = f"`{text}` is no requirement"
        raise Refusal(BAD_REQUIREMENT.at(place("<command line>"), message, help=help)) from None
    known = list(metrics)
    if name not in known:
        close = nearest(name, known)
        help = f"did you mean `{close}`?" if close else f"measured are {', '.join(known) or 'none'}"
        message = f"`{name}` is not measured"
        raise Refusal(BAD_REQUIREMENT.at(place("<command line>"), message, help=help))
    return Requirement(name, sign, number)


class ClassRow(Record):
    """One class: the share of its predictions that is right, and of its samples that is found."""

    label: str
    precision: float
    recall: float
    f1: float
    samples: int


def class_rows(confusion: npt.NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassRow, ...]:
    """Precision, recall and F1 of each class; 0 where nothing was predicted or is there."""
    hits = np.diag(confusion).astype(float)
    predicted, samples = confusion.sum(axis=0), confusion.sum(axis=1)
    return tuple(
        ClassRow(
            label,
            float(hits[k] / max(predicted[k], 1)),
            float(hits[k] / max(samples[k], 1)),
            float(2 * hits[k] / max(predicted[k] + samples[k], 1)),
            int(samples[k]),
        )
        for k, label in enumerate(labels)
    )


def write_reports(
    folder: Path,
    measured: Measured,
    asked: Sequence[Question],
    samples: Sequence[str],
    steps: Sequence[Steps] = (),
    time: Timeline | None = None,
) -> tuple[Path, ...]:
    """Writes `confusion.csv`, `mistakes.csv` and `predictions.csv`, as far as they have a meaning.

    With several outputs the output's name stands before (`digit.confusion.csv`). Mistakes come with
    the surest first; of values the worst come first.

    Args:
        samples: what each sample is called.
        steps: of windows of a series: what each sample forecasts; `time`: how its columns are
            called. Predictions then have a row a step.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for question in asked:
        before = f"{question.output}." if len(asked) > 1 else ""
        confusion = measured.confusion.get(question.output)
        if confusion is not None:
            rows: list[Row] = [("", *question.labels)]
            rows += [(label, *map(int, row)) for label, row in zip(question.labels, confusion)]
            made.append(_write(folder / f"{before}confusion.csv", rows))
        answers = measured.answers.get(question.output)
        if answers is not None and steps and question.columns:
            told = _step_answers(question, answers, steps, time or Timeline())
            made.append(_write(folder / f"{before}predictions.csv", told))
            worst = _worst_windows(answers, steps, time or Timeline())
            made.append(_write(folder / f"{before}mistakes.csv", worst))
            continue
        if answers is None or answers.predicted.size > 50 * max(1, len(samples)):
            continue  # pictures are no answers to list
        table = _class_answers if question.labels else _value_answers
        header, rows_of, order = table(question, answers, samples)
        made.append(_write(folder / f"{before}predictions.csv", [header, *rows_of]))
        made.append(
            _write(folder / f"{before}mistakes.csv", [header, *(rows_of[i] for i in order)])
        )
    return tuple(made)


def _class_answers(
    question: Question, answers: Answers, samples: Sequence[str]
) -> tuple[Row, list[Row], list[int]]:
    labels = question.labels
    chance = answers.probability
    rows: list[Row] = []
    for at, name in enumerate(samples):
        right, said = int(answers.right[at]), int(answers.predicted[at])
        share = "" if chance is None else plain(chance[at])
        rows.append((name, named(labels, right), named(labels, said), share))
    wrong = np.flatnonzero(answers.right != answers.predicted)
    if chance is not None:
        sure = np.asarray(chance, np.float64)[wrong]
        wrong = wrong[np.argsort(-sure, kind="stable")]
    return ("input", "right", "predicted", "probability"), rows, [int(i) for i in wrong]


def _step_answers(
    question: Question, answers: Answers, steps: Sequence[Steps], time: Timeline
) -> Iterator[Row]:
    """A row for each step that a window forecasts: its time, then what came and what was said."""
    several = any(one.series for one in steps)
    before = [time.id or "series"] if several else []
    ends = [f"{name}{end}" for name in question.columns for end in ("", "_predicted")]
    yield ["window", *before, time.column or "row", *ends]
    width = len(question.columns)
    for at, one in enumerate(steps):
        right, said = (
            np.asarray(values[at], np.float32).reshape(-1, width)
            for values in (answers.right, answers.predicted)
        )
        for step, when in enumerate(one.times):
            pairs = (plain(v[step, k]) for k in range(width) for v in (right, said))
            yield [at + 1, *([one.series] if several else []), when, *pairs]


def _worst_windows(answers: Answers, steps: Sequence[Steps], time: Timeline) -> Iterator[Row]:
    """The windows by their largest difference."""
    several = any(one.series for one in steps)
    yield [
        "window",
        *([time.id or "series"] if several else []),
        time.column or "row",
        "difference",
    ]
    off = np.abs(_rows(answers.predicted, len(steps)) - _rows(answers.right, len(steps))).max(
        axis=1
    )
    for at in np.argsort(-off, kind="stable").tolist():
        own = [steps[at].series] if several else []
        yield [at + 1, *own, steps[at].times[0], plain(off[at])]


def _value_answers(
    question: Question, answers: Answers, samples: Sequence[str]
) -> tuple[Row, list[Row], list[int]]:
    said, right = (_rows(values, len(samples)) for values in (answers.predicted, answers.right))
    width = said.shape[1]
    ends = [""] if width == 1 else [f"[{at}]" for at in range(width)]
    header = ["input", *(f"{w}{end}" for w in ("right", "predicted") for end in ends), "difference"]
    off = np.abs(said - right).max(axis=1)
    rows: list[Row] = [
        (name, *map(plain, right[at]), *map(plain, said[at]), plain(off[at]))
        for at, name in enumerate(samples)
    ]
    return header, rows, [int(i) for i in np.argsort(-off, kind="stable")]


def _rows(values: Array, count: int) -> npt.NDArray[np.float32]:
    return np.asarray(values, np.float32).reshape(count, -1)


def _write(path: Path, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path
