"""What to say of a setting that is unknown, doubled, in braces, or has a word for a number."""

from __future__ import annotations

from nnc.check.foreign import settingwords
from nnc.check.training.training_rules import BAD_SETTING, DOUBLED_SETTING, UNKNOWN_SETTING
from nnc.diagnostics import Diagnostic, Fix, Label, nearest
from nnc.source import Span
from nnc.syntax import ast
from nnc.syntax.settingforms import in_lines

LISTED = ("freeze", "metric", "augment", "outputs", "data")
"""Settings that take several values."""
SURE = 0.8
"""How alike an unknown setting and a known one are, so that it is read as that one."""


def a(what: str) -> str:
    """A word with its article."""
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def guess(name: str, known: tuple[str, ...]) -> str:
    """The setting that an unknown one most likely means, or nothing."""
    habit = settingwords.SETTINGS.get(name.lower(), "")
    return habit if habit in known else nearest(name, known)


def is_sure(name: str, meant: str) -> bool:
    """Whether a guess is so near that the values are those of the setting that is meant."""
    if settingwords.SETTINGS.get(name.lower(), "") == meant:
        return True
    from difflib import SequenceMatcher  # 4 ms, and only a mistake needs it

    return SequenceMatcher(None, name.lower(), meant).ratio() >= SURE


def unknown(
    setting: ast.Setting, what: str, known: tuple[str, ...], others: frozenset[str] = frozenset()
) -> Diagnostic:
    """A setting that the block `what` does not have; `others`: those that it states."""
    name = setting.name.text
    place = setting.name.span
    message = f"{a(what)} block has no setting `{name}`"
    if name in settingwords.OF_OPTIMIZER:
        said = setting.values[0].span.text if len(setting.values) == 1 else "1e-3"
        argument = "lr" if name == "learning_rate" else name
        chosen = f" on {', '.join(s.span.text for s in setting.selectors)}"
        line = f"optimizer adam({argument}={said})" + (chosen if setting.selectors else "")
        return UNKNOWN_SETTING.at(
            place,
            message,
            help=f"it is an argument of the optimizer: `{line}`",
            fix=None if "optimizer" in others else Fix(setting.span, line),
        )
    elsewhere = settingwords.ELSEWHERE.get(what, {}).get(name.lower(), "")
    if elsewhere:
        return UNKNOWN_SETTING.at(place, message, help=elsewhere)
    meant = guess(name, known)
    metric = _metrics(setting) if meant == "metric" and name.lower() != "metric" else ""
    return UNKNOWN_SETTING.at(
        place,
        message,
        help=f"write `{metric}`"
        if metric
        else f"did you mean `{meant}`?"
        if meant
        else "it has " + ", ".join(f"`{k}`" for k in known),
        fix=Fix(setting.span, metric) if metric else Fix(place, meant) if meant else None,
    )


def _metrics(setting: ast.Setting) -> str:
    """`metrics ["accuracy"]` as `metric accuracy`, or nothing where it holds other things."""
    first = setting.values[0] if len(setting.values) == 1 else None
    values = first.items if isinstance(first, ast.List | ast.Tuple) else ()
    words = [v.value if isinstance(v, ast.String) else v.span.text for v in values]
    return f"metric {', '.join(words)}" if words and all(w.isidentifier() for w in words) else ""


def twice(first: ast.Setting, second: ast.Setting, selecting: bool) -> Diagnostic:
    """A setting that stands twice; `selecting`: it may, with `on` and words for weights."""
    name = second.name.text
    gap = Span(first.span.source, first.span.end, second.span.start).text
    both = first.span.to(second.span)
    said = ", ".join(v.span.text for v in (*first.values, *second.values))
    help, fix = "delete one of the two", None
    if name == "loss":
        terms = " + ".join(v.span.text for v in (*first.values, *second.values))
        help = f"one of the two, or their sum: `loss {terms}`"
    elif name in LISTED and name != "data" and _plain(first) and _plain(second):
        help = f"write `{name} {said}`"
        fix = Fix(both, f"{name} {said}") if not gap.strip("; \t\r\n") else None
    elif selecting:
        help = f"delete one, or say of which weights it is: `{second.span.text} on head`"
    return DOUBLED_SETTING.at(
        second.name.span,
        f"`{name}` stands twice",
        others=(Label(first.name.span, "the first"),),
        help=help,
        fix=fix,
    )


def _plain(setting: ast.Setting) -> bool:
    return bool(setting.values) and all(isinstance(v, ast.Ref | ast.Call) for v in setting.values)


def in_braces(setting: ast.Setting) -> Diagnostic:
    """`augment { flip; crop(padding=4) }`."""
    name = setting.name.text
    block = setting.block
    assert block is not None
    inside = block.span.text.strip()[1:-1]
    plain = not setting.values and not setting.op and not setting.selectors
    made = in_lines(name, inside) if plain and name in LISTED and "#" not in inside else ""
    example = {"optimizer": "optimizer adam(lr=1e-3)", "loss": "loss cross_entropy"}.get(name, "")
    return BAD_SETTING.at(
        setting.name.span,
        f"`{name}` takes no braces",
        help=f"write `{made or example}`" if made or example else "",
        fix=Fix(setting.span, made) if made else None,
    )


WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "twenty": 20, "thirty": 30, "fifty": 50, "hundred": 100,
    "thousand": 1000,
}  # fmt: skip
"""Numbers that beginners write out."""


def no_number(name: str, word: ast.Ref, wanted: str, example: str) -> Diagnostic:
    """A word where a number stands: `epochs ten`, `batch auto`."""
    number = WORDS.get(word.text.lower())
    said = f"`{name}` takes {wanted}"
    if number is not None:
        help = f"write `{number}`"
        return BAD_SETTING.at(word.span, said, help=help, fix=Fix(word.span, f"{number}"))
    leave = word.text.lower() in ("auto", "none", "null", "None", "default", "random", "off")
    help = f"for example `{name} {example}`" + ("; or leave it out" if leave else "")
    return BAD_SETTING.at(word.span, said, help=help)
