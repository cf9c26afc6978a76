"""The grammar, the tables made of it, the words and the builders fit together."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from nnc.diagnostics import RULES
from nnc.resources import text
from nnc.syntax import _parser, rules, tables
from nnc.syntax.build import ACTIONS
from nnc.syntax.words import DECLARATIONS, HARD, SIGNS, SOFT, STATEMENTS


def test_tables_are_current() -> None:
    made = tables.tables()
    stored = tables.target().read_text(encoding="utf-8")
    assert stored == made, "run `python -m nnc.syntax.tables`"


def test_every_rule_has_a_builder_and_every_builder_a_rule() -> None:
    used = {action for _, _, action, _ in _parser.RULES if action not in ("", "*")}
    assert used == set(ACTIONS)


def test_every_word_is_a_terminal() -> None:
    terminals = {key for state in _parser.STATES for key in state[::2] if isinstance(key, str)}
    assert set(HARD.values()) <= terminals
    assert set(SOFT.values()) <= terminals
    assert set(SIGNS.values()) <= terminals
    words = {t for t in terminals if t.isalpha() and t.islower()}
    assert words <= set(HARD.values()) | set(SOFT.values())


def test_words_are_those_of_the_reference() -> None:
    hard = "input output from as let shared path repeat for in if else and or not true false body"
    assert set(HARD) == set(hard.split())
    assert not set(HARD) & set(SOFT)
    assert set(DECLARATIONS) <= set(SOFT)
    assert set(STATEMENTS) <= set(HARD)


def test_the_grammar_is_shipped() -> None:
    assert text("grammar", "nn.lark").startswith("// The syntax")


def test_rules_are_numbered_and_explained() -> None:
    mine = [r for r in RULES.values() if r.code.startswith("NN0")]
    assert [r.code for r in mine] == [f"NN{n:03}" for n in range(1, len(mine) + 1)]
    for each in mine:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", each.name)
        assert each.explanation.endswith((".", "```"))
        assert max(map(len, each.explanation.splitlines())) <= 100
    assert rules.UNEXPECTED in mine


def test_parsing_loads_nothing_heavy(root: Path) -> None:
    code = "import sys, nnc.syntax.parser; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = {"lark", "pickle", "dataclasses", "inspect", "pathlib", "difflib", "numpy", "click"}
    assert not loaded & heavy
