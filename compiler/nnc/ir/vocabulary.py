"""Vocabularies: which units a text is made of, and their numbers. Plain data, read from strangers.

A vocabulary of subwords is stored as the JSON of the `tokenizers` library, so that other programs
read it too; of what such a JSON may hold only tokens and merges are taken, so that nothing that a
stranger put into it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from nnc.record import Record

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]
UNITS = ("char", "byte", "word", "subword")
UNKNOWN = "<unk>"
"""What stands for a unit that the train part does not have, and fills up short texts."""
BLANK = "<blank>"
"""Of transcripts: no unit at all (what CTC calls blank)."""
MOST = 1_000_000
"""So many tokens a vocabulary may have."""


class BadVocabulary(Exception):
    """What is wrong with a stored vocabulary."""


class Vocabulary(Record):
    """The units of a text in the order of their numbers.

    Args:
        unit: "char", "byte", "word" or "subword".
        tokens: by number. 0 is the unknown one, except of bytes; of transcripts 0 is the blank.
        merges: of subwords: the pairs that were joined, in order, their halves parted by a space.
    """

    unit: str
    tokens: tuple[str, ...]
    merges: tuple[str, ...] = ()


def vocabulary_json(known: Vocabulary) -> dict[str, Json]:
    """A vocabulary as JSON values: `unit`, with `tokens`, or `tokenizer` as the library has it."""
    if known.unit != "subword":
        return {"unit": known.unit, "tokens": list(known.tokens)}
    level: dict[str, Json] = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    model: dict[str, Json] = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": {token: number for number, token in enumerate(known.tokens)},
        "merges": [[*merge.split(" ")] for merge in known.merges],
    }
    tokenizer: dict[str, Json] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": model,
    }
    return {"unit": known.unit, "tokenizer": tokenizer}


def vocabulary_from(said: Mapping[str, object]) -> Vocabulary:
    """The vocabulary in JSON values.

    Raises:
        BadVocabulary: they are not as `vocabulary_json` makes them.
    """
    unit = said.get("unit")
    if unit not in UNITS:
        raise BadVocabulary("its unit is no unit of text")
    if unit != "subword":
        return Vocabulary(str(unit), _tokens(said.get("tokens")))
    tokenizer = said.get("tokenizer")
    model = tokenizer.get("model") if isinstance(tokenizer, dict) else None
    if not isinstance(model, dict):
        raise BadVocabulary("its tokenizer has no model")
    numbers, merges = model.get("vocab"), model.get("merges")
    if not isinstance(numbers, dict) or not isinstance(merges, list):
        raise BadVocabulary("its tokenizer has no tokens")
    tokens = _tokens(sorted(numbers, key=lambda token: _number(numbers[token])))
    if [numbers[token] for token in tokens] != list(range(len(tokens))):
        raise BadVocabulary("its tokens are not numbered from 0")
    return Vocabulary("subword", tokens, tuple(_merge(merge, numbers) for merge in merges))


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise BadVocabulary("a token's number is none")
    return value


def _merge(merge: object, known: Mapping[str, object]) -> str:
    halves = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(halves, list) or len(halves) != 2:
        raise BadVocabulary("a merge joins two tokens")
    if any(not isinstance(half, str) or half not in known for half in halves):
        raise BadVocabulary("a merge joins tokens that are not there")
    if "".join(halves) not in known:
        raise BadVocabulary("a merge makes a token that is not there")
    return " ".join(halves)


def _tokens(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not found or len(found) > MOST:
        raise BadVocabulary("it has no list of tokens")
    if not all(isinstance(token, str) for token in found):
        raise BadVocabulary("a token is no text")
    if len(set(found)) < len(found):
        raise BadVocabulary("a token stands twice in it")
    return tuple(found)
