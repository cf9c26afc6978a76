"""What can be wrong with an exported model, or with what it is run on."""

from __future__ import annotations

from pathlib import Path

from nnc.diagnostics import Refusal, Rule, rule
from nnc.source import Source, Span

BROKEN_MODEL = rule(
    "NN550",
    "model-broken",
    """
The file is no ONNX model, is cut off, or says something of itself that cannot be true. `nnc build`
writes it anew from a run's weights.
""",
)
REFUSED_MODEL = rule(
    "NN552",
    "model-refused",
    """
The model asks for more than a network needs: files outside its own folder, operators that ONNX does
not have, loops, or more memory than the machine has. nnc runs no such file, because a stranger may
have written it.
""",
)
CANNOT_RUN = rule(
    "NN553",
    "model-cannot-run",
    """
ONNX Runtime does not take the model. A newer ONNX Runtime may; `nnc build --opset` writes a file
for an older one.
""",
)
DIFFERS = rule(
    "NN554",
    "differs-from-pytorch",
    """
Before a file is handed over it is run in ONNX Runtime and compared with the network in PyTorch, at
several batch sizes and sizes of its inputs. The difference is max|a - b| / max(1, max|b|) of an
output. Over the tolerance the ONNX file is removed; weights and checkpoints stay. The message names
the first value that differs: such a layer is written wrongly by nnc, please report it.
""",
)
WRONG_INPUT = rule(
    "NN555",
    "input-does-not-fit",
    """
What the model is to be run on does not fit its inputs: another kind of file, missing columns or
arrays, or a size that the network cannot take. `nnc show MODEL` lists the inputs.
""",
)
UNREADABLE_INPUT = rule(
    "NN556",
    "input-unreadable",
    """
A file that the model is to be run on cannot be read. With `--keep-going` the others are run, and
this one is listed with its error.
""",
)
BAD_REQUIREMENT = rule(
    "NN557",
    "requirement-malformed",
    """
`--require` takes a metric, a comparison and a number: `--require 'f1>=0.9'`. The metric is one that
the evaluation prints.
""",
)
NOTHING_TO_MEASURE = rule(
    "NN558",
    "nothing-to-measure",
    """
An evaluation needs a part of the data with samples, and a target for at least one output.
""",
)
NO_STEPS = rule(
    "NN559",
    "no-steps",
    """
`nnc sample` runs a network one step at a time, and the file takes sequences whole. Write `export X
{ streaming }` into the spec: `nnc train` and `nnc build` then write a `step.onnx` beside the model,
which takes one step and gives what it leaves for the next.
""",
)
NO_LANGUAGE = rule(
    "NN560",
    "no-language-model",
    """
`nnc sample` continues a text: it wants the step.onnx of a network that reads the units of a text
and gives a number for each unit that may follow, trained on `text(...)`.
""",
)
BAD_PROMPT = rule(
    "NN561",
    "unknown-in-prompt",
    """
The prompt is written in the units of the text that the network was trained on: its characters, or
its words. Others it has never read.
""",
)


def place(path: Path | str) -> Span:
    """A place for messages about a file that is no source text."""
    return Span(Source(str(path).replace("\\", "/"), ""), 0, 0)


def refusal(kind: Rule, path: Path | str, message: str, help: str = "", *notes: str) -> Refusal:
    """The refusal of a rule about a file."""
    return Refusal(kind.at(place(path), message, help=help, notes=notes))
