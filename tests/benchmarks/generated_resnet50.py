"""How ResNet-50's generated PyTorch source reads in figures: lines, classes, weights.

python tests/benchmarks/generated_resnet50.py [--write]
"""

from __future__ import annotations

import ast
import sys

from measure import ROOT, Claim, arguments, report, table

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.backends.torch_module import load_module
from nnc.backends.torch_source import torch_source
from nnc.check import check_source
from nnc.source import Source

LINES = 120
WEIGHTS = 25_557_032


def main() -> None:
    asked = arguments(__doc__).parse_args()
    text = (ROOT / "specs" / "resnet50.nn").read_text(encoding="utf-8")
    network = check_source(Source("specs/resnet50.nn", text)).networks["ResNet50"]
    source = torch_source(network)
    module = load_module(source, "ResNet50")()
    classes = [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    lines = source.count("\n")
    full = sum(1 for line in source.splitlines() if line.strip())
    weights = sum(weight.numel() for weight in module.parameters())
    rows = [
        ("lines, with header, docstrings and main", f"{lines}"),
        ("lines that are not blank", f"{full}"),
        ("classes", ", ".join(classes)),
        ("longest line", f"{max(map(len, source.splitlines()))} columns"),
        ("weights", f"{weights:,}"),
    ]
    claims = [
        Claim("lines", lines, LINES),
        Claim("weights that differ from torchvision's count", abs(weights - WEIGHTS), 0),
    ]
    report(
        __file__,
        "ResNet-50 as generated PyTorch",
        table(("specs/resnet50.nn", "found"), rows),
        claims,
        packages=("torch",),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
