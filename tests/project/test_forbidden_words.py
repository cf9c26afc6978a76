"""What is published speaks of the project alone: no machine's paths, no hosts, nobody at work."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.project.trees import ROOT

# Written in halves, so that this file may be read like any other.
EVERYWHERE = [
    r"pypi\." + r"org",
    r"pythonhosted\." + r"org",
    r"download\.pytorch\." + r"org",
    r"registry\.npmjs\." + r"org",
    r"(deb|security)\.debian\." + r"org",
    r"proxy\.golang\." + r"org",
    r"(?<![\w.])/work" + r"/(main|shared|\.library)\b",
    r"(?<![\w.])/tmp" + r"/v/",
    r"(?<![\w.])/(home|Users)" + r"/(?!you\b|me\b|user\b)\w",
    r"\b(this|earlier|next|previous|last|another) " + r"session\b",
    r"\b(sub-?ag" + r"ent|clau" + r"de|anthrop" + r"ic|chatg" + r"pt|copi" + r"lot)\b",
    r"\bissues? " + r"#?\d",
]
# Only the script that CI calls may know that data may lie beside the checkout.
BESIDE = r"(?<![\w/])\.\./" + "shared" + r"\b|\b" + "shared" + r"/(data|specs|traps|prototype)\b"
UNFINISHED = r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b"


def tracked() -> list[str]:
    """The files under version control, or none outside a checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return []
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def hits(pattern: str, files: list[str]) -> list[str]:
    """`file:line: text` for each line of the files that matches."""
    sought = re.compile(pattern, re.IGNORECASE)
    found = []
    for name in files:
        data = (ROOT / name).read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            if sought.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    return found


@pytest.fixture(scope="module")
def files() -> list[str]:
    listed = tracked()
    if not listed:
        pytest.skip("not a git checkout: nothing says which files are the project's")
    return listed


@pytest.mark.parametrize("pattern", EVERYWHERE)
def test_words(pattern: str, files: list[str]) -> None:
    found = hits(pattern, files)
    assert not found, "\n".join(found)


def test_data_beside_the_checkout(files: list[str]) -> None:
    found = hits(BESIDE, [name for name in files if name != ".ci/run"])
    assert not found, "\n".join(found)


def test_nothing_is_half_done(files: list[str]) -> None:
    code = [name for name in files if name.startswith("compiler/") and name.endswith(".py")]
    found = hits(UNFINISHED, code)
    assert not found, "\n".join(found)
