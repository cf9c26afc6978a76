"""The kinds of syntax mistakes, NN001 to NN029, with what `nnc explain` says about them."""

from __future__ import annotations

from nnc.diagnostics import rule

UNEXPECTED = rule(
    "NN001",
    "unexpected-text",
    """
What stands here does not fit where it stands. The message names what was read before it and what
may follow. The parser goes on at the next statement, so other mistakes are shown as well.
""",
)
UNCLOSED = rule(
    "NN002",
    "unclosed-bracket",
    """
A `{`, `(` or `[` has no partner. The message points at the bracket that was opened last and not
closed, or, where the indentation tells, at the one that its writer forgot.

```nn
network A {
  input x: [3]
  residual {
    dense(3)          # the brace of `residual` is not closed
  output y
}
```
""",
)
UNOPENED = rule(
    "NN003",
    "unopened-bracket",
    """
A `}`, `)` or `]` closes nothing, or closes a bracket of another kind. Delete it, or open its
partner.
""",
)
UNSEPARATED = rule(
    "NN004",
    "unseparated-statements",
    """
Two statements stand on one line. A new line or `;` ends a statement:

```nn
network A { input x: [3]; dense(4); output y }
```
""",
)
NO_COMMA = rule(
    "NN005",
    "missing-comma",
    """
Two values stand side by side. Arguments, sizes and the values of a setting are separated by commas:
`conv(64, 3)`, `[6, 14, 14]`, `split 0.8, 0.1, 0.1`.
""",
)
RESERVED = rule(
    "NN006",
    "reserved-name",
    """
A word of the language is used as a name. These are never names: `input output from as let shared
path repeat for in if else and or not true false body`. They may name an argument in a call:
`f(in=3)`.
""",
)
BRACE_LINE = rule(
    "NN007",
    "brace-on-next-line",
    """
A `{` stands on the line of its word, because a new line ends a statement:

```nn
add {
  path { relu }
}
```
""",
)
SETTING_SIGN = rule(
    "NN008",
    "setting-with-sign",
    """
A setting is a name and its values, without `:` or `=`: `epochs 10`.
""",
)
ASSIGNMENT = rule(
    "NN009",
    "assignment",
    """
Nothing is assigned in this language. The value of a step is named behind it: `dense(3) as h`. A
number with a name is `let wide = 4 * C`.
""",
)
NUMBER = rule(
    "NN010",
    "malformed-number",
    """
Numbers are written `3`, `50_257`, `0.5`, `1e-3`, `5K 5M 5B`, `20MB`, `10ms`, and a kernel `3x5`.
There is no `.5`, `80%`, `0x1F` or `3 x 3`.
""",
)
STRING = rule(
    "NN011",
    "malformed-string",
    """
A text stands in double quotes, on one line: `images("photos")`.
""",
)
FOREIGN_SIGN = rule(
    "NN012",
    "unknown-sign",
    """
A sign that this language does not have, usually from another one: `&&` is `and`, `||` is `or`,
`!` is `not`, `^` is `**`. Quotes, dashes and arrows that a word processor made are told by their
look alone.
""",
)
NOT_ASCII = rule(
    "NN013",
    "name-not-ascii",
    """
Names consist of the letters a to z and A to Z, digits and `_`, because they become names in
Python and in ONNX. Comments and texts in quotes may use any letters.
""",
)
NESTED = rule(
    "NN014",
    "nested-declaration",
    """
Networks, blocks, gans, data, training and exports are declared at the top of a file, not inside
one another. A block may be declared after the network that uses it.
""",
)
NO_INPUT = rule(
    "NN015",
    "missing-input",
    """
A network without `input` begins with a name and a shape: the word `input` was forgotten.

```nn
network A {
  input image: [3, 224, 224]
  conv(64, 3)
  output y
}
```
""",
)
SHAPE = rule(
    "NN016",
    "malformed-shape",
    """
A shape is a list of sizes in brackets with commas: `[3, 224, 224]`, `[T, 64]`, `token[T]`.
`3x224x224` is a kernel, a number is not a shape.
""",
)
ARROW = rule(
    "NN017",
    "misplaced-arrow",
    """
`->` leads from one step to the next. `input`, `output` and `let` are statements of their own and
take no arrow; a value is named with `as`, without one.
""",
)
MISPLACED = rule(
    "NN018",
    "misplaced-statement",
    """
A file consists of declarations: `network block gan data train export use param let defaults`.
Steps, `input` and `output` stand inside a network or block, settings inside `train`, `data` or
`export`. When such a statement stands outside, a `}` above it is often one too many.
""",
)
UNNAMED = rule(
    "NN019",
    "missing-name",
    """
What is declared here needs a name: `network Digits { }`, `output digit`, `relu as h`.
""",
)
FOREIGN_WORD = rule(
    "NN020",
    "other-language",
    """
A form of Python, YAML or another language. Here bodies stand in braces, indentation means
nothing, loops are `repeat` and `for`, and layers follow one another with `->` or on lines of
their own.
""",
)
NO_PARENTHESES = rule(
    "NN021",
    "missing-parentheses",
    """
The arguments of a layer stand in parentheses: `dense(10)`, `concat(e)`. A layer without arguments
needs none.
""",
)
ARGUMENT_ORDER = rule(
    "NN022",
    "argument-order",
    """
Arguments given by position stand before those given by name: `conv(64, kernel=3)`.
""",
)
COMPARISON_CHAIN = rule(
    "NN023",
    "comparison-chain",
    """
Comparisons are not chained: write `0 < x and x < 8`.
""",
)
TOO_DEEP = rule(
    "NN024",
    "too-large",
    """
A text may hold 16 MB, a million statements, 64 blocks inside one another and 200 nested parts of an
expression. More is refused, so that no text exhausts the machine. Use `repeat`, `for` and `let`.
""",
)
UNREADABLE = rule(
    "NN025",
    "unreadable-text",
    """
A `.nn` file is text in UTF-8. This one could not be read, or holds something else: a picture, a
model, or text in another encoding.
""",
)
LONELY_ELSE = rule(
    "NN026",
    "else-without-if",
    """
An `else` follows the brace of its `if`: `if c { relu } else { tanh }`.
""",
)
EQUALS = rule(
    "NN027",
    "equals-in-condition",
    """
Two values are compared with `==`. A single `=` names an argument, a default or a `let`.
""",
)
TOO_MANY = rule(
    "NN028",
    "too-many-mistakes",
    """
After a hundred syntax mistakes the rest of a text is not read: often it is not a `.nn` text at all.
""",
)
