"""Accuracy of specs/spoken_digits.nn on people who are not heard in training.

    python tests/benchmarks/spoken_people.py [--write]

No recordings are bundled: six synthetic people say each digit 25 times (tests/cli/speakers.py:
formant synthesis with other pitch, throat, vowels, haste, breath and melody for each, and another
level, noise, room and microphone for each file), in files like those of the Free Spoken Digit
Dataset. The spec learns from four of them, chooses by the fifth; the file is measured on the sixth
and on twelve more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import NNC, ROOT, Claim, arguments, cost, report, table

sys.path.insert(0, str(ROOT))
from tests.cli.speakers import recordings

LEAST = 0.9


def accuracy(run: Path, *more: str) -> float:
    """What `nnc eval` measures of the exported file."""
    command = (*NNC, "eval", str(run), "--json", *more)
    out = subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout
    return float(json.loads(out)["metrics"]["onnx"]["accuracy"])


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heard = recordings(folder / "recordings", range(6), 25)
        others = recordings(folder / "others", range(100, 112), 5)
        run = folder / "run"
        command = (*NNC, "train", "specs/spoken_digits.nn", "--device", "cpu", "--threads", "1")
        taken = cost((*command, "--data", f"digits={heard}", "--out", str(run)))
        sixth = accuracy(run)
        twelve = accuracy(run, "--data", f"digits={others}")
    rows = [
        ("the sixth person", "250", f"{sixth:.3f}"),
        ("twelve more", "600", f"{twelve:.3f}"),
    ]
    report(
        __file__,
        "Spoken digits of people who are not heard in training (synthetic voices)",
        [
            *table(("said by", "files", "accuracy"), rows),
            "",
            f"Training: {taken.cpu:.0f} s of CPU.",
        ],
        [Claim("accuracy of twelve people", twelve, LEAST, at_least=True)],
        packages=("torch", "onnxruntime"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
