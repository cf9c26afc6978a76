"""`nnc eval RUN|MODEL`: how good a trained network is on a part of the data."""

from __future__ import annotations

from pathlib import Path

import click

from nnc.cli.console import Console
from nnc.cli.exam import Trained, dataset, elsewhere, sameness, trained
from nnc.cli.failures import FAILED_CHECK, relative, unusable
from nnc.cli.verb import FILE, data_option, json_option, verb
from nnc.deploy.evaluate import Measured, Question, measure, measured_names, questions
from nnc.deploy.reports import ClassRow, class_rows, requirement, write_reports
from nnc.record import Record
from nnc.render.json import Json, document
from nnc.render.table import table
from nnc.train.data import Dataset
from nnc.train.data.keyed import rows_of


class Result(Record):
    """What was measured of a part: the file's values, and PyTorch's where there are any."""

    part: str
    onnx: Measured
    pytorch: Measured | None
    asked: tuple[Question, ...]

    @property
    def classes(self) -> tuple[ClassRow, ...]:
        """Each class of the first output that has classes."""
        for question in self.asked:
            if question.output in self.onnx.confusion:
                return class_rows(self.onnx.confusion[question.output], question.labels)
        return ()


@verb("eval")
@click.argument("model", type=FILE, metavar="RUN|MODEL")
@click.option("--part", help="train, validation or test; by default test, else validation.")
@click.option("--require", "required", multiple=True, metavar="'f1>=0.9'", help="Else exit code 3.")
@click.option(
    "-o", "output", type=FILE, metavar="DIR", help="Write confusion, mistakes, predictions."
)
@json_option
@data_option
def command(
    console: Console,
    model: str,
    part: str | None,
    required: tuple[str, ...],
    output: str | None,
    moved: dict[str, str],
) -> int:
    """Measure a trained network on data: its own, or --data NAME=PATH.

    The exported file is measured, and the weights in PyTorch beside it where they are known.
    """
    known = trained(model, moved, console)
    moved = elsewhere(known, moved)
    found, data = dataset(known, moved, console)
    names = [name for name in moved if name != found.data_plan.name]
    if names:
        raise unusable(f"no data is called `{names[0]}`", help=f"it is {found.data_plan.name}")
    wanted = [requirement(text, measured_names(found.plan)) for text in required]
    result = _measured(found, data, _part(data, part))
    notes = sameness(found, data.profile, result.part, bool(moved))
    for note in notes:
        console.note(f"note: {console.shown(note)}")
    if console.json:
        console.result(_document(found, result))
    else:
        console.result(_text(found, result, console))
    if output is not None:
        reader = data.part(result.part)
        rows = rows_of(len(reader))
        called, steps = reader.names(rows), reader.steps(rows)
        time = data.profile.time
        for path in write_reports(Path(output), result.onnx, result.asked, called, steps, time):
            console.note(f"wrote     {relative(str(path))}")
    unmet = [r for r in wanted if not r.met(result.onnx.metrics[r.metric])]
    for need in unmet:
        console.error(f"{need.metric} is {result.onnx.metrics[need.metric]:.4g}, not {need}")
    return FAILED_CHECK if unmet else 0


def _part(data: Dataset, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in data.parts:
            raise unusable(f"the data has no {wanted} part", help=f"it has {', '.join(data.parts)}")
        return wanted
    return next((p for p in ("test", "validation") if p in data.parts), data.parts[-1])


def _measured(found: Trained, data: Dataset, part: str) -> Result:
    reader = data.part(part)
    follow = found.follows
    onnx = measure(found.onnx, found.plan, found.profile, reader, follow=follow)
    reference = found.pytorch()
    pytorch = None
    if reference is not None:
        pytorch = measure(reference, found.plan, found.profile, reader, follow=follow)
    return Result(part, onnx, pytorch, questions(found.plan, found.profile))


def _text(found: Trained, result: Result, console: Console) -> str:
    onnx, pytorch = result.onnx, result.pytorch
    lines = [
        f"model     {relative(str(found.path))}",
        f"data      {found.data_plan.name}, part {result.part}, {onnx.samples:,} samples",
    ]
    same = ["always the same"] if onnx.baseline else []
    if same and all(question.task == "values" for question in result.asked):
        same = ["always the mean"]
    head = ["metric", "onnx", *(["pytorch"] if pytorch else []), *same, *onnx.naive]
    rows = []
    for name, value in onnx.metrics.items():
        row = [name, _number(value)]
        if pytorch:
            row.append(_number(pytorch.metrics[name]))
        if same:
            row.append(_number(onnx.baseline.get(name)))
        rows.append([*row, *(_number(found.get(name)) for found in onnx.naive.values())])
    out = console.shown("\n".join(lines)) + "\n\n"
    out += table(head, rows, console.out, right=range(1, len(head)))
    if result.classes:
        cells = [
            (c.label, _number(c.precision), _number(c.recall), _number(c.f1), f"{c.samples:,}")
            for c in result.classes
        ]
        columns = ("class", "precision", "recall", "f1", "samples")
        out += "\n" + table(columns, cells, console.out, right=range(1, 5))
    return out


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 1000 else f"{value:.6g}"


def _document(found: Trained, result: Result) -> str:
    confusion = next(iter(result.onnx.confusion.values()), None)
    classes: list[Json] = [
        {
            "label": c.label,
            "precision": c.precision,
            "recall": c.recall,
            "f1": c.f1,
            "samples": c.samples,
        }
        for c in result.classes
    ]
    metrics: dict[str, Json] = {"onnx": dict(result.onnx.metrics)}
    if result.pytorch is not None:
        metrics["pytorch"] = dict(result.pytorch.metrics)
    return document(
        model=relative(str(found.path)),
        part=result.part,
        samples=result.onnx.samples,
        metrics=metrics,
        baseline=dict(result.onnx.baseline),
        naive={name: dict(found) for name, found in result.onnx.naive.items()},
        classes=classes,
        confusion=[] if confusion is None else confusion.tolist(),
    )
