"""`text(...)`: windows of a long text, texts in a table, vocabularies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nnc.ir.datasettings import Split
from nnc.ir.vocabulary import (
    UNKNOWN,
    BadVocabulary,
    Vocabulary,
    vocabulary_from,
    vocabulary_json,
)
from nnc.train.data import open_data
from nnc.train.data.carried import carried_order
from nnc.train.data.units import decoded, encoder, fitted
from tests.train.data.made import counts, everything, names, opened, plan, refused, table

NONE = Split("none")
HALF = Split("shares", (0.5, 0.25, 0.25))
TEXT = "It was the best of times, it was the worst of times;\nit was the age of wisdom.\n" * 4


def test_windows_follow_on_one_another(tmp_path: Path) -> None:
    data = opened("text", table(tmp_path / "t.txt", "abcdefghij"), window=4, split=NONE)
    fields = {field.name: field for field in data.profile.fields}
    assert str(fields["text"].type) == str(fields["next"].type) == "token[4]"
    assert (fields["text"].meaning, fields["next"].meaning) == ("text", "tokens")
    assert fields["next"].labels == (UNKNOWN, *"abcdefghij")
    assert dict(data.profile.sizes) == {"vocab": 11}
    values = everything(data, "train")
    assert values["text"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert values["next"].tolist() == [[2, 3, 4, 5], [6, 7, 8, 9]]
    assert values["text"].dtype == np.int64
    assert names(data, "train") == ["t.txt token 1", "t.txt token 5"]


def test_parts_are_divided_by_position_and_the_vocabulary_is_trains(tmp_path: Path) -> None:
    path = table(tmp_path / "t.txt", "a" * 40 + "ab" * 10 + "c" * 20)
    data = opened("text", path, window=4, split=HALF)
    assert data.profile.rule == "by position: the last 25% validation and 25% test"
    assert counts(data.profile) == {"train": 9, "validation": 4, "test": 4}
    assert data.profile.field("next").labels == (UNKNOWN, "a")  # type: ignore[union-attr]
    assert everything(data, "test")["text"].tolist() == [[0] * 4] * 4
    assert data.notes == (
        "validation: 10 characters (50.00%) are not in the vocabulary",
        "test: 20 characters (100.00%) are not in the vocabulary",
    )
    marks = {part.fingerprint for part in data.profile.parts}
    assert len(marks) == 3
    whole = open_data(plan("text", path, window=4), whole=True, like=data.profile)
    assert counts(whole.profile) == {"test": 19}
    assert whole.profile.front("text") == data.profile.front("text")


def test_a_border_does_not_cut_a_word(tmp_path: Path) -> None:
    path = table(tmp_path / "t.txt", "alpha beta gamma delta epsilon zeta eta theta")
    split = Split("shares", (0.5, 0.5, 0.0))
    data = opened("text", path, unit="word", window=1, split=split)
    known = data.profile.front("text")
    assert isinstance(known, Vocabulary)
    assert set(known.tokens) == {UNKNOWN, "alpha", "beta", "gamma", "delta"}


@pytest.mark.parametrize("unit", ["char", "byte", "word", "subword"])
def test_texts_come_back_from_their_numbers(unit: str) -> None:
    known = fitted(unit, [TEXT], 300 if unit == "subword" else None)
    assert known == fitted(unit, [TEXT], 300 if unit == "subword" else None)
    numbers = encoder(known)(TEXT)
    assert numbers.min() >= 0
    assert numbers.max() < len(known.tokens)
    assert decoded(known, numbers.tolist()) == TEXT
    assert vocabulary_from(json.loads(json.dumps(vocabulary_json(known)))) == known


@pytest.mark.parametrize("unit", ["byte", "subword"])
def test_some_units_write_any_text(unit: str) -> None:
    known = fitted(unit, [TEXT], 300)
    strange = "naïve ☃ \t <unk>\n\n  x"
    assert decoded(known, encoder(known)(strange).tolist()) == strange


def test_unknown_units_are_number_0() -> None:
    assert encoder(fitted("char", ["ab"], None))("a☃b").tolist() == [1, 0, 2]
    words = fitted("word", ["so it is, it is"], 3)
    assert words.tokens == (UNKNOWN, "is", "it")
    assert encoder(words)("It is so").tolist() == [0, 1, 0]
    assert decoded(words, [2, 1, 0]) == "it is <unk>"


def test_the_most_frequent_are_kept() -> None:
    assert fitted("char", ["aaabbc"], 3).tokens == (UNKNOWN, "a", "b")
    assert len(fitted("subword", [TEXT], 280).tokens) == 280


def test_a_tokenizer_is_read_by_the_library_itself() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    known = fitted("subword", [TEXT], 300)
    said = vocabulary_json(known)["tokenizer"]
    theirs = tokenizers.Tokenizer.from_str(json.dumps(said))
    assert theirs.encode(TEXT).ids == encoder(known)(TEXT).tolist()
    assert theirs.decode(theirs.encode(TEXT).ids) == TEXT


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"unit": "letter", "tokens": ["a"]},
        {"unit": "char", "tokens": []},
        {"unit": "char", "tokens": ["a", "a"]},
        {"unit": "char", "tokens": ["a", 3]},
        {"unit": "subword", "tokens": ["a"]},
        {"unit": "subword", "tokenizer": {"model": {"vocab": {"a": 1}, "merges": []}}},
        {"unit": "subword", "tokenizer": {"model": {"vocab": {"a": "x"}, "merges": []}}},
        {"unit": "subword", "tokenizer": {"model": {"vocab": {"a": 0}, "merges": [["a", "b"]]}}},
        {"unit": "subword", "tokenizer": {"model": {"vocab": {"a": 0}, "merges": [["a", "a"]]}}},
        {"unit": "subword", "tokenizer": {"model": {"vocab": {"a": 0}, "merges": [3]}}},
    ],
)
def test_a_strangers_vocabulary_is_checked(said: dict[str, object]) -> None:
    with pytest.raises(BadVocabulary):
        vocabulary_from(said)


def test_lanes_go_on_where_they_ended() -> None:
    grid = carried_order(10, 3).reshape(-1, 3)
    assert grid.tolist() == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert carried_order(2, 8).tolist() == [0, 1]
    assert carried_order(1, 1).tolist() == [0]


def test_carried_windows_are_told(tmp_path: Path) -> None:
    path = table(tmp_path / "t.txt", TEXT)
    assert opened("text", path, window=8, carry=True).profile.carried
    assert not opened("text", path, window=8).profile.carried


# --- texts in a table -----------------------------------------------------------------------------

MAILS = "body,kind\n" + "\n".join(
    f"buy now {i},spam\nsee you there friend {i},ham" for i in range(9)
)


def test_texts_of_a_table_are_filled_up(tmp_path: Path) -> None:
    path = table(tmp_path / "m.csv", MAILS)
    data = opened("text", path, column="body", target=("kind",), unit="word", split=NONE)
    text, length, kind = data.profile.fields
    assert (text.name, text.padded, text.type.dims) == ("text", True, (5,))
    assert (length.name, length.meaning) == ("text_length", "length")
    assert kind.labels == ("ham", "spam")
    assert dict(data.profile.sizes)["classes"] == 2
    values = data.part("train").batch(np.array([0, 1]))
    assert values["text"].shape == (2, 5)
    assert values["text_length"].tolist() == [3, 5]
    assert values["text"][0, 3:].tolist() == [0, 0]
    short = data.part("train").batch(np.array([0, 2]))
    assert short["text"].shape == (2, 3)
    assert data.part("train").arrays() is None


def test_a_table_of_texts_may_be_learnt_as_numbers(tmp_path: Path) -> None:
    rows = "\n".join(f"text number {i},{i}.5" for i in range(30))
    path = table(tmp_path / "m.csv", "body,stars\n" + rows)
    data = opened("text", path, column="body", target=("stars",), unit="char")
    assert data.profile.field("stars").meaning == "number"  # type: ignore[union-attr]
    assert data.profile.front("stars") is not None


# --- what is wrong --------------------------------------------------------------------------------


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = table(tmp_path / "t.txt", "ab\ncaf\xe9 au lait, and more of it", "latin-1")
    told = refused("text", path, window=4)
    assert told.code == "NN471"
    assert "byte 7 of `t.txt` (0xe9, line 2) is no UTF-8 text" in told.message
    assert 'encoding="latin-1"' in told.help
    data = opened("text", path, window=4, encoding="latin-1", split=NONE)
    assert "é" in data.profile.field("next").labels  # type: ignore[union-attr]
    assert refused("text", path, window=4, encoding="klingon").code == "NN469"
    assert opened("text", path, window=4, unit="byte", split=NONE).profile.sizes == (
        ("vocab", 256),
    )


@pytest.mark.parametrize(
    "text, settings, said",
    [
        ("abc", {"window": 8}, "the train part of `t.txt` has 3 units; a window needs 9"),
        ("abcdefghij" * 5, {"window": 8}, "the validation part of `t.txt` has 5 units"),
        ("", {"window": 8}, "holds no text"),
        (" \n ", {"window": 8}, "holds no text"),
    ],
)
def test_a_text_shorter_than_a_window(
    tmp_path: Path, text: str, settings: dict[str, int], said: str
) -> None:
    told = refused("text", table(tmp_path / "t.txt", text), **settings)
    assert told.code == "NN472"
    assert said in told.message


def test_arguments_that_do_not_fit(tmp_path: Path) -> None:
    path = table(tmp_path / "t.txt", TEXT)
    told = refused("text", path, window=4, unit="subword", vocab=10)
    assert (told.code, told.message) == ("NN469", "subwords want a `vocab` of at least 257")
    assert refused("text", tmp_path, window=4).code == "NN469"
    assert refused("text", path, window=4, split=Split("folders")).code == "NN457"
    mails = table(tmp_path / "m.csv", MAILS + "\n,ham\n")
    told = refused("text", mails, column="body", target=("kind",))
    assert "row 19 of `m.csv` has no text in `body`" in told.message
    told = refused("text", mails, column="boddy", target=("kind",))
    assert told.help == "did you mean `body`?"
