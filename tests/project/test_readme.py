"""What README and CHANGELOG show is so: specs check, commands run, the Python snippet answers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnc.check import check_text

BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [
        text for word, text in BLOCK.findall(path.read_text(encoding="utf-8")) if word == language
    ]


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in a folder."""
    return subprocess.run(
        arguments,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped specs, as the checkout has them."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(Path(__file__).parents[2] / "specs", folder / "specs")
    return folder


def test_readme_specs_check(root: Path) -> None:
    shown = blocks(root / "README.md", "nn")
    assert len(shown) >= 4
    for text in shown:
        assert check_text(text).diagnostics == ()


def test_changelog_specs_do_what_it_says(root: Path) -> None:
    found = BLOCK.findall((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert len(found) >= 5
    for (word, text), (_, said) in zip(found, [*found[1:], ("", "")]):
        if word != "nn":
            continue
        checked = check_text(text, "digits.nn")
        for diagnostic in checked.diagnostics:
            said_so = f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"
            assert said_so in said
        for network in checked.networks.values():
            for condition in network.conditions:
                assert condition in said


def test_readme_commands_run(root: Path, workshop: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    section = text.split("## First steps")[1].split("\n## ")[0]
    lines = re.findall(r"^    nnc (.*)$", section, re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        words = shlex.split(line, comments=True)
        made = run([sys.executable, "-m", "nnc", *words], workshop)
        assert made.returncode == 0, f"nnc {line}\n{made.stdout}\n{made.stderr}"
    assert (workshop / "runs" / "patients" / "1" / "model.onnx").is_file()


def test_readme_snippet_reads_a_seven(root: Path, workshop: Path) -> None:
    train = ["train", "specs/lenet.nn", "--set", "train.epochs=4", "-q"]
    made = run([sys.executable, "-m", "nnc", *train], workshop)
    assert made.returncode == 0, made.stderr
    (snippet,) = blocks(root / "README.md", "python")
    assert "nnc" not in re.findall(r"^(?:import|from) (\w+)", snippet, re.MULTILINE)
    answer = run([sys.executable, "-c", snippet], workshop)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split()[0] == "7"


def test_readme_speaks_of_what_is_there(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (root / target).exists(), target
    for spec in re.findall(r"specs/[\w./]+", text):
        assert (root / spec).exists(), spec
