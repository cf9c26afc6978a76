"""Names of strangers: each word in every place where a text has a name, in both backends."""

from __future__ import annotations

import ast
import keyword
import re

import pytest

from nnc.backends.torch_source import torch_source
from nnc.check import check_text
from nnc.syntax.words import HARD
from tests.hostile.both import agree, all_agree, nothing_happens, sound
from tests.hostile.words import BLOCK_NAMES, NAMES, STEPS, WORDS


def readable(word: str) -> bool:
    """Whether the language takes the word as a name at all."""
    return not check_text(f"network N {{ input q: [3]; relu as {word}; output y }}").errors


KNOWN = [word for word in NAMES if readable(word)]
BATCHES = [KNOWN[at : at + 120] for at in range(0, len(KNOWN), 120)]
IDS = [f"{words[0]}-{words[-1]}" for words in BATCHES]


def lines(words: list[str], form: str) -> str:
    return "\n".join(form.replace("WORD", word) for word in words)


def test_nearly_every_word_is_a_name() -> None:
    refused = [word for word in NAMES if word not in KNOWN]
    assert refused == [w for w in refused if not w.isascii() or not w.strip("_")]
    assert len(KNOWN) > 300


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_labels(words: list[str]) -> None:
    all_agree(f"network N {{ input q9: [1]\n{lines(words, 'dense(1) as WORD')}\noutput y9 }}")


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_labels_that_are_read(words: list[str]) -> None:
    read = lines(words[:60], "add(WORD)")
    all_agree(
        f"network N {{ input q9: [2]\n{lines(words[:60], 'relu as WORD')}\n{read}\noutput y9 }}"
    )


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_inputs_and_outputs(words: list[str]) -> None:
    inputs = lines(words[:40], "input WORD: [1]")
    text = f"network N {{\n{inputs}\nfrom {', '.join(words[:40])} -> concat -> tanh\noutput y9 }}"
    all_agree(text)
    outputs = lines(words[:40], "relu -> dense(1)\noutput WORD")
    all_agree(f"network N {{ input q9: [1]\n{outputs}\n}}")


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_parameters(words: list[str]) -> None:
    names = ", ".join(f"{word}={at % 5 + 1}" for at, word in enumerate(words))
    steps = " -> ".join(f"dense({word})" for word in words)
    text = f"""
block b9({names}) {{ {steps} }}
network N({names}) {{
  input q9: [2]
  b9 -> b9({words[0]}=7) -> {steps}
  output y9
}}"""
    all_agree(text)


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_file_parameters_lets_and_loops(words: list[str]) -> None:
    half = len(words) // 2
    params = lines(words[:half], "param WORD = 2")
    lets = lines(words[half:], "let WORD = 3")
    loops = lines(words[:half], "for WORD in [1, 2] { dense(WORD) }")
    uses = " -> ".join(f"dense({word})" for word in words[half:])
    all_agree(
        f"{params}\nnetwork N {{ input q9: [1]\n{lets}\n{loops}\n{uses}\noutput y9 }}".replace(
            "for x in", "for x in"
        )
    )


@pytest.mark.parametrize("words", BATCHES, ids=IDS)
def test_shared_steps_and_families(words: list[str]) -> None:
    steps = [word for word in words[:40] if word in BLOCK_NAMES]
    shared = lines(steps, "shared WORD = dense(2)\nWORD -> relu -> WORD")
    all_agree(f"network N {{ input q9: [2]\n{shared}\noutput y9 }}")
    families = lines(words[:40], "for i9 in 0..2 { dense(2) as WORD[i9] }\nadd(WORD)")
    all_agree(f"network N {{ input q9: [2]\n{families}\noutput y9 }}")


BLOCKS = [word for word in KNOWN if word in BLOCK_NAMES]
BLOCK_BATCHES = [BLOCKS[at : at + 120] for at in range(0, len(BLOCKS), 120)]


@pytest.mark.parametrize("words", BLOCK_BATCHES, ids=lambda w: f"{w[0]}-{w[-1]}")
def test_blocks(words: list[str]) -> None:
    blocks = lines(words, "block WORD(c) { dense(c) -> relu -> dense(2) }")
    all_agree(
        f"{blocks}\nnetwork N9 {{ input q9: [2]\n{lines(words, 'WORD(1) -> WORD(3)')}\noutput y9 }}"
    )


@pytest.mark.parametrize("word", BLOCKS[::7])
def test_networks(word: str) -> None:
    all_agree(
        f"block b9 {{ dense(2) }}\nnetwork {word} {{ input q9: [2]; b9 -> relu -> b9; output y9 }}"
    )


@pytest.mark.parametrize("word", [w for w in KNOWN if w[0].isupper()][::4])
def test_sizes(word: str) -> None:
    text = f"network N9 {{ input q9: [2, {word}]; relu -> conv(3, 1); output y9: [3, {word}] }}"
    (network,) = sound(text).networks.values()
    agree(network, **{word: 5})


def test_one_name_everywhere() -> None:
    """The same word as parameter, block, input, label and output, as far as rules allow."""
    for word in ("x", "forward", "self", "N", "torch", "conv1", "class"):
        all_agree(f"""
block {word}(c) {{ dense(c) as {word} -> relu -> add({word}) }}
network N9({word}2=3) {{
  input {word}: [2]
  {word}({word}2) -> {word}(2) -> add({word})
  output {word}1
}}""")


TRIED = {
    "F": "conv(4, 1) as F\nrelu -> add(F)",
    "torch": "conv(4, 1) as torch\nrelu -> concat(torch)",
    "class": "conv(4, 1) as class\nrelu -> add(class)",
    "nn": "b1(4)",
    "self": "b2(4)",
    "conv1 and eleven": "conv1() -> relu\nrepeat 11 { conv(3, 1) }",
    "n and N": "n(4)",
    "Module": "module(4) -> linear(3)",
}


@pytest.mark.parametrize("name", TRIED)
def test_names_that_broke_a_first_attempt(name: str) -> None:
    all_agree(f"""
block b1(nn) {{ conv(nn, 1) -> conv(nn, 1) }}
block b2(self) {{ conv(self, 1) }}
block conv1() {{ relu }}
block n(w) {{ conv(w, 1) }}
block module(w) {{ conv(w, 1) -> relu }}
block linear(w) {{ conv(w, 1) }}
network N {{
  input x: [3, 8, 8]
  {TRIED[name]}
  output y
}}""")


def test_an_input_is_not_named_again() -> None:
    text = """network N {
  input x: [3, 8, 8]
  conv(4, 1) as x
  relu -> conv(4, 1) -> add(x)
  output y
}"""
    (found,) = check_text(text).diagnostics
    assert (found.code, found.span.line) == ("NN103", 3)


@pytest.mark.parametrize("word", HARD)
def test_hard_words_are_refused(word: str) -> None:
    for text in (
        f"network N {{ input {word}: [3]; relu; output y }}",
        f"network {word} {{ input x: [3]; relu; output y }}",
        f"network N {{ input x: [3]; relu as {word}; output y }}",
        f"block {word} {{ relu }}\nnetwork N {{ input x: [3]; relu; output y }}",
    ):
        assert check_text(text).errors


@pytest.mark.parametrize("word", sorted(STEPS))
def test_layers_are_not_redefined(word: str) -> None:
    text = f"block {word} {{ relu }}\nnetwork N {{ input x: [3]; relu; output y }}"
    assert "NN103" in [d.code for d in check_text(text).diagnostics]


@pytest.mark.parametrize("name", ["digits", "class", "__import__", "os", "train", "data"])
def test_data_names(name: str) -> None:
    with nothing_happens():
        checked = sound(f"""
data {name} = bundled("iris")
network N9 {{ input numbers: [{name}.numbers]; dense({name}.classes); output species }}
train N9 {{ data {name}; loss cross_entropy; epochs 1 }}""")
    (network,) = checked.networks.values()
    agree(network)
    assert checked.trains["N9"].data == (name,)
    assert not sound(checked.resolved).errors


@pytest.mark.parametrize("words", BATCHES[:2], ids=IDS[:2])
def test_generated_names_are_legal_and_distinct(words: list[str]) -> None:
    """What is written is plain Python: no keyword is bound, no builtin of use is hidden."""
    text = f"network N {{ input q9: [1]\n{lines(words, 'dense(1) as WORD')}\noutput y9 }}"
    (network,) = sound(text).networks.values()
    tree = ast.parse(torch_source(network))
    bound = [
        target.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute)
    ]
    assert len(bound) == len(set(bound))
    assert all(not keyword.iskeyword(name) for name in bound)
    assert all(re.fullmatch(r"[^\W\d_]\w*", name) for name in bound)
    assert len(WORDS) == len(set(WORDS))
