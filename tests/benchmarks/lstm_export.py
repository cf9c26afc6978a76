"""An LSTM classifier exported by nnc and by torch.onnx.export: nodes, and speed in ONNX Runtime.

    python tests/benchmarks/lstm_export.py [--rounds 30] [--write]

The same network with the same weights: the module that nnc writes is exported by PyTorch too, with
its dynamo exporter and free sizes of batch and text. Both files run on one thread, in turns, on
texts of 100 words, one at a time and 32 together; their answers are compared.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from measure import ROOT, Claim, arguments, ratio, report, table

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.walk import weight_table

SPEC = """network Classifier {
  input text: token[T]
  embedding(10_000, 128) -> lstm(256, layers=2, keep=last) -> dense(4)
  output topic
}
"""
MOST_NODES = 10


def exported(folder: Path) -> dict[str, Path]:
    """The two files."""
    network = check_text(SPEC).networks["Classifier"]
    assert network is not None
    weights = initial_weights(weight_table(network), seed=0)
    files = {"torch.onnx.export": folder / "torch.onnx", "nnc": folder / "nnc.onnx"}
    files["nnc"].write_bytes(onnx_model(network, weights).serialize())
    module = build(network, weights).eval()
    batch, steps = torch.export.Dim("batch"), torch.export.Dim("T")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.ones((2, 7), dtype=torch.int64),),
            files["torch.onnx.export"],
            input_names=["text"],
            output_names=["topic"],
            dynamic_shapes=({0: batch, 1: steps},),
            dynamo=True,
            verbose=False,
        )
    return files


def runtime(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main() -> None:
    asked = arguments(__doc__, rounds=30).parse_args()
    draw = np.random.default_rng(0)
    texts = {batch: draw.integers(0, 10_000, (batch, 100)) for batch in (1, 32)}
    with tempfile.TemporaryDirectory() as folder:
        files = exported(Path(folder))
        nodes = {name: len(onnx.load(path).graph.node) for name, path in files.items()}
        sessions = {name: runtime(path) for name, path in files.items()}
    times: dict[tuple[str, int], list[float]] = {(n, b): [] for n in sessions for b in texts}
    far = 0.0
    for turn in range(asked.rounds + 1):
        for batch, text in texts.items():
            answers = []
            for name, session in sessions.items():
                start = time.process_time()
                answers += session.run(None, {"text": text})
                if turn:  # the first run allocates
                    times[name, batch].append(time.process_time() - start)
            far = max(far, float(np.abs(answers[0] - answers[1]).max()))
    rows = [
        (
            name,
            str(nodes[name]),
            *(f"{1000 * statistics.median(times[name, batch]):.1f} ms" for batch in texts),
        )
        for name in sessions
    ]
    claims = [
        Claim("nodes of nnc's file", nodes["nnc"], MOST_NODES),
        *(
            Claim(
                f"CPU time, {batch} at a time, ratio",
                ratio(times["nnc", batch], times["torch.onnx.export", batch]),
                1.0,
            )
            for batch in texts
        ),
        Claim("largest difference of the answers", far, 1e-5),
    ]
    report(
        __file__,
        "An LSTM classifier in ONNX Runtime, exported by nnc and by PyTorch",
        table(("100 words", "nodes", "1 at a time", "32 at a time"), rows),
        claims,
        packages=("torch", "onnxscript", "onnx", "onnxruntime", "numpy"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
