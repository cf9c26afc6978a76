"""A small character model on Tiny Shakespeare, on a CPU: the validation loss epoch by epoch.

    NNC_TEST_DATA=FOLDER python tests/benchmarks/charlm_cpu.py [--run RUN] [--write]

FOLDER/tinyshakespeare/input.txt is the text; its last tenth is for validation. Two layers of 128
units with the state carried along, one thread, 12 minutes: no GPU was at hand for the 512 units of
a larger form. `--run` takes a run that is finished instead of training anew.
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
SPEC = """data poems = text("TEXT", unit=char, window=64, carry=true)
network CharLM {
  input text: token[T]
  embedding(poems.vocab, 64) -> lstm(128, layers=2, dropout=0.1) -> dense(poems.vocab)
  output next
}
train CharLM {
  data poems
  loss cross_entropy
  optimizer adamw(lr=4e-3, weight_decay=0.01)
  schedule cosine(warmup=100)
  clip 1.0
  steps 20_000
  batch 32
}
"""


def trained(folder: Path) -> Path:
    """A run of the spec in a folder."""
    data = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data"))
    text = (data / "tinyshakespeare" / "input.txt").resolve()
    spec = folder / "charlm.nn"
    spec.write_text(SPEC.replace("TEXT", text.as_posix()), encoding="utf-8")
    command = [*NNC, "train", str(spec), "--out", str(folder / "run"), "--threads", "1"]
    subprocess.run(command, env=environment(), check=True)
    return folder / "run"


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--run", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = asked.run or trained(Path(folder))
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        results = json.loads((run / "run.json").read_text(encoding="utf-8"))["metrics"]
    told = [json.loads(line) for line in lines]
    learnt = {one["epoch"]: one["loss"] for one in told if one["part"] == "train"}
    found = [one for one in told if one["part"] == "validation"]
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
        "A character model of 244,162 weights on Tiny Shakespeare, on a CPU",
        [
            *table(("epoch", "steps", "train loss", "validation loss", "after"), rows),
            "",
            f"Nats a character; the best, {best['loss']:.3f}, was after epoch {best['epoch']}. The"
            " state is carried along in both columns;",
            "the exported file, whose windows of 64 each start from zeros, has"
            f" {results['validation']['loss']:.3f}.",
            "No GPU was at hand: the larger form with 512 units was not trained to its end.",
        ],
        [Claim("validation loss, nats a character", best["loss"], AT_MOST)],
        packages=("torch",),
        write=asked.write,
    )


if __name__ == "__main__":
    sys.exit(main())
