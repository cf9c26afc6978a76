"""`nnc layers`, `nnc explain`, `nnc completion`, `nnc doctor`: what nnc says about itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnc.check import check_text
from nnc.check.training import words
from nnc.check.training.data import AUGMENTS, SETTINGS, SOURCES
from nnc.check.training.train import SETTINGS as TRAIN_SETTINGS
from nnc.cli.explain import declared
from nnc.layers import LAYERS
from tests.cli.conftest import Nnc


def test_layers_are_listed(nnc: Nnc) -> None:
    out = nnc("layers").out
    for word, layer in LAYERS.items():
        assert (f"  {word} " in out) is not layer.hidden
    assert len(nnc("layers", "--json").json["layers"]) == sum(
        not layer.hidden for layer in LAYERS.values()
    )


@pytest.mark.parametrize("word", [word for word, layer in LAYERS.items() if not layer.hidden])
def test_every_layer_has_a_page(nnc: Nnc, word: str) -> None:
    out = nnc("layers", word).out
    assert out.startswith(word)
    for name, arg in LAYERS[word].args.items():
        assert f"  {name} " in out
        assert arg.doc in out
    assert "..." not in out.split("\n")[0] or re.search(r"=\.\.\.|, \.\.\.\)", out)


def test_other_declared_words(nnc: Nnc) -> None:
    assert "learning rate" in nnc("layers", "adam").out
    assert nnc("layers", "cross_entropy").code == 0
    done = nnc("layers", "con")
    assert done.code == 1
    assert "did you mean `conv`?" in done.err


def test_explain(nnc: Nnc) -> None:
    whole = nnc("explain", "NN301").out
    assert whole.startswith("NN301 ")
    assert nnc("explain", "301").out == nnc("explain", "nn301").out == whole
    assert nnc("explain", "nn999").code == 1
    assert nnc("explain").out.count("\n") == len(declared())


def test_explain_finds_what_the_rooms_declare() -> None:
    """Rules are read from the source, so that torch stays unloaded; nothing may be missed."""
    program = (
        "import json, pkgutil, importlib, nnc\n"
        "for m in pkgutil.walk_packages(nnc.__path__, 'nnc.'):\n"
        "    if m.name != 'nnc.__main__': importlib.import_module(m.name)\n"
        "from nnc.diagnostics import RULES\n"
        "print(json.dumps({c: [r.name, r.severity] for c, r in RULES.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rules = declared()
    assert json.loads(done.stdout) == {c: [r.name, r.severity] for c, r in rules.items()}
    assert all(len(rule.explanation.split()) >= 5 for rule in rules.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion(nnc: Nnc, shell: str) -> None:
    done = nnc("completion", shell)
    assert done.code == 0
    assert "_NNC_COMPLETE" in done.out


def test_completion_completes(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from nnc.cli.main import main; main()"],
        env={
            "PYTHONPATH": str(root / "compiler"),
            "_NNC_COMPLETE": "bash_complete",
            "COMP_WORDS": "nnc sh",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "plain,show\n", done.stderr


def test_doctor(nnc: Nnc) -> None:
    done = nnc("doctor")
    assert done.code == 0
    assert "torch" in done.out
    assert "cpu" in done.out
    document = nnc("doctor", "--json").json
    assert {p["name"] for p in document["packages"]} >= {"torch", "onnx", "lark"}
    assert document["threads"] >= 1
    assert document["folders"]["runs"]["writable"]


def test_doctor_tells_what_is_missing(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnc.cli.doctor.find_spec", lambda name: None if name == "torch" else name)
    done = nnc("doctor")
    assert done.code == 1
    assert 'pip install "nnc-compiler[' in done.out


def test_words_of_blocks_are_found(nnc: Nnc) -> None:
    for word, said in (
        ("table", ["data source", 'table("houses.csv", target=["price"])', "drop  "]),
        ("early_stop", ["train setting", "early_stop 5"]),
        ("augment", ["augment flip, shift(2), crop(padding=4)"]),
        ("crop", ["augmentation", "padding"]),
        ("normalize", ["imagenet"]),
        ("cosine", ["warmup"]),
        ("mse", ["mse("]),
        ("accuracy", ["accuracy"]),
    ):
        out = nnc("layers", word).out
        assert [text for text in said if text not in out] == [], word
    assert "`early_stop`" in nnc("layers", "earlystop").err


def test_every_word_of_a_block_is_described() -> None:
    assert {name: tuple(k for k, _ in w.arguments) for name, w in words.SOURCES.items()} == SOURCES
    assert tuple(words.DATA_SETTINGS) == SETTINGS
    assert tuple(words.TRAIN_SETTINGS) == TRAIN_SETTINGS
    taken = {name: "".join(k for k, _ in w.arguments) for name, w in words.AUGMENTS.items()}
    assert taken == AUGMENTS


@pytest.mark.parametrize("name", [*words.SOURCES, *words.DATA_SETTINGS, *words.AUGMENTS])
def test_what_is_shown_of_data_checks(name: str) -> None:
    if name in words.SOURCES:
        source, settings = words.SOURCES[name].written, ""
    else:
        setting = words.AUGMENTS.get(name)
        settings = f"augment {setting.written}" if setting else words.DATA_SETTINGS[name].written
        source = 'images("photos")'
    checked = check_text(f"data d = {source} {{ {settings} }}")
    assert [d.message for d in checked.diagnostics if "`d`" not in d.message] == []
