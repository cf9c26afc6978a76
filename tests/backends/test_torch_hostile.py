"""Names that broke generated Python, in every place where a spec has a name."""

from __future__ import annotations

import pytest
import torch

from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.names import words
from nnc.ir.walk import weight_table
from tests.backends.torch_sketch import random_weights

WORDS = sorted(
    words(
        """
        forward training type T_destination double append to state_dict F nn torch self class print
        len i LABELS match args Sequential add_module _x __x __class__ half super float N b path_ x1
        conv1
        """
    )
)

FORMS = {
    "label": """network N {{ input q: [3, 8, 8]
        conv(4, 1) as {0}; conv(4, 1) -> add({0}) -> conv(3, 1); output y }}""",
    "input": "network N {{ input {0}: [3, 8, 8]; conv(4, 1) -> relu; output y }}",
    "output": """network N {{ input q: [3, 8, 8]
        conv(4, 1); output {0}; conv(4, 1); output {0}2 }}""",
    "parameter": """block b1({0}) {{ conv({0}, 1) -> max_pool({0}) -> conv({0}, 1) }}
        network N({0}=3) {{ input q: [3, 8, 8]; b1({0}); output y }}""",
    "block": """block {0}(c) {{ conv(c, 1) -> relu }}
        network N1 {{ input q: [3, 8, 8]; {0}(4) -> {0}(3); output y }}""",
    "network": """block b1(c) {{ conv(c, 1) -> relu }}
        network {0} {{ input q: [3, 8, 8]; b1(4); output y }}""",
    "shared": """network N {{ input q: [3, 8, 8]
        shared {0} = conv(3, 1); {0} -> relu -> {0} as u; from u -> relu; output y }}""",
}

BLOCKS = [
    "block conv1() { relu }\nnetwork N { input x: [3, 8, 8]; conv1 -> relu\n"
    "repeat 11 { conv(3, 1) }; output y }",
    "block n(w) { conv(w, 1) }\nnetwork N { input x: [3, 8, 8]; n(4); output y }",
    "block module(w) { conv(w, 1) -> relu }\nblock linear(w) { conv(w, 1) }\n"
    "network N { input x: [3, 8, 8]; module(4) -> linear(3); output y }",
    "block my_block(w) { conv(w, 1) -> relu }\nblock myBlock(w) { conv(w, 1) }\n"
    "network N { input x: [3, 8, 8]; my_block(4) -> myBlock(3); output y }",
    "block a(B, b_2) { conv(B, 1) -> conv(b_2, 1) -> b(B) }\nblock b(w) { relu -> conv(w, 1) }\n"
    "network N { input x: [3, 8, 8]; a(4, 5) -> b(3); output y }",
    "network N { input x: [3, 8, 8]; shared conv1 = conv(3, 1); conv(3, 3, padding=1)\n"
    "conv1 as z; from z -> relu -> conv1; output y }",
]  # fmt: skip


def runs(text: str) -> None:
    checked = check_text(text)
    assert not checked.errors, checked.diagnostics
    (network,) = checked.networks.values()
    module = build(network, random_weights(network))
    names = [row.name for row in weight_table(network)]
    assert list(module.state_dict()) == names
    assert len(set(names)) == len(names)
    out = module(torch.rand(2, 3, 8, 8))
    for value in out if isinstance(out, tuple) else (out,):
        assert value.shape[0] == 2


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("form", FORMS)
def test_any_name_works_everywhere(form: str, word: str) -> None:
    runs(FORMS[form].format(word))


@pytest.mark.parametrize("text", BLOCKS)
def test_blocks_that_are_called_like_something_else(text: str) -> None:
    runs(text)
