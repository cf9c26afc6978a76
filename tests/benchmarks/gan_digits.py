"""Whether specs/dcgan.nn and specs/cgan.nn learn digits: a reader trained by nnc judges samples.

    python tests/benchmarks/gan_digits.py [--runs DIR] [--write]

Trains specs/lenet.nn, specs/dcgan.nn and specs/cgan.nn as a user would, one thread each, and lets
the exported reader look at 1,000 samples of each exported generator. About ten minutes; `--runs`
takes the newest finished runs in DIR instead of those that are missing there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from measure import NNC, ROOT, Claim, arguments, cost, report, table

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.deploy.pictures_sample import Wish, make
from nnc.deploy.session import Session
from nnc.diagnostics import Refusal
from nnc.train.folder import Run, find_run

COUNT = 1000
SURE = 0.9
SPECS = ("lenet", "dcgan", "cgan")


def run_of(name: str, runs: Path) -> Run:
    """The newest finished run of a spec, trained where there is none."""
    try:
        return find_run(runs / name, "finished")
    except Refusal:
        out = runs / name / "1"
        cost([*NNC, "train", f"specs/{name}.nn", "--threads", "1", "--out", str(out)])
        return find_run(runs / name, "finished")


def judged(reader: Session, generator: Path) -> np.ndarray:
    """The reader's probabilities for samples: [COUNT, 10]."""
    made = make(Session(generator), Wish(COUNT, seed=1))
    return reader.run({"image": np.stack(made.pictures)})["digit_probability"]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=Path, help="where finished runs are")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = asked.runs or Path(folder)
        found = {name: run_of(name, runs) for name in SPECS}
        reader = Session(found["lenet"].path / "model.onnx")
        plain = judged(reader, found["dcgan"].path / "generator.onnx")
        asked_for = judged(reader, found["cgan"].path / "generator.onnx")
    seen = np.bincount(plain.argmax(1), minlength=10)
    classes = int((seen >= COUNT // 200).sum())  # one in 200 is no accident
    sure = float((plain.max(1) >= SURE).mean())
    right = float((asked_for.argmax(1) == np.arange(COUNT) % 10).mean())
    accuracy = found["lenet"].record.metrics["test"]["accuracy"]
    rows = [
        ("the reader on 500 real digits", f"accuracy {accuracy:.3f}"),
        ("dcgan: samples a class, 0 to 9", " ".join(map(str, seen))),
        (f"dcgan: reader at least {SURE} sure", f"{sure:.1%}"),
        ("cgan: read as the digit asked for", f"{right:.1%}"),
        (f"cgan: reader at least {SURE} sure", f"{(asked_for.max(1) >= SURE).mean():.1%}"),
    ]
    claims = [
        Claim("classes among samples of dcgan", classes, 9, at_least=True),
        Claim(f"share of samples read at least {SURE} sure", sure, 0.7, at_least=True),
        Claim("share of cgan's samples read as asked", right, 0.9, at_least=True),
    ]
    report(
        __file__,
        "Digits made by gans",
        table((f"{COUNT:,} samples", "found"), rows),
        claims,
        packages=("torch", "onnxruntime"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
