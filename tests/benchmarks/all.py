"""Runs every benchmark, one after the other: python tests/benchmarks/all.py [--write] [NAME...].

Each is a process of its own. Accuracy needs MNIST, forecasts ETTh1, the model of characters Tiny
Shakespeare (NNC_TEST_DATA); they are left out without it. Ends with 1 if a figure that must hold
does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from measure import HERE, ROOT, environment

SCRIPTS = (
    "startup",
    "check_scale",
    "zoo_check",
    "build_speed",
    "train_step",
    "lstm_step",
    "lstm_export",
    "sample_speed",
    "generated_resnet50",
    "accuracy_lenet",
    "forecast_ett",
    "charlm",
    "gan_step",
    "gan_digits",
    "infogan_codes",
    "cyclegan_pairs",
    "spoken_people",
)
NEEDED = {"accuracy_lenet": "mnist", "forecast_ett": "ett", "charlm": "tinyshakespeare"}
"""Benchmarks of data that is not bundled, and the folder that holds it."""


def main() -> None:
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    options = [name for name in sys.argv[1:] if name.startswith("-")]
    missed = []
    for name in names or SCRIPTS:
        data = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data"))
        needed = NEEDED.get(name, "")
        if needed and not names and not (data / needed).is_dir():
            print(f"## {name}: left out, NNC_TEST_DATA holds no {needed}/")
            continue
        command = [sys.executable, str(HERE / f"{name}.py"), *options]
        if subprocess.run(command, env=environment(), check=False).returncode:
            missed.append(name)
        print(flush=True)
    if missed:
        sys.exit(f"missed or failed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
