"""Options of other tools, and how this one says them."""

from __future__ import annotations

import difflib

import click

SET = {
    "epochs": "train.epochs",
    "num-epochs": "train.epochs",
    "max-epochs": "train.epochs",
    "batch": "train.batch",
    "batch-size": "train.batch",
    "bs": "train.batch",
    "lr": "train.optimizer.lr",
    "learning-rate": "train.optimizer.lr",
    "weight-decay": "train.optimizer.weight_decay",
    "momentum": "train.optimizer.momentum",
    "optimizer": "train.optimizer",
    "optim": "train.optimizer",
    "loss": "train.loss",
    "schedule": "train.schedule",
    "scheduler": "train.schedule",
    "metric": "train.metric",
    "seed": "train.seed",
    "clip": "train.clip",
    "precision": "train.precision",
    "patience": "train.early_stop",
    "early-stop": "train.early_stop",
}
"""Settings of the train block, which `--set` overrides."""

INSTEAD = {
    "gpu": "--device cuda",
    "cuda": "--device cuda",
    "cpu": "--device cpu",
    "mps": "--device mps",
    "output": "--out DIR",
    "output-dir": "--out DIR",
    "save-dir": "--out DIR",
    "checkpoint": "--resume RUN",
    "load": "--resume RUN",
    "data-dir": "--data NAME=PATH",
    "data-path": "--data NAME=PATH",
    "dataset": "--data NAME=PATH",
    "image-size": "--set data.NAME.size=64",
    "img-size": "--set data.NAME.size=64",
    "max-steps": "--steps N",
    "silent": "--quiet",
    "watching": "--watch",
    "strict": "--deny warnings",
    "werror": "--deny warnings",
}
"""Other options of this tool."""


def told(error: click.NoSuchOption, command: click.Command, args: list[str]) -> str:
    """What to write instead of an option that a command does not have; nothing if unknown."""
    name = error.option_name.lstrip("-").replace("_", "-").lower()
    own = {option for param in command.params for option in param.opts}
    if "--set" in own and name in SET:
        return f"Write --set {SET[name]}={_value(error.option_name, args) or '...'}"
    instead = INSTEAD.get(name, "")
    if instead and instead.split()[0] in own:
        return f"Write {instead}"
    near = difflib.get_close_matches(error.option_name, sorted(own), 1, 0.75)
    if "--set" in own and not near and error.option_name.startswith("--"):
        value = _value(error.option_name, args) or "..."
        word = name.replace("-", "_")
        return f"A parameter of the spec is set with --set {word}={value}"
    return ""


def _value(option: str, args: list[str]) -> str:
    """What is given to an option: `--epochs 3`, `--epochs=3`."""
    for place, arg in enumerate(args):
        if arg.startswith(f"{option}="):
            return arg.partition("=")[2]
        if arg == option and place + 1 < len(args) and not args[place + 1].startswith("-"):
            following = args[place + 1]
            return "" if following.endswith(".nn") else following
    return ""
