"""Every word and sign with a meaning of its own: one table for the parser and for its messages.

A word of the text becomes a keyword of `grammar/nn.lark` here and nowhere else. Hard words always
do, but for an argument's name (`f(in=3)`). Soft words do only where the grammar has room for them
and, where a name may stand as well, before a name (`noise dice: [8]` against `noise -> relu`).
"""

from __future__ import annotations

HARD = {
    "input": "KIND",
    "output": "output",
    "from": "from",
    "as": "as",
    "let": "let",
    "shared": "shared",
    "path": "path",
    "repeat": "repeat",
    "for": "for",
    "in": "in",
    "if": "if",
    "else": "else",
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "true": "TRUTH",
    "false": "TRUTH",
    "body": "BODY",
}

SOFT = {
    "use": "use",
    "param": "param",
    "defaults": "defaults",
    "block": "block",
    "network": "network",
    "gan": "gan",
    "data": "data",
    "train": "train",
    "export": "export",
    "generator": "ROLE",
    "discriminator": "ROLE",
    "weight": "KIND",
    "constant": "KIND",
    "noise": "KIND",
    "state": "KIND",
    "latent": "KIND",
    "condition": "KIND",
    "domain": "KIND",
    "next": "next",
    "budget": "budget",
    "on": "on",
    "padded": "PADDED",
}

# What may follow a soft word besides a name.
FOLLOWED = {"use": '"', "defaults": "{", "budget": "{"}

DECLARATIONS = (
    "network", "block", "data", "train", "gan", "export", "budget", "use", "param", "defaults",
)  # fmt: skip

# Hard words that begin a statement: at the start of a line they show that a bracket was not closed.
STATEMENTS = frozenset({"input", "output", "from", "let", "shared", "path", "repeat"})

# Signs, as the grammar's terminals; every other sign is a terminal under its own text.
SIGNS = {
    "==": "COMPARISON",
    "!=": "COMPARISON",
    "<=": "COMPARISON",
    ">=": "COMPARISON",
    "<": "COMPARISON",
    ">": "COMPARISON",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "/": "TIMES",
    "//": "TIMES",
    "%": "TIMES",
    "**": "POWER",
}

# A line goes on after these, and before a line that begins with one of these.
CONTINUES = frozenset({*SIGNS.values(), "->", "..", ",", "AND", "OR", "NOT"})
CONTINUED_BY = frozenset({*SIGNS.values(), "->", "..", "else", "AND", "OR"})

BRACKETS = {"(": ")", "[": "]", "{": "}"}
PARTNERS = {")": "(", "]": "[", "}": "{"}

# Suffixes of numbers: the factor and the unit that is left.
UNITS: dict[str, tuple[float, str]] = {
    "K": (1_000, ""),
    "M": (1_000_000, ""),
    "G": (1_000_000_000, ""),
    "B": (1_000_000_000, ""),
    "KB": (1_000, "B"),
    "MB": (1_000_000, "B"),
    "GB": (1_000_000_000, "B"),
    "ms": (1e-3, "s"),
    "s": (1, "s"),
    "min": (60, "s"),
    "h": (3600, "s"),
}

# Signs of other languages: what to write here, and what the parser goes on with.
FOREIGN_SIGNS = {
    "&&": "and",
    "||": "or",
    "!": "not",
    ":=": "=",
    "=>": "->",
    "\u2192": "->",
    "\u21d2": "->",
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u00f7": "/",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u2026": "...",
    "^": "**",
    "&": "and",
    "|": "or",
    "\uff08": "(",
    "\uff09": ")",
    "\uff0c": ",",
    "\uff1a": ":",
}

# Words of other languages for declarations of this one.
FOREIGN_DECLARATIONS = {
    "model": "network",
    "net": "network",
    "nn": "network",
    "arch": "network",
    "architecture": "network",
    "class": "network",
    "struct": "network",
    "module": "block",
    "layer": "block",
    "function": "block",
    "func": "block",
    "fn": "block",
    "def": "block",
    "fun": "block",
    "proc": "block",
    "macro": "block",
    "training": "train",
    "fit": "train",
    "dataset": "data",
    "const": "param",
    "var": "param",
}

# Words that begin statements in other languages, and what .nn has in their place.
FOREIGN_WORDS = {
    "while": "loops are `repeat n { }` and `for x in [..] { }`; there is no `while`",
    "elif": "write `else if`",
    "elseif": "write `else if`",
    "def": "a reusable part is a `block NAME(width) { }`",
    "fn": "a reusable part is a `block NAME(width) { }`",
    "func": "a reusable part is a `block NAME(width) { }`",
    "function": "a reusable part is a `block NAME(width) { }`",
    "class": "a network is `network NAME { }`, a reusable part `block NAME { }`",
    "model": "a network is `network NAME { }`",
    "import": 'another file is read with `use "file.nn"`, the library with `use std.residual`',
    "include": 'another file is read with `use "file.nn"`',
    "return": "what a network gives is named at its end: `output NAME`",
    "var": "a value with a name is `let NAME = value`",
    "const": "a value with a name is `let NAME = value`",
    "switch": "use `if`, `else if` and `else`",
    "match": "use `if`, `else if` and `else`",
}
