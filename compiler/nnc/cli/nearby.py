"""What is not where the command line says, or is something else, and what was most likely meant."""

from __future__ import annotations

import os
from pathlib import Path

from nnc.cli.failures import relative, unusable
from nnc.diagnostics import Refusal, nearest
from nnc.record import replace
from nnc.syntax.kinds import of_bytes

SHOWN = 6
"""Names that a message lists."""


def absent(path: str, *endings: str, otherwise: str = "") -> Refusal:
    """The refusal of a path at which nothing is.

    Args:
        endings: of the files that are looked for.
        otherwise: what to do where nothing there is like it.
    """
    return unusable(f"there is no {relative(path)}", help=instead(path, *endings) or otherwise)


def instead(path: str, *endings: str) -> str:
    """What was most likely meant by a path that is not there, or what is there; or nothing."""
    folder = os.path.dirname(path)
    try:
        names = sorted(n for n in os.listdir(folder or ".") if not n.startswith("."))
    except NotADirectoryError:
        return f"{relative(folder)} is a file"
    except OSError:
        near = instead(folder) if folder and os.path.dirname(folder) != folder else ""
        near = near if near.startswith("did you mean") else ""
        return f"there is no folder {relative(folder)}" + (f": {near}" if near else "")
    wanted = [name for name in names if not endings or name.endswith(endings)]
    base = os.path.basename(path)
    meant = _same_stem(base, wanted) or nearest(base, wanted) or nearest(base, names)
    if meant:
        return f"did you mean `{relative(os.path.join(folder, meant))}`?"
    if not endings or not wanted:
        return ""
    return f"there {'is' if len(wanted) == 1 else 'are'} {listed(folder, wanted)}"


def _same_stem(base: str, names: list[str]) -> str:
    """`lenet` for `lenet.nn`, `lenet.onnx` for `lenet.nn`."""
    stem = os.path.splitext(base)[0]
    return next((name for name in names if os.path.splitext(name)[0] == stem != ""), "")


def helped(refused: Refusal, path: str) -> None:
    """Adds to the refusal of a spec that is not there which one was meant."""
    (first,) = refused.diagnostics
    refused.diagnostics = (replace(first, help=instead(path, ".nn")),)


def listed(folder: str, names: list[str]) -> str:
    """The first of some files of a folder."""
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(relative(os.path.join(folder, name)) for name in names[:SHOWN]) + more


def no_spec(path: str) -> Refusal:
    """The refusal of a folder where one spec is wanted."""
    shown = relative(path)
    if os.path.isfile(os.path.join(path, "run.json")):
        help = f"`nnc train --resume {shown}` goes on with it; its spec is {shown}/spec.nn"
        return unusable(f"{shown} is a run, and a spec (.nn) is wanted", help=help)
    names = sorted(name for name in os.listdir(path) if name.endswith(".nn"))
    beside = path.rstrip("/\\") + ".nn"
    if os.path.isfile(beside):
        help = f"did you mean `{relative(beside)}`?"
    elif names:
        help = f"it holds {listed(path, names)}: name one"
    else:
        help = "it holds no .nn file"
    return unusable(f"{shown} is a folder, and one spec is wanted", help=help)


def spec_beside(path: str, verb: str) -> str:
    """What to do where a folder holds no run, and a spec of its name lies beside it."""
    beside = path.rstrip("/\\") + ".nn"
    if not os.path.isfile(beside):
        return ""
    shown = relative(beside)
    if verb in ("run", "eval", "sample"):
        return f"{shown} is a spec: `nnc train {shown}` makes a run of it"
    return f"did you mean `{shown}`?"


_NAMED = {
    ".nn": "a spec",
    ".py": "a Python file",
    ".onnx": "an ONNX model",
    ".pt": "a checkpoint of PyTorch (.pt), which nnc never opens",
    ".pth": "a checkpoint of PyTorch (.pth), which nnc never opens",
    ".ckpt": "a checkpoint (.ckpt), which nnc never opens",
    ".safetensors": "weights (safetensors)",
    ".h5": "a model of Keras",
    ".keras": "a model of Keras",
}


def what_is(path: str) -> str:
    """What a file is that is no text of its own, by its bytes and its name; or nothing."""
    ending = os.path.splitext(path)[1].lower()
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return ""
    found, _ = of_bytes(head)
    if found == "no text" or (ending in _NAMED and found == "an archive (zip)"):
        return _NAMED.get(ending, "")
    return found


def weights_file(path: str) -> Path:
    """The file of weights that `--weights` names.

    Raises:
        Refusal: it is not there, or is something else.
    """
    there, shown = Path(path), relative(path)
    if not there.is_file():
        otherwise = "`--weights` takes a run, such as runs/lenet/1, or a .safetensors file"
        raise absent(path, ".safetensors", otherwise=otherwise)
    what = what_is(path)
    if what in ("", "weights (safetensors)") or "PyTorch" in what:  # whose reader tells more
        return there
    beside = there.with_name("weights.safetensors")
    help = "`--weights` takes a run or a file of weights (.safetensors)"
    if beside.is_file():
        help = f"did you mean `{relative(str(beside))}`?"
    raise unusable(f"{shown} is {what}, and weights are wanted", help=help)
