"""Names that Python and PyTorch take."""

from __future__ import annotations

import builtins
import keyword

import pytest
from torch import nn

from nnc.ir import names
from nnc.ir.names import class_name, identifier, local_name, place_name

HOSTILE = [
    "class", "forward", "training", "T_destination", "__class__", "__x", "_parameters", "_", "",
    "skip[64]", "a b", "a\nb", 'x"); import os; ("', "9lives", "ﬁ", "é", "x.y", "\u202e", "\x01",
    "match", "print", "torch", "self", "F", "append",
]  # fmt: skip


def test_lists_hold_what_the_installed_python_and_torch_reserve() -> None:
    module = {*dir(nn.Module()), *dir(nn.Sequential()), *nn.Module.__annotations__}
    assert {n for n in module if not n.startswith("_")} <= names.MODULE_ATTRIBUTES
    assert all(names.reserved(n) for n in dir(builtins) if not n.startswith("_"))
    assert set(keyword.kwlist) == names.KEYWORDS
    assert {n for n in keyword.softkwlist if n != "_"} <= names.LOCALS


@pytest.mark.parametrize("text", HOSTILE)
def test_every_name_is_legal(text: str) -> None:
    for made in (place_name(text, ()), local_name(text, ()), class_name(text, ())):
        assert made.isidentifier()
        assert not keyword.iskeyword(made)
        assert not made.startswith("_")
    assert not hasattr(nn.Sequential(), place_name(text, ()))
    assert not names.reserved(local_name(text, ()))


def test_names_that_need_no_change_keep_it() -> None:
    assert place_name("conv1", ()) == "conv1"
    assert place_name("type_embedding", ()) == "type_embedding"
    assert local_name("width", ()) == "width"
    assert identifier("skip[64]") == "skip_64"


def test_names_are_unique_beside_those_taken() -> None:
    assert place_name("conv11", {"conv11"}) == "conv11_2"
    assert place_name("class", {"class_"}) == "class__2"
    assert local_name("x", {"x", "x_2"}) == "x_3"


def test_class_names_do_not_collide() -> None:
    assert class_name("my_block", {"MyBlock"}) == "MyBlock2"
    assert class_name("n", {"N"}) == "N2"
    assert class_name("linear", (), {"Linear"}) == "LinearBlock"
    assert class_name("f", ()) == "FBlock"
    assert class_name("exception", ()) == "ExceptionBlock"
