"""The command line under attack: called in this process, watched, in a folder of its own."""

from __future__ import annotations

import os
import pickle
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nnc.cli.main import run
from tests.hostile.both import nothing_happens

SPEC = """\
data flowers = bundled("iris")
network Small { input numbers: [4]; dense(3) as d; output species }
train Small { data flowers; loss cross_entropy; epochs 1; batch 50; metric accuracy }
"""
SECONDS = 20
"""No hostile file keeps the command longer, on a slow machine."""


class Sentinel:
    """A pickle of it makes a folder when it is loaded."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("touched",)


PICKLE = pickle.dumps(Sentinel())
Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Said:
    """Runs `nnc` in an empty folder: its code and all that it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNC_CACHE", str(tmp_path / "cache"))

    def call(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        begun = time.process_time()
        with nothing_happens():
            code = run([str(word) for word in words])
        assert time.process_time() - begun < SECONDS
        text = "".join(capsys.readouterr())
        assert "Traceback" not in text
        assert "internal" not in text
        assert code != 70, text
        assert not Path("touched").exists()
        return code, text

    return call


def refused(said: Said, *words: object) -> str:
    """What a command says that must fail by a user's mistake, with one error."""
    code, text = said(*words)
    assert code == 1, text
    assert text.count("error") >= 1
    assert text.count("error[") <= 1, text
    return text


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec and its run."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "small.nn").write_text(SPEC)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["train", "small.nn", "-q", "--threads", "1", "--out", "run"]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(trained: Path, said: Said, tmp_path: Path) -> Path:
    """A copy of the run in the working folder."""
    shutil.copy(trained / "small.nn", tmp_path)
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"
