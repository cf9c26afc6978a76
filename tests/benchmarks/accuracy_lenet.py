"""Accuracy of LeNet's ONNX file on MNIST's test set, 10,000 digits that no training has seen.

    python tests/benchmarks/accuracy_lenet.py [--mnist FOLDER] [--write] [--skip-full]

`nnc train specs/lenet.nn` on the 5,000 bundled digits with seeds 0, 1 and 2, and once on MNIST's
whole training set (`--data digits=FOLDER`; of its 60,000 digits nnc takes a tenth for validation).
Each file is then run by ONNX Runtime alone on raw pixels, read here without nnc. FOLDER holds
MNIST's four idx files; by default it is mnist/ in the folder that NNC_TEST_DATA names.
"""

from __future__ import annotations

import gzip
import os
import re
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from measure import NNC, ROOT, Claim, Cost, arguments, cost, report, table

SEEDS = (0, 1, 2)
MEAN, FULL = 0.97, 0.99
BATCH = 500


def idx(path: Path) -> np.ndarray:
    """The array in an idx file: two zero bytes, type, rank, sizes, numbers."""
    data = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def accuracy(model: Path, images: np.ndarray, labels: np.ndarray) -> float:
    """How often the file's largest output is the right digit."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    right = 0
    for at in range(0, len(images), BATCH):
        (digit,) = session.run(["digit"], {"image": images[at : at + BATCH, None]})
        right += int((digit.argmax(axis=1) == labels[at : at + BATCH]).sum())
    return right / len(images)


def train(folder: Path, *more: str) -> Cost:
    """A run in a folder, on the CPU in one thread."""
    command = (*NNC, "train", "specs/lenet.nn", "--device", "cpu", "--threads", "1")
    return cost((*command, "--out", str(folder), *more))


def result(out: str) -> tuple[str, str]:
    """What the run says of its validation and test parts."""
    found = re.search(r"validation accuracy ([\d.]+)(?:   test ([\d.]+))?", out)
    return (found.group(1), found.group(2) or "-") if found else ("-", "-")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--mnist", help="folder of MNIST's idx files")
    parser.add_argument("--skip-full", action="store_true", help="only the bundled digits")
    asked = parser.parse_args()
    data = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data"))
    mnist = Path(asked.mnist or data / "mnist").resolve()
    if not mnist.is_dir():
        sys.exit(f"MNIST is needed: no folder {mnist}; set NNC_TEST_DATA or give --mnist")
    images, labels = (
        idx(mnist / "t10k-images-idx3-ubyte.gz"),
        idx(mnist / "t10k-labels-idx1-ubyte.gz"),
    )
    runs = {f"bundled digits, seed {seed}": ("--set", f"train.seed={seed}") for seed in SEEDS}
    if not asked.skip_full:
        runs["MNIST's training set, seed 0"] = ("--data", f"digits={mnist}")
    rows, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        for at, (name, options) in enumerate(runs.items()):
            run = Path(folder) / str(at)
            taken = train(run, *options)
            found.append(accuracy(run / "model.onnx", images, labels))
            validation, test = result(taken.out)
            rows.append((name, f"{found[-1]:.4f}", validation, test, f"{taken.cpu:.0f} s"))
            print(*rows[-1], sep="   ", file=sys.stderr)
    claims = [
        Claim(
            f"mean of seeds {', '.join(map(str, SEEDS))}",
            statistics.mean(found[: len(SEEDS)]),
            MEAN,
            at_least=True,
        )
    ]
    if not asked.skip_full:
        claims.append(Claim("trained on the full set", found[-1], FULL, at_least=True))
    report(
        __file__,
        "LeNet on MNIST's test set",
        table(("trained on", "MNIST test", "validation", "own test part", "CPU"), rows),
        claims,
        packages=("torch", "onnxruntime"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
