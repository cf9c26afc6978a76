"""Text to tokens: one regular expression, and a table of what other languages write.

The expression never looks twice at a stretch of text (its repeats are possessive), so that long
comments, blank lines and numbers cost linear time. A literal that is wrong is reported here and
handed on corrected: the parser need not stumble over it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from nnc.diagnostics import Diagnostic, Fix
from nnc.source import Source, Span
from nnc.syntax import rules
from nnc.syntax.ast import Kernel, Number, String
from nnc.syntax.words import FOREIGN_SIGNS, SIGNS, UNITS

# (terminal or "word" or "argument", value, start, end, whether it is the first on its line)
Token = tuple[str, object, int, int, bool]

MASTER = re.compile(
    r"""[ \t\f]*+(?:
    (?P<word>[^\W\d]\w*+)(?P<argument>(?=[ \t\r\n]*+=(?![=>])))?
  | (?P<joint>--+>|-[ \t]++>|\|>|>>|~>|==+>)
  | (?P<sign>->|\.\.\.|\.\.|\.(?!\d)|\*\*|//|==|!=|<=|>=|[-(){}\[\],+*/%<>]|:(?!=)|=(?!>))
  | (?P<number>\d\w*+(?:\.\d\w*+)?(?:(?<=[eE])[+-]\d\w*+)?
      (?:(?:[ \t]++x|[ \t]*+\u00d7)[ \t]*+\d++)*+ (?:%(?=[ \t]*+(?:[,)\]};\r\n\#]|\Z)))?)
  | (?P<gap>(?:\r?\n|\r|\#[^\r\n]*+)(?:[ \t\f\r\n]++|\#[^\r\n]*+)*+)
  | (?P<doc>"{3}[\s\S]*?"{3})
  | (?P<string>"[^"\r\n]*+"?)
  | (?P<end>;)
  | (?P<quote>'[^'\r\n]*+'?|[\u201c\u201d\u201e][^"\u201c\u201d\r\n]*+[\u201c\u201d"]?)
  | (?P<odd>&&|\|\||:=|=>|\.\d\w*+|[^\s])
  | (?P<blank>\s++)
  | \Z)""",
    re.VERBOSE,
)


def tokens(source: Source, report: Callable[[Diagnostic], None]) -> Iterator[Token]:
    """The tokens of a text; mistakes in them are reported."""
    fresh = True
    named: set[str] = set()
    for match in MASTER.finditer(source.text):
        kind = match.lastgroup
        if kind == "word" or kind == "argument":
            start, end = match.span("word")
            text = match["word"]
            if not text.isascii() and text not in named:
                named.add(text)
                report(_not_ascii(Span(source, start, end), text))
            yield kind, text, start, end, fresh
        elif kind == "sign":
            text = match["sign"]
            start, end = match.span("sign")
            yield SIGNS.get(text, text), text, start, end, fresh
        elif kind == "gap":
            fresh = True
            continue
        elif kind == "number":
            start, end = match.span("number")
            text = match["number"]
            value = int(text) if text.isdecimal() and len(text) < 19 and text.isascii() else None
            span = Span(source, start, end)
            node = number(span, text, report) if value is None else Number(span, value, "")
            yield "NUMBER", node, start, end, fresh
        elif kind == "doc":
            _comment(Span(source, *match.span("doc")), report)
            continue
        elif kind == "end":
            yield "_NL", None, match.end() - 1, match.end(), False
        elif kind is None:
            return
        elif kind == "blank":
            if match.end() < len(source.text):
                _strange_blank(Span(source, *match.span("blank")), named, report)
            continue
        else:
            start, end = match.span(kind)
            token = _odd(kind, Span(source, start, end), fresh, report)
            if token is None:
                continue
            yield token
        fresh = False


def _not_ascii(span: Span, text: str) -> Diagnostic:
    import unicodedata  # only for a mistake

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    use = f": write `{plain}`" if plain.isidentifier() and len(plain) * 2 > len(text) else ""
    return rules.NOT_ASCII.at(
        span,
        f"the name `{text}` has letters other than a to z",
        help=f"names are made of a-z, A-Z, 0-9 and `_`{use}",
    )


def _comment(span: Span, report: Callable[[Diagnostic], None]) -> None:
    """A text in three quotes, as Python has it."""
    lines = [line.strip() for line in span.text[3:-3].strip().splitlines()]
    start = span.source.text.rfind("\n", 0, span.start) + 1
    gap = span.source.text[start : span.start]
    made = f"\n{gap if not gap.strip() else ''}".join(f"# {line}".rstrip() for line in lines)
    after = span.source.text[span.end : span.end + 1]
    fix = Fix(span, made or "#") if not gap.strip() and after in ("", "\n", "\r") else None
    message = "a comment begins with `#`"
    here = Span(span.source, span.start, span.start + 3)
    report(rules.FOREIGN_SIGN.at(here, message, help="write `#` before each of its lines", fix=fix))


def _strange_blank(span: Span, named: set[str], report: Callable[[Diagnostic], None]) -> None:
    if span.text in named:
        return
    named.add(span.text)
    code = f"U+{ord(span.text[0]):04X}"
    report(
        rules.FOREIGN_SIGN.at(
            span,
            f"this is not an ordinary space ({code})",
            help="it may come from a web page or a word processor: type a space",
            fix=Fix(span, " "),
        )
    )


def _odd(kind: str, span: Span, fresh: bool, report: Callable[[Diagnostic], None]) -> Token | None:
    """A text in quotes, or a sign of another language, reported and put right."""
    text = span.text
    if kind == "string" or kind == "quote":
        if kind == "quote" or len(text) < 2 or text[-1] != '"':
            report(_quotes(span, kind))
        value = text[1:-1] if len(text) > 1 and text[-1] in "\"'\u201c\u201d" else text[1:]
        return "STRING", String(span, value), span.start, span.end, fresh
    if text[0] == "." and len(text) > 1:
        return "NUMBER", number(span, text, report), span.start, span.end, fresh
    if text == "?":
        return "?", text, span.start, span.end, fresh  # often a size that is open
    if text == "@" and not fresh:
        report(
            rules.FOREIGN_SIGN.at(
                span, "`@` is not a sign of this language", help="write `matmul(a, b)`"
            )
        )
        return "TIMES", text, span.start, span.end, fresh  # which gives nothing that is known
    meant = "->" if kind == "joint" else FOREIGN_SIGNS.get(text)
    if text == "|" and not _conditional(span):
        meant = "->"  # a pipe
    if meant is None:
        report(
            rules.FOREIGN_SIGN.at(
                span, f"`{text}` has no meaning here", help=f"delete the `{text}`"
            )
            if text.isprintable()
            else rules.FOREIGN_SIGN.at(span, f"the character U+{ord(text):04X} has no meaning here")
        )
        return None
    fix = Fix(span, f"{meant} " if text == "!" else meant)
    report(
        rules.FOREIGN_SIGN.at(
            span,
            f"`{text}` is not a sign of this language",
            help=f"write `{meant}`" if text != ":=" else "write `let NAME = value`",
            fix=fix if text != ":=" else None,
        )
    )
    terminal = {"and": "AND", "or": "OR", "not": "NOT"}.get(meant) or SIGNS.get(meant, meant)
    return terminal, meant, span.start, span.end, fresh


def _conditional(span: Span) -> bool:
    """Whether an `if` stands before this on its line."""
    before = span.source.text[max(0, span.start - 200) : span.start].rpartition("\n")[2]
    return re.search(r"\bif\b", before) is not None


def _quotes(span: Span, kind: str) -> Diagnostic:
    text = span.text
    if kind == "string":
        message, inside = "the text is not closed on its line", text[1:].rstrip()
    else:
        closed = len(text) > 1 and text[-1] in "'\u201c\u201d\""
        message, inside = "texts stand in double quotes", text[1:-1] if closed else text[1:]
        if not closed:
            return rules.STRING.at(span, message, help='write "..." on one line')
    certain = kind == "quote" and '"' not in inside
    return rules.STRING.at(
        span,
        message,
        help=f'write "{inside}"' if certain else 'close it with `"`',
        fix=Fix(span, f'"{inside}"') if certain else None,
    )


# --- numbers --------------------------------------------------------------------------------------

_FORM = r"(\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?)([A-Za-z]*)"
_DIGITS = 30


def number(span: Span, text: str, report: Callable[[Diagnostic], None]) -> Number | Kernel:
    """The value of a number or a kernel; a malformed one is reported and read as it was meant."""
    form = re.fullmatch(_FORM, text, re.ASCII)
    if form and (form[2] in UNITS or not form[2]):
        value = _value(form[1])
        if value is not None:
            factor, unit = UNITS.get(form[2], (1, ""))
            whole = value * factor
            kept = int(whole) if factor > 1 and whole == int(whole) else whole
            return Number(span, kept, unit)
        report(rules.NUMBER.at(span, "this number is too large", help="write fewer digits"))
        return Number(span, 1, "")
    if re.fullmatch(r"[1-9]\d{0,8}(?:x[1-9]\d{0,8})+", text, re.ASCII):
        return Kernel(span, tuple(int(size) for size in text.split("x")))
    message, meant = _malformed(text, form)
    if text.endswith("%") and _is_bound(span):
        report(rules.NUMBER.at(span, message, help="write how much, such as `5M` or `20MB`"))
        return Number(span, 10**15, "")
    if text.endswith("%") and _is_length(span):
        report(rules.NUMBER.at(span, message, help="write how many, such as `5`"))
        return number(span, meant or "1", lambda _: None)
    names = "a name begins with a letter; units are " + " ".join(UNITS)
    report(
        rules.NUMBER.at(
            span,
            message,
            help=f"write `{meant}`" if meant else names,
            fix=Fix(span, meant) if meant else None,
        )
    )
    return number(span, meant or "1", lambda _: None)


def _is_length(span: Span) -> bool:
    """Whether a number counts epochs, steps or samples: a part of them is no such number."""
    before = span.source.text[max(0, span.start - 40) : span.start]
    return (
        re.search(r"\b(?:warmup|epochs|steps|batch|early_stop|every)\s*=?\s*$", before) is not None
    )


def _is_bound(span: Span) -> bool:
    """Whether a number is the bound of a budget, which no share is."""
    before = span.source.text[max(0, span.start - 40) : span.start]
    return re.search(r"<=?\s*$", before) is not None


def _value(digits: str) -> int | float | None:
    plain = digits.replace("_", "")
    if len(plain) > _DIGITS:
        return None
    if plain.isdigit():
        return int(plain)
    value = float(plain)
    return value if value < 1e300 else None


_THEIRS = {
    "gflops": "G", "mflops": "M", "gflop": "G", "mflop": "M", "gmacs": "G", "mmacs": "M",
    "khz": "K", "mhz": "M", "gib": "GB", "mib": "MB", "kib": "KB", "g": "G", "mio": "M", "mil": "M",
    "million": "M", "billion": "B", "thousand": "K", "sec": "s", "secs": "s", "seconds": "s",
    "mins": "min", "minutes": "min", "hr": "h", "hrs": "h", "hours": "h", "msec": "ms",
}  # fmt: skip
"""Units of elsewhere, in lower case."""
_NONE = frozenset({"px", "pixels", "hz", "epochs", "epoch", "steps", "step", "units"})


def _malformed(text: str, form: re.Match[str] | None) -> tuple[str, str]:
    """What is wrong with a number, and how it is written when that is certain."""
    if text.startswith("."):
        return "a number begins with a digit", "0" + text if re.fullmatch(r"\.\d+", text) else ""
    if text.endswith("%"):
        plain = re.fullmatch(r"\d{1,6}(?:\.\d{1,9})?", text[:-1], re.ASCII)
        return "there are no percentages", repr(round(float(plain[0]) / 100, 12)) if plain else ""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,15}", text):
        return "there are no hexadecimal numbers", str(int(text, 16))
    sizes = re.fullmatch(r"[1-9]\d{0,8}(?:\s*[xX\u00d7]\s*[1-9]\d{0,8})+", text, re.ASCII)
    if sizes:
        meant = "x".join(re.findall(r"\d+", text))
        return "a kernel is written without blanks, with a small x", meant
    if form is not None and form[2]:
        units = {unit.lower(): unit for unit in UNITS}
        known = units.get(form[2].lower(), "") or _THEIRS.get(form[2].lower(), "")
        if form[2].lower() in _NONE:
            return f"a number has no unit `{form[2]}`", form[1]
        if known:
            return f"`{form[2]}` is not a unit", form[1] + known
    if re.fullmatch(r"\d[\d_]*", text, re.ASCII):
        return "`_` stands between two digits of a number", re.sub("_+", "_", text).strip("_")
    return f"`{text}` is neither a number nor a name", ""
