"""Running a model on what people have; no PyTorch is needed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from nnc.backends.arrays import Array
from nnc.deploy.about import About
from nnc.deploy.answers import answer, pictures
from nnc.deploy.gather import gather, kind
from nnc.deploy.sample import Sample
from nnc.deploy.session import Session
from nnc.diagnostics import Refusal
from nnc.ir.timeline import Timeline
from nnc.record import Record
from nnc.train.data.pictures import from_array
from nnc.train.jsonfile import Json

__all__ = [
    "Prediction",
    "Sample",
    "dump",
    "flat",
    "gather",
    "kind",
    "predict",
    "save_pictures",
    "stepped",
]


class Prediction(Record):
    """What a model says to one sample.

    Args:
        input: the sample's name.
        answers: by output, as JSON.
        outputs: the arrays, without the batch.
        error: why there is no answer.
        times: of a forecast: when each of its rows is.
        series: the name of the series that it is of.
    """

    input: str
    answers: dict[str, Json]
    outputs: dict[str, Array]
    error: str = ""
    times: tuple[str, ...] = ()
    series: str = ""

    @property
    def document(self) -> dict[str, Json]:
        """`{"input": ..., "digit": {"label": ..., "probability": ..., "top": [...]}}`."""
        if self.error:
            return {"input": self.input, "error": self.error}
        told: dict[str, Json] = {"series": self.series} if self.series else {}
        if self.times:
            told["times"] = list(self.times)
        return {"input": self.input, **told, **self.answers}


def predict(
    session: Session,
    samples: Iterable[Sample],
    *,
    batch: int = 32,
    top: int = 3,
    keep_going: bool = False,
) -> Iterator[Prediction]:
    """Runs a model on samples, in their order; those of one size go together.

    Args:
        batch: so many at once, at most.
        top: so many classes are listed.
        keep_going: a sample that the model does not take is answered with an error.

    Raises:
        Refusal: the model does not take a sample.
    """
    waiting: list[Sample] = []
    for sample in samples:
        if waiting and (len(waiting) == batch or not _alike(waiting[0], sample)):
            yield from _answered(session, waiting, top, keep_going)
            waiting = []
        if sample.error:
            yield Prediction(sample.name, {}, {}, sample.error)
        else:
            waiting.append(sample)
    if waiting:
        yield from _answered(session, waiting, top, keep_going)


def _alike(a: Sample, b: Sample) -> bool:
    return not b.error and all(v.shape == b.values[name].shape for name, v in a.values.items())


def _answered(
    session: Session, samples: list[Sample], top: int, keep_going: bool
) -> Iterator[Prediction]:
    feeds = {
        name: np.stack([np.asarray(sample.values[name]) for sample in samples])
        for name in samples[0].values
    }
    try:
        made = session.run(feeds)
    except Refusal as refused:
        if not keep_going:
            raise
        message = refused.diagnostics[0].message
        for sample in samples:
            yield Prediction(sample.name, {}, {}, message)
        return
    for at, sample in enumerate(samples):
        outputs = {name: array[at] for name, array in made.items()}
        said, told = answer(session.about, outputs, top), (sample.times, sample.series)
        yield Prediction(sample.name, said, outputs, "", *told)


# --- other forms of answers -----------------------------------------------------------------------


def flat(prediction: Prediction) -> dict[str, Json]:
    """One row of a table: `input`, `digit`, `digit_probability`, `price`, `error`."""
    row: dict[str, Json] = {"input": prediction.input}
    for name, said in prediction.answers.items():
        if isinstance(said, dict) and "label" in said:
            row[name] = said["label"]
            row[f"{name}_probability"] = said["probability"]
        elif isinstance(said, dict):
            row[name] = _brief(said)
        elif isinstance(said, list):
            row.update({f"{name}[{at}]": value for at, value in enumerate(said)})
        else:
            row[name] = said
    if prediction.error:
        row["error"] = prediction.error
    return row


def stepped(about: About, prediction: Prediction, several: bool) -> list[dict[str, Json]]:
    """The rows of a table: of a forecast one a step, with its time, its series and its targets.

    Args:
        several: there are forecasts of several files, which are told apart.
    """
    if prediction.error or not prediction.times:
        return [flat(prediction)]
    time = next((value.time for value in about.inputs if value.time is not None), Timeline())
    rows: list[dict[str, Json]] = []
    for at, when in enumerate(prediction.times):
        row: dict[str, Json] = {"input": prediction.input} if several else {}
        if prediction.series:
            row[time.id or "series"] = prediction.series
        row[time.column or "row"] = when
        for name, said in prediction.answers.items():
            columns = about.output(name).columns
            step = said[at] if isinstance(said, list) and at < len(said) else said
            if isinstance(step, list) and len(step) == len(columns):
                row.update(zip(columns, step))
            else:
                row[columns[0] if len(columns) == 1 else name] = step
        rows.append(row)
    return rows


def _brief(said: Mapping[str, Json]) -> str:
    shares = said.get("shares")
    if isinstance(shares, dict):
        return ", ".join(f"{label} {share:.1%}" for label, share in shares.items() if _real(share))
    sizes = said.get("shape")
    return "x".join(str(n) for n in sizes) if isinstance(sizes, list) else ""


def _real(value: Json) -> bool:
    return isinstance(value, int | float)


def save_pictures(session: Session, prediction: Prediction, path: Path) -> tuple[Path, ...]:
    """Writes the outputs that are pictures as PNG; several are told apart by the output's name.

    Raises:
        OSError: the folder cannot be written.
    """
    found = pictures(session.about, prediction.outputs)
    made = []
    for name, array in found.items():
        file = path if len(found) == 1 else path.with_name(f"{path.stem}.{name}{path.suffix}")
        from_array(array).save(file, format="PNG")
        made.append(file)
    return tuple(made)


def dump(predictions: Iterable[Prediction], path: Path) -> None:
    """Writes all outputs into an .npz: `input` holds the names, each output its array.

    Raises:
        ValueError: outputs differ in size, so that they make no array.
        OSError: the file cannot be written.
    """
    done = [p for p in predictions if not p.error]
    names = done[0].outputs if done else {}
    arrays: dict[str, Array] = {"input": np.array([p.input for p in done], dtype=np.str_)}
    arrays |= {name: np.stack([p.outputs[name] for p in done]) for name in names}
    # np.savez takes no array that is called as one of its own arguments
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
