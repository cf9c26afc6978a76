"""How many characters a second step.onnx writes, against PyTorch stepping the same network.

    python tests/benchmarks/sample_speed.py [--rounds 7] [--write]

Two layers of 512 units and 65 characters, the network of specs/charlm.nn with initial weights. Both
write one character after the other and choose it alike, at temperature 0.8 from the 40 likeliest;
one thread. PyTorch runs the network as a person writes it, its states handed from step to step,
without autograd; beside it stands what rewriting it with cells gives. ONNX Runtime runs what
`nnc sample` runs, with its loop. Turns alternate; the same characters must come out.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from measure import ROOT, Claim, arguments, ratio, report, table
from torch import Tensor, nn

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.backends.initial import initial_weights
from nnc.cli.console import Console
from nnc.cli.prepare import prepare, recipe
from nnc.deploy import export
from nnc.deploy.sampling import Language, Wish, chosen
from nnc.deploy.session import Session
from nnc.ir.walk import weight_table
from nnc.source import Source

AT_LEAST = 2.0
LETTERS, WRITTEN, BEFORE = 65, 200, 20
SPEC = """data book = text("book.txt", window=128) { split none }
network CharLM {
  input text: token[T]
  embedding(book.vocab, 64) -> lstm(512, layers=2) -> dense(book.vocab)
  output next
}
train CharLM { data book; loss cross_entropy; epochs 1 }
export CharLM { streaming }
"""
WISH = Wish(length=1_000_000, temperature=0.8, top_k=40, seed=1)


class Net(nn.Module):
    """The network as a person writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LETTERS, 64)
        self.lstm = nn.LSTM(64, 512, num_layers=2, batch_first=True)
        self.dense = nn.Linear(512, LETTERS)

    def forward(
        self, text: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, state = self.lstm(self.embedding(text), state)
        return self.dense(y), state


class Cells(nn.Module):
    """The same out of cells, whose products PyTorch runs without packing weights at each call."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.embedding, self.dense = net.embedding, net.dense
        self.cells = nn.ModuleList([nn.LSTMCell(64, 512), nn.LSTMCell(512, 512)])
        for at, cell in enumerate(self.cells):
            own = {name: getattr(net.lstm, f"{name}_l{at}") for name in cell.state_dict()}
            cell.load_state_dict(own)

    def forward(
        self, text: Tensor, state: list[tuple[Tensor, Tensor]] | None
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        y, after = self.embedding(text[:, 0]), []
        for at, cell in enumerate(self.cells):
            after.append(cell(y, state[at] if state else None))
            y = after[-1][0]
        return self.dense(y), after


def by_hand(module: nn.Module) -> Iterator[int]:
    """Characters, one after the other."""
    draw = np.random.Generator(np.random.SFC64([WISH.seed, 0]))
    unit, state = 1, None
    with torch.inference_mode():
        while True:
            made, state = module(torch.tensor([[unit]]), state)
            scores = made.numpy().reshape(-1).astype(np.float64)
            scores[0] = -np.inf
            unit = chosen(scores / WISH.temperature, WISH.top_k, WISH.top_p, draw.random())
            yield unit


def networks() -> tuple[Net, Language]:
    """The same weights on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        letters = "".join(chr(48 + at) for at in range(LETTERS - 1))  # and one for all others
        (Path(folder) / "book.txt").write_text(letters * 10)
        prepared = prepare(Source("book.nn", SPEC), {}, {}, None, Console(), root=folder)
    made = recipe(prepared)
    weights = initial_weights(weight_table(made.network), 0)
    weights = {name: array * np.float32(4) for name, array in weights.items()}  # one is likely
    module = Net().eval()
    module.load_state_dict(
        {
            name: torch.from_numpy(array)
            for name, array in zip(module.state_dict(), weights.values(), strict=True)
        }
    )
    model = export.prepare(made, weights, trained=False, steps=True).model
    return module, Language(Session(model.serialize(), threads=1))


def turn(units: Iterator[int]) -> tuple[float, list[int]]:
    """Seconds of processor a character, and the characters."""
    before = list(islice(units, BEFORE))
    start = time.process_time()
    written = list(islice(units, WRITTEN))
    return (time.process_time() - start) / WRITTEN, before + written


def main() -> None:
    asked = arguments(__doc__, rounds=7).parse_args()
    torch.set_num_threads(1)
    module, language = networks()
    cells = Cells(module).eval()
    sides = {
        "PyTorch, nn.LSTM": lambda: by_hand(module),
        "PyTorch, nn.LSTMCell": lambda: by_hand(cells),
        "step.onnx": lambda: language.written([1], WISH),
    }
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(asked.rounds):
        wrote = []
        for name, side in sides.items():
            cost, units = turn(side())
            costs[name].append(cost)
            wrote.append(units)
        assert wrote[0] == wrote[1] == wrote[2], "other characters come out"
    ours = costs["step.onnx"]
    rows = [
        (name, f"{1 / statistics.median(found):,.0f}", f"{ratio(found, ours):.2f}")
        for name, found in costs.items()
    ]
    report(
        __file__,
        "Writing text step by step, in ONNX Runtime and in PyTorch",
        table(("2 layers of 512 units", "characters a CPU second", "its cost / step.onnx's"), rows),
        [
            Claim(
                "characters a CPU second, against the same network",
                ratio(costs["PyTorch, nn.LSTM"], ours),
                AT_LEAST,
                at_least=True,
            )
        ],
        packages=("torch", "onnxruntime", "numpy"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
