"""What every layer's declaration must say."""

from __future__ import annotations

import re

import pytest

from nnc.ir.arguments import REQUIRED
from nnc.layers import LAYERS
from nnc.layers.base import Layer
from tests.layers import worked

EACH = pytest.mark.parametrize("layer", LAYERS.values(), ids=list(LAYERS))


@EACH
def test_docstring_is_a_sentence_and_tells_shapes(layer: type[Layer]) -> None:
    text = layer.__doc__ or ""
    first = text.partition("\n")[0]
    assert first.endswith("."), "begin with one sentence on a line"
    assert "[" in text or "Any shape" in text, "say which shapes come in and go out"


@EACH
def test_arguments_are_documented(layer: type[Layer]) -> None:
    for name, arg in layer.args.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert arg.doc, f"{name} needs a few words"
        assert not arg.doc.endswith("."), f"{name}: a phrase, not a sentence"
        assert arg.kind != "option" or (arg.options and arg.default in (*arg.options, REQUIRED))


@EACH
def test_ports(layer: type[Layer]) -> None:
    names = [port.name for port in layer.ports]
    assert names
    assert len(set(names)) == len(names)
    assert not any(port.many for port in layer.ports[:-1]), "a port that takes many is last"


@EACH
def test_cases_cover_every_argument(layer: type[Layer]) -> None:
    """Some accepted case gives each argument a value other than its default."""
    accepted = [case for case in layer.cases if not case.refused]
    assert accepted, "needs a worked case"
    made = [worked.layer_of(worked.network(layer.word, case)) for case in accepted]
    for name, arg in layer.args.items():
        if arg.kind == "tie":  # takes a second layer: tests/backends/test_ties.py
            continue
        assert any(getattr(op, name) != arg.default for op in made), f"no case gives {name}"
        words = {getattr(op, name) for op in made if isinstance(getattr(op, name), str)}
        assert arg.kind != "option" or set(arg.options) <= words, f"{name}: {arg.options}"


@EACH
def test_cases_cover_every_rank(layer: type[Layer]) -> None:
    ranks = {
        worked.type_of(text).rank
        for case in layer.cases
        if not case.refused
        for text in worked.input_texts(case)
    }
    wanted = set(layer.ports[0].ranks)
    assert wanted - ranks <= {4, 5}, f"no case with {sorted(wanted - ranks)} axes"
