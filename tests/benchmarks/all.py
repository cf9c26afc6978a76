"""Runs every benchmark, one after the other: python tests/benchmarks/all.py [--write] [NAME...].

Each is a process of its own. Accuracy needs MNIST (NNC_TEST_DATA) and is left out without it. Ends
with 1 if a figure that must hold does not.
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
    "build_speed",
    "train_step",
    "generated_resnet50",
    "accuracy_lenet",
)


def main() -> None:
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    options = [name for name in sys.argv[1:] if name.startswith("-")]
    missed = []
    for name in names or SCRIPTS:
        mnist = Path(os.environ.get("NNC_TEST_DATA", ROOT / "test-data")) / "mnist"
        if name == "accuracy_lenet" and not names and not mnist.is_dir():
            print("## LeNet on MNIST's test set: left out, NNC_TEST_DATA holds no mnist/")
            continue
        command = [sys.executable, str(HERE / f"{name}.py"), *options]
        if subprocess.run(command, env=environment(), check=False).returncode:
            missed.append(name)
        print(flush=True)
    if missed:
        sys.exit(f"missed or failed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
