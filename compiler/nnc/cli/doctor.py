"""`nnc doctor`: versions, devices, what is missing and the line that installs it."""

from __future__ import annotations

import os
import platform
import shutil
from importlib import metadata
from importlib.util import find_spec

from nnc import __version__
from nnc.cli.console import Console
from nnc.cli.failures import BASE, EXTRA, MISTAKE
from nnc.cli.folders import cache_folder, runs_folder
from nnc.cli.verb import json_option, verb
from nnc.record import Record
from nnc.render.json import Json, document

VARIABLES = ("NNC_RUNS", "NNC_CACHE", "NO_COLOR", "FORCE_COLOR", "CI", "CUDA_VISIBLE_DEVICES")
NAMES = {"PIL": "pillow"}
"""Packages whose name at installation is not the name of the import."""


class Package(Record):
    """A library: its version, or "" where it is not installed."""

    name: str
    version: str
    extra: bool


@verb("doctor")
@json_option
def command(console: Console) -> int:
    """Tell versions, devices and folders, and how to install what is missing."""
    packages = _packages()
    devices, threads = _devices()
    missing = [p.name for p in packages if not p.version]
    advice = _advice(packages)
    if console.json:
        console.result(_document(packages, devices, threads, advice))
    else:
        console.result(_text(packages, devices, threads, advice))
    return MISTAKE if missing else 0


def _packages() -> tuple[Package, ...]:
    found = []
    for name in (*BASE, *EXTRA):
        installed = find_spec(name) is not None
        found.append(Package(name, _version(name) if installed else "", name in EXTRA))
    return tuple(found)


def _version(name: str) -> str:
    for distribution in (NAMES.get(name, name), f"{name}-gpu"):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def _devices() -> tuple[list[str], int]:
    """What a run could compute on, and the CPU threads it would take; empty without torch."""
    if find_spec("torch") is None:
        return [], os.cpu_count() or 1
    from nnc.train.device import present, usable_cpus

    return list(present()), usable_cpus()


def _advice(packages: tuple[Package, ...]) -> list[str]:
    advice = []
    if any(not p.version for p in packages if not p.extra):
        advice.append('pip install "nnc-compiler"')
    if any(not p.version for p in packages if p.extra):
        extra = "gpu" if shutil.which("nvidia-smi") else "cpu"
        advice.append(f'pip install "nnc-compiler[{extra}]"    for training and verified builds')
    runtimes = {"onnxruntime", "onnxruntime-gpu"}
    if sum(_installed(name) for name in runtimes) == 2:
        advice.append("pip uninstall onnxruntime-gpu onnxruntime, then install one of them again")
    return advice


def _installed(distribution: str) -> bool:
    try:
        return bool(metadata.version(distribution))
    except metadata.PackageNotFoundError:
        return False


def _folders() -> list[tuple[str, str, bool]]:
    """Name, path, and whether something can be written there."""
    found = []
    for name, path in (("runs", runs_folder()), ("cache", cache_folder())):
        existing = path
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        found.append((name, str(path), os.access(existing, os.W_OK)))
    return found


def _text(
    packages: tuple[Package, ...], devices: list[str], threads: int, advice: list[str]
) -> str:
    lines = [
        f"nnc       {__version__}",
        f"python    {platform.python_version()} on {platform.system()} {platform.machine()}",
    ]
    for at, package in enumerate(packages):
        head = "packages" if at == 0 else ""
        lines.append(f"{head:<9} {package.name:<13} {package.version or 'missing'}")
    for at, device in enumerate(devices or ["torch is missing"]):
        lines.append(f"{'devices' if at == 0 else '':<9} {device}")
    lines.append(f"threads   {threads}")
    for name, path, writable in _folders():
        lines.append(f"{name:<9} {path}{'' if writable else '   (cannot be written)'}")
    for at, name in enumerate(name for name in VARIABLES if name in os.environ):
        lines.append(f"{'variables' if at == 0 else '':<9} {name}={os.environ[name]}")
    for at, line in enumerate(advice):
        lines.append(f"{'next' if at == 0 else '':<9} {line}")
    return "\n".join(lines)


def _document(
    packages: tuple[Package, ...], devices: list[str], threads: int, advice: list[str]
) -> str:
    listed: list[Json] = [{"name": p.name, "version": p.version or None} for p in packages]
    folders: dict[str, Json] = {
        name: {"path": path, "writable": writable} for name, path, writable in _folders()
    }
    return document(
        nnc=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        packages=listed,
        devices=list(devices),
        threads=threads,
        folders=folders,
        variables={name: os.environ[name] for name in VARIABLES if name in os.environ},
        advice=list(advice),
    )
