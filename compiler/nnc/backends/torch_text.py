"""Python text: literals, documentation and long lines, laid out as ruff and black lay them out.

Text from a spec enters generated source through `literal`, `comment` and `docstring` alone.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence

from nnc.ir.arguments import Declared
from nnc.ir.dims import Dim, show
from nnc.ir.initial import Counted, Frequencies, Normal, Uniform
from nnc.ir.known import Known
from nnc.ir.sources import LEVEL, Source, counters
from nnc.ir.types import TensorType

WIDTH = 100


def quoted(text: str) -> str:
    """A string literal, in double quotes unless single ones need fewer escapes; always one line."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = "".join(_escaped(c, quote) for c in text)
    return f"{quote}{body}{quote}"


def _escaped(c: str, quote: str) -> str:
    if c in ("\\", quote):
        return "\\" + c
    return c if c.isprintable() else repr(c)[1:-1]


def real(value: float) -> str:
    """A float literal: `1e-5`, `0.5`, `float("inf")`."""
    if value != value or value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    return re.sub(r"e([+-])0*", lambda m: "e-" if m[1] == "-" else "e", repr(float(value)))


def constant(value: bool | float | str | None) -> str:
    """A literal of a plain value; a number forgets its source.

    Raises:
        TypeError: it is something else.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return real(value)
    if isinstance(value, str):
        return quoted(str(value))
    raise TypeError(f"{value!r} has no literal")


def slice_text(ends: Sequence[str]) -> str:
    """`1:8`, and `1 : 2 * n` where an end is more than a word or a number."""
    plain = all(re.fullmatch(r"-?\w*", end) for end in ends)
    return ":".join(ends) if plain else " : ".join(ends).strip()


def counted_text(init: Counted | Frequencies, shape: str, axes: int) -> str:
    """Numbers in their order, or frequencies of them: `torch.arange(7).float()`."""
    if isinstance(init, Frequencies):
        by = shape if shape.isidentifier() or shape.isdigit() else f"({shape})"
        return f"{constant(init.base)} ** (-torch.arange({shape}) / {by})"
    assert axes == 1, "the checker counts along one axis"
    ends = f"{init.start}, {init.start} + {shape}" if init.start else shape
    return f"torch.arange({ends}).float()"


def drawn_text(drawn: Declared | None, sizes: str, device: str) -> str:
    """Noise of these sizes: `torch.randn(image.shape[0], 20, device=image.device)`."""
    if isinstance(drawn, Uniform):
        low, high = constant(drawn.low), constant(drawn.high)
        return f"torch.empty({sizes}, {device}).uniform_({low}, {high})"
    text = f"torch.randn({sizes}, {device})"
    if isinstance(drawn, Normal):
        text = text if drawn.std == 1 else f"{constant(drawn.std)} * {text}"
        return f"{constant(drawn.mean)} + {text}" if drawn.mean else text
    raise TypeError(f"no way to draw {drawn!r}")


def formula(source: Source, name: Callable[[str], str]) -> tuple[str, int]:
    """A number's source, `4 * width`, with names that `name` gives, and how tightly it binds."""
    if isinstance(source, str):
        return name(source), 5
    if not isinstance(source, tuple):
        return constant(source), 5 if source >= 0 else 3
    op, a, b = source
    level = LEVEL[op]
    left, left_level = formula(a, name)
    right, right_level = formula(b, name)
    # x + (y + z) and x * (y * z) need no brackets for whole numbers
    joins = op in "+*" and isinstance(b, tuple) and (op == "+" or b[0] == "*")
    left = f"({left})" if left_level < level + (op == "**") else left
    least = 3 if op == "**" else level if joins else level + 1  # 2**-n needs no brackets
    right = f"({right})" if right_level < least else right
    return f"{left} {op} {right}", level


_SIMPLE = r"(?:[A-Za-z_][\w.]*|\d[\w.]*(?:e-\d+)?)"
_POWER = re.compile(rf"(?<![\w.)\]])({_SIMPLE}) \*\* (-?{_SIMPLE})(?![\w.(\[])")


def hugged(line: str) -> str:
    """The line with powers of plain operands written closely: `mu**2`."""
    return _POWER.sub(r"\1**\2", line) if " ** " in line else line


def plain(text: str) -> str:
    """The text in one line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def docstring(paragraphs: Iterable[str], indent: str) -> list[str]:
    """The lines of a docstring; line ends within a paragraph are kept where its lines fit."""
    lines: list[str] = []
    width = WIDTH - len(indent) - 3
    for paragraph in paragraphs:
        if lines:
            lines.append("")
        texts = [plain(line) for line in paragraph.split("\n")]
        texts = texts if all(len(text) <= width - 5 for text in texts) else [" ".join(texts)]
        for text in texts:
            lines += _wrapped(text.replace("\\", "\\\\").replace('"""', "'''"), width)
    lines = lines or [""]
    if lines[0].startswith('"'):
        lines[0] = f" {lines[0]}"
    if len(lines) == 1 and not lines[0].endswith('"') and len(lines[0]) <= width - 3:
        return [f'{indent}"""{lines[0]}"""']
    return [
        f'{indent}"""{lines[0]}',
        *(f"{indent}{line}".rstrip() for line in lines[1:]),
        f'{indent}"""',
    ]


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of a text; a shape stays in one where it can."""
    whole = re.sub(r"\[[^\]]*\]", lambda shape: shape[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(whole, width, break_long_words=False)
    if any(len(line) > width for line in lines):
        return textwrap.wrap(text, width, break_long_words=False)
    return [line.replace("\0", " ") for line in lines]


def laid_out(line: str, indent: str) -> list[str]:
    """A statement in lines of at most 100 columns, split at its last brackets."""
    if len(indent) + len(line) <= WIDTH:
        return [indent + line]
    words = [word for word in _PREFIXES if line.startswith(word)] or [*_TARGET.findall(line)[:1]]
    prefix = words[0] if words else ""
    operands = _operands(line[len(prefix) :])
    inner = indent + "    "
    if len(operands) > 1 and prefix:
        body = [line[len(prefix) :]] if len(inner) + len(line) - len(prefix) <= WIDTH else operands
        return [f"{indent}{prefix}(", *(inner + operand for operand in body), f"{indent})"]
    start, end = _last_brackets(line)
    if start < 0:
        return [indent + line]
    head, body_text, tail = line[: start + 1], line[start + 1 : end], line[end:]
    if len(inner) + len(body_text) <= WIDTH:
        return [indent + head, inner + body_text, indent + tail]
    out = [indent + head]
    parts = split_top(body_text)
    if len(parts) == 1 and not _CALLED.search(head):  # what brackets hold together is no tuple
        split = [row for part in _operands(body_text) for row in laid_out(part, inner)]
        return [*out, *split, indent + tail]
    for part in parts:
        lines = laid_out(part, inner)
        out += [*lines[:-1], lines[-1] + ","]
    return [*out, indent + tail]


_PREFIXES = ("return ",)
_CALLED = re.compile(r"[\w)\]][(\[]$|[\[{]$")
_TARGET = re.compile(r"^[\w.]+ = ")


def _operands(text: str) -> list[str]:
    """The operands of the loosest operators that stand in no brackets, each after its operator."""
    for operators in (("+", "-"), ("*", "/", "//", "%", "@")):
        parts, depth, begin = [], 0, 0
        for at, c in _code(text):
            depth += (c in "([{") - (c in ")]}")
            if depth == 0 and c == " " and text[at + 1 :].split(" ", 1)[0] in operators:
                parts.append(text[begin:at])
                begin = at + 1
        if parts:
            return [*parts, text[begin:]]
    return [text]


def split_top(text: str) -> list[str]:
    """The parts between commas that stand in no brackets and no string."""
    parts, depth, begin = [], 0, 0
    for at, c in _code(text):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    last = text[begin:].strip()
    return [*parts, last] if last else parts


def _last_brackets(text: str) -> tuple[int, int]:
    """The outermost brackets that end the text (a colon may follow), or (-1, -1).

    Where these are empty, `(x - y).float()`, the last ones before that are not.
    """
    open_at: list[int] = []
    found = whole = (-1, -1)
    for at, c in _code(text):
        if c in "([{":
            open_at.append(at)
        elif c in ")]}":
            found = (open_at.pop(), at) if open_at else found
            if not open_at and found[1] == at and found[0] + 1 < at:
                whole = found
    if found[1] < 0 or text[found[1] + 1 :] not in ("", ":"):
        return (-1, -1)
    return whole if found[0] + 1 == found[1] else found


def _code(text: str) -> Iterable[tuple[int, str]]:
    """Each character that stands in no string literal, with its offset."""
    quote, skip = "", False
    for at, c in enumerate(text):
        if skip:
            skip = False
        elif quote:
            skip = c == "\\"
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        else:
            yield at, c


NO_NAMES: Mapping[str, str] = {}


def type_text(type: TensorType, *before: str, named: Mapping[str, str] = NO_NAMES) -> str:
    """`[batch, C, 2 * width]`: a type as a docstring shows it; `named`: other names of sizes."""
    sizes = [_size(d, named) for d in type.dims]
    kind = {"float32": "", "int64": "token"}.get(type.dtype, type.dtype)
    return f"{kind}[{', '.join([*before, *sizes])}]"


def _size(d: Dim, named: Mapping[str, str]) -> str:
    if isinstance(d, Known) and not counters(d.source):
        return formula(d.source, lambda name: named.get(name, name))[0]
    return show(d)
