"""Libraries that wait until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnc.train.data.lazily import lazy


def test_pictures_load_no_reader_of_tables() -> None:
    """Polars takes longer to load than all else that building a small network needs."""
    script = (
        "import sys; from nnc.train.data import catalogue, frame\n"
        "catalogue()\n"
        "assert 'polars.dataframe' not in sys.modules\n"
        "assert frame.parse_csv(b'a,b\\n1,2\\n', 'x.csv').names == ('a', 'b')\n"
        "assert 'polars.dataframe' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_not_installed_is_known_at_once() -> None:
    with pytest.raises(ModuleNotFoundError) as found:
        lazy("no_such_library")
    assert found.value.name == "no_such_library"


def test_what_is_loaded_is_taken_as_it_is() -> None:
    assert lazy("sys") is sys
