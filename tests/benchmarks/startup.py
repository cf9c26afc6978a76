"""How long `nnc check` takes from nothing, against importing the two libraries it stands on.

    python tests/benchmarks/startup.py [--rounds 21] [--write]

Each run is a process of its own; the two alternate. Compiled modules lie on disk, as they do in an
installed package.
"""

from __future__ import annotations

import sys

from measure import NNC, Claim, alternate, arguments, cpu, ratio, report, table, wall

CHECK = "nnc check specs/lenet.nn"
IMPORTS = 'python -c "import click, lark"'
AT_MOST = 1.4


def main() -> None:
    asked = arguments(__doc__, rounds=21).parse_args()
    sides = {
        IMPORTS: (sys.executable, "-c", "import click, lark"),
        CHECK: (*NNC, "check", "specs/lenet.nn"),
    }
    found = alternate(sides, asked.rounds)
    rows = [
        (f"`{name}`", f"{1000 * cpu(costs):.0f} ms", f"{1000 * wall(costs):.0f} ms")
        for name, costs in found.items()
    ]
    ours, theirs = found[CHECK], found[IMPORTS]
    claims = [
        Claim("CPU time, ratio", ratio([c.cpu for c in ours], [c.cpu for c in theirs]), AT_MOST),
        Claim("wall time, ratio", ratio([c.wall for c in ours], [c.wall for c in theirs]), AT_MOST),
    ]
    lines = table(("median of a process", "CPU", "wall"), rows)
    report(
        __file__,
        "Start-up of `nnc check`",
        lines,
        claims,
        packages=("click", "lark"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
