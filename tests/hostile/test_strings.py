"""Texts of strangers: comments, paths, names of classes, columns, files that try to escape."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from nnc.backends.initial import initial_weights
from nnc.backends.torch_extras import Extras
from nnc.backends.torch_module import load_module
from nnc.backends.torch_source import network_class, torch_source
from nnc.check import check_source, check_text
from nnc.deploy.export import export_network
from nnc.deploy.look import metadata_of
from nnc.deploy.meanings import Recipe
from nnc.ir.plan import Categories, Field, Part, Pixels, Profile, Scale
from nnc.ir.types import TensorType
from nnc.ir.walk import weight_table
from nnc.render.human import diagnostics_text
from nnc.render.json import diagnostics_document
from nnc.source import Source
from tests.hostile.both import agree, nothing_happens, sound

BOMB = '__import__("os").system("touch /tmp/nnc-sentinel")'
TEXTS = {
    "quote": "'",
    "double": '"',
    "triple": '"""',
    "closes a docstring": f'""" + {BOMB} + """',
    "backslash": "\\",
    "ends in a backslash": "x\\",
    "escapes": "\\n\\x00\\u0000\\N{BULLET}\\777",
    "braces": "{}{0}{x!r}{{}}",
    "format": "%s%n%d%(x)s",
    "shell": "$(touch /tmp/nnc-sentinel)`id`${HOME};|&&",
    "code": BOMB,
    "f string": '{__import__("os").system("id")}',
    "bidi": "\u202eevil\u2066",
    "zero width": "a\u200bb\ufeffc",
    "wide": "😀漢字é",
    "combining": "e" + "\u0301" * 50,
    "separators": "a\u2028b\u2029c\x85d",
    "long": "a" * 10_000,
    "many lines": "\\n" * 500,
    "up": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "drive": "C:\\Windows\\system32",
    "html": "<script>alert(1)</script>",
    "yaml": "!!python/object/apply:os.system ['id']",
    "comment": "# type: ignore",
    "noqa": "*/ // --> ]]>",
}
CONTROL = {"bell": "\x07", "escape": "\x1b[31m", "null": "\x00", "delete": "\x7f", "return": "a\rb"}
ALL = TEXTS | CONTROL
FORM = """
# {0}
block inner(c) {{            # {0}
  # {0}
  dense(c) -> relu           # {0}
}}
# {0}
#{0}
network N {{                 # {0}
  input x: [2]               # {0}
  inner(3)                   # {0}
  output y                   # {0}
}}
# {0}
"""


@pytest.mark.parametrize("name", TEXTS)
def test_comments_become_docstrings_and_nothing_else(name: str) -> None:
    plain = sound(FORM.format("plain")).networks["N"]
    network = sound(FORM.format(TEXTS[name])).networks["N"]
    source = torch_source(network, extras=Extras(spec=TEXTS[name]))
    assert shape(source) == shape(torch_source(plain, extras=Extras(spec="plain")))
    with nothing_happens():
        load_module(source, network_class(network))
        agree(network)


def shape(source: str) -> str:
    """A source without its texts."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


@pytest.mark.parametrize("name", CONTROL)
def test_control_characters_are_one_mistake_or_inert(name: str) -> None:
    checked = check_text(FORM.format(CONTROL[name]))
    assert {d.code[:3] for d in checked.diagnostics} <= {"NN0"}
    if not checked.errors:
        with nothing_happens():
            agree(checked.networks["N"])


@pytest.mark.parametrize("name", ALL)
def test_messages_show_no_control_characters(name: str) -> None:
    text = f"network N {{ input x: [2]; dense(3) -> rellu; output y }} # {ALL[name]}\n"
    checked = check_source(Source(ALL[name] + ".nn", text))
    assert checked.errors
    shown = diagnostics_text(checked.diagnostics)
    assert not [c for c in shown if ord(c) < 32 and c != "\n"]
    assert not set(shown) & set("\x7f\u202e\u2066\u200b\u2028\u2029\x85")
    assert json.loads(diagnostics_document(checked.diagnostics))


WHOLE = {name: text for name, text in TEXTS.items() if '"' not in text}
"""Texts that stand in quotes as they are: a text has no escapes."""


@pytest.mark.parametrize("name", WHOLE)
def test_paths_and_classes_are_texts(name: str) -> None:
    text = WHOLE[name]
    with nothing_happens():
        checked = sound(f"""
data d = images("{text}") {{ classes ["{text}", "other"]; group "{text}" }}
data t = table("{text}", target=["{text}"], drop=["{text}"]) {{ split column("{text}") }}
data f = images("{text}") {{ split files("{text}", "{text}2") }}
""")
    d, t, f = (checked.data[name] for name in "dtf")
    assert (d.path, d.classes, d.split.group) == (text, (text, "other"), text)
    assert (t.path, t.option("target"), t.option("drop")) == (text, (text,), (text,))
    assert (t.split.values, f.split.values) == ((text,), (text, text + "2"))


@pytest.mark.parametrize("name", [n for n in TEXTS if n not in WHOLE])
def test_quotes_end_a_text(name: str) -> None:
    with nothing_happens():
        assert check_text(f'data d = images("{TEXTS[name]}")\n').errors


def profile(word: str) -> Profile:
    """Data whose names are a stranger's."""
    image = Field("image", "input", "image", TensorType((1, 2, 2), "uint8"))
    numbers = Field("numbers", "input", "numbers", TensorType((2,)), columns=(word, "b"))
    words = Field("words", "input", "categories", TensorType((1,), "int64"), columns=(word,))
    label = Field("label", "target", "class", TensorType((), "int64"), (word, "b", word + "2"))
    price = Field("price", "target", "number", TensorType((1,)), columns=(word + "p",))
    fronts = (
        ("image", Pixels((0.5,), (0.25,))),
        ("numbers", Scale((1.0, 2.0), (1.0, 2.0), (0.0, 0.0), (word, "b"))),
        ("words", Categories((word,), ((word, "b"),))),
        ("price", Scale((3.0,), (2.0,), (), (word + "p",))),
    )
    fields = (image, numbers, words, label, price)
    parts = (Part("train", 9, "0123456789ab", (3, 3, 3)),)
    return Profile("d", fields, (("classes", 3),), word, parts, fronts, word, skipped=(word,))


NETWORK = """
data d = images("d")
network N {
  input image: [1, 2, 2]
  input numbers: [2]
  input words: token[1]
  from image -> flatten as pixels
  from words -> embedding(3, 2) -> flatten as vector
  from pixels, numbers, vector -> concat as h
  dense(3)
  output label
  from h -> dense(1)
  output price
}
train N { data d; loss cross_entropy(label) + mse(price); epochs 1 }
"""


@pytest.mark.parametrize("name", ALL)
def test_names_in_data_reach_files_as_texts(name: str, tmp_path: Path) -> None:
    """Class names and columns in the generated source and in the ONNX file."""
    word = ALL[name]
    found = profile(word)
    checked = check_source(Source("spec.nn", NETWORK), profiles={"d": found})
    assert not checked.errors, [d.message for d in checked.diagnostics]
    network = checked.networks["N"]
    extras = Extras("spec.nn", "0" * 64, (("label", found.fields[3].labels),), found.fronts)
    source = torch_source(network, extras=extras)
    plain = profile("a" * len(word))
    with nothing_happens():
        load_module(source, network_class(network))
        recipe = Recipe(network, checked.trains["N"], found, None, NETWORK)
        weights = initial_weights(weight_table(network), 0)
        file = export_network(recipe, weights, tmp_path / "model.onnx", proof=None)
        stored = metadata_of(file.path)
    labels = json.loads(stored["nnc.labels"])["label"]
    assert labels == [word, "b", word + "2"]
    values = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)]
    assert word in values
    calm = Extras("spec.nn", "0" * 64, (("label", plain.fields[3].labels),), plain.fronts)
    if name != "long":
        assert len(shape(source)) == len(shape(torch_source(network, extras=calm)))


@pytest.mark.parametrize("form", ["network N { input x: [2]; dense(3) -> WORD; output y }", "WORD"])
@pytest.mark.parametrize("name", ALL)
def test_stray_texts_are_mistakes(name: str, form: str) -> None:
    checked = check_text(form.replace("WORD", ALL[name]))
    with nothing_happens():
        assert all(len(d.message) < 600 for d in checked.diagnostics)
        assert checked.errors or name in ("comment", "zero width")


def test_nothing_was_touched() -> None:
    assert not Path("/tmp/nnc-sentinel").exists()
