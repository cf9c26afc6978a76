"""What every benchmark stands on: processes timed side by side, and a section in RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
NNC = (sys.executable, "-m", "nnc")


class Cost(NamedTuple):
    """What a process took: seconds of processor and of clock, and its largest size in MB."""

    cpu: float
    wall: float
    memory: float
    out: str


class Claim(NamedTuple):
    """A figure that must hold: at most, or at least, a limit."""

    text: str
    found: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def line(self) -> str:
        bound = f"at {'least' if self.at_least else 'most'} {self.limit:g}"
        return f"{self.text}: {self.found:.4g} ({bound}): {'holds' if self.holds else 'MISSED'}"


def environment() -> dict[str, str]:
    """A process's environment: this checkout's nnc, one thread, compiled modules kept on disk."""
    ours = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    inherited = filter(None, [os.environ.get("PYTHONPATH")])
    ours["PYTHONPATH"] = os.pathsep.join([str(ROOT / "compiler"), *inherited])
    return ours | {"OMP_NUM_THREADS": "1"}


def cost(command: Sequence[str]) -> Cost:
    """Runs a command to its end and says what it took, with all processes that it waited for."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{out}")
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, out)


def alternate(
    sides: Mapping[str, Sequence[str]], rounds: int, in_a_row: int = 1
) -> dict[str, list[Cost]]:
    """Runs each command in turn, `rounds` times; before that once each, uncounted, for the caches.

    `in_a_row`: how often a command runs before the next has its turn.
    """
    for command in sides.values():
        cost(command)
    found: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, command in sides.items():
            found[name] += [cost(command) for _ in range(in_a_row)]
    return found


def cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(each.cpu for each in costs)


def wall(costs: Sequence[Cost]) -> float:
    return statistics.median(each.wall for each in costs)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbours: what slows the machine slows both of a pair."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def arguments(about: str | None, rounds: int | None = None) -> argparse.ArgumentParser:
    """The options that benchmarks share; `about` is a script's own docstring."""
    parser = argparse.ArgumentParser(description=(about or "").split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="put the result into RESULTS.md")
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds, help="how often each side runs")
    return parser


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table with columns of even width; all but the first are set to the right."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    shown = [
        "| "
        + " | ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths))
        )
        + " |"
        for line in lines
    ]
    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths))
    return [shown[0], rule + "|", *shown[1:]]


def machine(packages: Sequence[str]) -> str:
    """Date, processor, Python and the libraries that a figure depends on."""
    parts = [datetime.now(UTC).date().isoformat(), f"{_processor()}, {os.cpu_count()} cores"]
    parts.append(f"Python {platform.python_version()}")
    parts += [f"{name} {metadata.version(name)}" for name in packages]
    return ", ".join(parts)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named.group(1).strip() if named else platform.processor() or platform.machine()


def report(
    script: str,
    title: str,
    lines: Sequence[str],
    claims: Sequence[Claim],
    *,
    packages: Sequence[str] = (),
    write: bool = False,
) -> None:
    """Prints a result and, where asked, puts it into RESULTS.md; ends with 1 if a claim fails."""
    name = Path(script).stem
    made = [f"## {title}", "", f"`{Path(script).name}`, {machine(packages)}", "", *lines, ""]
    made += [f"- {claim.line()}" for claim in claims]
    text = "\n".join(made)
    print(text, flush=True)
    if write:
        _put(name, text)
    sys.exit(0 if all(claim.holds for claim in claims) else 1)


def _put(name: str, text: str) -> None:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{text}\n{end}\n"
    before = RESULTS.read_text(encoding="utf-8")
    head, found, rest = before.partition(begin)
    if found:
        after = head + section + rest.partition(end + "\n")[2]
    else:
        after = f"{before.rstrip()}\n\n{section}"
    RESULTS.write_text(after, encoding="utf-8")
