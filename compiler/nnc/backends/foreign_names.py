"""Tables that say how other programs call the weights of a network: plain JSON, checked, no code.

`resnet18.names.json` beside `resnet18.nn` holds one table for each program whose files are known:

    {
      "torchvision resnet18": {
        "weights": {
          "conv1": "conv1",
          "resnet_stage{s}.basic_block{b}.conv1": "layer{s}.{b-1}.conv1",
          "dense1": "fc"
        }
      }
    }

A line names a weight of the network, or a place and with it all weights below, and how the file
calls it. `{s}` stands for a number, and the other side may compute with it: `{b-1}`, `{2*b+1}`, or
pick from a list of the table's: `{blocks[s-1]}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Union

from nnc.diagnostics import Refusal, nearest, rule
from nnc.record import Record
from nnc.source import Source, Span
from nnc.syntax.files import read_source

LARGEST = 1_000_000  # characters of a file of tables
HOLES = 8  # numbers in a line

NAMES_TABLE = rule(
    "NN547",
    "names-table-wrong",
    """
A table of names says how another program calls the weights of a network, so that its files can be
used. It is JSON: a name for the table, and in it `weights`, whose lines have the network's name on
the left and the file's on the right:

    {"torchvision resnet18": {"weights": {"stage{s}.block{b}.conv1": "layer{s}.{b-1}.conv1"}}}

`{s}` is a number; the right side may compute `{b-1}` or `{2*b+1}`, or pick `{blocks[s-1]}` from a
list in `lists`, and add to it: `{first[s-1]+b}`. On the right may stand one name, a list of names
(joined along the first axis) or `{"name": "c_attn.weight", "transpose": true}`. `left_out` lists
names of the file, with one `*` each, that the network has no use for; `prefixes` what may stand
before all names of the file; `network` tells which network of the spec the table is for.
""",
)

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]
_KEYS = ("weights", "lists", "left_out", "prefixes", "network")
_HOLE = re.compile(r"\{([^{}]*)\}")
_NUMBER = r"(?:([0-9]{1,3})\*)?([A-Za-z_]\w*)(?:([+-])([0-9]{1,4}))?"
_LISTED = rf"([A-Za-z_]\w*)\[{_NUMBER}\](?:\+([A-Za-z_]\w*))?"
_COMPUTED = re.compile(rf"{_NUMBER}|{_LISTED}")


class Affine(Record):
    """`factor * name + offset`, or the member of a list with that number, plus another one."""

    name: str
    factor: int
    offset: int
    list: str = ""
    plus: str = ""


Pattern = tuple[str | Affine, ...]


class Line(Record):
    """A line of a table: our name, what it is called in the file, and where it is written."""

    ours: str
    theirs: tuple[str, ...]
    transpose: bool
    span: Span
    left: Pattern
    right: tuple[Pattern, ...]


class NameTable(Record):
    """One program's names for the weights of a network.

    Args:
        title: whose names they are, "torchvision resnet18".
        left_out: names of the file that the network has no use for; each may have one `*`.
        prefixes: what may stand before all names of the file.
        network: which of a spec's networks it is for; "" for any.
    """

    title: str
    source: Source
    lines: tuple[Line, ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: tuple[str, ...]
    prefixes: tuple[str, ...]
    network: str


class Piece(Record):
    """Where a weight comes from: names in the file, joined along the first axis."""

    names: tuple[str, ...]
    transpose: bool
    line: Line


def beside(spec: Path) -> Path:
    """Where the tables of a spec lie: `resnet18.names.json` beside `resnet18.nn`."""
    return spec.with_name(f"{spec.stem}.names.json")


def read_tables(path: Path, shown: str = "") -> tuple[NameTable, ...]:
    """The tables in a file.

    Raises:
        Refusal: it cannot be read, or says something that no table says.
    """
    source = read_source(str(path), shown)
    if len(source.text) > LARGEST:
        raise _wrong(source, "", "the file is too large for a table of names")
    try:
        found: Json = json.loads(source.text, object_pairs_hook=_once)
    except _Twice as error:
        raise _wrong(source, error.name, f"{json.dumps(error.name)} stands twice") from None
    except (ValueError, RecursionError) as error:
        why = f" ({error})" if isinstance(error, json.JSONDecodeError) else ""
        raise _wrong(source, "", f"{source.name} is no JSON{why}") from None
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise _wrong(source, "", "a table is wanted", help=_FORM)
    return tuple(_table(source, title, body) for title, body in found.items() if _is_object(body))


_FORM = 'write {"NAME OF THE TABLE": {"weights": {"OUR NAME": "THEIR NAME"}}}'


class _Twice(Exception):
    """A key that an object has twice."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for name, value in pairs:
        if name in made:
            raise _Twice(name)
        made[name] = value
    return made


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _table(source: Source, title: str, body: Json) -> NameTable:
    assert isinstance(body, dict)
    for key in body:
        if key not in _KEYS:
            like = nearest(key, _KEYS)
            help = f'do you mean "{like}"?' if like else f"a table has {', '.join(_KEYS)}"
            raise _wrong(source, key, f'a table has no "{key}"', help=help)
    weights, network = body.get("weights"), body.get("network", "")
    if not isinstance(weights, dict) or not weights:
        raise _wrong(source, title, f'"{title}" has no "weights"', help=_FORM)
    if not isinstance(network, str):
        raise _wrong(source, "network", '"network" is the name of a network')
    lists = body.get("lists", {})
    if not isinstance(lists, dict):
        raise _wrong(source, "lists", '"lists" holds lists by their names')
    named = {name: _texts(source, name, values) for name, values in lists.items()}
    left_out = _texts(source, "left_out", body.get("left_out", []))
    for name in left_out:
        if name.count("*") > 1:
            raise _wrong(source, name, f'"{name}" has more than one `*`')
    return NameTable(
        title,
        source,
        tuple(_line(source, ours, theirs, named) for ours, theirs in weights.items()),
        tuple(named.items()),
        left_out,
        _texts(source, "prefixes", body.get("prefixes", [])),
        network,
    )


def _texts(source: Source, key: str, values: Json) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise _wrong(source, key, f'"{key}" is a list of texts')
    made = [str(v) for v in values if isinstance(v, (str, int)) and not isinstance(v, bool)]
    if len(made) != len(values):
        raise _wrong(source, key, f'"{key}" is a list of texts')
    return tuple(made)


def _line(source: Source, ours: str, value: Json, lists: Mapping[str, Sequence[str]]) -> Line:
    transpose: Json = False
    if isinstance(value, dict):
        unknown = [key for key in value if key not in ("name", "transpose")]
        if unknown or "name" not in value:
            raise _wrong(source, ours, 'a line has "name" and "transpose"')
        transpose, value = value.get("transpose", False), value["name"]
    names = [value] if isinstance(value, str) else value
    plain = isinstance(names, list) and names and all(isinstance(n, str) for n in names)
    if not plain or not isinstance(names, list) or not isinstance(transpose, bool):
        raise _wrong(source, ours, f'"{ours}" wants a name of the file', help=_FORM)
    left = _pattern(source, ours, ours, {})
    bound = {part.name for part in left if isinstance(part, Affine)}
    holes = [part for part in left if isinstance(part, Affine)]
    if len(bound) != len(holes) or len(holes) > HOLES or any(not hole.factor for hole in holes):
        raise _wrong(source, ours, "each number stands once on the left")
    if any(isinstance(a, Affine) and isinstance(b, Affine) for a, b in pairwise(left)):
        raise _wrong(source, ours, "between two numbers stands a letter or a point")
    theirs = tuple(str(name) for name in names)
    right = tuple(_pattern(source, name, ours, lists) for name in theirs)
    for part in (part for pattern in right for part in pattern):
        read = (part.name, part.plus or part.name) if isinstance(part, Affine) else ()
        for name in read:
            if name not in bound:
                raise _wrong(source, ours, f"`{{{name}}}` does not stand on the left")
    return Line(ours, theirs, transpose, _span(source, ours), left, right)


def _pattern(
    source: Source, text: str, ours: str, lists: Mapping[str, Sequence[str]]
) -> tuple[str | Affine, ...]:
    parts: list[str | Affine] = []
    for at, part in enumerate(_HOLE.split(text)):
        if at % 2 == 0:
            if "{" in part or "}" in part:
                raise _wrong(source, ours, f'a brace in "{text}" lacks its partner')
            parts += [part] if part else []
            continue
        found = _COMPUTED.fullmatch(part.replace(" ", ""))
        if found is None:
            raise _wrong(source, ours, f"`{{{part}}}` is no number", help="such as {b}, {2*b+1}")
        listed = found[5] or ""
        factor, name, sign, offset = found.groups()[5:9] if listed else found.groups()[:4]
        if found[10] and not all(member.isdecimal() for member in lists.get(listed, ())):
            raise _wrong(source, ours, f"`{listed}` holds texts, to which nothing can be added")
        if listed and listed not in lists:
            raise _wrong(source, ours, f'"lists" has no `{listed}`')
        shift = int(offset or 0) * (-1 if sign == "-" else 1)
        parts.append(Affine(name, int(factor or 1), shift, listed, found[10] or ""))
    return tuple(parts)


def piece(table: NameTable, name: str, prefix: str = "") -> Piece | None:
    """What a weight of the network is called in a file; None if no line of the table fits.

    The first line that fits counts.
    """
    for line in table.lines:
        found = _fits(line.left, name)
        if found is None:
            continue
        numbers, rest = found
        made = [_filled(table, pattern, numbers) for pattern in line.right]
        names = tuple(f"{prefix}{text}{rest}" for text in made if text is not None)
        if len(names) == len(made):
            return Piece(names, line.transpose, line)
    return None


def _fits(left: Pattern, name: str) -> tuple[dict[str, int], str] | None:
    """The numbers of a name that begins as a line says, and the rest of it."""
    numbers: dict[str, int] = {}
    at = 0
    for part in left:
        if isinstance(part, str):
            if not name.startswith(part, at):
                return None
            at += len(part)
            continue
        digits = re.compile(r"[0-9]{1,6}").match(name, at)
        if digits is None:
            return None
        at = digits.end()
        number, over = divmod(int(digits[0]) - part.offset, part.factor)
        if over or number < 0:
            return None
        numbers[part.name] = number
    rest = name[at:]
    return (numbers, rest) if not rest or rest.startswith(".") else None


def _filled(table: NameTable, pattern: Pattern, numbers: Mapping[str, int]) -> str | None:
    lists = dict(table.lists)
    text = ""
    for part in pattern:
        if isinstance(part, str):
            text += part
            continue
        number = part.factor * numbers[part.name] + part.offset
        if not part.list:
            text += str(number)
        elif 0 <= number < len(lists[part.list]):
            member = lists[part.list][number]
            text += str(int(member) + numbers[part.plus]) if part.plus else member
        else:
            return None
    return text


def is_left_out(table: NameTable, name: str, prefix: str = "") -> bool:
    """Whether a table knows a name of a file as one that the network has no use for."""
    inner = name[len(prefix) :] if prefix and name.startswith(prefix) else name
    return any(_matches(wish, n) for wish in table.left_out for n in (name, inner))


def _matches(wish: str, name: str) -> bool:
    head, star, tail = wish.partition("*")
    if not star:
        return name == wish
    return len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)


def check_lines(table: NameTable, weights: Iterable[str]) -> None:
    """Holds each line of a table to the network.

    Raises:
        Refusal: a line names what the network does not have.
    """
    names = list(weights)
    for line in table.lines:
        if any(_fits(line.left, name) is not None for name in names):
            continue
        like = nearest(line.ours, tuple(dict.fromkeys(n.rpartition(".")[0] for n in names))[:1000])
        raise Refusal(
            NAMES_TABLE.at(
                line.span,
                f"no weight of the network is called {line.ours}",
                help=f"do you mean {like}?" if like else "`nnc show` lists the places",
            )
        )


def _span(source: Source, key: str) -> Span:
    """Where a text stands in the file, as a key if it is one."""
    quoted = json.dumps(key, ensure_ascii=False)
    found = re.search(rf"{re.escape(quoted)}\s*:", source.text)
    at = found.start() if found else source.text.find(quoted)
    return Span(source, at, at + len(quoted)) if at >= 0 and key else Span(source, 0, 0)


def _wrong(source: Source, key: str, message: str, help: str = "") -> Refusal:
    return Refusal(NAMES_TABLE.at(_span(source, key), message, help=help))
