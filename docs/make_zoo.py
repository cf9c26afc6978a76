"""Writes specs/zoo/README.md and its pictures: `python docs/make_zoo.py`.

Everything in it comes from the specs: names and papers from their first comment, numbers from
checking and building them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "compiler")]

from nnc.backends.foreign_names import beside, read_tables  # noqa: E402
from nnc.backends.onnx_graph import onnx_model  # noqa: E402
from nnc.ir.dims import symbols  # noqa: E402
from nnc.ir.graph import Network  # noqa: E402
from nnc.ir.walk import count_weights, macs  # noqa: E402
from nnc.render.summary import briefly  # noqa: E402
from nnc.render.svg import network_svg  # noqa: E402
from tests.zoo.networks import ALL, PUBLISHED, checked, zeros  # noqa: E402

PAGE = ROOT / "specs" / "zoo" / "README.md"
PICTURES = {"resnet18": "ResNet18", "vit_b16": "ViTB16", "gpt2": "GPT2"}
HEAD = """\
# The zoo

Published networks, each on a page of `.nn`, here and in [specs/](..). `nnc check specs/zoo` checks
them. The tests hold each to its published count of weights, to the outputs of its PyTorch form in
ONNX Runtime, and to a form that a person would write (`tests/zoo/by_hand/`).

Where "weights of" names a program, `nnc build SPEC --weights FILE` takes a file of that program's
weights: a table beside the spec tells their names, and `nnc explain NN547` how to write another.

Lines are those of the spec, comments included; nodes those of the ONNX file. `make reference`
writes this page.

"""
COLUMNS = ("network", "paper", "weights", "multiply-adds", "lines", "nodes", "weights of")


def made() -> dict[Path, str]:
    """The page and its pictures by their files."""
    rows = [row(spec, name) for spec, name in sorted(PUBLISHED, key=lambda key: key[0])]
    lines = [COLUMNS, tuple("---" if at < 2 or at == 6 else "---:" for at in range(7)), *rows]
    page = HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    files = {
        ROOT / "docs" / f"{spec}.svg": network_svg(_network(spec, name))
        for spec, name in PICTURES.items()
    }
    page += "\nDrawn by `nnc show SPEC -o FILE.svg`:\n\n"
    page += "\n".join(f"![{name}](../../docs/{spec}.svg)" for spec, name in PICTURES.items()) + "\n"
    return {PAGE: page, **files}


def row(spec: str, name: str) -> tuple[str, ...]:
    """A line of the table."""
    network, path = _network(spec, name), ALL[spec]
    text = path.read_text(encoding="utf-8")
    there = path.name if path.parent == PAGE.parent else f"../{path.name}"
    titles = [t.title for t in read_tables(beside(path))] if beside(path).is_file() else []
    alone, work = len(checked(spec).networks) == 1, macs(network)
    nodes = onnx_model(network, zeros(network)).proto().graph.node
    return (
        f"[{name if alone else f'{path.stem}: {name}'}]({there})",
        paper(text),
        f"{count_weights(network):,}",
        briefly(work)
        if isinstance(work, int)
        else f"depends on {' and '.join(sorted(symbols(work)))}",
        str(text.count("\n")),
        str(len(nodes)),
        ", ".join(titles),
    )


def paper(text: str) -> str:
    """The first reference of a spec's comment: its authors and year."""
    comment = " ".join(line.lstrip("# ") for line in text.split("\n\n")[0].splitlines())
    found = re.search(r"\(([^()\"]+?), (?:\"[^\"]*\"(?:, [^()]*?)?, )?((?:19|20)\d\d)", comment)
    found = found or re.search(r"of ([A-Z]\w+), \"[^\"]*\", ((?:19|20)\d\d)", comment)
    return f"{found[1].rstrip(',')}, {found[2]}" if found else ""


def _network(spec: str, name: str) -> Network:
    return checked(spec).networks[name]


def main() -> None:
    """Writes all files."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
