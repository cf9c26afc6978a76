"""`nnc fmt`: what it writes, what it only shows, and what it leaves alone."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Nnc

LOOSE = "network A{input x:[3]\n relu;output y}"
TIDY = "network A {\n  input x: [3]\n  relu\n  output y\n}\n"


def test_files_are_written_anew(nnc: Nnc) -> None:
    Path("a.nn").write_text(LOOSE)
    done = nnc("fmt", "a.nn", "wrong.nn")
    assert (done.code, done.out) == (0, "")
    assert done.err == "2 of 2 files formatted\n"
    assert Path("a.nn").read_text() == TIDY
    before = os.stat("a.nn").st_mtime_ns, os.stat("a.nn").st_ino
    assert nnc("fmt", "a.nn").err == "0 of 1 file formatted\n"
    assert (os.stat("a.nn").st_mtime_ns, os.stat("a.nn").st_ino) == before
    assert sorted(os.listdir()) == ["a.nn", "tiny.nn", "wrong.nn"]


def test_folders(nnc: Nnc) -> None:
    for folder in ("specs/deep", "specs/.hidden"):
        Path(folder).mkdir(parents=True)
        Path(folder, "a.nn").write_text(LOOSE)
    assert nnc("fmt", "specs").code == 0
    assert Path("specs/deep/a.nn").read_text() == TIDY
    assert Path("specs/.hidden/a.nn").read_text() == LOOSE


def test_check_names_what_would_change(nnc: Nnc) -> None:
    Path("a.nn").write_text(LOOSE)
    Path("b.nn").write_text(TIDY)
    done = nnc("fmt", "--check", "a.nn", "b.nn")
    assert (done.code, done.out) == (1, "a.nn\n")
    assert done.err == "1 of 2 files would change\n"
    assert Path("a.nn").read_text() == LOOSE
    assert nnc("fmt", "--check", "b.nn").code == 0
    assert nnc("fmt", "--check", "--json", "a.nn", "b.nn").json["changed"] == ["a.nn"]


def test_diff(nnc: Nnc) -> None:
    Path("a.nn").write_text("network A {\n  relu\n   relu\n}")
    done = nnc("fmt", "--diff", "a.nn")
    assert done.code == 0
    assert done.out == (
        "--- a.nn\n+++ a.nn\n@@ -1,4 +1,4 @@\n network A {\n   relu\n-   relu\n"
        "-}\n\\ No newline at end of file\n+  relu\n+}\n"
    )
    assert Path("a.nn").read_text().endswith("}")
    assert nnc("fmt", "--diff", "--check", "a.nn").code == 1


def test_standard_input(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    give(LOOSE + " # größer")
    done = nnc("fmt", "-")
    assert (done.code, done.out) == (0, TIDY[:-1] + "   # größer\n")
    give(LOOSE)
    assert nnc("fmt", "--check", "-").out == "-\n"
    give("network A {")
    done = nnc("fmt", "-")
    assert (done.code, done.out) == (1, "")
    assert "--> -:1:11" in done.err


def test_a_mistake_leaves_its_file_alone(nnc: Nnc) -> None:
    Path("a.nn").write_text(LOOSE)
    Path("b.nn").write_text("network A { relu")
    done = nnc("fmt", "b.nn", "a.nn", "nope.nn")
    assert done.code == 1
    assert "error[NN002]" in done.err
    assert "no such file" in done.err
    assert done.err.endswith("1 of 3 files formatted, mistakes in 2\n")
    assert Path("b.nn").read_text() == "network A { relu"
    assert Path("a.nn").read_text() == TIDY
    assert len(nnc("fmt", "--json", "b.nn", "nope.nn").json["diagnostics"]) == 2


def test_line_ends_and_byte_order_mark(nnc: Nnc) -> None:
    Path("a.nn").write_bytes(b"\xef\xbb\xbf" + TIDY.encode())
    Path("b.nn").write_bytes(TIDY.replace("\n", "\r\n").encode())
    assert nnc("fmt", "--check", "a.nn", "b.nn").out == "a.nn\nb.nn\n"
    assert nnc("fmt", "a.nn", "b.nn").code == 0
    assert Path("a.nn").read_bytes() == Path("b.nn").read_bytes() == TIDY.encode()


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of Unix")
def test_permissions_and_links_stay(nnc: Nnc) -> None:
    Path("a.nn").write_text(LOOSE)
    Path("a.nn").chmod(0o640)
    Path("link.nn").symlink_to("a.nn")
    assert nnc("fmt", "link.nn").code == 0
    assert Path("link.nn").is_symlink()
    assert Path("a.nn").read_text() == TIDY
    assert Path("a.nn").stat().st_mode & 0o777 == 0o640


def test_a_failed_write_leaves_the_file(nnc: Nnc, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("a.nn").write_text(LOOSE)
    monkeypatch.setattr(os, "fsync", full)
    done = nnc("fmt", "a.nn")
    assert done.code == 1
    assert "no space left" in done.err
    assert Path("a.nn").read_text() == LOOSE
    assert sorted(os.listdir()) == ["a.nn", "tiny.nn", "wrong.nn"]


def test_what_ships_is_formatted(nnc: Nnc, root: Path) -> None:
    done = nnc("fmt", "--check", root / "specs")
    assert (done.code, done.out) == (0, "")
