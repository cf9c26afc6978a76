"""What is built holds what is needed, and runs from another folder in a clean environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from nnc import __version__
from tests.project.trees import ROOT

SPEC = """\
network Tiny {
  input image: [1, 28, 28]
  flatten -> dense(10)
  output digit
}
"""


def command(
    *words: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, within a minute."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def build(kind: str, source: Path, into: Path) -> Path:
    """Builds a `wheel` or `sdist` and returns its file."""
    done = command(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into, cwd=source)
    assert done.returncode == 0, done.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; libraries come from this one, without its editable nnc.

    A path file is read once and not those it leads to, so an editable install does not come along.
    """
    folder = tmp_path_factory.mktemp("clean") / "env"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / "bin" / "python"
    site = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
    done = command(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index"),
        wheel,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    Path(site, "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "tiny.nn").write_text(SPEC)
    return tmp_path


def clean_variables() -> dict[str, str]:
    """The environment's variables without what leads to the checkout."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}


def test_wheel_holds_the_rooms(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {
        "nnc/__init__.py",
        "nnc/py.typed",
        "nnc/grammar/nn.lark",
        "nnc/specs/lenet.nn",
        "nnc/specs/data/catalogue.json",
        "nnc/specs/data/LICENCES.md",
    }
    assert expected <= names
    outside = [n for n in names if not n.startswith(("nnc/", f"nnc_compiler-{__version__}."))]
    assert not outside
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_wheel_holds_every_file(wheel: Path) -> None:
    """Nothing that lies in the rooms is left behind by an ignore rule."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder, inside in (
        ("compiler/nnc", "nnc"),
        ("grammar", "nnc/grammar"),
        ("specs", "nnc/specs"),
    ):
        for path in (ROOT / folder).rglob("*"):
            ours = path.is_file() and "__pycache__" not in path.parts
            if ours and not any(part.startswith(".") for part in path.parts[len(ROOT.parts) :]):
                assert f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" in names


def test_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 6_000_000


def test_wheel_carries_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition(".dist-info/")[2] for name in archive.namelist()}
    assert {
        "licenses/LICENSE",
        "licenses/NOTICE",
        "licenses/specs/data/LICENCES.md",
    } <= names


def test_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    archive = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "open", filter="data")
    (source,) = (tmp_path / "open").iterdir()
    for name in ("Makefile", "constraints.txt", "tests/conftest.py", "pyproject.toml"):
        assert (source / name).is_file(), name
    again = build("wheel", source, tmp_path / "again")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_version(environment: Path, elsewhere: Path) -> None:
    done = command(environment / "bin" / "nnc", "--version", cwd=elsewhere, env=clean_variables())
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout


def test_package_is_the_installed_one(environment: Path, elsewhere: Path) -> None:
    done = command(
        *(environment / "bin" / "python", "-c", "import nnc; print(nnc.__file__)"),
        cwd=elsewhere,
        env=clean_variables(),
    )
    assert Path(done.stdout.strip()).is_relative_to(environment), done.stderr


@pytest.mark.parametrize("words", [("bin/nnc",), ("bin/python", "-m", "nnc")], ids=" ".join)
def test_check(environment: Path, elsewhere: Path, words: tuple[str, ...]) -> None:
    program = environment / words[0]
    done = command(*(program, *words[1:], "check", "tiny.nn"), cwd=elsewhere, env=clean_variables())
    assert done.returncode == 0, done.stdout + done.stderr


def test_mistakes_are_told(environment: Path, elsewhere: Path) -> None:
    (elsewhere / "wrong.nn").write_text(SPEC.replace("dense", "dens"))
    done = command(
        *(environment / "bin" / "nnc", "check", "wrong.nn"), cwd=elsewhere, env=clean_variables()
    )
    assert done.returncode == 1, done.stderr
    assert "dense" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
