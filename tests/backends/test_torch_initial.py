"""A fresh instance of the generated class starts as nnc's own training does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.torch_initial import OWN
from nnc.backends.torch_module import module_class
from nnc.backends.torch_names import MODULES
from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.ir.initial import (
    Counted,
    FanUniform,
    Fill,
    Frequencies,
    KaimingUniform,
    MelFilters,
    Singular,
    TruncatedNormal,
    Uniform,
    Values,
    XavierUniform,
)
from nnc.ir.walk import PlacedWeight, weight_table
from nnc.layers import LAYERS
from nnc.layers.base import Case
from tests.layers import worked
from tests.zoo.networks import PUBLISHED
from tests.zoo.networks import checked as zoo

ENOUGH, FEW = 2_000, 50
LARGE = 20_000_000
BOUNDED = (FanUniform, KaimingUniform, TruncatedNormal, Uniform, XavierUniform)
ALWAYS = (Counted, Fill, Frequencies, MelFilters, Values)
Drawn = np.ndarray
pytestmark = pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")


def fresh(net: Network, count: int) -> list[dict[str, Drawn]]:
    """The weights of so many new instances."""
    made = module_class(net)
    torch.manual_seed(1)
    return [{k: v.numpy() for k, v in made().state_dict().items()} for _ in range(count)]


def furthest(a: Drawn, b: Drawn) -> float:
    """The largest difference of two distributions, as Kolmogorov and Smirnov measure it."""
    every = np.sort(np.concatenate([a, b]))
    below = [np.searchsorted(np.sort(x), every, "right") / x.size for x in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def assert_alike(row: PlacedWeight, ours: list[Drawn], theirs: list[Drawn]) -> None:
    """The same numbers where they are always the same, else the same distribution."""
    a, b = np.stack(ours).astype(np.float64), np.stack(theirs).astype(np.float64)
    assert a.shape == b.shape
    if isinstance(row.weight.init, Singular):
        np.testing.assert_allclose(np.linalg.norm(b, axis=1), 1, rtol=1e-5)
        return
    if len(a) > 1:
        fixed = np.ptp(a, axis=0) < 1e-6 * np.abs(a).max(axis=0, initial=1e-9)
    else:
        fixed = np.full(a.shape[1:], isinstance(row.weight.init, ALWAYS))
    np.testing.assert_allclose(b[:, fixed], a[:, fixed], rtol=1e-4, atol=1e-5)
    one, other = (x[:, ~fixed].ravel()[: 10 * ENOUGH] for x in (a, b))
    if one.size < FEW:
        return
    std, many = one.std(), np.sqrt(2 / one.size)
    assert abs(one.mean() - other.mean()) < 5 * std * many, row.name
    assert abs(other.std() / std - 1) < 5 * many, row.name
    assert furthest(one, other) < 2.5 * many, row.name
    if isinstance(row.weight.init, BOUNDED) and one.size >= ENOUGH:
        ends = [(x.min(), x.max()) for x in (one, other)]
        np.testing.assert_allclose(*ends, atol=0.25 * std)


def assert_starts_alike(net: Network, enough: int = ENOUGH) -> None:
    table = weight_table(net)
    least = min((np.prod([int(str(d)) for d in row.weight.dims]) for row in table), default=0)
    count = int(min(enough, -(-enough // max(least, 1)))) if enough else 1
    ours = [initial_weights(table, seed) for seed in range(count)]
    theirs = fresh(net, count)
    for row in table:
        assert_alike(row, [one[row.name] for one in ours], [one[row.name] for one in theirs])


def drawn(case: Case) -> bool:
    return any(word in case.step for word in ("init=", "forget", "norm=true", "scale="))


CASES = [
    (word, case)
    for word, layer in LAYERS.items()
    for at, case in enumerate(c for c in layer.cases if not c.refused)
    if at == 0 or drawn(case)
]


@pytest.mark.parametrize("word, case", CASES, ids=[worked.case_id(case) for _, case in CASES])
def test_layers_start_as_in_training(word: str, case: Case) -> None:
    net = worked.network(word, case)
    if weight_table(net):
        assert_starts_alike(net)


INITS = [
    "0",
    "0.25",
    "normal(0.02)",
    "normal(2, mean=1)",
    "truncated_normal(0.02)",
    "truncated_normal(1)",
    "uniform(-0.1, 0.3)",
    "kaiming_uniform",
    "kaiming_uniform(0.2, mode=fan_out)",
    "kaiming_normal",
    "xavier_uniform(2)",
    "xavier_normal",
    "orthogonal(2)",
]


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize(
    "input, step",
    [
        ("[6]", "dense(8, init={})"),
        ("[6, T]", "conv(8, 3, groups=2, init={})"),
        ("[6, T]", "conv_transpose(8, 3, init={})"),
        ("[6, T]", "conv(8, 3, spectral_norm=true, init={})"),
        ("[6, T]", "conv(8, 3, weight_norm=true, init={})"),
        ("[T, 6]", "lstm(5, forget_bias=1, init={})"),
        ("[T, 6]", "attention(2, init={})"),
        ("[T, 6]", "attention(2, width=4, init={})"),
        ("[T, 6]", "positions(learned, max=9, init={})"),
        ("token[T]", "embedding(7, 6, padding=2, init={})"),
    ],
)
def test_every_distribution(init: str, input: str, step: str) -> None:
    if init == "0" and "_norm" in step:
        return  # nothing has no length, and PyTorch refuses it too
    text = f"network N {{\n  input x: {input}\n  {step.format(init)}\n  output y\n}}\n"
    found = check_text(text)
    assert not found.diagnostics, found.diagnostics
    assert_starts_alike(found.networks["N"], 1_000)


@pytest.mark.parametrize(
    "spec, name",
    [
        pytest.param(*key, marks=pytest.mark.slow if count > LARGE else ())
        for key, count in PUBLISHED.items()
    ],
)
def test_the_zoo_starts_as_in_training(spec: str, name: str) -> None:
    assert_starts_alike(zoo(spec).networks[name], enough=0)


def test_modules_that_start_alike_are_started_in_one_loop() -> None:
    steps = "\n".join("  dense(5, init=normal(0.02)) -> relu" for _ in range(3))
    net = check_text(f"network N {{\n  input x: [5]\n{steps}\n  output y\n}}\n").networks["N"]
    source = torch_source(net)
    assert "for module in (self.dense1, self.dense2, self.dense3):" in source
    assert source.count("nn.init.") == 1


def test_own_starts_are_of_modules_that_may_be_written() -> None:
    kinds = {kind.removeprefix("nn.").rstrip("d").rstrip("123") for kind in MODULES}
    assert {*OWN} <= kinds
    assert kinds - {*OWN} == {"Dropout"}


def test_a_fresh_class_needs_no_nnc(tmp_path: Path) -> None:
    """The triangles of a mel spectrogram are computed by the file itself."""
    text = "network N {\n  input sound: [S]\n  mel_spectrogram(16K, mels=40, scale=slaney,"
    found = check_text(text + " norm=slaney)\n  output y\n}\n")
    module = worked.torch_module(found.networks["N"], tmp_path)
    assert module(torch.randn(1, 4000)).isfinite().all()
