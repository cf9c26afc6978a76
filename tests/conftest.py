"""What every test stands on: one thread, no settings from outside, the same cases each time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Before anything imports torch: two threads on two busy cores are far slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What a person has set must not change what the tests see.
for name in ("NNC_RUNS", "NNC_CACHE", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)
# `python -m nnc` in a test's own process finds the checkout, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(ROOT / "compiler"), *filter(None, [os.environ.get("PYTHONPATH")])]
)

settings.register_profile(
    "nnc",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("nnc")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return ROOT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data that is not part of the project (mnist/, ett/, tinyshakespeare/).

    It is the environment's NNC_TEST_DATA, else test-data/ in the checkout; without either the
    test is skipped.
    """
    named = os.environ.get("NNC_TEST_DATA")
    if named:
        folder = Path(named)
        if not folder.is_dir():
            pytest.fail(f"NNC_TEST_DATA names no folder: {named}")
        return folder
    folder = ROOT / "test-data"
    if not folder.is_dir():
        pytest.skip("needs real data: set NNC_TEST_DATA, or put it into test-data/")
    return folder
