"""What texts cannot say of the checker: its work, places, scope, limits, repetition."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from nnc.check import check_source, check_text, world
from nnc.check.blocks.specialise import _made
from nnc.ir.dims import show
from nnc.ir.graph import Call, Network
from nnc.ir.text import network_text
from nnc.ir.verify import verify
from nnc.ir.walk import count_weights, flat, weight_table
from nnc.source import Source

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = {
    "lenet": 61_706,
    "alexnet": 60_965_224,
    "alexnet_torchvision": 61_100_840,
    "vgg16": 138_357_544,
    "resnet50": 25_557_032,
    "unet": 31_037_698,
}


def network_of(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors, [(d.code, d.message) for d in checked.diagnostics]
    (network,) = checked.networks.values()
    return network


def places(text: str) -> list[str]:
    return [step.place for step in flat(network_of(text)).steps]


# --- the specs that ship -------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.nn")), ids=lambda p: p.stem)
def test_shipped_specs_are_sound(path: Path) -> None:
    checked = check_source(Source(path.name, path.read_text("utf-8")), root=str(path.parent))
    assert checked.diagnostics == ()
    for network in checked.networks.values():
        verify(network)
        if path.stem in PUBLISHED:
            assert count_weights(network) == PUBLISHED[path.stem]
    again = check_text(checked.resolved)
    assert again.diagnostics == ()
    for name, network in again.networks.items():
        assert [(r.name, r.weight.dims) for r in weight_table(network)] == [
            (r.name, r.weight.dims) for r in weight_table(checked.networks[name])
        ]


def test_published_specs_are_all_here() -> None:
    assert {p.stem for p in (ROOT / "specs").glob("*.nn")} >= set(PUBLISHED)


# --- how much work -------------------------------------------------------------------------------


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the blocks that are checked, each time one is."""
    seen: list[str] = []

    def counted(*args: object) -> object:
        seen.append(args[1].block.name.text)  # type: ignore[attr-defined]
        return _made(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("nnc.check.blocks.specialise._made", counted)
    return seen


def test_a_block_is_checked_once_for_each_arguments_and_input(checks: list[str]) -> None:
    network = network_of("""
block f(n) { dense(n) -> relu }
network N { input x: [8]; repeat 12500 { f(8) }; f(4); f(4); output y }""")
    assert checks == ["f", "f", "f"]
    graphs = {id(item.op.graph) for item in network.graph.items if isinstance(item.op, Call)}
    assert len(network.graph.items) == 12_502
    assert len(graphs) == 3


def test_a_failed_block_is_checked_once(checks: list[str]) -> None:
    checked = check_text("""
block f(n) { dense(n) -> max_pool(2) }
network N { input x: [8]; repeat 12500 { f(8) }; output y }""")
    assert checks == ["f", "f"], "once with its input; once without, for its names"
    assert [d.code for d in checked.diagnostics] == ["NN316"]


def test_nested_blocks_multiply_nothing(checks: list[str]) -> None:
    """Each level calls the one below ten times: a million layers, six checks."""
    blocks = "\n".join(f"block b{i} {{ repeat 10 {{ b{i - 1} }} }}" for i in range(1, 6))
    network = network_of(
        f"block b0 {{ relu }}\n{blocks}\nnetwork N {{ input x: [8]; repeat 10 {{ b5 }}; output y }}"
    )
    assert len(checks) == 6
    assert len(network.graph.items) == 10


def test_the_same_numbers_of_other_kinds_are_other_calls(checks: list[str]) -> None:
    checked = check_text("""
block f(p) { dropout(p) }
network N { input x: [8]; f(1) -> f(1.0) -> f(true); output y }""")
    assert checks == ["f"] * 3
    assert [d.code for d in checked.diagnostics] == ["NN204"]


@pytest.mark.parametrize(
    "form", ["relu", "residual { relu }", "f", "add { path { relu } path { } }"]
)
def test_work_is_linear(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in calls of Python functions, which repeat, and not in seconds, which do not."""

    def calls(steps: int) -> int:
        text = "block f { relu }\nnetwork N { input x: [4]\n" + f"{form}\n" * steps + "output y }"
        count = 0

        def counter(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(counter)
        try:
            checked = check_text(text)
        finally:
            sys.setprofile(None)
        assert not checked.errors
        return count

    few, many = calls(50), calls(400)
    assert many < 8.5 * few


# --- repetition ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet50", "unet", "lenet"])
def test_the_same_text_gives_the_same_network(name: str) -> None:
    text = (ROOT / "specs" / f"{name}.nn").read_text("utf-8")
    first, second = check_text(text), check_text(text)
    assert [network_text(n) for n in first.networks.values()] == [
        network_text(n) for n in second.networks.values()
    ]


def test_networks_do_not_depend_on_what_stands_around_them() -> None:
    alone = "network N { input x: [3, H, W]; conv(4, 3, padding=1) -> max_pool(2); output y }\n"
    other = "network M { input x: [H]; relu; output y }\n"
    texts = [network_text(check_text(t).networks["N"]) for t in (alone, alone + other)]
    assert texts[0] == texts[1]


def test_messages_stand_in_the_order_of_the_text() -> None:
    checked = check_text("""
network B { input x: [3]; dens(2); output y }
network A { input x: [3]; rellu; output y }
block f { tnh }
data d = csv("x")
""")
    starts = [d.span.start for d in checked.diagnostics]
    assert starts == sorted(starts)
    assert len(starts) == 5


# --- places --------------------------------------------------------------------------------------


def test_places_are_counted_per_kind_in_each_block() -> None:
    assert places("""
block b { conv(2, 1) -> relu -> conv(2, 1) }
network N { input x: [2, 4, 4]; conv(2, 1) -> b -> b -> conv(2, 1) -> relu; output y }""") == [
        "conv1", "b1.conv1", "b1.relu1", "b1.conv2", "b2.conv1", "b2.relu1", "b2.conv2",
        "conv2", "relu1",
    ]  # fmt: skip


def test_labels_name_what_they_label() -> None:
    found = places("""
network N {
  input x: [2, 4, 4]
  conv(2, 1) as stem -> relu -> conv(2, 1)
  add { path { conv(2, 1) as left } path { conv(2, 1) } } as joined
  repeat 2 { conv(2, 1) as turn }
  output y
}""")
    assert found == ["stem", "relu1", "conv1", "left", "conv2", "joined", "turn", found[-1]]
    assert len(set(found)) == len(found)


def test_families_do_not_change_places() -> None:
    body = "for i in 0..3 {{ conv(2, 1){0} }}"
    form = "network N {{ input x: [2, 4, 4]; {0}; output y }}"
    with_family = places(form.format(body.format(" as h[i]")))
    assert with_family == places(form.format(body.format(""))) == ["conv1", "conv2", "conv3"]


def test_a_counted_place_gives_way_to_a_name() -> None:
    found = places("""
network N { input x: [2]; dense(2) as dense2 -> dense(2) -> dense(2); output y }""")
    assert found == ["dense2", "dense1", "dense3"]


def test_shared_steps_own_their_weights_once() -> None:
    network = network_of("""
network N { input x: [2]; shared f = dense(2); f -> relu -> f as out -> f; output y }""")
    assert [r.name for r in weight_table(network)] == ["f.weight", "f.bias"]
    assert {s.owner for s in flat(network).steps if s.item.op.word == "dense"} == {"f"}


# --- scope ---------------------------------------------------------------------------------------


def weights(text: str) -> list[str]:
    return [row.name for row in weight_table(network_of(text))]


def test_defaults_are_lexical_argument_by_argument() -> None:
    text = """
defaults { conv(bias=false, padding=1) }
block b { conv(2, 3) }
network N {
  defaults { conv(padding=0) }
  input x: [2, 9, 9]
  conv(2, 3)                : [2, 7, 7]
  b                         : [2, 7, 7]
  conv(2, 3, padding=2)     : [2, 9, 9]
  output y
}"""
    assert weights(text) == ["conv1.weight", "b1.conv1.weight", "conv2.weight"]


def test_defaults_may_use_parameters() -> None:
    text = """
block b(p) { defaults { conv(padding=p) }; conv(2, 3) }
network N { input x: [2, 9, 9]; b(1) : [2, 9, 9] -> b(0) : [2, 7, 7]; output y }"""
    assert len(weights(text)) == 4


def test_defaults_of_shared_steps_are_those_of_where_they_are_written() -> None:
    text = """
network N {
  defaults { dense(bias=false) }
  input x: [2]
  shared f = dense(2)
  f -> f
  output y
}"""
    assert weights(text) == ["f.weight"]


def test_names_of_a_body_do_not_leak() -> None:
    for text in (
        "block f { let k = 3; dense(k) }\nnetwork N { input x: [2]; f -> dense(k); output y }",
        "network N { input x: [2]; repeat 1 { let k = 3 }; dense(k); output y }",
        "network M(k=3) { input x: [2]; dense(k); output y }\n"
        "network N { input x: [2]; dense(k); output y }",
        "block f: [C] { relu }\nnetwork N { input x: [2]; f -> dense(C); output y }",
    ):
        assert [d.code for d in check_text(text).diagnostics] == ["NN102"], text


# --- conditions ----------------------------------------------------------------------------------


def test_conditions_hold_for_their_network_alone() -> None:
    checked = check_text("""
network A { input x: [1, H, W]; max_pool(2) -> upsample(2); output y }
network B { input x: [1, H, W]; max_pool(2) -> conv_transpose(1, 2, stride=2) -> add(x); output y }
""")
    assert checked.networks["A"].conditions == ("H must be at least 2", "W must be at least 2")
    assert checked.networks["B"].conditions == (
        "H must be a multiple of 2",
        "W must be a multiple of 2",
    )


def test_sizes_of_calls_are_in_the_callers_terms() -> None:
    network = network_of("""
block up { upsample(2) }
network N { input x: [1, H, 4]; up -> up; output y: [1, 4*H, 16] }""")
    assert [show(d) for d in network.graph.types[-1].dims] == ["1", "4*H", "16"]


# --- limits --------------------------------------------------------------------------------------


def test_loops_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("nnc.check.world", "nnc.check.steps.control", "nnc.check.networks"):
        monkeypatch.setattr(f"{module}.STEPS", 1000)
    assert world.STEPS == 1000
    for text in (
        "network N { input x: [2]; repeat 2000 { relu }; output y }",
        "network N { input x: [2]; repeat 40 { repeat 40 { relu } }; output y }",
        "network N { input x: [2]; for i in 0..10 ** 12 { relu }; output y }",
        "network N { input x: [2]; repeat 10 ** 12 { }; relu; output y }",
        "block f { repeat 600 { relu } }\nnetwork N { input x: [2]; f -> f; relu -> f; repeat 600 "
        "{ relu }; output y }",
    ):
        checked = check_text(text + "\nnetwork M { input x: [2]; relu; output y }")
        assert [d.code for d in checked.diagnostics] == ["NN213"], text


def test_blocks_are_nested_64_deep() -> None:
    def nested(depth: int) -> str:
        blocks = "\n".join(f"block b{i} {{ b{i + 1} }}" for i in range(depth - 1))
        return (
            f"{blocks}\nblock b{depth - 1} {{ relu }}\nnetwork N {{ input x: [2]; b0; output y }}"
        )

    assert not check_text(nested(64)).errors
    (found,) = check_text(nested(65)).diagnostics
    assert (found.code, found.message) == ("NN213", "blocks are nested more than 64 deep")


def test_numbers_are_bounded() -> None:
    for size in ("2 ** 64 * 2 ** 64", "10 ** 60", "H ** 9 * G ** 9", "(H + G) ** 60"):
        text = f"network N {{ input x: [H, G]; reshape({size}); output y }}"
        checked = check_text(text)
        assert checked.errors
        assert all(len(d.message) <= 500 for d in checked.diagnostics)


def test_two_hundred_messages_at_most() -> None:
    text = "network N { input x: [2]\n" + "dens(2)\n" * 1000 + "output y }"
    assert len(check_text(text).diagnostics) <= 200


def test_the_recursion_limit_is_put_back() -> None:
    before = sys.getrecursionlimit()
    check_text("network N { input x: [2]; relu; output y }")
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize(
    "text",
    ["a" * 10_000_000, "(" * 10_000_000, "import torch " + "x" * 10_000_000],
    ids=["word", "brackets", "python"],
)
def test_a_line_of_ten_megabytes_is_one_message_or_two(text: str) -> None:
    start = time.process_time()
    assert 1 <= len(check_text(text).diagnostics) <= 2
    assert time.process_time() - start < 5
