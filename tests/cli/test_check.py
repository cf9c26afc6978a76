"""`nnc check`: every mistake, the exit code, the two formats, and what a project sets."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SPEC, WRONG, Nnc


def test_a_sound_spec(nnc: Nnc) -> None:
    done = nnc("check", "tiny.nn")
    assert (done.code, done.out) == (0, "")
    assert done.err == "1 file checked: no mistakes\n"


def test_all_mistakes_at_once_on_stdout(nnc: Nnc) -> None:
    done = nnc("check", "wrong.nn")
    assert done.code == 1
    assert done.out.startswith(
        "error[NN101]: there is no layer or block `rellu`\n"
        "  --> wrong.nn:3:17\n"
        "   |\n"
        " 3 |   conv(6, 5) -> rellu\n"
        "   |                 ^^^^^\n"
        "   = help: did you mean `relu`?\n"
    )
    assert done.out.count("error[") == 2, "and what follows from the first is not told"
    assert done.err == "1 file checked: 2 errors\n"


def test_json(nnc: Nnc) -> None:
    done = nnc("check", "--json", "wrong.nn", "tiny.nn")
    assert done.code == 1
    assert done.err == ""
    document = done.json
    assert (document["format"], document["checked"]) == (1, 2)
    assert (document["errors"], document["warnings"]) == (2, 0)
    first = document["diagnostics"][0]
    assert (first["file"], first["line"], first["column"]) == ("wrong.nn", 3, 17)
    assert (first["end_line"], first["end_column"]) == (3, 22)
    assert first["fix"]["text"] == "relu"
    assert nnc("check", "--format", "json", "wrong.nn").json["errors"] == 2


def test_paths_are_relative(nnc: Nnc, tmp_path: Path) -> None:
    document = nnc("check", "--json", tmp_path / "wrong.nn").json
    assert document["diagnostics"][0]["file"] == "wrong.nn"


def test_folders_and_hidden_ones(nnc: Nnc) -> None:
    for folder in ("specs/deep", "specs/.hidden"):
        Path(folder).mkdir(parents=True)
        Path(folder, "wrong.nn").write_text(WRONG)
    Path("specs/good.nn").write_text(SPEC)
    Path("specs/notes.txt").write_text("no spec")
    document = nnc("check", "--json", "specs").json
    assert document["checked"] == 2
    assert {d["file"] for d in document["diagnostics"]} == {"specs/deep/wrong.nn"}
    Path("empty").mkdir()
    assert nnc("check", "empty").code == 1


def test_standard_input(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    done = nnc("check", "-")
    assert done.code == 1
    assert "--> -:3:17" in done.out


@pytest.mark.parametrize(
    "content", [b"\xff\xfen\x00", b"\x00\x01\x02", b"gr\xf6\xdfe"], ids=["utf16", "bytes", "latin"]
)
def test_what_is_no_text(nnc: Nnc, content: bytes) -> None:
    Path("odd.nn").write_bytes(content)
    done = nnc("check", "odd.nn")
    assert done.code == 1
    assert "error[NN025]" in done.out
    assert "Traceback" not in done.out + done.err


def test_missing_files_do_not_hide_the_others(nnc: Nnc) -> None:
    document = nnc("check", "--json", "nope.nn", "wrong.nn").json
    assert document["diagnostics"][0]["code"] == "NN025"
    assert document["errors"] == 3


def test_warnings_can_be_denied(nnc: Nnc) -> None:
    Path("warn.nn").write_text(SPEC + "\nblock unused { relu }\n")
    done = nnc("check", "warn.nn")
    assert done.code == 0
    assert "warning[" in done.out
    code = done.out.split("warning[")[1].split("]")[0]
    assert nnc("check", "-q", "warn.nn").out == ""
    assert nnc("check", "--deny", "warnings", "warn.nn").code == 1
    assert nnc("check", "--deny", code, "warn.nn").code == 1
    Path("pyproject.toml").write_text(f'[tool.nnc]\nallow = ["{code}"]\nformat = "json"\n')
    assert nnc("check", "warn.nn").json["warnings"] == 0


def test_projects_can_exclude(nnc: Nnc) -> None:
    Path("pyproject.toml").write_text('[tool.nnc]\nexclude = ["wrong*"]\n')
    assert nnc("check", ".").code == 0
    assert nnc("check", "wrong.nn").code == 1, "what is named is checked"


def test_a_bad_project_setting_is_told(nnc: Nnc) -> None:
    Path("pyproject.toml").write_text('[tool.nnc]\nexlude = ["x"]\n')
    done = nnc("check", "tiny.nn")
    assert done.code == 1
    assert "did you mean `exclude`?" in done.err
    assert "--> pyproject.toml:2:1" in done.err


def test_overrides(nnc: Nnc) -> None:
    assert nnc("check", "tiny.nn", "--set", "train.epochs=5").code == 0
    done = nnc("check", "tiny.nn", "--set", "train.epochs=-1")
    assert done.code == 1
    assert "--> <command line>:1:" in done.out
    done = nnc("check", "tiny.nn", "--set", "train.epoch=5")
    assert done.code == 1
    assert "epochs" in done.out
    assert nnc("check", "tiny.nn", "wrong.nn", "--set", "train.epochs=5").code == 2
    assert nnc("check", "tiny.nn", "--set", "train.epochs").code == 2


def test_data_is_opened_only_when_asked(nnc: Nnc) -> None:
    Path("own.nn").write_text(SPEC.replace('bundled("mnist5k")', 'images("nowhere")'))
    assert nnc("check", "own.nn").code == 0
    done = nnc("check", "own.nn", "--data", "digits=missing")
    assert done.code == 1
    assert "missing" in done.out


def test_colours_when_asked(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in nnc("check", "wrong.nn").out
    assert "\x1b[1;31merror" in nnc("check", "wrong.nn", "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in nnc("check", "wrong.nn").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in nnc("check", "wrong.nn").out


def test_hostile_text_reaches_no_terminal(nnc: Nnc) -> None:
    Path("evil.nn").write_text("network A {\n  input x: [3]\n  \x1b[2J\u202e\x07 -> relu\n}\n")
    done = nnc("check", "evil.nn", "--color", "never")
    assert done.code == 1
    assert not set("\x1b\u202e\x07") & set(done.out + done.err)
