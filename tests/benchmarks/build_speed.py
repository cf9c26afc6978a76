"""`nnc build` against PyTorch's own ONNX exporter: whole processes, from nothing to the file.

    python tests/benchmarks/build_speed.py [--rounds 4] [--write] [--fixed]

Ours: `nnc build SPEC --no-verify`, initial weights. Theirs: a script that imports torch, makes the
same net by hand (by_hand/nets.py; PyTorch's initial weights) and calls
`torch.onnx.export(dynamo=True)`, whose verification is off by default. Both files take any batch
size; with `--fixed` theirs takes one, which is less work. `export alone` is the CPU time of that
one call, without importing torch and making the net.

Each side runs twice in a row and the run of less CPU time counts: on a virtual machine, memory that
was idle for seconds must be fetched from the host again, up to a second of system time for AlexNet,
by whichever side comes first. `ratio of all` has every run in it.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from pathlib import Path

from measure import HERE, NNC, Claim, Cost, alternate, arguments, cpu, ratio, report, table, wall

NOTE = """\
Each side runs twice in a row and the run of less CPU time counts; `ratio of all` has every run in
it. `export alone` is the one call of `torch.onnx.export`, without importing torch and making the
net.
"""
AT_LEAST = {"lenet": 20.0, "alexnet_torchvision": 5.0, "resnet50": 5.0}
SCRIPT = HERE / "by_hand" / "export.py"


def better_of_two(costs: list[Cost]) -> list[Cost]:
    """Of each two neighbours the one that took less."""
    return [min(pair, key=lambda each: each.cpu) for pair in zip(costs[::2], costs[1::2])]


def measured(net: str, rounds: int, fixed: bool) -> tuple[list[Cost], list[Cost]]:
    """What building a net took: ours, theirs."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "ours.onnx", Path(folder) / "theirs.onnx"
        more = ["--fixed"] if fixed else []
        sides = {
            "nnc": (*NNC, "build", f"specs/{net}.nn", "--no-verify", "-o", str(ours)),
            "torch": (sys.executable, str(SCRIPT), net, str(theirs), *more),
        }
        found = alternate(sides, rounds, in_a_row=2)
        for file in (ours, theirs):
            assert file.stat().st_size > 0
    return found["nnc"], found["torch"]


def main() -> None:
    parser = arguments(__doc__, rounds=4)
    parser.add_argument("--fixed", action="store_true", help="theirs for one batch size only")
    asked = parser.parse_args()
    rows, claims = [], []
    for net, least in AT_LEAST.items():
        every = measured(net, asked.rounds, asked.fixed)
        mine, other = map(better_of_two, every)
        times = ratio([c.cpu for c in other], [c.cpu for c in mine])
        clock = ratio([c.wall for c in other], [c.wall for c in mine])
        alone = [float(re.findall(r"export alone ([\d.]+)", c.out)[0]) for c in other]
        rows.append(
            (
                net,
                f"{cpu(mine):.2f} s",
                f"{cpu(other):.2f} s",
                f"{times:.1f}",
                f"{statistics.median(alone):.2f} s",
                f"{wall(mine):.2f} s",
                f"{wall(other):.2f} s",
                f"{clock:.1f}",
                f"{cpu(every[1]) / cpu(every[0]):.1f}",
            )
        )
        claims.append(Claim(f"{net}, times faster (CPU)", times, least, at_least=True))
    head = ("net", "nnc CPU", "torch CPU", "ratio", "export alone", "nnc wall", "torch wall")
    report(
        __file__,
        "`nnc build` against torch's exporter",
        [*table((*head, "ratio", "ratio of all"), rows), "", *NOTE.splitlines()],
        claims,
        packages=("torch", "onnxscript", "onnx", "numpy"),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
