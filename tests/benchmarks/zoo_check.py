"""How long checking every network of the zoo takes, from nothing, in one process.

    python tests/benchmarks/zoo_check.py [--rounds 7] [--write]

Beside it how long each of the PyTorch sources is, against the form that a person wrote.
"""

from __future__ import annotations

import sys

from measure import NNC, ROOT, Claim, alternate, arguments, cpu, report, table, wall

sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "compiler"))

from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import torch_source
from nnc.check.variants import variant
from tests.zoo.networks import ALL, PUBLISHED, by_hand_file, checked, code_lines

AT_MOST = 1.5
TIMES = 2


def main() -> None:
    asked = arguments(__doc__, rounds=7).parse_args()
    specs = [str(path.relative_to(ROOT)) for path in ALL.values()]
    found = alternate({"zoo": (*NNC, "check", *specs)}, asked.rounds)["zoo"]
    rows = []
    worst = 0.0
    for spec, name in PUBLISHED:
        known = checked(spec)
        network = with_offered(known.networks[name], variant(known, name))
        ours = code_lines(torch_source(network))
        theirs = code_lines(by_hand_file(spec, name).read_text(encoding="utf-8"))
        worst = max(worst, ours / theirs)
        path = ALL[spec].relative_to(ROOT)
        rows.append((f"{path} {name}", f"{theirs}", f"{ours}", f"{ours / theirs:.2f}"))
    lines = [
        f"{len(specs)} specs with {len(PUBLISHED)} networks: {cpu(found):.2f} s of CPU, "
        f"{wall(found):.2f} s by the clock (medians of {asked.rounds} processes).",
        "",
        "Lines of code without empty ones, comments and docstrings. What nnc writes is a whole",
        "file, with what runs it; what a person wrote (`tests/zoo/by_hand/`) is the network alone.",
        "",
        *table(("network", "by hand", "nnc", "ratio"), rows),
    ]
    claims = [
        Claim("checking all of them, CPU seconds", cpu(found), AT_MOST),
        Claim("lines of PyTorch against a person's, at worst", worst, TIMES),
    ]
    report(__file__, "The zoo", lines, claims, packages=("click", "lark"), write=asked.write)


if __name__ == "__main__":
    main()
