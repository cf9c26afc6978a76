"""Settings as other tools write them: named values, braces, signs, units that stand apart."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.source import Span
from nnc.syntax import rules
from nnc.syntax.context import Found, rest_of_line
from nnc.syntax.reader import Reader
from nnc.syntax.words import UNITS

_WORD = r"[^\W\d]\w*"
_VALUE = r"\[[^\[\]]*\]|\([^()]*\)|\"[^\"]*\"|'[^']*'|[^\s,;{}()\[\]]+"
_PAIR = re.compile(rf"({_WORD})\s*=\s*({_VALUE})")
_NUMBERS = frozenset({
    "early_stop", "clip", "batch", "seed", "epochs", "steps", "accumulate", "ema", "split_seed",
})  # fmt: skip
_SHARES = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}


def named_value(r: Reader, t: Found) -> bool:
    """`early_stop patience=5`, `clip(norm=1.0)`, `normalize mean=[..], std=[..]`."""
    if t.key != "=" or r.machine.context() != "settings":
        return False
    before = r.text[r.begin : t.start][:200].rstrip()
    apart = re.fullmatch(rf"({_WORD})\s+({_WORD})", before)
    called = re.fullmatch(rf"({_WORD})\s*\(\s*(?:({_WORD})\s*,\s*)?{_WORD}", before)
    if not (apart and not r.brackets) and not (called and r.brackets == 1):
        return False
    line = _setting(r)
    found = apart or called
    assert found is not None
    word = found[1]
    pairs = _PAIR.findall(line.text)
    named = called[2] if called is not None and called[2] else ""
    if named:
        made = f"{word} {named}({', '.join('='.join(pair) for pair in pairs)})"
    else:
        made = _written(word, dict(pairs))
    r.report(
        rules.SETTING_SIGN.at(
            r.span(r.previous_start, t.end),
            f"the value of `{word}` has no name before it",
            help=f"write `{made}`" if made else "",
            fix=Fix(line, made) if made else None,
        )
    )
    r.skip(t)
    return True


def _written(word: str, given: dict[str, str]) -> str:
    """A setting with its values as they are written here, or nothing where that is not known."""
    names = set(given)
    if word in _NUMBERS and len(given) == 1:
        return f"{word} {next(iter(given.values()))}"
    if word == "normalize" and names == {"mean", "std"}:
        return f"normalize ({given['mean']}, {given['std']})"
    if word == "split" and len(given) > 1 and names <= set(_SHARES):
        return "split " + "/".join(given[name] for name in sorted(given, key=_SHARES.__getitem__))
    if word == "size" and names == {"height", "width"}:
        return f"size {given['height']}x{given['width']}"
    if word == "optimizer":
        said = [f"{'lr' if k == 'learning_rate' else k}={v}" for k, v in given.items()]
        return f"optimizer adam({', '.join(said)})"
    if word == "schedule" and names == {"warmup"}:
        return f"schedule cosine(warmup={given['warmup']})"
    if word == "metric" and names == {"top"}:
        return f"metric accuracy(top={given['top']})"
    return ""


def _setting(r: Reader) -> Span:
    """What stands from the beginning of a setting to its end."""
    rest = re.split(r"[;{}]", rest_of_line(r, r.begin), maxsplit=1)[0].rstrip()
    return r.span(r.begin, r.begin + len(rest))


# --- braces and signs -----------------------------------------------------------------------------


def braces(r: Reader, t: Found) -> bool:
    """`optimizer { head: adam }` and `loss { species: cross_entropy }`."""
    frame = r.frames[-1] if r.frames else None
    if t.key not in (":", "=") or frame is None or frame.sign != "{" or frame.reading:
        return False
    word = r.text[frame.begin : frame.start].strip()
    if len(r.frames) < 2 or r.machine.context() != "settings" or not re.fullmatch(_WORD, word):
        return False
    if word in ("train", "export", "budget", "data"):
        return False
    found = re.compile(r"\{([^{}#]*)\}").match(r.text, frame.start, frame.start + 400)
    made = in_lines(word, found[1]) if found else ""
    whole = r.span(frame.begin, found.end()) if found else None
    r.report(
        rules.SETTING_SIGN.at(
            r.span(frame.begin, frame.begin + len(word)),
            f"`{word}` takes no braces",
            help=f"write `{made.replace(chr(10), '; ')}`" if made else "",
            fix=Fix(whole, made) if whole is not None and made else None,
        )
    )
    r.leave_out()
    r.frames[-1] = frame._replace(reading="void")
    r.machine.pop_to_place(r.base())
    r.skipping = True
    return True


def in_lines(word: str, inside: str) -> str:
    """What stands in a setting's braces as settings without them, or nothing where unsure."""
    items = [item.strip() for item in re.split(r"[;\n]|,(?![^(\[]*[)\]])", inside) if item.strip()]
    pairs = [re.fullmatch(rf"[\"']?({_WORD})[\"']?\s*[:=]\s*(\S.*)", item) for item in items]
    if not items:
        return ""
    if all(pairs):
        said = [(pair[1], pair[2].strip("\"'")) for pair in pairs if pair is not None]
        if word == "optimizer" and any(name in ("name", "type") for name, _ in said):
            kind = next(value for name, value in said if name in ("name", "type"))
            rest = [f"{k}={v}" for k, v in said if k not in ("name", "type")]
            return f"optimizer {kind.lower()}" + (f"({', '.join(rest)})" if rest else "")
        if word in ("optimizer", "schedule", "clip"):
            return "\n".join(f"{word} {value} on {name}" for name, value in said)
        if word == "loss" and all(re.fullmatch(_WORD, value) for _, value in said):
            return "loss " + " + ".join(f"{value}({name})" for name, value in said)
        return ""
    if any(pairs):
        return ""
    return f"{word} {', '.join(items)}"


def bound(r: Reader, t: Found) -> bool:
    """`weights: 5M` and `weights = 5M` in a budget."""
    frame = r.frames[-1] if r.frames else None
    if t.key not in (":", "=") or frame is None or r.brackets or frame.sign != "{":
        return False
    name = r.text[r.begin : t.start].strip()
    budget = re.match(r"budget\b", r.text[frame.begin : frame.begin + 7])
    if budget is None or not re.fullmatch(_WORD, name):
        return False
    blanks = re.compile(r"[ \t]*").match(r.text, t.end)
    end = blanks.end() if blanks else t.end
    value = re.split(r"[;}]", rest_of_line(r, end))[0].strip()
    free = name == "batch" or len(name) == 1  # a size that is given, no bound
    r.report(
        rules.SETTING_SIGN.at(
            r.span(t.start, t.end),
            f"a budget gives `{name}` without `{t.key}`"
            if free
            else "a budget's bound is written `<=`",
            help=f"write `{name} {value}`" if free else f"write `{name} <= {value}`",
            fix=Fix(r.span(r.previous_end, end), " " if free else " <= "),
        )
    )
    if not free:
        r.treat("COMPARISON", ("", "<=", t.start, t.end, False))
    return True


def unit_apart(r: Reader, t: Found) -> bool:
    """`20 MB` and `10 min`."""
    units = {unit.lower(): unit for unit in UNITS} | {unit: unit for unit in UNITS}
    word = str(t.value) if t.is_word else ""
    meant = units.get(word) or units.get(word.lower(), "")
    if r.previous != "NUMBER" or not meant or t.fresh or r.machine.context() == "body":
        return False
    number = r.text[r.previous_start : r.previous_end]
    made = f"{number}{meant}"
    r.report(
        rules.NUMBER.at(
            r.span(r.previous_start, t.end),
            "a unit stands right behind its number",
            help=f"write `{made}`",
            fix=Fix(r.span(r.previous_start, t.end), made),
        )
    )
    r.skip(t)
    return True


# --- heads of blocks ------------------------------------------------------------------------------

_SAID = {
    "export": "the file's name is told on the command line: `nnc build SPEC -o FILE`",
    "train": "settings stand in braces: `train {name} {{ data d; loss cross_entropy; epochs 10 }}`",
}


def head(r: Reader, t: Found) -> bool:
    """`export A("model.onnx")`, `export A to "model.onnx"`, `train A(epochs=3)`, `train A on d`."""
    if r.brackets or t.fresh or t.key in ("{", "_NL") or r.machine.context() != "file":
        return False
    found = re.fullmatch(rf"(export|train)\s+({_WORD})", r.text[r.begin : r.previous_end])
    if found is None or t.plain in ("as", "->", ":", "MINUS"):
        return False
    if not r.machine.fits("{"):
        return False
    word, name = found[1], found[2]
    r.report(
        rules.UNEXPECTED.at(
            r.span(t.start, t.end),
            f"`{word} {name}` is followed by `{{`",
            help=_SAID[word].replace("{name}", name).replace("{{", "{").replace("}}", "}"),
        )
    )
    r.skip(t)
    return True


def unnamed_data(r: Reader, t: Found) -> bool:
    """`data images("photos")`."""
    if t.key != "(" or r.brackets or r.machine.context() != "file":
        return False
    found = re.fullmatch(rf"data\s+({_WORD})", r.text[r.begin : r.previous_end])
    if found is None:
        return False
    path = re.compile(rf"\(\s*\"({_WORD})").match(r.text, t.start)
    name = path[1] if path is not None and path[1] != found[1] else "samples"
    r.report(
        rules.UNNAMED.at(
            r.span(r.begin, r.begin + len("data")),
            "`data` needs a name",
            help=f"write `data {name} = {found[1]}(...)`",
            fix=Fix(r.span(r.previous_start, r.previous_start), f"{name} = "),
        )
    )
    r.skip(t)
    return True


def defaults(r: Reader, t: Found) -> bool:
    """`defaults(conv, bias=false)` and `defaults { conv: bias=false }`."""
    if r.brackets or t.key not in ("(", ":", "="):
        return False
    if t.key == "(" and r.text[r.begin : t.start].strip() == "defaults":
        found = re.compile(rf"\(\s*({_WORD})\s*,([^(){{}}\n]*)\)").match(r.text, t.start)
        made = f" {{ {found[1]}({found[2].strip()}) }}" if found else ""
        gap = r.span(r.previous_end, found.end()) if found else None
        r.report(
            rules.UNEXPECTED.at(
                r.span(t.start, t.end),
                "defaults stand in braces",
                help=f"write `defaults{made}`" if made else "`defaults { conv(bias=false) }`",
                fix=Fix(gap, made) if gap is not None else None,
            )
        )
        r.skip(t)
        return True
    if r.machine.context() != "defaults" or t.key == "(":
        return False
    line = _setting(r)
    name, _, rest = line.text.partition(t.key)
    pairs = [f"{k}={v}" for k, v in re.findall(rf"({_WORD})\s*[:=]\s*({_VALUE})", rest)]
    made = f"{name.strip()}({', '.join(pairs)})" if pairs else ""
    r.report(
        rules.NO_PARENTHESES.at(
            r.span(t.start, t.end),
            f"the arguments of `{name.strip()}` stand in parentheses",
            help=f"write `{made}`" if made else "such as `conv(bias=false)`",
            fix=Fix(line, made) if made else None,
        )
    )
    r.skip(t)
    return True


def exported_input(r: Reader, t: Found) -> bool:
    """`export A { input [4] }`."""
    frame = r.frames[-1] if r.frames else None
    if frame is None or r.machine.place != "settings" or t.value != "input":
        return False
    if r.text[frame.begin : frame.begin + 6] != "export":
        return False
    message, help = "`input` cannot stand among settings", "a file takes what its network declares"
    r.report(rules.MISPLACED.at(r.span(t.start, t.end), message, help=f"{help}: delete it"))
    r.skip(t)
    return True
