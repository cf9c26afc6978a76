"""`nnc sample`: text that a language model writes, step by step, in ONNX Runtime alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from nnc.cli.main import run
from nnc.layers.pointwise import Neg
from nnc.layers.shift import Shift
from nnc.layers.streaming import Flow, Streamer
from tests.cli.conftest import Nnc

TEXT = "the sea, the sea. a whale! the whale and the sea\n" * 60
UNITS = ("char", "byte", "word")


def spec(unit: str, more: str = "export Sea { streaming }") -> str:
    return f"""data sea = text("sea.txt", unit={unit}, window=8)
network Sea {{
  input text: token[T]
  embedding(sea.vocab, 8) -> lstm(16) -> dense(sea.vocab)
  output next
}}
train Sea {{ data sea; loss cross_entropy; steps 30; batch 16; optimizer adam(lr=0.02) }}
{more}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of a small language model by unit, and one without a file of one step."""
    folder = tmp_path_factory.mktemp("sea")
    (folder / "sea.txt").write_text(TEXT)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for unit in UNITS:
            Path(f"{unit}.nn").write_text(spec(unit))
            assert run(["train", f"{unit}.nn", "-q", "--threads", "1", "--out", unit]) == 0
        Path("whole.nn").write_text(spec("char", ""))
        assert run(["train", "whole.nn", "-q", "--threads", "1", "--out", "whole"]) == 0
    finally:
        os.chdir(before)
    return folder


def python(code: str, *words: object, **more: object) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    line = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(line, stdout=pipe, stderr=pipe, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("unit", UNITS)
def test_a_text_of_each_unit(nnc: Nnc, runs: Path, unit: str) -> None:
    done = nnc("sample", runs / unit, "--prompt", "the whale", "--length", 40, "--seed", 3)
    assert done.code == 0, done.err
    assert done.out.startswith("the whale")
    assert done.out.endswith("\n")
    assert len(done.out) > 40
    assert done == nnc("sample", runs / unit / "step.onnx", "--prompt", "the whale", "--length", 40,
                       "--seed", 3)  # fmt: skip
    assert done.out != nnc("sample", runs / unit, "--prompt", "the whale", "--length", 40).out


def test_words_are_parted_by_spaces(nnc: Nnc, runs: Path) -> None:
    out = nnc("sample", runs / "word", "--prompt", "the sea", "--length", 30).out
    words = out.replace("\n", " ").split(" ")
    assert set(words) <= {"the", "sea", "sea,", "sea.", "a", "whale", "whale!", "and", ""} | {
        w + m for w in ("the", "a", "and", "whale", "sea") for m in (",", ".", "!")
    } | {m for word in words for m in [word] if set(word) <= set(".,!")}  # fmt: skip


def test_options_of_pictures_say_nothing(nnc: Nnc, runs: Path) -> None:
    done = nnc("sample", runs / "char", "--interpolate", 3)
    assert done.code == 2
    assert "--interpolate says nothing here: step.onnx writes text" in done.err


def test_temperature_0_is_the_likeliest(nnc: Nnc, runs: Path) -> None:
    words = ("--prompt", "the", "--length", 20, "--temperature", 0)
    first = nnc("sample", runs / "char", *words, "--seed", 1).out
    assert first == nnc("sample", runs / "char", *words, "--seed", 2).out
    assert first == nnc("sample", runs / "char", *words[:-2], "--top-k", 1).out
    assert first == nnc("sample", runs / "char", *words[:-2], "--top-p", 1e-9).out


def test_several_samples(nnc: Nnc, runs: Path) -> None:
    words = ("--prompt", "a ", "--length", 10, "--count", 3)
    out = nnc("sample", runs / "char", *words).out
    parts = out.rstrip("\n").split("\n----\n")
    assert len(parts) == 3
    assert len({*parts}) > 1
    told = nnc("sample", runs / "char", *words, "--json").json
    assert [s["text"] for s in told["samples"]] == parts
    assert (told["format"], told["prompt"], told["seed"]) == (1, "a ", 0)
    wrote = nnc("sample", runs / "char", *words, "-o", "out.txt")
    assert Path("out.txt").read_text() == out
    assert wrote.out == ""


def test_without_a_prompt_it_begins_a_line(nnc: Nnc, runs: Path) -> None:
    for unit in UNITS:
        done = nnc("sample", runs / unit, "--length", 10)
        assert done.code == 0, done.err
        assert done.out.strip("\n")


def test_a_prompt_of_unknown_units(nnc: Nnc, runs: Path) -> None:
    done = nnc("sample", runs / "char", "--prompt", "Ωmega 7")
    assert done.code == 1
    assert "the prompt has characters that the text of training did not have: 'Ω', 'm'" in done.err
    done = nnc("sample", runs / "word", "--prompt", "the ocean")
    assert "the prompt has words that the text of training did not have: 'ocean'" in done.err
    assert nnc("sample", runs / "byte", "--prompt", "Ω", "--length", 3).code == 0


def test_a_run_without_a_file_of_one_step(nnc: Nnc, runs: Path) -> None:
    done = nnc("sample", runs / "whole")
    assert done.code == 1
    assert "step.onnx, which writes step by step, is not there" in done.err
    assert "--streaming` makes one" in done.err
    assert "export Sea { streaming }" in done.err
    assert "then `nnc sample build/whole`" in done.err
    assert nnc("build", runs / "whole", "--streaming", "-o", "made").code == 0
    assert nnc("sample", "made", "--prompt", "the ", "--length", 5).out.startswith("the ")
    done = nnc("sample", "made/step.onnx", "--prompt", "the ", "--length", 5)
    assert done.out.startswith("the ")
    done = nnc("sample", runs / "whole" / "model.onnx")
    assert "`nnc build RUN --streaming`" in done.err


def test_the_model_beside_stands_for_its_step(nnc: Nnc, runs: Path) -> None:
    assert nnc("sample", runs / "char" / "model.onnx", "--prompt", "a", "--length", 5).code == 0


def test_a_network_that_is_no_language_model(nnc: Nnc) -> None:
    Path("n.nn").write_text(
        "network N { input x: [T, 3]; lstm(4); output y }\nexport N { streaming }\n"
    )
    assert nnc("build", "n.nn", "-o", "n").code == 0
    done = nnc("sample", "n/N.untrained.step.onnx")
    assert done.code == 1
    assert "is no language model: it takes `x`" in done.err
    done = nnc("run", "n/N.untrained.step.onnx", "n.nn")
    assert "takes one step of a sequence at a time" in done.err


def test_it_is_not_evaluated(nnc: Nnc, runs: Path) -> None:
    done = nnc("eval", runs / "char" / "step.onnx")
    assert done.code == 1
    assert "takes one step of a sequence at a time" in done.err


def test_steps_that_differ_leave_no_file(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Shift, s: Streamer, x: Flow) -> tuple[Flow | None, ...]:
        return s.apply(Neg(), x)

    monkeypatch.setattr(Shift, "stream", wrong)
    Path("n.nn").write_text(
        "network N { input x: [T, 3]; shift(1) -> lstm(4); output y }\nexport N { streaming }\n"
    )
    done = nnc("build", "n.nn", "-o", "n")
    assert done.code == 3
    assert "N.untrained.step.onnx differs from PyTorch by" in done.err
    assert "of a sequence" in done.err
    assert [file.name for file in Path("n").glob("*.onnx")] == ["N.untrained.onnx"]


def test_the_run_tells_of_both_files(runs: Path) -> None:
    record = json.loads((runs / "char" / "run.json").read_text())
    assert [export["file"] for export in record["exports"]] == ["model.onnx", "step.onnx"]
    assert all(export["parity"]["largest"] < 1e-4 for export in record["exports"])


def test_no_torch_is_loaded(runs: Path) -> None:
    code = (
        "import sys; from nnc.cli.main import run\n"
        "code = run(['sample', sys.argv[1], '--prompt', 'a', '--length', '5'])\n"
        "sys.exit(code or 100 * ('torch' in sys.modules))"
    )
    with python(code, runs / "char") as process:
        assert process.wait() == 0


def test_a_reader_that_leaves(runs: Path) -> None:
    code = "import sys; from nnc.cli.main import run; sys.exit(run(sys.argv[1:]))"
    with python(code, "sample", runs / "char", "--length", 1_000_000) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(100)) == 100
        process.stdout.close()
        assert process.wait() == 141
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_interrupted(runs: Path) -> None:
    code = "import sys; from nnc.cli.main import run; sys.exit(run(sys.argv[1:]))"
    with python(code, "sample", runs / "char", "--length", 1_000_000) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(100)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait() == 130
        assert b"Traceback" not in process.stderr.read()


STATES = '[{"name": "lstm1.h", "next": "lstm1.h.next", "start": 0}]'
DAMAGES = {
    "states that are no list": ("nnc.states", "5", 'NN550'),
    "a state that is not there": (
        "nnc.states",
        '[{"name": "gone", "next": "lstm1.h.next", "start": 0}]',
        "its state gone is not among its inputs and outputs",
    ),
    "a start that is no number": (
        "nnc.states",
        '[{"name": "lstm1.h", "next": "lstm1.h.next", "start": "0"}]',
        "NN550",
    ),
    "a state left out": ("nnc.states", STATES, "it takes `text`, `lstm1.c`"),
    "no axes": ("nnc.stream", '{"inputs": {"text": -1}}', "NN550"),
    "no stream": ("nnc.stream", "[]", "NN550"),
    "a longest of 1e400": ("nnc.stream", '{"longest": 1e400}', "NN550"),
    "another vocabulary": (
        "nnc.inputs",
        '[{"name": "text", "meaning": "text", "unit": "char", "tokens": ["a"]}]',
        "has no output with a number for each of its 1 units",
    ),
}  # fmt: skip


@pytest.mark.parametrize("key, value, told", DAMAGES.values(), ids=list(DAMAGES))
def test_files_of_strangers(nnc: Nnc, runs: Path, key: str, value: str, told: str) -> None:
    model = onnx.load(runs / "char" / "step.onnx")
    for entry in model.metadata_props:
        if entry.key == key:
            entry.value = value
    onnx.save(model, "odd.onnx")
    done = nnc("sample", "odd.onnx", "--prompt", "a", "--length", 5)
    assert done.code == 1, done.out
    assert told in done.err


ROTARY = """data sea = text("sea.txt", unit=char, window=8)
network Sea {
  input text: token[T]
  embedding(sea.vocab, 8) -> attention(2, causal=true, rotary=true) -> dense(sea.vocab)
  output next
}
train Sea { data sea; loss cross_entropy; steps 5; batch 16 }
export Sea { streaming }
"""


def test_what_attention_keeps_in_mind_is_a_window_of_training(nnc: Nnc) -> None:
    Path("sea.txt").write_text(TEXT)
    Path("sea.nn").write_text(ROTARY)
    assert nnc("train", "sea.nn", "-q", "--threads", "1", "--out", "run").code == 0
    words = ("sample", "run", "--prompt", "the sea, the whale", "--length", 30, "--temperature", 5)
    window = nnc(*words)
    assert window.code == 0, window.err
    assert window == nnc(*words, "--context", 8)
    assert window != nnc(*words, "--context", 100)
