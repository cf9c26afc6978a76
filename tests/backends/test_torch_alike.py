"""Classes of a block that differ by an `if` are one class with that `if`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nnc.backends.torch_merge import merged_constructor, merged_forward, written
from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.ir.walk import weight_table
from tests.layers import worked


def network(blocks: str, steps: str, input: str = "[4, 8, 8]") -> Network:
    text = f"{blocks}\nnetwork N {{\n  input x0: {input}\n{steps}\n  output y\n}}\n"
    found = check_text(text)
    assert not found.diagnostics, found.diagnostics
    return found.networks["N"]


def classes(net: Network) -> list[str]:
    return re.findall(r"^class (\w+)", torch_source(net), re.MULTILINE)


def assert_runs(net: Network, folder: Path) -> None:
    """The class has the network's weights in their order, and computes what ONNX computes."""
    rng = np.random.default_rng(1)
    arrays = worked.weights(net, rng)
    module = worked.torch_module(net, folder)
    assert list(module.state_dict()) == [row.name for row in weight_table(net)]
    x = rng.standard_normal((2, *[int(str(d)) for d in net.graph.types[0].dims]), np.float32)
    (ours,) = worked.torch_outputs(module, arrays, x)
    assert worked.difference(worked.Onnx(net, arrays)(x), ours) < 1e-5


UNIT = """
block unit(width, stride=1): [C, H, W] {
  add {
    path { conv(width, 3, stride=stride, padding=1) -> batch_norm }
    path { if stride != 1 or C != width { conv(width, 1, stride=stride) } }
  }
  relu
}
"""
INVERTED = """
block unit(width, stride=1): [C, H, W] {
  if stride == 1 and C == width {
    residual { conv(2*C, 1) -> relu -> conv(width, 1) -> batch_norm }
  } else {
    conv(2*C, 1) -> relu -> conv(width, 1, stride=stride) -> batch_norm
  }
}
"""
DROPPED = """
block unit(width, drop=0) {
  conv(width, 1) -> relu
  if drop > 0 { dropout(drop) }
}
"""
NORMED = """
block unit(width, norm=true) {
  conv(width, 1) -> sigmoid
  if norm { batch_norm }
  conv(width, 1)
}
"""
STAGE = """
block unit(width) { conv(width, 3, padding=1) -> relu }
block stage(width, depth) { conv(width, 1) -> tanh; repeat depth { unit(width) } }
"""


@pytest.mark.parametrize(
    "blocks, steps, says",
    [
        (UNIT, "unit(4) -> unit(6) -> unit(6, 2)", "self.has_conv2 = stride != 1 or C != width"),
        (UNIT, "unit(8) -> unit(8) -> unit(8)", "        if self.has_conv2:\n"),
        (INVERTED, "unit(4) -> unit(6)", "self.residual = stride == 1 and C == width"),
        (DROPPED, "unit(4, 0.1) -> unit(5)", "self.branch = drop > 0"),
        (NORMED, "unit(4) -> unit(4, norm=false)", "self.norm = norm"),
        (STAGE, "stage(4, 4) -> stage(3, 0)", "for i in range(1, depth + 1)"),
    ],
)
def test_one_class_with_an_if(blocks: str, steps: str, says: str, tmp_path: Path) -> None:
    net = network(blocks, f"  {steps}")
    assert len(classes(net)) == 2 + ("block stage" in blocks)
    assert says in torch_source(net)
    assert_runs(net, tmp_path)


@pytest.mark.parametrize(
    "blocks, steps",
    [
        # Nothing that the class knows tells them apart.
        ("param wide = true\nblock unit(w) { if wide { conv(w, 1) }; relu }", "unit(4)"),
        # They have too little in common.
        (
            "block unit(w, big) { if big { conv(w, 3, padding=1) -> relu } else { tanh } }",
            "unit(4, true) -> unit(4, false)",
        ),
        # The condition differs from turn to turn.
        (
            "block unit(n, w) { for i in 0..n { if i < 2 { conv(w, 1) } else { tanh } } }",
            "unit(2, 4) -> unit(3, 4)",
        ),
        # Two conditions differ, and either would tell them apart.
        (
            "block unit(w, a, b) { conv(w, 1); if a { relu }; if b { sigmoid } }",
            "unit(4, true, true) -> unit(4, false, false)",
        ),
        # A step that was handed in differs, too.
        (
            "block unit(w, a, act=relu) { conv(w, 1) -> act; if a { sigmoid } }",
            "unit(4, true) -> unit(4, false, act=tanh)",
        ),
    ],
)
def test_classes_that_stay_apart(blocks: str, steps: str, tmp_path: Path) -> None:
    net = network(blocks, f"  {steps}")
    assert "if " not in torch_source(net).partition("def load")[0]
    assert_runs(net, tmp_path)


def test_several_numbers_are_one_parameter(tmp_path: Path) -> None:
    block = "block unit(w, kernel, padding) { conv(w, kernel, padding=padding) -> relu }"
    steps = "  unit(4, (1, 3), (0, 1)) -> unit(4, (3, 1), (1, 0)) -> unit(4, 3, 1)"
    net = network(block, steps)
    assert classes(net) == ["Unit", "N"]
    assert_runs(net, tmp_path)


@pytest.mark.parametrize(
    "condition",
    [
        "w == 4 and (w > 3 or not w < 2)",
        "w % 3 == 1",
        "not (w != 4)",
        "w + 1 == 5",
        "w // 2 * 2 == w and w < 5",
    ],
)
def test_conditions_mean_in_python_what_they_mean_in_a_spec(condition: str, tmp_path: Path) -> None:
    block = f"block unit(w) {{ conv(w, 1) -> relu; if {condition} {{ conv(w, 1) }} }}"
    net = network(block, "  unit(4) -> unit(6) -> unit(5)")
    assert_runs(net, tmp_path)


# --- methods as text -----------------------------------------------------------------------------


def never(_: str) -> bool:
    return False


def test_variables_of_the_second_get_the_names_of_the_first() -> None:
    first = ["y = self.a(x)", "y = self.b(y)", "return y + x"]
    second = ["x = self.a(x)", "return self.b(x)"]
    made = merged_forward(["x"], first, second, never)
    assert made is not None
    assert written(made, "self.flag") == [
        "y = self.a(x)",
        "y = self.b(y)",
        "return y + x if self.flag else y",
    ]


def test_a_variable_that_holds_something_else_is_no_match() -> None:
    first = ["y = self.a(x)", "z = self.b(y)", "return z + y"]
    second = ["y = self.a(x)", "y = self.b(y)", "return y + x"]
    made = merged_forward(["x"], first, second, never)
    assert made is None or "return z + y" not in [s for s in made if isinstance(s, str)]


def test_loops_are_compared_as_a_whole() -> None:
    loop = ["for i in range(3):", '    x = getattr(self, f"unit{i}")(x)']
    made = merged_forward(["x"], [*loop, "return x"], [*loop, "return F.relu(x)"], never)
    assert made is not None
    assert written(made, "self.flag") == [*loop, "return x if self.flag else F.relu(x)"]


def test_what_only_keeps_a_parameter_is_in_both() -> None:
    first = ["self.drop = drop", "self.a = nn.Linear(2, 2)"]
    second = ["self.a = nn.Linear(2, 2)", "self.b = nn.Linear(2, 2)"]
    made = written(merged_constructor(first, second, never), "big")
    assert made == [*first, "if not big:", "    self.b = nn.Linear(2, 2)"]
