"""Makes `_parser.py`: lark computes the LALR(1) tables of `grammar/nn.lark`.

Run `python -m nnc.syntax.tables` after each change of the grammar; a test holds them together.
The tables are literals, as in lark's standalone parsers, and never a pickle. `nnc check` does not
import this module, and so not lark.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from lark import Lark
from lark.grammar import NonTerminal, Rule, Symbol, Terminal
from lark.lexer import Lexer, LexerState, Token
from lark.parsers.lalr_analysis import ParseTableBase, Shift

from nnc.resources import text

# A state that can begin one of these can begin a statement of that kind of place.
PLACES = {
    "declaration": "file",
    "statement": "body",
    "setting_item": "settings",
    "gan_item": "gan",
    "default": "defaults",
}


class _NoLexer(Lexer):
    """Stands for nnc's own lexer, which lark need not know to compute tables."""

    def __init__(self, _: object) -> None: ...

    def lex(self, lexer_state: LexerState, parser_state: object) -> Iterator[Token]:
        return iter(())


def _picks(rule: Rule) -> tuple[int | None, ...]:
    """The children of a rule: an index, `~index` to splice a list, None for what is absent."""
    gaps = rule.options.empty_indices or (False,) * len(rule.expansion)
    picks: list[int | None] = []
    at = 0
    for gap in gaps:
        if gap:
            picks.append(None)
            continue
        symbol: Symbol = rule.expansion[at]
        if not (isinstance(symbol, Terminal) and symbol.filter_out):
            spliced = isinstance(symbol, NonTerminal) and symbol.name.startswith("_")
            picks.append(~at if spliced else at)
        at += 1
    return tuple(picks)


def _action(rule: Rule, picks: tuple[int | None, ...]) -> str:
    """`*` makes a list, `` hands its only child on, anything else is a function of build.py."""
    name = str(rule.origin.name)
    if name.startswith("_"):
        return "*"
    if rule.alias:
        return str(rule.alias)
    return "" if rule.options.expand1 and len(picks) == 1 else name


def _lark() -> Lark:
    grammar = text("grammar", "nn.lark")
    starts = ["file", "expression"]
    return Lark(grammar, parser="lalr", lexer=_NoLexer, start=starts, maybe_placeholders=True)


def tables() -> str:
    """The source of `_parser.py`."""
    lark = _lark()
    table: ParseTableBase[int] = lark.parser.parser._parse_table
    keys = {t.name: t.pattern.value for t in lark.terminals if t.pattern is not None}
    origins = sorted({str(rule.origin.name) for rule in lark.rules})
    numbers = {rule: number for number, rule in enumerate(lark.rules)}
    rules = []
    for rule in lark.rules:
        picks = _picks(rule)
        origin = origins.index(rule.origin.name)
        rules.append((origin, len(rule.expansion), _action(rule, picks), picks))
    order = _order(table)
    states, places = [], {}
    for number, state in enumerate(order):
        row: list[str | int] = []
        for key, (kind, target) in sorted(table.states[state].items()):
            if key in PLACES:
                places[number] = PLACES[key]
            row.append(origins.index(key) if key in origins else keys.get(key, key))
            row.append(order.index(target) if kind is Shift else ~numbers[target])
        states.append(tuple(row))
    starts = {name: order.index(state) for name, state in sorted(table.start_states.items())}
    ends = {name: order.index(state) for name, state in sorted(table.end_states.items())}
    return _source(states, rules, places, (starts, ends))


def _order(table: ParseTableBase[int]) -> list[int]:
    """The states in the order in which they are reached: lark numbers them anew in each process."""
    order = [state for _, state in sorted(table.start_states.items())]
    for state in order:
        for _, (kind, target) in sorted(table.states[state].items()):
            if kind is Shift and target not in order:
                order.append(target)
    return order


def _source(
    states: list[tuple[str | int, ...]],
    rules: list[tuple[int, int, str, tuple[int | None, ...]]],
    places: dict[int, str],
    borders: tuple[dict[str, int], dict[str, int]],
) -> str:
    starts, ends = borders

    def wrapped(name: str, rows: list[object], kind: str) -> str:
        whole = " ".join(f"{row!r}," for row in rows)
        lines = textwrap.wrap(whole, 160, break_on_hyphens=False, break_long_words=False)
        return "\n".join([f"{name}: {kind} = (", *lines, ")"])

    return "\n".join(
        [
            '"""LALR(1) tables of grammar/nn.lark, by `python -m nnc.syntax.tables`: do not edit.',
            "",
            "STATES: for each state keys and targets in turn; a terminal's target is the state to",
            "shift to, or `~rule` to reduce by; a number is a nonterminal, its target a state.",
            "RULES: nonterminal, length, action, children. PLACES: states that begin statements.",
            '"""',
            "",
            "# fmt: off",
            "# ruff: noqa",
            "",
            wrapped("STATES", list(states), "tuple[tuple[str | int, ...], ...]"),
            wrapped(
                "RULES", list(rules), "tuple[tuple[int, int, str, tuple[int | None, ...]], ...]"
            ),
            f"PLACES: dict[int, str] = {places!r}",
            f"START: dict[str, int] = {starts!r}",
            f"END: dict[str, int] = {ends!r}",
            "",
        ]
    )


def target() -> Path:
    """Where the tables stand."""
    return Path(__file__).with_name("_parser.py")


if __name__ == "__main__":
    target().write_text(tables(), encoding="utf-8", newline="\n")
