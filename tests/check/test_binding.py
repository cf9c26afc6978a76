"""Which field feeds what: each rule of binding, with data that are made up."""

from __future__ import annotations

import pytest

from nnc.check import Checked, check_source
from nnc.ir.plan import Field, Part, Profile
from nnc.ir.types import TensorType
from nnc.source import Source

ABC = ("a", "b", "c")


def image(name: str = "image", size: int = 8, channels: int = 1) -> Field:
    return Field(name, "input", "image", TensorType((channels, size, size), "uint8"))


def numbers(count: int = 4, name: str = "numbers", columns: tuple[str, ...] = ()) -> Field:
    return Field(name, "input", "numbers", TensorType((count,)), columns=columns)


def classes(name: str = "label", labels: tuple[str, ...] = ABC) -> Field:
    return Field(name, "target", "class", TensorType((), "int64"), labels)


def number(name: str = "price") -> Field:
    return Field(name, "target", "number", TensorType((1,)))


def mask(labels: tuple[str, ...] = ABC) -> Field:
    return Field("mask", "target", "mask", TensorType((8, 8), "int64"), labels)


def bound(body: str, train: str, *fields: Field, data: str = "data d") -> Checked:
    text = f"""data d = images("d")
network N {{
{body}
}}
train N {{
  {data}
  loss {train}
  epochs 1
}}
"""
    profile = Profile("d", fields, (("classes", 3),), "", (Part("train", 9, "0" * 12),))
    return check_source(Source("s.nn", text), profiles={"d": profile})


ONE = "  input {0}: [1, 8, 8]\n  flatten -> dense(3)\n  output {1}"


def binding_of(checked: Checked) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    assert not checked.errors, [d.message for d in checked.diagnostics]
    found = checked.trains["N"].binding
    assert found is not None
    return dict(found.inputs), dict(found.targets), found.unused


def test_equal_names() -> None:
    made = bound(ONE.format("image", "label"), "cross_entropy", image("other"), image(), classes())
    assert binding_of(made) == ({"image": "image"}, {"label": "label"}, ("other",))


def test_the_one_that_is_left_over() -> None:
    made = bound(ONE.format("picture", "digit"), "cross_entropy", image(), classes())
    assert binding_of(made) == ({"picture": "image"}, {"digit": "label"}, ())


def test_written_out() -> None:
    fields = (image("a"), image("b"), classes("c"), classes("e"))
    made = bound(ONE.format("x", "y"), "cross_entropy", *fields, data="data d(x=b, y=e)")
    assert binding_of(made) == ({"x": "b"}, {"y": "e"}, ("a", "c"))


def test_written_out_wins_over_equal_names() -> None:
    fields = (image("x"), image("b"), classes("y"))
    made = bound(ONE.format("x", "y"), "cross_entropy", *fields, data="data d(x=b)")
    assert binding_of(made)[0] == {"x": "b"}


def test_types_tell_inputs_apart() -> None:
    body = """  input picture: [1, 8, 8]
  input row: [4]
  from picture -> flatten as flat
  from flat, row -> concat -> dense(3)
  output y"""
    made = bound(body, "cross_entropy", numbers(), image(), classes())
    assert binding_of(made)[0] == {"picture": "image", "row": "numbers"}


def test_several_outputs() -> None:
    body = """  input image: [1, 8, 8]
  flatten -> dense(3) as h
  output label
  from h -> dense(1)
  output price
  from h -> dense(2)
  output free"""
    loss = "cross_entropy(label) + mse(price)"
    made = bound(body, loss, image(), number(), classes())
    _, targets, unused = binding_of(made)
    assert targets == {"label": "label", "price": "price"}
    plan = made.trains["N"].binding
    assert plan is not None
    assert plan.unbound == ("free",)
    assert unused == ()


def test_an_input_as_target() -> None:
    body = "  input image: [1, 8, 8]\n  flatten -> dense(64) -> reshape(1, 8, 8)\n  output copy"
    made = bound(body, "mse(copy, image)", image(), classes())
    assert binding_of(made) == ({"image": "image"}, {"copy": "image"}, ("label",))
    target = made.trains["N"].phases[0].terms[0].target
    assert target is not None
    assert target.kind == "input"


def test_masks() -> None:
    body = "  input image: [1, H, W]\n  conv(3, 3, padding=1)\n  output mask"
    assert binding_of(bound(body, "cross_entropy", image(), mask()))[1] == {"mask": "mask"}


def test_two_classes_and_one_number() -> None:
    body = "  input image: [1, 8, 8]\n  flatten -> dense(1)\n  output y"
    made = bound(body, "bce_with_logits", image(), classes(labels=("no", "yes")))
    assert binding_of(made)[1] == {"y": "label"}


def test_columns_one_by_one_and_gathered() -> None:
    body = """  input colour: token[]
  input row: [2]
  from colour -> embedding(4, 2) as c
  from c, row -> concat -> dense(1)
  output price"""
    fields = (
        numbers(2, columns=("a", "b")),
        Field("colour", "input", "category", TensorType((), "int64"), ("red", "blue")),
        Field("categories", "input", "categories", TensorType((1,), "int64"), columns=("colour",)),
        number(),
    )
    inputs, _, unused = binding_of(bound(body, "mse", *fields))
    assert inputs == {"colour": "colour", "row": "numbers"}
    assert unused == ()


BAD: dict[str, tuple[str, str, tuple[Field, ...], str, str, str]] = {
    "two pictures": (
        ONE.format("x", "y"), "cross_entropy", (image("a"), image("b"), classes()), "data d",
        "NN420", "several fields fit the input `x` [1, 8, 8]",
    ),
    "no picture": (
        ONE.format("x", "y"), "cross_entropy", (numbers(), classes()), "data d",
        "NN420", "no field fits the input `x` [1, 8, 8]",
    ),
    "numbers of another count": (
        "  input numbers: [3]\n  dense(3)\n  output y", "cross_entropy",
        (numbers(4), classes()), "data d",
        "NN420", "the field `numbers` [4] does not fit the input [3]",
    ),
    "two targets": (
        ONE.format("x", "y"), "cross_entropy", (image(), classes("a"), classes("b")), "data d",
        "NN421", "several fields could be the target of `y`",
    ),
    "no target": (
        ONE.format("x", "y"), "cross_entropy", (image(),), "data d",
        "NN421", "no field can be the target of `y`",
    ),
    "numbers for classes": (
        ONE.format("x", "y"), "cross_entropy", (image(), number()), "data d",
        "NN421", "no field can be the target of `y`",
    ),
    "classes for numbers": (
        ONE.format("x", "label"), "mse", (image(), classes()), "data d",
        "NN423", "`mse` compares numbers, and `label` holds classes",
    ),
    "too few outputs": (
        ONE.format("x", "y"), "cross_entropy", (image(), classes(labels=("a", "b"))), "data d",
        "NN422", "`label` has 2 classes, and the output `y` is [3]",
    ),
    "three classes for one number": (
        "  input x: [1, 8, 8]\n  flatten -> dense(1)\n  output y", "bce_with_logits",
        (image(), classes()), "data d", "NN422",
        "`bce_with_logits` on classes wants one number and two classes; "
        "the output is [1], and there are 3 classes",
    ),
    "a forgotten flatten": (
        "  input x: [1, 8, 8]\n  conv(2, 3) -> dense(3)\n  output y", "cross_entropy",
        (image(), classes()), "data d",
        "NN422", "`label` has 3 classes, and the output `y` is [2, 6, 3]",
    ),
    "a mask of another size": (
        "  input image: [1, 8, 8]\n  conv(3, 3)\n  output mask", "cross_entropy",
        (image(), mask()), "data d",
        "NN423", "the output `mask` is [3, 6, 6], and the target `mask` is token[8, 8]",
    ),
    "a misspelt field": (
        ONE.format("x", "y"), "cross_entropy", (image(), classes()), "data d(x=imag)",
        "NN424", "`imag` is no field of `d`",
    ),
    "a misspelt input": (
        ONE.format("picture", "y"), "cross_entropy", (image(), classes()), "data d(pictre=image)",
        "NN424", "`pictre` is no input or output of the network",
    ),
    "a misspelt target": (
        ONE.format("x", "y"), "cross_entropy(y, labl)", (image(), classes()), "data d",
        "NN424", "the data `d` have no field `labl`",
    ),
    "a size that a condition refuses": (
        "  input image: [1, H, W]\n  relu as a\n  max_pool(2) -> upsample(2) -> add(a)\n"
        "  conv(3, 1) -> global_avg_pool -> flatten\n  output y",
        "cross_entropy", (image(size=7), classes()), "data d",
        "NN425", "H is 7, but H must be a multiple of 2, and the data have H = 7, W = 7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_bound(name: str) -> None:
    body, loss, fields, data, code, message = BAD[name]
    (found,) = bound(body, loss, *fields, data=data).diagnostics
    assert (found.code, found.message) == (code, message)
    assert found.help, "it says what to write"
    if code in ("NN420", "NN421") and "fields" in message:
        assert "`data d(" in found.help
        assert len(found.notes) == 2
        assert all(f.name in found.notes[1] for f in fields)


def messages(made: Checked) -> list[str]:
    return [d.message for d in made.diagnostics if d.severity == "error"]


MASKED = "  input image: [1, 8, 8]\n  conv({0}, 1){1}\n  output mask"
TWO = ("no", "yes")


@pytest.mark.parametrize(
    "loss,end", [("bce_with_logits", ""), ("bce", " -> sigmoid")], ids=("logits", "chances")
)
def test_a_mask_of_two_classes(loss: str, end: str) -> None:
    made = bound(MASKED.format(1, end), f"{loss}\n  metric iou, accuracy", image(), mask(TWO))
    assert binding_of(made)[1] == {"mask": "mask"}
    made = bound(MASKED.format(2, end), loss, image(), mask(TWO))
    assert "wants [1, 8, 8] and two classes" in messages(made)[0]
    assert "there are 3 classes" in messages(bound(MASKED.format(1, end), loss, image(), mask()))[0]


TAGS = "  input image: [1, 8, 8]\n  flatten -> dense(3)\n  output tags"


def test_metrics_of_several_yes_or_no() -> None:
    tags = Field("tags", "target", "number", TensorType((3,)))
    good = bound(TAGS, "bce_with_logits\n  metric f1, auroc", image(), tags)
    assert binding_of(good)[1] == {"tags": "tags"}
    made = bound(TAGS, "bce_with_logits\n  metric accuracy(top=2)", image(), tags)
    assert "there is no best few" in messages(made)[0]


def test_metrics_that_cannot_be() -> None:
    body = "  input image: [1, 8, 8]\n  conv(1, 1)\n  output copy"
    made = bound(body, "bce_with_logits(copy, image)\n  metric accuracy", image())
    assert messages(made) == [
        "`accuracy` cannot be counted of `copy`: `image` holds no classes to count"
    ]
    both = "bce_with_logits(copy, image) + mse(copy, image)\n  metric mae"
    assert "makes probabilities" in messages(bound(body, both, image()))[0]
