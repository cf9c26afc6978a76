"""Whole forms of other tools: lines of PyTorch and Keras, arithmetic on steps, lists of layers."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.source import Span
from nnc.syntax import rules
from nnc.syntax.context import Found, indentation, rest_of_line
from nnc.syntax.forms import ARGUMENTS
from nnc.syntax.reader import Reader
from nnc.syntax.translate import translated

_WORD = r"[^\W\d]\w*"
_STEP = rf"{_WORD}(?:\([^(){{}}#]*\))?"


def python_line(r: Reader, t: Found) -> bool:
    """`x = F.relu(x)`, `nn.Conv2d(3, 64, 3)`, `self.fc = dense(3)`."""
    if t.key not in ("=", ".") or r.machine.context() != "body" or r.brackets:
        return False
    line = _statement(r, r.begin)
    made = translated(line.text)
    if not made and t.key == ".":
        line = _statement(r, r.previous_start, until="->")
        made = translated(line.text)
    ours = re.sub(r"\s+", "", made.rpartition(" as ")[0]) == re.sub(
        r"\s+", "", line.text[t.end - line.start :]
    )
    if not made or (t.key == "=" and ours):
        return False  # habits.equals reads the steps
    here = r.span(t.start, t.end)
    if t.key == "=":
        r.report(
            rules.ASSIGNMENT.at(
                here, "nothing is assigned here", help=f"write `{made}`", fix=Fix(line, made)
            )
        )
    else:
        called = re.compile(rf"{_WORD}(?:\.{_WORD})*").match(r.text, r.previous_start)
        span = r.span(r.previous_start, called.end() if called else t.end)
        r.report(
            rules.FOREIGN_WORD.at(
                span, f"`{span.text}` is Python", help=f"write `{made}`", fix=Fix(line, made)
            )
        )
    r.skip(t)
    return True


def dotted(r: Reader, t: Found) -> bool:
    """`self.conv1(x)`: a layer has no module, and nothing has a self."""
    if t.key != "." or r.previous != "NAME" or r.brackets or r.machine.context() == "settings":
        return False
    found = re.compile(r"(?:\.[^\W\d]\w*)*\.([^\W\d]\w*)").match(r.text, t.start)
    if not found:
        return False
    if r.text[r.previous_start - 1 : r.previous_start] != ".":
        first = r.text[r.previous_start : r.previous_end]
        here = r.span(r.previous_start, found.end())
        if first == "self":
            message = "there is no `self` here"
            help_ = "a step stands where it is used: `conv(64, 3) -> relu`; its input needs no name"
        else:
            message = f"layers stand without a module: `{found[1]}`"
            help_ = "layers have short words, such as `conv` and `dense`; `nnc layers` lists them"
        fix = None if first == "self" else Fix(r.span(r.previous_start, found.start(1)), "")
        r.report(rules.FOREIGN_WORD.at(here, message, help=help_, fix=fix))
        r.lost.add(found[1])
    r.skip(t)
    return True


def dotted_setting(r: Reader, t: Found) -> bool:
    """`optimizer torch.optim.Adam(lr=1e-3)`."""
    if t.key != "(" or r.brackets or r.machine.context() != "settings":
        return False
    before = re.search(rf"(?:{_WORD}\.)+(?={_WORD}$)", r.text[r.begin : r.previous_end])
    if before is None:
        return False
    here = r.span(r.begin + before.start(), r.previous_end)
    name = r.text[r.begin + before.end() : r.previous_end]
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    word = parted.lower().removesuffix("_loss") or name
    message = "words of training stand without a module"
    r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{word}`", fix=Fix(here, word)))
    r.skip(t)
    return True


# --- arrows of other kinds ------------------------------------------------------------------------


def joined(r: Reader, t: Found) -> bool:
    """`dense(3) > relu`, `dense(3), relu` and `dense(3).relu()`."""
    sign = r.text[t.start : t.end]
    if r.brackets or r.machine.context() != "body" or not r.machine.fits("->"):
        return False
    follows = re.compile(rf"[>,.][ \t]*({_WORD})[ \t]*(?=[({{]|->|[>,.;}}#\r\n]|as\b|\Z)")
    found = follows.match(r.text, t.start)
    if sign not in (">", ",", ".") or found is None or (sign == "." and r.previous != ")"):
        return False
    here = r.span(t.start, t.end)
    gap = r.span(r.previous_end, found.start(1))
    r.report(
        rules.ARROW.at(
            here,
            f"steps are joined by `->`, not by `{sign}`",
            help="write `->`",
            fix=Fix(gap, " -> "),
        )
    )
    r.treat("->", ("", "->", t.start, t.end, False))
    return True


# --- words that stand before a step ---------------------------------------------------------------

_PREFIXES = frozenset({"layer", "step", "add_layer", "module", "new", "then", "apply", "call"})


def prefixed(r: Reader, t: Found) -> bool:
    """`layer dense(3)`, `block f(3)` in a body, `repeat 3 times {`."""
    before = r.text[r.previous_start : r.previous_end]
    if r.brackets or not t.is_word:
        return False
    if r.previous == "NUMBER" and str(t.value) in ("times", "x", "time") and r.machine.fits("{"):
        here = r.span(t.start, t.end)
        gap = r.span(r.previous_end, t.end)
        message = f"`{t.value}` is not needed: a number of turns stands before its `{{`"
        r.report(rules.UNEXPECTED.at(here, message, help="delete it", fix=Fix(gap, "")))
        return True
    if r.machine.context() != "body" or r.previous != "NAME" or r.previous_start != r.begin:
        return False
    call = re.compile(rf"[ \t]+({_STEP})").match(r.text, r.previous_end)
    if call is None or not (before in _PREFIXES or (before == "block" and call[1][-1] == ")")):
        return False
    message = f"a step stands alone, without `{before}`"
    fix = Fix(r.span(r.previous_start, t.start), "")
    here = r.span(r.previous_start, r.previous_end)
    r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{call[1]}`", fix=fix))
    r.skip(t)
    return True


# --- arithmetic on steps --------------------------------------------------------------------------


def arithmetic(r: Reader, t: Found) -> bool:
    """`relu + h`, `h + x` and `3 * dense(3)` as statements."""
    if r.brackets or r.machine.context() != "body":
        return False
    line = _statement(r, r.begin)
    times = re.fullmatch(rf"(\d+)\s*[*x]\s*({_STEP}(?:\s*->\s*{_STEP})*)", line.text)
    if times and r.machine.place and t.key == "NUMBER":
        made = f"repeat {times[1]} {{ {times[2]} }}"
        message = "a number does not multiply steps"
        r.report(
            rules.UNEXPECTED.at(
                r.span(t.start, t.end), message, help=f"write `{made}`", fix=Fix(line, made)
            )
        )
        r.skip(t)
        return True
    if t.plain not in ("PLUS", "MINUS", "TIMES", "POWER") or not r.machine.fits("->"):
        return False
    here = r.span(t.start, t.end)
    if re.fullmatch(rf"{_STEP}\s*\*\s*\d+", line.text):
        step, turns = line.text.replace(" ", "").split("*")
        help_ = f"write `repeat {turns} {{ {step} }}`, or `{step} -> mul({turns})`"
    else:
        help_ = "write `from a + b` for values with names, `-> add(a)` to add one to what flows"
    r.report(rules.UNEXPECTED.at(here, "steps are not added or multiplied by signs", help=help_))
    r.skip(t)
    return True


def item(r: Reader, t: Found) -> bool:
    """`- dense(3)`, an item of a YAML list."""
    found = re.compile(rf"-[ \t]+(?={_WORD})").match(r.text, t.start)
    if not t.fresh or found is None or r.machine.context() != "body" or r.brackets:
        return False
    r.report(
        rules.FOREIGN_WORD.at(
            r.span(t.start, t.end),
            "a step begins without `-`",
            help="delete it: steps stand one under another",
            fix=Fix(r.span(t.start, found.end()), ""),
        )
    )
    r.end_statement()
    return True


def mapping(r: Reader, t: Found) -> bool:
    """`conv: {filters: 32}` of YAML."""
    if r.previous != ":" or r.brackets or r.machine.context() != "body":
        return False
    word = re.compile(rf"({_WORD})\s*:\s*$").search(r.text[r.begin : t.start])
    if t.key == "NUMBER" and word and word[1] in ARGUMENTS:
        message = f"`{word[1]}` is an argument, and stands in parentheses"
        here = r.span(r.begin + word.start(), r.begin + word.end(1))
        r.report(rules.FOREIGN_WORD.at(here, message, help="such as `conv(32, 3)`"))
        r.skip(t)
        return True
    if t.key != "{":
        return False
    before = re.compile(rf"({_WORD})\s*:\s*$").search(r.text[r.begin : t.start])
    found = re.compile(r"\{([^{}\r\n#]*)\}").match(r.text, t.start, t.start + 200)
    pairs = [part.split(":") for part in found[1].split(",")] if found else []
    plain = bool(before) and all(len(pair) == 2 and pair[1].strip() for pair in pairs) and pairs
    said = [f"{ARGUMENTS.get(p[0].strip(), p[0].strip())}={p[1].strip()}" for p in pairs if plain]
    made = f"{before[1]}({', '.join(said)})" if before and plain else ""
    start = r.begin + before.start() if before else r.begin
    r.report(
        rules.FOREIGN_WORD.at(
            r.span(t.start, t.end),
            "the arguments of a step stand in parentheses",
            help=f"write `{made}`" if made else "such as `conv(32, 3)`",
            fix=Fix(r.span(start, found.end()), made) if made and found else None,
        )
    )
    r.leave_out()
    r.skipping = True
    r.forget_brackets()
    r.open("{", t.start, "void")
    return True


def data_text(r: Reader, t: Found) -> bool:
    """`data photos = "folder"`: a text where a source stands."""
    if t.key != "STRING" or r.previous != "=" or not re.match(r"data\b", r.text[r.begin :][:5]):
        return False
    here = r.span(t.start, t.end)
    path = here.text.strip("\"'")
    ending = path.rpartition(".")[2].lower() if "." in path else ""
    if ending in ("csv", "tsv", "parquet"):
        made, fix = f'table("{path}", target=["COLUMN"])', None
    else:
        made = f'{"arrays" if ending in ("npz", "npy") else "images"}("{path}")'
        fix = Fix(here, made)
    message = "data come from a source that says what kind they are"
    r.report(rules.UNEXPECTED.at(here, message, help=f"write `{made}`", fix=fix))
    r.skip(t)
    return True


def training_of(r: Reader, t: Found) -> bool:
    """`train network A {`, `train {` where the file has one network."""
    before = r.text[r.begin : r.previous_end]
    if r.brackets or r.machine.context() != "file":
        return False
    if re.fullmatch(r"(?:train|export)\s+(?:network|model|net|gan)", before) and t.is_word:
        word = r.span(r.previous_start, t.start)
        r.report(
            rules.UNEXPECTED.at(
                r.span(r.previous_start, r.previous_end),
                f"the name alone stands behind `{before.split()[0]}`",
                help=f"delete `{word.text.strip()}`",
                fix=Fix(word, ""),
            )
        )
        r.take_back()
        r.take(*t._replace(fresh=False))
        return True
    networks = re.findall(r"^network[ \t]+(\w+)", r.text, re.MULTILINE)
    if before not in ("train", "export") or t.key not in ("{", "=") or len(networks) != 1:
        return False
    brace = re.compile(r"=?[ \t]*").match(r.text, t.start)
    gap = r.span(r.previous_end, brace.end() if brace else t.start)
    r.report(
        rules.UNNAMED.at(
            r.span(r.previous_start, r.previous_end),
            f"`{before}` needs a network's name",
            help=f"write `{before} {networks[0]} {{`",
            fix=Fix(gap, f" {networks[0]} "),
        )
    )
    r.insert("NAME", networks[0])
    if t.key == "{":
        r.take(*t._replace(fresh=False))
    return True


def train_inside(r: Reader, t: Found) -> bool:
    """`train { data d; .. }` among the steps of a network."""
    frame = r.frames[-1] if r.frames else None
    if frame is None or frame.sign != "{" or frame.reading:
        return False
    before = re.search(r"\b(train|export)[ \t]*$", r.text[max(0, frame.start - 40) : frame.start])
    if before is None or r.machine.context() != "body":
        return False
    start = frame.start - len(before[0])
    word = before[1]
    r.report(
        rules.NESTED.at(
            r.span(start, start + len(word)),
            f"a `{word}` is declared at the top of a file",
            help=f"move it out of these braces, as `{word} NETWORK {{ .. }}`",
        )
    )
    r.lost.add(word)
    r.leave_out()
    r.frames[-1] = frame._replace(reading="void")
    r.machine.pop_to_place(r.base())
    r.skipping = True
    return True


def any_size(r: Reader, t: Found) -> bool:
    """`[3, ?, ?]` and `[3, *, *]`."""
    sign = r.text[t.start : t.end]
    inside = bool(r.brackets) and r.frames[-1].sign == "["
    if sign not in ("?", "*") or not inside or r.previous not in ("[", ","):
        return False
    if r.frames[-1].start != r.listed:
        r.report(
            rules.SHAPE.at(
                r.span(t.start, t.end),
                "a size that is open has a name in capitals",
                help="write `H` for a size that comes with the data, or a number",
            )
        )
    r.listed = r.frames[-1].start
    r.treat("NAME", ("", "_", t.start, t.end, False))
    return True


# --- outputs and inputs ---------------------------------------------------------------------------


def given_out(r: Reader, t: Found) -> bool:
    """`output y = dense(3)` and `output(dense(3))`."""
    if t.key not in ("=", "(") or r.brackets or not re.match(r"output\b", r.text[r.begin :][:7]):
        return False
    line = _statement(r, r.begin)
    found = re.fullmatch(
        rf"output\s*(?:({_WORD})\s*=\s*({_STEP}(?:\s*->\s*{_STEP})*)|\((.*)\))", line.text
    )
    if found is None:
        return False
    name, value = (found[1], found[2]) if found[1] else ("y", found[3].strip())
    named = re.fullmatch(_WORD, value) is not None
    made = f"output {value}" if named and not found[1] else f"{value}\n{_indent(r)}output {name}"
    steps = re.fullmatch(rf"{_STEP}(?:\s*->\s*{_STEP})*", value) is not None
    if named and found[1]:
        made = f"from {value}\n{_indent(r)}output {name}"
    r.report(
        rules.UNEXPECTED.at(
            r.span(t.start, t.end),
            "`output NAME` gives out what flows, and names it",
            help="write the step on the line above, then `output y`",
            fix=Fix(line, made) if steps else None,
        )
    )
    r.skip(t)
    return True


def input_call(r: Reader, t: Found) -> bool:
    """`input(3, 32, 32)`, and `input x(3, 32)`."""
    if (
        t.key != "("
        or r.brackets
        or r.previous == ":"
        or not re.match(r"input\b", r.text[r.begin :][:6])
    ):
        return False
    line = _statement(r, r.begin)
    sizes = r"(?:shape\s*=\s*)?\(*([\w\s,]+?),?\s*\)+"
    found = re.fullmatch(rf"input\s*({_WORD})?\s*(?::\s*{_WORD}\s*)?\(\s*{sizes}", line.text)
    fix = None
    if found:
        name = found[1] or ("image" if found[2].count(",") == 2 else "x")
        listed = ", ".join(re.findall(r"\w+", found[2]))
        fix = Fix(line, f"input {name}: [{listed}]")
    r.report(
        rules.SHAPE.at(
            r.span(t.start, t.end),
            "an input has a name, and a shape in brackets",
            help=f"write `{fix.text}`" if fix else "such as `input image: [3, 224, 224]`",
            fix=fix,
        )
    )
    r.skip(t)
    return True


def _indent(r: Reader) -> str:
    return indentation(r, r.begin)


def _statement(r: Reader, start: int, until: str = "") -> Span:
    """What stands from an offset to the end of its line or statement, or to a sign before that."""
    rest = rest_of_line(r, start)
    rest = re.split(r"[;{}]", rest, maxsplit=1)[0]
    if until:
        rest = rest.split(until)[0]
    return r.span(start, start + len(rest.rstrip()))
