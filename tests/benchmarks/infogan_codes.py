"""Whether specs/infogan.nn finds kinds of digits by itself: a reader trained by nnc judges samples.

    python tests/benchmarks/infogan_codes.py [--runs DIR] [--write]

Trains specs/lenet.nn and specs/infogan.nn as a user would, one thread each, and lets the exported
reader look at 100 samples of each of the ten codes. About six minutes; `--runs` takes the newest
finished runs in DIR instead of those that are missing there.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from gan_digits import run_of
from measure import ROOT, Claim, arguments, report, table

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.deploy.pictures_sample import Wish, make
from nnc.deploy.session import Session

EACH = 100
"""Samples of a code."""
CODES = 10
ENDS = (-1.0, 1.0)


def pictures(generator: Session, code: int, *turn: float) -> np.ndarray:
    """Samples of a code, uint8 [EACH, 1, 28, 28]; `turn`: held, else drawn."""
    held = (("code", (float(code),)), *([("turn", turn)] if turn else []))
    return np.stack(make(generator, Wish(EACH, seed=1 + code, held=held)).pictures)


def bits(counts: np.ndarray) -> float:
    """Mutual information of rows and columns."""
    joint = counts / counts.sum()
    apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log2(joint[seen] / apart[seen])).sum())


def inked(generator: Session, place: int) -> np.ndarray:
    """How much more ink one end of a turn gives than the other, for each code, as a share."""
    found = []
    for code in range(CODES):
        means = []
        for end in ENDS:
            turn = [0.0, 0.0]
            turn[place] = end
            means.append(float(pictures(generator, code, *turn).mean()))
        found.append((means[1] - means[0]) / np.mean(means))
    return np.array(found)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=Path, help="where finished runs are")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = asked.runs or Path(folder)
        reader = Session(run_of("lenet", runs).path / "model.onnx")
        generator = Session(run_of("infogan", runs).path / "generator.onnx")
        chances = [
            reader.run({"image": pictures(generator, code)})["digit_probability"]
            for code in range(CODES)
        ]
        thicker = max((inked(generator, place) for place in (0, 1)), key=lambda r: abs(r.mean()))
    counts = np.stack([np.bincount(c.argmax(1), minlength=10) for c in chances])
    pure = float(counts.max(1).sum() / counts.sum())
    kinds = len({*counts.argmax(1).tolist()})
    told = bits(counts)
    rows = [
        (f"code {code}: read as 0 to 9", " ".join(map(str, row))) for code, row in enumerate(counts)
    ]
    rows += [
        ("share read as the digit that its code mostly is", f"{pure:.1%}"),
        ("different digits among the ten codes", f"{kinds}"),
        ("what a code tells of the digit", f"{told:.2f} of {np.log2(10):.2f} bits"),
        ("ink from one end of a turn to the other, mean of codes", f"{thicker.mean():+.0%}"),
    ]
    claims = [
        Claim("share of samples that are the digit of their code", pure, 0.6, at_least=True),
        Claim("different digits among the ten codes", kinds, 7, at_least=True),
        Claim("bits that a code tells of the digit", told, 1.8, at_least=True),
    ]
    report(
        __file__,
        "Kinds of digits that a gan finds by itself",
        table((f"{EACH} samples a code", "found"), rows),
        claims,
        packages=("torch", "onnxruntime"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
