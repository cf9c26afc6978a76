"""specs/charlm.nn on Tiny Shakespeare: the validation loss epoch by epoch.

    NNC_TEST_DATA=FOLDER python tests/benchmarks/charlm.py [--run RUN] [--write]

FOLDER/tinyshakespeare/input.txt is the text; its last tenth is for validation. Two layers of 512
units, 2,000 steps with the state carried along: an hour on two cores. `--run` takes a run that is
finished instead of training anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import NNC, ROOT, Claim, arguments, environment, report, table

AT_MOST = 1.55


def trained(folder: Path) -> Path:
    """A run of the spec in a folder."""
    data = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data"))
    text = (data / "tinyshakespeare" / "input.txt").resolve()
    spec = str(ROOT / "specs" / "charlm.nn")
    places = ["--data", f"book={text}", "--out", str(folder / "run"), "--threads", "2"]
    subprocess.run([*NNC, "train", spec, *places], env=environment(), check=True)
    return folder / "run"


def told(run: Path) -> list[str]:
    """What the file of one step writes."""
    options = ["--prompt", "ROMEO:", "--length", "500", "--top-k", "40", "--seed", "1"]
    done = subprocess.run(
        [*NNC, "sample", str(run), *options],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return ["```text", *done.stdout.rstrip().splitlines(), "```"]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--run", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = asked.run or trained(Path(folder))
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        written = told(run)
    records = [json.loads(line) for line in lines]
    learnt = {one["epoch"]: one["loss"] for one in records if one["part"] == "train"}
    found = [one for one in records if one["part"] == "validation"]
    shown = [one for one in found if one["epoch"] in (1, 2, 3) or not one["epoch"] % 5]
    shown += [found[-1]] if found[-1] not in shown else []
    rows = [
        (
            f"{one['epoch']}",
            f"{one['step']:,}",
            f"{learnt[one['epoch']]:.3f}",
            f"{one['loss']:.3f}",
            f"{one['seconds'] / 60:.1f} min",
        )
        for one in shown
    ]
    best = min(found, key=lambda one: one["loss"])
    report(
        __file__,
        "A character model of 3,323,074 weights on Tiny Shakespeare, on a CPU",
        [
            *table(("epoch", "steps", "train loss", "validation loss", "after"), rows),
            "",
            f"Nats a character; the best, {best['loss']:.3f}, was after epoch {best['epoch']}. The"
            " state is carried along in both columns.",
            "What it writes after `ROMEO:`, at temperature 0.8, with `--top-k 40 --seed 1`:",
            "",
            *written,
        ],
        [Claim("validation loss, nats a character", best["loss"], AT_MOST)],
        packages=("torch",),
        write=asked.write,
    )


if __name__ == "__main__":
    sys.exit(main())
