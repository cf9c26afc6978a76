"""The players of a gan as one PyTorch file: a class each, with the blocks that they share."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from nnc import __version__
from nnc.backends.torch_source import network_class, torch_source
from nnc.backends.torch_text import docstring, plain, quoted
from nnc.ir.graph import Network

_OF_A_RUN = ("import sys", "from pathlib import Path")


def players_source(
    name: str, players: Mapping[str, Network], *, spec: str = "", weights: str = ""
) -> str:
    """The text of a Python file that defines all players; `PLAYERS` has their classes by name.

    `load(player)` gives one with its weights, from a file in which they have the player's name in
    front (`generator.conv1.weight`).

    Args:
        name: of the gan; spec: the file name as written.

    Raises:
        Refusal: a size that weights have is not known.
    """
    imports: set[str] = set()
    taken: dict[str, str] = {}
    classes: dict[str, str] = {}
    body: list[str] = []
    for player, network in players.items():
        used, texts = _parts(torch_source(network))
        imports |= used
        called = {old: _free(old, text, player, taken) for old, text in texts.items()}
        for old, text in texts.items():
            new = _renamed(text, called)
            if called[old] not in taken:
                taken[called[old]] = text
                body += ["", "", new]
        classes[player] = called[network_class(network)]
    table = ", ".join(f"{quoted(player)}: {used}" for player, used in classes.items())
    origin = f" from {plain(spec)}" if spec else ""
    about = [f"The players of {plain(name)}, written by nnc {__version__}{origin}."]
    standard = [*sorted(imports & {"import math"}), "from pathlib import Path", ""]
    rest = sorted(imports - {"import math"}, key=_first)
    lines = [*docstring(about, ""), "", *standard, *rest, *body, "", ""]
    lines += [f"PLAYERS = {{{table}}}", *_load(weights or "weights.safetensors")]
    return "\n".join(lines) + "\n"


def _load(weights: str) -> list[str]:
    return [
        "",
        "",
        "def load(player, weights=None):",
        *docstring(["A player with its weights, ready to run."], "    "),
        "    from safetensors.torch import load_file",
        "",
        f"    path = weights or Path(__file__).with_name({quoted(weights)})",
        '    head = f"{player}."',
        "    state = {",
        "        name.removeprefix(head): value",
        "        for name, value in load_file(path).items()",
        "        if name.startswith(head)",
        "    }",
        "    model = PLAYERS[player]()",
        "    model.load_state_dict(state, strict=False)  # tied weights are stored once",
        "    wanted = {*dict(model.named_parameters()), *dict(model.named_buffers())}",
        "    if wanted - {*state}:",
        '        raise KeyError(f"{path} lacks {head}{min(wanted - {*state})}")',
        "    return model.eval()",
    ]


def _parts(source: str) -> tuple[set[str], dict[str, str]]:
    """The imports of a source that nnc wrote, and the texts of its classes and functions."""
    imports: set[str] = set()
    classes: dict[str, str] = {}
    for node in ast.parse(source).body:
        text = ast.get_source_segment(source, node) or ""
        if isinstance(node, ast.Import | ast.ImportFrom) and text not in _OF_A_RUN:
            imports.add(text)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name != "load":
            classes[node.name] = text
    return imports, classes


def _first(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def _free(name: str, text: str, player: str, taken: Mapping[str, str]) -> str:
    """The name, or where another class has it one with the player's in front."""
    if taken.get(name, text) == text:
        return name
    head = "".join(part.capitalize() for part in re.findall(r"[a-zA-Z0-9]+", player))
    found, number = f"{head}{name}", 1
    while taken.get(found, text) != text:
        number += 1
        found = f"{head}{name}{number}"
    return found


def _renamed(text: str, called: Mapping[str, str]) -> str:
    changed = {old: new for old, new in called.items() if old != new}
    for old, new in changed.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text
