"""Texts as numbers and back: characters, bytes, words, and subwords by the `tokenizers` library.

Vocabularies are made of the train part alone. Words are runs of letters and digits (with `'` and
`-` inside), each other mark alone, and the end of a line. Subwords are byte-level BPE (Radford et
al., 2019): any text can be written in them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nnc.ir.vocabulary import BLANK, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = npt.NDArray[np.int32]
Encode = Callable[[str], Ids]

SUBWORDS = 8000
"""So many subwords are made unless `vocab=` says otherwise."""
WORDS = 50_000
"""So many words are kept unless `vocab=` says otherwise."""
_WORD = re.compile(r"<\w+>|\w+(?:['’\-]\w+)*|\n|[^\w\s]")
_CLOSING = frozenset(".,;:!?)]}’'%")
_OPENING = frozenset("([{")
_PIECE = 1 << 16


def fitted(unit: str, texts: Iterable[str], most: int | None) -> Vocabulary:
    """The vocabulary of some texts: of `most` tokens at most, the frequent ones first kept.

    Raises:
        ModuleNotFoundError: subwords need the library `tokenizers`.
        ValueError: `most` is too few for the unit.
    """
    if unit == "byte":
        return Vocabulary("byte", tuple(_byte_name(at) for at in range(256)))
    if unit == "subword":
        return _subwords(texts, most or SUBWORDS)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text if unit == "char" else words_of(text))
    counts.pop(UNKNOWN, None)
    found = sorted(counts, key=lambda token: (-counts[token], token))
    kept = found[: (most or (len(found) + 1 if unit == "char" else WORDS)) - 1]
    return Vocabulary(unit, (UNKNOWN, *(sorted(kept) if unit == "char" else kept)))


def words_of(text: str) -> list[str]:
    """The words and marks of a text, in order."""
    return _WORD.findall(text)


def _byte_name(value: int) -> str:
    return chr(value) if 32 <= value < 127 else f"0x{value:02x}"


def _subwords(texts: Iterable[str], most: int) -> Vocabulary:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # of the extra `text`

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    if most < len(alphabet) + 1:
        raise ValueError(f"subwords want a `vocab` of at least {len(alphabet) + 1}")
    learner = _byte_level(Tokenizer(models.BPE()))
    trainer = trainers.BpeTrainer(
        vocab_size=most,
        special_tokens=[UNKNOWN],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    learner.train_from_iterator(_lines(texts), trainer)
    import json  # its own JSON is the one way to the merges

    model = json.loads(learner.to_str())["model"]
    numbers: dict[str, int] = model["vocab"]
    merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    tokens = tuple(sorted(numbers, key=lambda token: numbers[token]))
    return Vocabulary("subword", tokens, tuple(" ".join(merge) for merge in merges))


def _byte_level(made: Tokenizer) -> Tokenizer:
    from tokenizers import pre_tokenizers

    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines, and pieces of long ones: the library keeps what it is handed in memory."""
    for text in texts:
        for line in text.splitlines(keepends=True):
            yield from (line[at : at + _PIECE] for at in range(0, len(line), _PIECE))


def of_transcripts(known: Vocabulary) -> Vocabulary:
    """The vocabulary with number 0 for no unit at all, as CTC has it."""
    return Vocabulary(known.unit, (BLANK, *known.tokens), known.merges)


def encoder(known: Vocabulary) -> Encode:
    """What makes numbers of a text; units that the vocabulary does not have become 0."""
    return _ENCODERS[known.unit](known)


def _unknown(known: Vocabulary) -> int:
    """The number of what the vocabulary does not have."""
    return known.tokens.index(UNKNOWN) if UNKNOWN in known.tokens else 0


def _chars(known: Vocabulary) -> Encode:
    gone = _unknown(known)
    codes = np.array([ord(t) if len(t) == 1 else 0x110000 for t in known.tokens], dtype=np.uint32)
    order = np.argsort(codes, kind="stable").astype(np.int32)
    ranked = codes[order]

    def encode(text: str) -> Ids:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        at = np.minimum(np.searchsorted(ranked, points), len(ranked) - 1)
        return np.where(ranked[at] == points, order[at], gone).astype(np.int32)

    return encode


def _bytes(known: Vocabulary) -> Encode:
    first = len(known.tokens) - 256

    def encode(text: str) -> Ids:
        found = np.frombuffer(text.encode("utf-8", "surrogateescape"), dtype=np.uint8)
        return found.astype(np.int32) + np.int32(first)

    return encode


def _words(known: Vocabulary) -> Encode:
    table = {token: at for at, token in enumerate(known.tokens)}
    gone = _unknown(known)
    return lambda text: np.array([table.get(word, gone) for word in words_of(text)], dtype=np.int32)


def _pieces(known: Vocabulary) -> Encode:
    from tokenizers import Tokenizer, models

    numbers = {token: at for at, token in enumerate(known.tokens)}
    merges = [(first, second) for first, _, second in (m.partition(" ") for m in known.merges)]
    tokenizer = _byte_level(Tokenizer(models.BPE(vocab=numbers, merges=merges)))

    def encode(text: str) -> Ids:
        lines = list(_lines([text]))
        found = tokenizer.encode_batch(lines, add_special_tokens=False)
        return np.array([number for one in found for number in one.ids], dtype=np.int32)

    return encode


_ENCODERS: dict[str, Callable[[Vocabulary], Encode]] = {
    "char": _chars,
    "byte": _bytes,
    "word": _words,
    "subword": _pieces,
}


def decoded(known: Vocabulary, ids: Sequence[int]) -> str:
    """The text that numbers stand for; the unknown one is the replacement character."""
    if known.unit == "byte":
        first = len(known.tokens) - 256
        whole = bytes(int(at) - first for at in ids if first <= int(at) < first + 256)
        return whole.decode("utf-8", "replace")
    tokens = [known.tokens[int(at)] for at in ids if known.tokens[int(at)] != BLANK]
    if known.unit == "char":
        return "".join(token if len(token) == 1 else "\ufffd" for token in tokens)
    if known.unit == "word":
        return _joined(tokens)
    table = _byte_of()
    whole = bytes(table[mark] for token in tokens if token != UNKNOWN for mark in token)
    return whole.decode("utf-8", "replace")


def _joined(tokens: Iterable[str]) -> str:
    """Words with spaces between them, as one writes marks."""
    out: list[str] = []
    glued = True
    for token in tokens:
        bare = glued or token == "\n" or token in _CLOSING
        out.append(token if bare else f" {token}")
        glued = token == "\n" or token in _OPENING
    return "".join(out)


def _byte_of() -> dict[str, int]:
    """The byte that each letter of byte-level BPE stands for (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in set(plain)]
    return {chr(b): b for b in plain} | {chr(256 + at): b for at, b in enumerate(rest)}
