"""The specs of sequences that ship: published counts of weights, and a few steps of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnc.check import check_source
from nnc.ir.walk import count_weights
from nnc.syntax.files import read_source
from tests.cli.conftest import Nnc, nnc  # noqa: F401  # the fixture
from tests.cli.test_ctc import calls

SPECS = Path(__file__).parents[2] / "specs"
# PyTorch's example word_language_model says 13,987,678 and 7,332,078 of 33,278 words.
WEIGHTS = {
    ("chargpt", "CharGPT"): "257*novel.vocab + 809728",
    ("spoken_numbers", "SpokenNumbers"): "129*calls.vocab + 191440",
    ("sunspots", "Sunspots"): "12433",
    ("tagger", "Tagger"): "2406617",
    ("topics", "Topics"): "257*mails.classes + 128*mails.vocab + 659456",
    ("translate", "Translate"): "7337280",
    ("wordlm", "WordLM"): "13987678",
    ("wordlm", "WordLMTied"): "7332078",
}


@pytest.mark.parametrize("spec", sorted({spec for spec, _ in WEIGHTS}))
def test_weights(spec: str) -> None:
    path = SPECS / f"{spec}.nn"
    found = check_source(read_source(str(path), path.name))
    assert not found.diagnostics
    counts = {(spec, name): str(count_weights(n)) for name, n in found.networks.items() if n}
    assert counts == {key: count for key, count in WEIGHTS.items() if key[0] == spec}
    for count in counts.values():
        assert not count.isdigit() or spec != "wordlm" or f"{int(count):,}" in path.read_text()


def sentences(folder: Path) -> None:
    draw = np.random.default_rng(0)
    lengths = draw.integers(3, 9, 60)
    words = draw.integers(1, 50, (60, 8))
    np.savez(folder / "sentences.npz", words=words, tags=words % 4, words_length=lengths)


def pairs(folder: Path) -> None:
    """A text and the same backwards; 0 fills up, 1 begins."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(2, 7, 200)
    source, target = np.zeros((200, 6), np.int64), np.zeros((200, 6), np.int64)
    for row, length in enumerate(lengths):
        source[row, :length] = draw.integers(2, 10, length)
        target[row, :length] = source[row, :length][::-1]
    np.savez(
        folder / "pairs.npz",
        english=source,
        french=target,
        english_length=lengths,
        french_length=lengths,
    )


def wiki(folder: Path) -> None:
    draw = np.random.default_rng(0)
    words = draw.choice([f"w{n}" for n in range(30)], 4000)
    (folder / "wikitext-2.txt").write_text(" ".join([*(f"w{n}" for n in range(30)), *words]))


def mails(folder: Path) -> None:
    draw = np.random.default_rng(0)
    rows = [
        f"{' '.join(draw.choice(['win', 'now', 'tea', 'home'], draw.integers(1, 9)))},{kind}"
        for kind in ["spam", "ham"] * 30
    ]
    (folder / "mails.csv").write_text("\n".join(["body,label", *rows]) + "\n")


def test_a_tagger(nnc: Nnc, tmp_path: Path) -> None:  # noqa: F811
    sentences(tmp_path)
    told = _trained(nnc, "tagger", "Tagger.vocabulary=50,Tagger.tags=4")
    assert set(told["metrics"]["onnx"]) == {"accuracy", "f1"}


def test_a_translator_learns_by_the_words_before(nnc: Nnc, tmp_path: Path) -> None:  # noqa: F811
    pairs(tmp_path)
    sizes = "Translate.words=10,Translate.width=32"
    sets = f"{sizes},train.epochs=25,train.optimizer.lr=0.01,train.batch=32"
    told = _trained(nnc, "translate", sets, steps="")
    onnx, torch = told["metrics"]["onnx"], told["metrics"]["pytorch"]
    assert onnx == pytest.approx(torch, abs=1e-4)
    assert onnx["accuracy"] > 0.5  # a blind guess has 1/8
    assert onnx["perplexity"] < 4


def test_sounds_to_letters(nnc: Nnc, tmp_path: Path) -> None:  # noqa: F811
    calls(tmp_path, 24)
    (tmp_path / "calls").rename(tmp_path / "spoken_numbers")
    told = _trained(nnc, "spoken_numbers", "", swap=("rate=8000", "rate=4000"))
    assert set(told["metrics"]["onnx"]) == {"error_rate"}


@pytest.mark.parametrize("network", ["WordLM", "WordLMTied"])
def test_words(nnc: Nnc, tmp_path: Path, network: str) -> None:  # noqa: F811
    wiki(tmp_path)
    more = ("--network", network)
    told = _trained(
        nnc,
        "wordlm",
        "WordLM.words=31,WordLMTied.words=31",
        *more,
        swap=("vocab=33_278", "vocab=31"),
    )
    assert set(told["metrics"]["onnx"]) == {"perplexity"}


def test_topics(nnc: Nnc, tmp_path: Path) -> None:  # noqa: F811
    mails(tmp_path)
    told = _trained(nnc, "topics", "")
    assert set(told["metrics"]["onnx"]) == {"accuracy", "f1"}


@pytest.mark.parametrize("spec", ["sunspots", "chargpt"])
def test_what_comes_with_its_data(nnc: Nnc, spec: str) -> None:  # noqa: F811
    told = _trained(nnc, spec, "train.batch=8" if spec == "chargpt" else "")
    assert told["metrics"]["onnx"]


def _trained(
    nnc: Nnc,  # noqa: F811
    spec: str,
    sets: str,
    *more: str,
    steps: str = "4",
    swap: tuple[str, str] = ("", ""),
) -> Any:
    """What `nnc eval` measures after a few steps of a spec, in the folder of its data."""
    Path(f"{spec}.nn").write_text((SPECS / f"{spec}.nn").read_text().replace(*swap))
    command = ["train", f"{spec}.nn", "--out", "run", *more]
    command += ["--steps", steps] if steps else []
    for one in filter(None, sets.split(",")):
        command += ["--set", one]
    out = nnc(*command)
    assert out.code == 0, out.err
    return nnc("eval", "run", "--part", "validation", "--json").json
