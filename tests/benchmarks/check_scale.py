"""CPU time of `nnc check` on specs of 1,000, 10,000 and 100,000 layers.

    python tests/benchmarks/check_scale.py [--rounds 5] [--write]

The layers are `conv -> batch_norm -> relu`, written out line by line or by `repeat`. A layer's cost
is what the whole process takes more than for a spec of three layers.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import NNC, Claim, alternate, arguments, cpu, report, table

SIZES = (3, 1_002, 10_002, 100_002)  # of whole chains
CHAIN = "conv(16, 3, padding=1) -> batch_norm -> relu"
SECONDS = 2.0
LINEAR = 1.25
"""How much more a layer may cost among 100,000 than among 10,000."""

FORMS = ("written out", "repeat")


def spec(form: str, layers: int) -> str:
    """A network of so many layers."""
    chains = layers // 3
    if form == "repeat":
        body = f"  repeat {chains} {{\n    {CHAIN}\n  }}\n"
    else:
        body = f"  {CHAIN}\n" * chains
    return f"network Tower {{\n  input image: [16, 32, 32]\n{body}  output features\n}}\n"


def main() -> None:
    asked = arguments(__doc__, rounds=5).parse_args()
    rows, claims = [], []
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            sides = {}
            for layers in SIZES:
                path = Path(folder) / f"{form.replace(' ', '_')}_{layers}.nn"
                path.write_text(spec(form, layers), encoding="utf-8")
                sides[str(layers)] = (*NNC, "check", str(path))
            found = alternate(sides, asked.rounds)
            start = cpu(found[str(SIZES[0])])
            each = {}
            for layers in SIZES[1:]:
                costs = found[str(layers)]
                each[layers] = (cpu(costs) - start) / layers
                memory = max(cost.memory for cost in costs)
                rows.append(
                    (
                        form,
                        f"{layers:,}",
                        f"{cpu(costs):.2f} s",
                        f"{1e6 * each[layers]:.0f} us",
                        f"{memory:,.0f} MB",
                    )
                )
            claims += [
                Claim(f"10,000 layers, {form}, CPU seconds", cpu(found[str(SIZES[2])]), SECONDS),
                Claim(
                    f"a layer among 100,000 against one among 10,000, {form}",
                    each[SIZES[3]] / each[SIZES[2]],
                    LINEAR,
                ),
            ]
    lines = table(("form", "layers", "CPU", "a layer", "memory"), rows)
    report(
        __file__,
        "Checking large specs",
        lines,
        claims,
        packages=("lark",),
        write=asked.write,
    )


if __name__ == "__main__":
    main()
