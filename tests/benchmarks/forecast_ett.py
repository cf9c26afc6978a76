"""Error of a linear forecaster on ETTh1 (Zhou et al., 2021), on rows that no training has seen.

    python tests/benchmarks/forecast_ett.py [--ett FOLDER] [--write]

`nnc train specs/forecast.nn` with seeds 0, 1 and 2: 7 columns, 336 hours tell the next 96. The file
is then run by ONNX Runtime alone on windows that are cut here without nnc: training rows 1 to
8,640, validation to 11,520, test to 14,400; scaled by the training rows' mean and deviation. FOLDER
holds ETTh1.csv; by default it is ett/ in the folder that NNC_TEST_DATA names. Published linear
models: 0.375 (Zeng et al., 2022).
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from measure import NNC, ROOT, Claim, arguments, cost, report, table

SEEDS = (0, 1, 2)
WINDOW, HORIZON = 336, 96
TRAIN, VALIDATION, TEST = 8640, 11_520, 14_400
MOST = 0.40


def columns(path: Path) -> np.ndarray:
    """The numbers of the file, [rows, 7]."""
    with path.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return np.array([[float(cell) for cell in row[1:]] for row in rows])


def errors(model: Path, values: np.ndarray) -> tuple[float, float]:
    """Mean squared and absolute error of the test part's windows, on scaled values."""
    std = values[:TRAIN].std(axis=0)  # the mean falls out of a difference
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    squares, absolute, count = 0.0, 0.0, 0
    for first in range(VALIDATION, TEST - HORIZON + 1):
        past = values[None, first - WINDOW : first].astype(np.float32)
        (future,) = session.run(["future"], {"past": past})
        off = (future[0] - values[first : first + HORIZON]) / std
        squares += float(np.square(off).sum())
        absolute += float(np.abs(off).sum())
        count += off.size
    return squares / count, absolute / count


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--ett", help="folder of ETTh1.csv")
    asked = parser.parse_args()
    data = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data"))
    file = (Path(asked.ett or data / "ett") / "ETTh1.csv").resolve()
    if not file.is_file():
        sys.exit(f"ETTh1 is needed: no file {file}; set NNC_TEST_DATA or give --ett")
    values = columns(file)
    rows, found = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            run = Path(folder) / str(seed)
            command = (*NNC, "train", "specs/forecast.nn", "--device", "cpu", "--threads", "1")
            more = ("--data", f"ett={file}", "--set", f"train.seed={seed}", "--out", str(run))
            taken = cost((*command, *more))
            squared, absolute = errors(run / "model.onnx", values)
            found.append(squared)
            rows.append((str(seed), f"{squared:.4f}", f"{absolute:.4f}", f"{taken.cpu:.0f} s"))
            print(*rows[-1], sep="   ", file=sys.stderr)
    report(
        __file__,
        "A linear forecaster on ETTh1's test part",
        table(("seed", "MSE", "MAE", "CPU"), rows),
        [Claim("largest MSE on scaled values", max(found), MOST)],
        packages=("torch", "onnxruntime"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
