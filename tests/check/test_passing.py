"""Steps, values and braces handed to blocks: what is checked anew, what is one class, names."""

from __future__ import annotations

import pytest

from nnc.backends.torch_source import torch_source
from nnc.check import Override, check_source, check_text
from nnc.ir.graph import Call, Network
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from nnc.source import Source
from tests.hostile.both import agree


def network_of(text: str) -> Network:
    checked = check_text(text)
    assert not checked.errors, [(d.code, d.message) for d in checked.diagnostics]
    (network,) = checked.networks.values()
    return verify(network)


def graphs(network: Network) -> list[int]:
    """Which graph each call of the network runs, numbered in order."""
    seen: dict[int, int] = {}
    calls = (item.op.graph for item in network.graph.items if isinstance(item.op, Call))
    return [seen.setdefault(id(graph), len(seen)) for graph in calls]


def names(network: Network) -> list[str]:
    return [row.name for row in weight_table(network)]


LAYER = "block layer(width, act=relu) { dense(width) -> act }\n"


def test_calls_that_mean_the_same_run_one_graph() -> None:
    network = network_of(
        LAYER
        + """network A(n=4) {
  input x: [4]
  layer(4, gelu) -> layer(4, gelu) -> layer(4, leaky_relu(0.2)) -> layer(4, leaky_relu(0.3))
  layer(4) -> layer(4, act=relu) -> layer(4, leaky_relu(n / 10.0)) -> layer(4, gelu)
  output y }"""
    )
    assert graphs(network) == [0, 0, 1, 2, 3, 4, 5, 0]


def test_graphs_that_print_alike_are_one_class() -> None:
    source = torch_source(
        network_of(
            LAYER
            + """block other { layer(4, act=relu) }
network A { input x: [4]; layer(4) -> layer(4, relu) -> other -> layer(5, relu); output y }"""
        )
    )
    assert source.count("class Layer") == 1
    assert "Layer(in_features=4, width=5)" in source


def test_numbers_that_braces_read_are_arguments_of_the_class() -> None:
    source = torch_source(
        network_of("""block wrap { residual { body } }
block part(inner): [C] { wrap { dense(inner) -> relu -> dense(C) } }
network A { input x: [4]; part(8) -> part(16); output y }""")
    )
    assert source.count("class Wrap") == 1
    assert "self.wrap1 = Wrap(C, inner)" in source


def test_values_that_braces_read_are_inputs_of_the_class() -> None:
    network = network_of("""block wrap { relu -> body }
network A { input x: [4]; dense(3) as early; from x -> wrap { dense(3) -> add(early) }
  output y }""")
    source = torch_source(network)
    assert "def forward(self, x, early):" in source
    assert "self.wrap1(x, early)" in source
    agree(network)


def test_values_that_braces_read_in_a_branch_not_taken_are_no_inputs() -> None:
    network = network_of("""block wrap(on) { if on { body } else { relu } }
network A { input x: [4]; dense(4) as early -> tanh as late
  wrap(false) { add(early) }; add(late) -> wrap(true) { add(early) }; output y }""")
    inputs = [len(i.inputs) for i in network.graph.items if isinstance(i.op, Call)]
    assert inputs == [1, 2]
    agree(network)


def test_places_in_braces_follow_the_block() -> None:
    network = network_of("""block wrap { residual { dense(4); body; body } }
network A { input x: [4]; wrap { dense(4, bias=false) -> relu as h }; wrap { dense(4) as core }
  output y }""")
    assert [n for n in names(network) if n.endswith("weight")] == [
        "wrap1.dense1.weight",
        "wrap1.dense2.weight",
        "wrap1.dense3.weight",
        "wrap2.dense1.weight",
        "wrap2.core.weight",
        "wrap2.core_2.weight",
    ]


def test_shared_steps_stay_shared_in_braces_and_as_steps() -> None:
    network = network_of("""block twice(unit) { unit -> relu -> unit }
block wrap { residual { dense(4); body } }
network A { input x: [4]; shared mix = dense(4)
  twice(mix) -> wrap { mix -> dense(4) } -> wrap { dense(4) } -> mix; output y }""")
    assert [n for n in names(network) if n.endswith("weight")] == [
        "mix.weight",
        "wrap1_dense1.weight",
        "wrap1_dense2.weight",
        "wrap2.dense1.weight",
        "wrap2.dense2.weight",
    ]
    agree(network)


def test_the_trace_shows_the_chain_of_calls() -> None:
    checked = check_text("""block inner { residual { body } }
block outer { inner { body } }
network A { input image: [3, 8, 8]
  outer { conv(4, 3) }
  output y }""")
    (diagnostic,) = checked.diagnostics
    assert [frame.what for frame in diagnostic.trace] == ["outer { ... }", "inner { ... }"]
    assert diagnostic.span.line == 1


def test_braces_within_braces_of_one_block_are_no_recursion() -> None:
    network = network_of("""block wrap { residual { body } }
network A { input x: [4]; wrap { wrap { wrap { dense(4) } } }; output y }""")
    assert names(network)[0] == "wrap1.wrap1.wrap1.dense1.weight"


def test_a_thousand_calls_with_braces_are_checked_once() -> None:
    network = network_of("""block wrap { residual { body } }
network A { input x: [4]; repeat 1000 { wrap { dense(4) } }; output y }""")
    assert set(graphs(network)) == {0}


def test_steps_within_steps_make_no_keys_without_end() -> None:
    blocks = "".join(
        f"block b{i}(u, v) {{ b{i + 1}(pair(u, v), pair(v, u)) }}\n" for i in range(40)
    )
    network = network_of(f"""block pair(u, v) {{ if false {{ u; v }} else {{ relu }} }}
{blocks}block b40(u, v) {{ u -> v }}
network A {{ input x: [4]; b0(relu, tanh); output y }}""")
    assert names(network) == []


def test_braces_used_twice_again_and_again_have_an_end() -> None:
    braces = "a { " * 40 + "relu" + " }" * 40
    blocks = "".join(f"block b{i} {{ b{i + 1} -> b{i + 1} }}\n" for i in range(40))
    for text in ("block a { body; body }\n", f"{blocks}block b40 {{ relu }}\n"):
        call = braces if "body" in text else "b0"
        checked = check_text(text + f"network A {{ input x: [4]; {call}; output y }}")
        assert [d.message for d in checked.diagnostics] == [
            "the network has more than 1,000,000 layers"
        ]


def test_a_step_of_a_network_can_be_set() -> None:
    text = "network A(act=gelu) { input x: [4]; dense(3) -> act; output y }"
    for value, word in (("", "gelu"), ("relu", "relu"), ("leaky_relu(0.3)", "leaky_relu")):
        given = (Override("act", Source("<command line>", value)),) if value else ()
        checked = check_source(Source("a.nn", text), overrides=given)
        assert [i.op.word for i in checked.networks["A"].graph.items] == ["dense", word]
        assert value in checked.resolved
    (wrong,) = check_source(
        Source("a.nn", text), overrides=(Override("act", Source("<command line>", "3")),)
    ).diagnostics
    assert wrong.message == "`act` takes a step"


@pytest.mark.parametrize(
    "text",
    [
        LAYER + "network A { input x: [4]; layer(5, gelu) -> layer(3, tanh); output y }",
        """block stage(unit, depth) { repeat depth { unit } }
block basic(width) { residual { conv(width, 3, padding=1) -> relu } }
network A { input x: [3, 5, 5]; stage(basic(3), 3); output y }""",
        """block up(width, skip: [S, H2, W2]) {
  conv_transpose(width, 2, stride=2) as up
  from skip, up -> concat -> conv(width, 3, padding=1) }
network A { input x: [3, 8, 8]; conv(4, 1) as early -> max_pool(2) -> up(5, early); output y }""",
        """block join(gate: [C]): [C], [C] { add -> mul(gate) }
network A { input x: [4]; dense(4) as a -> tanh as b; from x, a -> join(b); output y }""",
        """block wrap(n) { repeat n { residual { body } } }
network A { input x: [4, 6, 6]; for c in [2, 4] { conv(c, 1) as skip[c] }
  wrap(2) { for c in [2, 4] { concat(skip[c]) }; conv(4, 1) }; output y }""",
    ],
    ids=["step", "block", "value", "values", "braces"],
)
def test_both_backends_agree(text: str) -> None:
    agree(network_of(text))
