"""The command line under test: called in this process, in a folder of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nnc.cli.main import run

SPEC = """\
# A digit reader, small enough for tests.
data digits = bundled("mnist5k")

network Tiny {
  input image: [1, 28, 28]
  conv(4, 5, stride=4) -> relu          : [4, 6, 6]
  flatten -> dense(digits.classes)
  output digit
}

train Tiny {
  data   digits
  loss   cross_entropy
  epochs 1
  batch  100
  metric accuracy
}
"""
WRONG = """\
network Wrong {
  input image: [1, 28, 28]
  conv(6, 5) -> rellu
  max_pool(2)      : [6, 13, 13]
  flatten -> dense(classes)
  output digit
}
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Nnc = Callable[..., Done]


@pytest.fixture
def nnc(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nnc:
    """Runs `nnc` with some words in an empty folder; `tiny.nn` and `wrong.nn` stand in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE", str(tmp_path / "cache"))
    Path("tiny.nn").write_text(SPEC)
    Path("wrong.nn").write_text(WRONG)

    def call(*words: object) -> Done:
        capsys.readouterr()
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a small network that reads digits."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.nn").write_text(SPEC)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["train", "tiny.nn", "-q", "--threads", "1"]) == 0
    finally:
        os.chdir(before)
    return folder / "runs" / "tiny" / "1"


@pytest.fixture
def picture(root: Path) -> Path:
    """A seven."""
    return root / "specs" / "data" / "seven.png"
