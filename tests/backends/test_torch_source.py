"""The PyTorch source of small networks, as text."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from nnc.backends.torch_extras import Extras
from nnc.backends.torch_module import build
from nnc.backends.torch_offered import with_offered
from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.check.variants import variant
from nnc.diagnostics import Refusal
from nnc.ir.graph import Network
from nnc.ir.walk import count_weights, weight_table
from tests.backends.torch_sketch import random_weights

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.nn"))


def spec(name: str) -> Network:
    return network((GOLDEN / f"{name}.nn").read_text(encoding="utf-8"))


def network(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors, checked.diagnostics
    (found,) = checked.networks.values()
    return with_offered(found, variant(checked, found.name))


def classes(source: str) -> str:
    """The part between imports and `__main__`."""
    begin = source.index("class ")
    return source[begin : source.index("\n\n\nif __name__")] + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_source_reads_as_kept(name: str) -> None:
    """`NNC_UPDATE=1 pytest` writes the files anew; read the difference as a user would."""
    source = torch_source(spec(name), extras=Extras(f"{name}.nn", "0123456789abcdef"))
    kept = GOLDEN / f"{name}.py.txt"
    if os.environ.get("NNC_UPDATE"):
        kept.write_text(source, encoding="utf-8")
    assert source == kept.read_text(encoding="utf-8")


def test_resnet50_is_short_and_has_every_weight() -> None:
    resnet = spec("resnet50")
    assert len(torch_source(resnet).splitlines()) <= 120
    assert count_weights(resnet) == 25_557_032


@pytest.mark.parametrize("name", NAMES)
def test_the_weight_table_is_the_state_dict(name: str) -> None:
    found = spec(name)
    state = build(found, random_weights(found)).state_dict()
    table = [(row.name, tuple(row.weight.dims)) for row in weight_table(found)]
    assert [(name, tuple(tensor.shape)) for name, tensor in state.items()] == table


def test_a_long_repeat_is_a_loop_and_a_short_one_is_not() -> None:
    text = "network N {{ input x: [4]; repeat {} {{ dense(4) -> relu }}; output y }}"
    long = classes(torch_source(network(text.format(12))))
    assert (
        'for i in range(1, 13):\n            self.add_module(f"dense{i}", nn.Linear(4, 4))' in long
    )
    assert 'x = F.relu(getattr(self, f"dense{i}")(x))\n        return x\n' in long
    short = classes(torch_source(network(text.format(2))))
    assert "for " not in short
    assert "        return F.relu(self.dense2(x))\n" in short


def test_an_input_that_a_loop_consumes_is_renamed_for_it() -> None:
    text = "network N { input row: [4]; repeat 9 { dense(4) -> relu }; output y }"
    source = classes(torch_source(network(text)))
    assert "        x = row\n        for i in range(1, 10):\n" in source


def test_loops_of_a_single_turn_read_like_others() -> None:
    text = """
    block deep(n): [C] { repeat n { dense(C) } }
    network N { input x: [4]; deep(1) -> deep(2) -> deep(3); output y }
    """
    source = classes(torch_source(network(text)))
    assert source.count("class ") == 2
    assert "for i in range(1, n + 1):" in source


def test_numbers_of_places_that_grow_by_two() -> None:
    text = (
        "network N { input x: [4]; repeat 12 { dense(4) -> relu -> dense(4) -> relu }; output y }"
    )
    found = network(text)
    source = classes(torch_source(found))
    assert 'self.add_module(f"dense{2 * i + 1}", nn.Linear(4, 4))' in source
    assert 'self.add_module(f"dense{2 * i + 2}", nn.Linear(4, 4))' in source
    names = list(build(found, random_weights(found)).state_dict())
    assert names == [row.name for row in weight_table(found)]
    few = classes(torch_source(network(text.replace("12", "5"))))
    assert "self.dense10 = nn.Linear(4, 4)" in few


def test_families_give_variables_their_names() -> None:
    source = classes(torch_source(spec("unet")))
    assert "skip_512 = self.double4(x)\n" in source
    assert "x = self.double9(torch.cat([skip_64, up], dim=1))\n" in source
    assert "    H must be a multiple of 16.\n" in source


def test_symbolic_sizes_are_read_from_shapes_where_needed() -> None:
    text = """
    network N {
      input x: [2, 3, H]
      input y: [W]
      from x -> reshape(H, 6)
      output a
      from y -> reshape(1, -1)
      output b
    }
    """
    source = classes(torch_source(network(text)))
    assert "x.reshape(x.shape[0], -1, 6)" in source
    assert "y.reshape(y.shape[0], 1, -1)" in source


def test_text_of_a_spec_stays_text() -> None:
    comments = ['"""', "\\", "quit()\\", "# -*- coding: utf-7 -*-", "'''\"", "a\u202eb", "é漢"]
    above = "\n".join(f"# {c}" for c in comments)
    found = network(f"{above}\nnetwork N {{ input x: [2]; dense(2); output y }}")
    name = 'x"""\n# coding: rot13\nimport os\n"""\\'
    source = torch_source(found, extras=Extras(name, "f00"))
    compile(source, "generated", "exec")
    assert source.startswith('"""N, written by nnc')
    assert "\nimport os" not in source
    build(found, random_weights(found))


def test_sizes_that_data_would_tell_are_refused() -> None:
    text = """
    data digits = images("digits")
    network N { input x: [2]; dense(digits.classes); output y }
    """
    with pytest.raises(Refusal) as refused:
        torch_source(network(text))
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "NN551"
    assert "digits.classes" in diagnostic.message


@pytest.mark.parametrize("name", NAMES)
def test_same_network_same_bytes_whatever_the_hashing(name: str) -> None:
    script = (
        "import sys; from nnc.check import check_text; from nnc.check.variants import variant;"
        "from nnc.backends.torch_offered import with_offered;"
        "from nnc.backends.torch_source import torch_source;"
        "checked = check_text(sys.stdin.read());"
        "(n,) = checked.networks.values();"
        "sys.stdout.write(torch_source(with_offered(n, variant(checked, n.name))))"
    )
    root = Path(__file__).parents[2] / "compiler"
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "123"}
    text = (GOLDEN / f"{name}.nn").read_text(encoding="utf-8")
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=env, input=text, capture_output=True, text=True, check=True)
    assert done.stdout == torch_source(spec(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_compiles_without_warnings_and_is_formatted(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(torch_source(spec(name)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        py_compile.compile(str(path), doraise=True)
    assert all(len(line) <= 100 for line in path.read_text().splitlines())
    pytest.importorskip("ruff")
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,W"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "100", path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
