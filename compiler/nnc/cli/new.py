"""`nnc new NAME`: a spec to start from, that checks and trains at once."""

from __future__ import annotations

import os
import re

import click

from nnc import resources
from nnc.cli.console import Console
from nnc.cli.failures import relative, unusable
from nnc.cli.verb import verb

TEMPLATES = ("cnn", "mlp", "table", "series", "lstm", "text", "gan")
PLACEHOLDER = "MyNetwork"


@verb("new")
@click.argument("name")
@click.option(
    "--like",
    type=click.Choice(TEMPLATES),
    default="cnn",
    show_default=True,
    help="On pictures, on measurements of classes, a number from a table, a forecast (by an LSTM), "
    "a network that writes, or a gan.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(console: Console, name: str, like: str, force: bool) -> None:
    """Write NAME.nn: a spec with comments, ready for `nnc check` and `nnc train`."""
    path = name if name.endswith(".nn") else f"{name}.nn"
    stem = os.path.basename(path).removesuffix(".nn")
    if not stem or stem.startswith("."):
        raise unusable(f"`{name}` names no file")
    if os.path.exists(path) and not force:
        raise unusable(f"{relative(path)} is there already", help="--force writes over it")
    text = resources.text("specs", "new", f"{like}.nn").replace(PLACEHOLDER, network_name(stem))
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
    console.result(relative(path))
    console.note(f"next      nnc check {relative(path)}\n          nnc train {relative(path)}")


def network_name(stem: str) -> str:
    """A network's name made of a file's: `my-digits` becomes MyDigits."""
    words = re.findall(r"[A-Za-z0-9]+", stem)
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() else f"Net{name}"
