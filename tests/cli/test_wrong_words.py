"""Options of other tools, folders and files of other kinds on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Nnc

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    "words, said",
    [
        (("train", "tiny.nn", "--epochs", "3"), "Write --set train.epochs=3"),
        (("train", "--epochs=3", "tiny.nn"), "Write --set train.epochs=3"),
        (("train", "tiny.nn", "--lr", "0.1"), "Write --set train.optimizer.lr=0.1"),
        (("train", "tiny.nn", "--batch_size", "32"), "Write --set train.batch=32"),
        (("train", "--batch-size", "tiny.nn"), "Write --set train.batch=..."),
        (("train", "tiny.nn", "--gpu"), "Write --device cuda"),
        (("train", "tiny.nn", "--output", "x"), "Write --out DIR"),
        (
            ("check", "tiny.nn", "--width", "64"),
            "A parameter of the spec is set with --set width=64",
        ),
        (("check", "tiny.nn", "--strict"), "Write --deny warnings"),
        (("check", "tiny.nn", "--fxi"), "Did you mean '--fix'?"),
    ],
)
def test_options_of_other_tools(nnc: Nnc, words: tuple[str, ...], said: str) -> None:
    done = nnc(*words)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_a_folder_offers_its_specs(nnc: Nnc) -> None:
    done = nnc("train", ".")
    assert done.code == 1
    assert "is a folder, and one spec is wanted" in done.err
    assert "tiny.nn" in done.err
    Path("empty").mkdir()
    assert "it holds no .nn file" in nnc("build", "empty").err + nnc("train", "empty").err


def test_a_spec_that_is_not_there(nnc: Nnc) -> None:
    done = nnc("check", "tinny.nn")
    assert done.code == 1
    assert "did you mean `tiny.nn`?" in done.out + done.err


def test_files_that_are_no_models(nnc: Nnc) -> None:
    Path("a.png").write_bytes(PNG)
    done = nnc("run", "a.png", "tiny.nn")
    assert "a.png is a picture (PNG), and `nnc run` takes a model (.onnx) or a run" in done.err
    done = nnc("run", "tiny.nn", "a.png")
    assert "tiny.nn is a spec, and `nnc run` takes a model or a run" in done.err
    assert "train it: `nnc train tiny.nn`" in done.err
    assert "`nnc eval` takes a model or a run" in nnc("eval", "tiny.nn").err
