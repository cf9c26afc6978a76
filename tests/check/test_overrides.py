"""`--set`: what each key speaks of, where its mistakes are shown, and the resolved text."""

from __future__ import annotations

import pytest

from nnc.check import Checked, Override, check_source, check_text
from nnc.ir.plan import Profile, describe
from nnc.source import Source
from tests.language.outcomes import told

SPEC = """\
param wide = 8
data d = images("d") { split 0.8/0.2 }
data t = table("t.csv", target=["y"])
network A(width=3, deep=true, mode="x") {
  input x: [4]
  if mode == "x" and deep { dense(width) }
  dense(wide) -> dense(d.classes)
  output y
}
network B(width=3, only=1) { input numbers: [t.numbers]; dense(width) -> dense(only); output y }
train A { data d; loss cross_entropy; epochs 3; optimizer sgd(0.5, momentum=0.9) }
train B as b {
  data t
  loss mse(y)
  epochs 4
  schedule step(5)
}
"""


def checked(text: str = SPEC, **sets: str) -> Checked:
    overrides = tuple(Override(k, Source("<command line>", v)) for k, v in sets.items())
    return check_source(Source("spec.nn", text), overrides=overrides)


def outcome(made: Checked, name: str) -> str:
    """The line of a network, data or train block."""
    (line,) = [line for line in told(made).splitlines() if line.startswith(name)]
    return line


GOOD = {
    "wide": ("16", "A:", "[4] -> [d.classes], 17*d.classes + 79 weights"),
    "only": ("5", "B:", "-> [5]"),
    "A.width": ("5", "A:", "9*d.classes + 73 weights"),
    "A.mode": ("y", "A:", "9*d.classes + 40 weights"),
    "train.epochs": ("9", "train b", "; 9 epochs"),
    "train.A.epochs": ("9", "train A", "; 9 epochs"),
    "train.b.epochs": ("9", "train b", "; 9 epochs"),
    "train.B.epochs": ("9", "train b", "; 9 epochs"),
    "train.steps": ("9", "train A", "; 9 steps"),
    "train.optimizer.lr": ("0.25", "train A", "; sgd(lr=0.25, momentum=0.9)"),
    "train.b.optimizer.lr": ("0.25", "train b", "; adam(lr=0.25)"),
    "train.optimizer": ("sgd(lr=0.1)", "train A", "; sgd(lr=0.1);"),
    "train.A.optimizer": ("rmsprop", "train A", "; rmsprop;"),
    "train.b.schedule.every": ("7", "train b", "; step(every=7)"),
    "train.b.schedule.gamma": ("0.5", "train b", "; step(every=5, gamma=0.5)"),
    "train.loss.reduce": ("sum", "train b", "mse(reduce=sum) of y"),
    "train.A.metric": ("accuracy", "train A", "accuracy of y"),
    "train.seed": ("7", "train A", "seed 7"),
    "train.A.data": ("t", "train A", "A on t"),
    "data.d.classes": ("7", "A:", "[4] -> [7], 110 weights"),
    "data.t.numbers": ("2", "B:", "[2] -> [1], 13 weights"),
    "data.d.split": ("0.5/0.5", "data d", "split shares(0.5, 0.5, 0.0)"),
    "data.d.size": ("32x16", "data d", "size 32x16"),
    "data.d.group": ("patient id", "data d", "group patient id"),
    "data.t.on_error": ("skip", "data t", "on_error skip"),
}


@pytest.mark.parametrize("key", GOOD)
def test_keys(key: str) -> None:
    value, name, wanted = GOOD[key]
    before, made = checked(), checked(**{key: value})
    assert not made.errors, told(made)
    assert wanted in outcome(made, name)
    assert wanted not in outcome(before, name)


@pytest.mark.parametrize("key", GOOD)
def test_the_resolved_text_says_the_same(key: str) -> None:
    """Also where a block stands on one line, has no settings, or has arguments by position."""
    made = checked(**{key: GOOD[key][0]})
    again = check_text(made.resolved)
    assert told(again) == told(made)
    assert check_text(again.resolved).resolved == again.resolved


def test_all_at_once() -> None:
    sets = {key: value for key, (value, _, _) in GOOD.items() if key != "train.steps"}
    made = checked(**sets)
    assert not made.errors, told(made)
    assert told(check_text(made.resolved)) == told(made)


def test_without_overrides_the_text_is_the_text() -> None:
    assert checked().resolved == SPEC


def test_sizes_of_bundled_data_are_written_in() -> None:
    text = """data d = bundled("iris")
network A { input numbers: [d.numbers]; dense(2 * d.classes) -> dense(d.classes); output y }
"""
    resolved = check_text(text).resolved
    assert "[4]; dense(2 * 3) -> dense(3)" in resolved


def test_sizes_of_opened_data_are_written_in() -> None:
    profile = Profile("d", (), (("classes", 12), ("colour.values", 5)), "", ())
    text = """data d = table("t.csv", target=["y"])
network A { input c: token[]; embedding(d.colour.values, 2) -> dense(d.classes); output y }
"""
    made = check_source(Source("s.nn", text), profiles={"d": profile})
    assert told(made).startswith("A: token[] -> [12], 46 weights")
    assert "embedding(5, 2) -> dense(12)" in made.resolved
    assert told(check_text(made.resolved)) == told(made)


BAD = {
    "width": ("5", "NN214", "several networks have `width`"),
    "wdth": ("5", "NN214", "nothing is called `wdth`"),
    "A.wdth": ("5", "NN214", "nothing is called `A.wdth`"),
    "C.width": ("5", "NN214", "nothing is called `C.width`"),
    "": ("", "NN214", "nothing is called ``"),
    "train": ("3", "NN214", "nothing is called `train`"),
    "train.foo": ("3", "NN402", "a train block has no setting `foo`"),
    "train.epochs": ("abc", "NN404", "`epochs` takes a whole number of at least 1"),
    "train.batch": ("0", "NN404", "`batch` takes a whole number of at least 1"),
    "train.seed": ("1 +", "NN001", "something is missing after `+`"),
    "train.clip": ("", "NN001", "something is missing"),
    "train.batch.x": ("3", "NN214", "`batch` has no arguments"),
    "train.A.optimizer.foo": ("3", "NN201", "`sgd` has no argument `foo`"),
    "train.A.optimizer": ("sdg", "NN407", "there is no optimizer `sdg`"),
    "train.b.optimizer.lr": ("-1", "NN205", "`lr` is more than 0"),
    "data.d.classes": ("0", "NN214", "`data.d.classes` is a whole number of at least 1"),
    "data.d.numbers": ("4", "NN214", "`d` gives no number `numbers`; it gives `d.classes`"),
    "data.x.classes": ("4", "NN214", "nothing is called `data.x.classes`"),
    "data.d.foo": ("4", "NN402", "a data block has no setting `foo`"),
    "data.d.split": ("0.5/0.6", "NN404", "the shares of train, validation and test add up to 1"),
    "data.d.group": ('a"b', "NN214", "a text holds no quotes and no line breaks"),
    "data.d.size.x": ("4", "NN214", "settings of data have no parts to set"),
    "A.width": ("2.5", "NN204", "`A.width` takes a whole number"),
    "A.deep": ("1", "NN204", "`A.deep` takes `true` or `false`"),
    "wide": ("true", "NN204", "`wide` takes a whole number"),
    "B.only": ("nothing", "NN102", "nothing here is called `nothing`"),
}


@pytest.mark.parametrize("key", BAD)
def test_mistakes_are_shown_against_the_command_line(key: str) -> None:
    value, code, message = BAD[key]
    made = checked(**{key: value})
    (found,) = made.diagnostics
    assert (found.code, found.message) == (code, message)
    assert found.span.source.name == "<command line>"
    assert made.resolved == SPEC


def test_what_cannot_be_set_in_parts() -> None:
    text = SPEC.replace("mse(y)", "0.5 * mse(y) + l1(y)")
    (found,) = checked(text, **{"train.b.loss.reduce": "sum"}).diagnostics
    assert (found.code, found.message) == ("NN214", "`loss` is no single call; set it whole")


def test_no_train_block() -> None:
    text = "network A { input x: [4]; relu; output y }"
    (found,) = checked(text, **{"train.epochs": "3"}).diagnostics
    assert found.message == "the file has no train block"


def test_two_blocks_of_one_network() -> None:
    text = SPEC.replace("train A {", "train B as c {")
    (found,) = checked(text, **{"train.B.epochs": "3"}).diagnostics
    assert found.message == "several blocks train `B`"
    assert "train.b.epochs, train.c.epochs" in found.help or "train.c.epochs" in found.help


def test_keys_of_the_optimizer_as_described() -> None:
    plan = checked(**{"train.optimizer": "adam(lr=1, betas=(0.5, 0.9))"}).trains["A"]
    assert describe(plan.phases[0].groups[0].optimizer) == "adam(lr=1, betas=(0.5, 0.9))"
