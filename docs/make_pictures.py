"""Draws the README's pictures from what nnc really prints: `python docs/make_pictures.py`.

Needs the extra [cpu]. `train.svg` is a run of specs/lenet.nn, `message.svg` the messages for a
spec with mistakes, `unet.svg` the drawing of specs/unet.nn.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
BROKEN = """\
data digits = bundled("mnist5k")

network Digits {
  input image: [1, 28, 28]
  conv(16, 5) -> relu -> max_pool(2)
  max_pool(2) -> max_pool(2)
  conv(8, 5) -> relu
  flatten -> dense(digits.classes)
  output digit
}

train Digits {
  data digits
  loss cross_entropy(digt)
  epochs 5
}
"""


def printed(arguments: list[str], folder: str) -> str:
    """What `nnc` prints to a colour terminal, both streams together."""
    made = subprocess.run(
        [sys.executable, "-m", "nnc", *arguments],
        cwd=folder,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": "110"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return made.stdout.decode()


def draw(command: str, output: str, path: Path, width: int) -> None:
    """Writes a terminal with a command and its output as SVG."""
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ " + command, style="bold"))
    console.print(Text.from_ansi(output.rstrip()))
    svg = console.export_svg(title="nnc", unique_id=path.stem)
    path.write_text(svg.rstrip() + "\n", encoding="utf-8")


def main() -> None:
    """Draws all pictures."""
    pictures = ROOT / "docs"
    printed(["show", "specs/unet.nn", "-o", "docs/unet.svg"], str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "digits.nn").write_text(BROKEN, encoding="utf-8")
        draw(
            "nnc check digits.nn",
            printed(["check", "digits.nn", "--color", "always"], folder),
            pictures / "message.svg",
            90,
        )
        for name in ("specs/lenet.nn",):
            (Path(folder) / "specs").mkdir()
            (Path(folder) / name).write_text((ROOT / name).read_text(encoding="utf-8"))
        run = printed(["train", "specs/lenet.nn", "--color", "always"], folder)
        draw("nnc train specs/lenet.nn", run, pictures / "train.svg", 130)


if __name__ == "__main__":
    main()
