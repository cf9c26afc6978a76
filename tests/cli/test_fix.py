"""`nnc check --fix`, `--diff`, `--watch` and the formats for other programs."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nnc.cli import watch
from nnc.cli.fixing import write
from nnc.diagnostics import Refusal
from nnc.source import Source
from tests.cli.conftest import SPEC, Nnc

FIXABLE = SPEC.replace("-> relu", "-> rellu").replace("flatten", "flaten")


def test_used_files_are_fixed_too(nnc: Nnc) -> None:
    Path("parts.nn").write_text("block narrow(width) { dens(width) }\n")
    Path("main.nn").write_text(
        'use "parts.nn"\nnetwork A {\n  input x: [8]\n  narrow(3) -> rellu\n  output y\n}\n'
    )
    done = nnc("check", "main.nn", "--fix")
    assert done.code == 0, done.out + done.err
    assert "dense(width)" in Path("parts.nn").read_text()
    assert "narrow(3) -> relu\n" in Path("main.nn").read_text()
    assert "2 files checked: no mistakes, 2 fixed" in done.err


def test_fix(nnc: Nnc) -> None:
    Path("a.nn").write_text(FIXABLE)
    done = nnc("check", "--fix", "a.nn")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        "fixed     a.nn:6:27  NN101  `rellu` is now `relu`",
        "fixed     a.nn:7:3  NN101  `flaten` is now `flatten`",
        "1 file checked: no mistakes, 2 fixed",
    ]
    assert Path("a.nn").read_text() == SPEC
    assert sorted(p.name for p in Path().iterdir()) == ["a.nn", "tiny.nn", "wrong.nn"]
    assert nnc("check", "--fix", "a.nn").err == "1 file checked: no mistakes, 0 fixed\n"


def test_what_has_no_fix_is_told(nnc: Nnc) -> None:
    done = nnc("check", "--fix", "wrong.nn")
    assert done.code == 1
    assert "rellu" not in done.out
    assert "error[" in done.out
    assert "-> relu\n" in Path("wrong.nn").read_text()


def test_diff_writes_nothing(nnc: Nnc) -> None:
    Path("a.nn").write_text(FIXABLE)
    for words in (["--diff"], ["--fix", "--diff"]):
        done = nnc("check", "a.nn", *words)
        assert done.code == 1
        assert done.err.endswith("1 file checked: no mistakes, 2 to fix\n")
        assert Path("a.nn").read_text() == FIXABLE
        changed = [line for line in done.out.splitlines() if line[0] in "+-"]
        assert changed[:2] == ["--- a.nn", "+++ a.nn"]
        assert changed[2] == "-  conv(4, 5, stride=4) -> rellu          : [4, 6, 6]"
    assert nnc("check", "tiny.nn", "--diff").out == ""
    assert nnc("check", "tiny.nn", "--diff", "--json").code == 2


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("end", ["\n", ""], ids=["newline", "none"])
def test_a_diff_is_a_patch(nnc: Nnc, end: str) -> None:
    Path("a.nn").write_text(FIXABLE.rstrip("\n") + "\n# last rellu" + end)
    diff = nnc("check", "a.nn", "--diff").out
    subprocess.run(["patch", "-s", "a.nn"], input=diff, text=True, check=True, timeout=30)
    assert Path("a.nn").read_text() == SPEC.rstrip("\n") + "\n# last rellu" + end


def test_fixes_keep_what_the_file_is(nnc: Nnc) -> None:
    Path("deep").mkdir()
    real = Path("deep/a.nn")
    real.write_bytes(b"\xef\xbb\xbf" + FIXABLE.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    Path("link.nn").symlink_to(real)
    assert nnc("check", "--fix", "link.nn").code == 0
    assert Path("link.nn").is_symlink()
    assert real.read_bytes() == b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.nn"
    path.write_text("newer")
    with pytest.raises(Refusal, match="has changed while it was checked"):
        write(str(path), Source("a.nn", "older"), "fixed")
    assert path.read_text() == "newer"


def test_fix_of_standard_input(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FIXABLE.encode())))
    assert nnc("check", "-", "--fix").out == SPEC


def test_fix_and_json(nnc: Nnc) -> None:
    Path("a.nn").write_text(FIXABLE)
    document = nnc("check", "a.nn", "wrong.nn", "--fix", "--json").json
    assert (document["checked"], document["fixed"]) == (2, 4)
    assert document["errors"] == len(document["diagnostics"]) > 0


def test_formats(nnc: Nnc) -> None:
    done = nnc("check", "wrong.nn", "tiny.nn", "--format", "sarif")
    assert done.code == 1
    (run,) = done.json["runs"]
    assert len(run["results"]) == 2
    done = nnc("check", "wrong.nn", "tiny.nn", "--format", "github")
    assert done.code == 1
    assert [line.split(",")[0] for line in done.out.splitlines()] == ["::error file=wrong.nn"] * 2
    assert nnc("check", "tiny.nn", "--format", "github").out == ""


def test_watch_reacts_to_changes(tmp_path: Path) -> None:
    file = tmp_path / "a.nn"
    file.write_text("one")
    seen: list[str] = []
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            file.write_text("another")
        if len(slept) > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch.watch(
            lambda: watch.stamp([str(file), str(tmp_path / "gone.nn")]),
            lambda: seen.append(file.read_text()),
            sleep=sleep,
        )
    assert seen == ["one", "another"]


def test_watch_looks_less_often_where_looking_is_slow() -> None:
    times = iter(range(100))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch.wait_for_change(dict, {}, sleep=sleep, clock=lambda: float(next(times)))
    assert slept == [watch.SHARE] * 3


def test_watch_ends_with_control_c(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watch, "wait_for_change", once)
    done = nnc("check", "wrong.nn", "--watch")
    assert done.code == 0
    assert done.out.count("error[") == 2
    assert done.err.endswith("watching  Ctrl-C ends\n")
    assert nnc("check", "-", "--watch").code == 2
    Path("empty").mkdir()
    assert "there is no .nn file" in nnc("check", "empty", "--watch").err
