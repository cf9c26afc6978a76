"""Inputs, weights, states, outputs and names as they do not stand."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.source import Span
from nnc.syntax import rules
from nnc.syntax.context import Found, indentation, rest_of_line
from nnc.syntax.reader import Reader
from nnc.syntax.words import SOFT

_WORD = r"[^\W\d]\w*"
_KINDS = "input|weight|constant|noise|state|latent|condition|domain"
_EXAMPLES = {
    "input": "`{}: [3, 224, 224]` for a picture, `{}: [4]` for 4 numbers",
    "condition": "`{}: token[]` for a class, `{}: [3, 32, 32]` for a picture",
    "domain": "`{}: [3, H, W]` for pictures",
    "latent": "`{}: [100]`",
}
FOREIGN_KINDS = {
    "parameter": "weight",
    "variable": "weight",
    "learnable": "weight",
    "buffer": "constant",
    "inputs": "input",
    "placeholder": "input",
    "random": "noise",
}
"""Words of other tools for what a value comes from."""


def _line(r: Reader) -> Span:
    rest = re.split(r"[;{}]", rest_of_line(r, r.begin), maxsplit=1)[0].rstrip()
    return r.span(r.begin, r.begin + len(rest))


def shapeless(r: Reader) -> bool:
    """Explains `state h` and `condition digit`, which end before their shape."""
    found = re.match(rf"({_KINDS})\b", r.text[r.begin :][:10])
    if found is None or not r.machine.fits(":", "["):
        return False
    source = r.text[r.begin : r.previous_end]
    last = r.span(r.previous_start, r.previous_end)
    example = _EXAMPLES.get(found[1], "`{}: [8]` for 8 numbers").replace("{}", source)
    message = f"the shape of `{last.text}` is missing"
    r.report(rules.SHAPE.at(last, message, help=f"write {example}"))
    return True


def unshaped(r: Reader, t: Found) -> bool:
    """`noise e = normal(1)` and `weight g = 1`."""
    found = re.match(rf"({_KINDS})\s+{_WORD}\s*$", r.text[r.begin : t.start][:100])
    following = r.text[t.end : t.end + 40].lstrip()[:1]
    if t.key != "=" or found is None or following == "[" or not r.machine.fits(":", "["):
        return False
    source = r.text[r.begin : r.previous_end]
    value = re.split(r"[;}]", rest_of_line(r, t.end))[0].strip()
    last = r.span(r.previous_start, r.previous_end)
    size = value.isascii() and value.isdigit() and found[1] in ("latent", "noise", "input")
    r.report(
        rules.SHAPE.at(
            last,
            f"the shape of `{last.text}` is missing",
            help=f"write `{source}: [{value}]`"
            if size
            else f"write it before the `=`: `{source}: [8] = {value}`",
        )
    )
    r.skip(t)
    return True


def padded_first(r: Reader, t: Found) -> bool:
    """`input padded x: token[T]`."""
    if not t.is_word or r.text[r.previous_start : r.previous_end] != "padded" or r.brackets:
        return False
    line = _line(r)
    found = re.fullmatch(rf"input\s+padded\s+({_WORD}\s*:\s*\w*\s*\[[^\[\]]*\])", line.text)
    made = f"input {found[1]} padded" if found else ""
    r.report(
        rules.UNEXPECTED.at(
            r.span(r.previous_start, r.previous_end),
            "`padded` stands behind the type",
            help=f"write `{made or 'input x: token[T] padded'}`",
            fix=Fix(line, made) if made else None,
        )
    )
    r.skip(t)
    return True


def foreign_kind(r: Reader, t: Found) -> bool:
    """`parameter g: [8] = 1` and `inputs a: [8], b: [8]`."""
    word = r.text[r.previous_start : r.previous_end]
    kind = FOREIGN_KINDS.get(word, "")
    place = r.machine.context() == "body" and r.previous == "NAME"
    if not kind or not place or r.previous_start != r.begin or not t.is_word:
        return False
    line = _line(r)
    if not re.match(rf"\w+\s+{_WORD}(?:\s*,\s*{_WORD})*\s*:", line.text):
        return False
    here = r.span(r.previous_start, r.previous_end)
    made = _apart(r, line.text.replace(word, kind, 1))
    r.report(
        rules.FOREIGN_WORD.at(
            here,
            f"`{word}` is not a word of this language",
            help=f"write `{made.partition(chr(10))[0]}`" + (", a line each" if made else "")
            if made
            else f"write `{kind}`",
            fix=Fix(line, made) if made else Fix(here, kind),
        )
    )
    if made:
        r.skip(t)
        return True
    r.take_back()
    r.treat("KIND", ("", kind, here.start, here.end, False))
    r.take(*t._replace(fresh=False))
    return True


def _apart(r: Reader, line: str) -> str:
    """`input a: [8], b: [4]` with a line for each, or nothing where it is no such line."""
    found = re.fullmatch(
        rf"({_KINDS})\s+({_WORD}\s*:\s*\w*\[[^\[\]]*\](?:\s*,\s*{_WORD}\s*:\s*\w*\[[^\[\]]*\])+)",
        line,
    )
    if found is None:
        return ""
    each = re.findall(rf"{_WORD}\s*:\s*\w*\[[^\[\]]*\]", found[2])
    return f"\n{indentation(r, r.begin)}".join(f"{found[1]} {one}" for one in each)


def listed(r: Reader, t: Found) -> bool:
    """`input a: [8], b: [4]` and `output a, b`."""
    if t.key != "," or r.brackets or r.machine.context() != "body":
        return False
    line = _line(r)
    made = _apart(r, line.text)
    if made:
        r.report(
            rules.UNEXPECTED.at(
                r.span(t.start, t.end),
                f"`{line.text.split()[0]}` declares one shape",
                help=f"write `{made.splitlines()[0]}`, and the others on lines of their own",
                fix=Fix(line, made),
            )
        )
        r.skip(t)
        return True
    found = re.fullmatch(rf"output\s+({_WORD}(?:\s*,\s*{_WORD})+)", line.text)
    if found is None:
        return False
    names = re.findall(_WORD, found[1])
    labels = all(re.search(rf"\bas\s+{name}\b", r.text[: r.begin]) for name in names)
    blank = indentation(r, r.begin)
    made = f"\n{blank}".join(f"from {name}\n{blank}output {name}" for name in names)
    r.report(
        rules.UNEXPECTED.at(
            r.span(t.start, t.end),
            "`output` names one value",
            help=f"write `from {names[0]}`, `output {names[0]}` on lines of their own, then "
            f"`from {names[1]}`, `output {names[1]}`",
            fix=Fix(line, made) if labels else None,
        )
    )
    r.skip(t)
    return True


def type_word(r: Reader) -> bool:
    """Explains `output y: class` and `input x: float`, a word where a shape stands."""
    begin = re.match(rf"(output|{_KINDS})\s+{_WORD}\s*:\s*{_WORD}\s*$", r.text[r.begin :][:100])
    begin = begin or re.match(
        rf"(output|{_KINDS})\s+{_WORD}\s*:\s*{_WORD}$", r.text[r.begin : r.previous_end]
    )
    if begin is None or r.previous != "NAME" or not r.machine.fits("["):
        return False
    at = r.text.rfind(":", r.begin, r.previous_start)
    last = r.span(r.previous_start, r.previous_end)
    gives = begin[1] == "output"
    gap = r.text[:at].rstrip()
    r.report(
        rules.SHAPE.at(
            last,
            "a shape stands in brackets",
            help=f"write `[10]` for 10 numbers, or leave `: {last.text}` out"
            if gives
            else "write `[4]` for 4 numbers, `token[]` for a class, `token[T]` for a text",
            fix=Fix(r.span(len(gap), r.previous_end), "") if gives else None,
        )
    )
    return True


# --- states of a scan -----------------------------------------------------------------------------


def _scan(r: Reader) -> str:
    """What stands in the scan so far, or nothing where this is none."""
    for frame in reversed(r.frames):
        if frame.sign == "{" and re.match(r"scan\b", r.text[frame.begin :][:5]):
            return r.text[frame.start : r.begin]
    return ""


def assigned_state(r: Reader, t: Found) -> bool:
    """`h = h1` and `h = 0` in a scan."""
    if t.key != "=" or r.brackets or r.machine.context() != "body":
        return False
    name = r.text[r.begin : t.start][:100].strip()
    inside = _scan(r)
    if not inside or not re.fullmatch(_WORD, name):
        return False
    here = r.span(t.start, t.end)
    line = _line(r)
    value = r.text[t.end : line.end].strip()
    if re.search(rf"\bstate\s+(?:\w+\s*,\s*)*{name}\b", inside):
        made = f"next {name} = {value}"
        r.report(
            rules.ASSIGNMENT.at(
                here,
                "nothing is assigned here",
                help=f"what the next step gets: `{made}`",
                fix=Fix(line, made),
            )
        )
        r.skip(t)
        return True
    if not re.fullmatch(r"0(?:\.0*)?|None|null|(?:\w+\.)?zeros.*", value):
        return False
    message = "what a scan remembers is a `state` with a shape"
    r.report(rules.ASSIGNMENT.at(here, message, help=f"write `state {name}: [8]`; it begins as 0"))
    r.skip(t)
    return True


def next_in_chain(r: Reader, t: Found) -> bool:
    """`dense(8) -> next h`."""
    word = r.text[r.previous_start : r.previous_end]
    if word != "next" or not t.is_word or r.brackets or r.machine.context() != "body":
        return False
    before = r.text[r.begin : r.previous_start].rstrip()
    if not before.endswith("->") or not _scan(r):
        return False
    name = r.text[t.start : t.end]
    fresh = f"new_{name}"
    arrow = r.begin + len(before) - 2
    gap = r.span(r.begin + len(before[:-2].rstrip()), t.end)
    made = f" as {fresh}\n{indentation(r, r.begin)}next {name} = {fresh}"
    r.report(
        rules.ARROW.at(
            r.span(arrow, t.end),
            "`next` begins a statement of its own",
            help=f"name the step, `as {fresh}`, then write `next {name} = {fresh}`",
            fix=Fix(gap, made),
        )
    )
    r.skip(t)
    return True


# --- names ----------------------------------------------------------------------------------------


def named_path(r: Reader, t: Found) -> bool:
    """`path { .. } as step`."""
    if t.plain != "as" or r.previous != "}" or r.brackets:
        return False
    closed = re.compile(rf"as\s+({_WORD})(?=[ \t]*(?:[;}}#\r\n]|\Z))").match(r.text, t.start)
    start = r.begin
    if closed is None or not re.match(r"path\b", r.text[start:][:4] + " "):
        return False
    name = closed[1]
    inside = r.text[start + len("path") : r.previous_end].strip()
    parent = next((f for f in reversed(r.frames) if f.sign == "{"), None)
    word = re.match(_WORD, r.text[parent.begin :][:40]) if parent is not None else None
    joins = (
        word is not None
        and re.search(
            r"\b(?:add|concat|mul)\s*(?:\([^()]*\)\s*)?$", r.text[parent.begin : parent.start]
        )
        if parent is not None
        else None
    )
    whole = r.span(start, closed.end())
    steps = inside.strip("{} \t\r\n")
    plain = "\n" not in steps and "{" not in steps and steps != ""
    made = f"{steps} as {name}"
    r.report(
        rules.MISPLACED.at(
            r.span(t.start, closed.end()),
            "a path has no name" if joins else "a `path` stands only in `add`, `concat` or `mul`",
            help=f"name what all paths give together: `}} as {name}`"
            if joins
            else f"write the steps without `path`: `{made if plain else 'STEPS as ' + name}`",
            fix=Fix(r.span(r.previous_end, closed.end()), "")
            if joins
            else Fix(whole, made)
            if plain
            else None,
        )
    )
    r.lost.add(name)
    if not joins:
        _withdraw(r)
    r.skip(t)
    return True


def _withdraw(r: Reader) -> None:
    """Takes the path back that was read last."""
    r.gaps.append(r.begin)


def label_form(r: Reader, t: Found) -> bool:
    """`as skip-1`, `as skip_{c}` and `as out, (h, c)`."""
    if r.brackets or r.machine.context() != "body":
        return False
    before = r.text[max(r.begin, t.start - 100) : t.start]
    sign = r.text[t.start : t.end]
    if sign == "(" and re.search(rf"\bas\s+{_WORD}(?:\s*,\s*{_WORD})*\s*,\s*$", before):
        found = re.compile(rf"\(\s*({_WORD}(?:\s*,\s*{_WORD})*)\s*\)").match(r.text, t.start)
        if found is None:
            return False
        here = r.span(t.start, found.end())
        message = "the names stand without parentheses"
        fix = Fix(here, found[1])
        r.report(rules.UNNAMED.at(here, message, help=f"write `{found[1]}`", fix=fix))
        r.lost.update(re.findall(_WORD, found[1]))
        r.skip(t, keep=True)
        return True
    named = re.search(rf"\bas\s+({_WORD})$", before)
    if named is None or sign not in ("-", "{"):
        return False
    more = re.compile(rf"-(\w+)|\{{\s*({_WORD})\s*\}}").match(r.text, t.start)
    if more is None:
        return False
    here = r.span(r.previous_start, more.end())
    made = f"{named[1]}_{more[1]}" if more[1] else f"{named[1].rstrip('_')}[{more[2]}]"
    message = "a name has letters, digits and `_`"
    if not more[1]:
        message = "a name that counts has its number in brackets"
    r.report(rules.UNNAMED.at(here, message, help=f"write `{made}`", fix=Fix(here, made)))
    r.lost.add(named[1].rstrip("_"))
    if sign == "{":
        r.leave_out()
        r.skipping = True
        r.open("{", t.start, "void")
        return True
    r.skip(t)
    return True


def is_source_word(word: str) -> bool:
    """Whether a word begins the declaration of a source."""
    return word == "input" or SOFT.get(word) == "KIND"
