"""What the syntax tree says about each token that the formatter must know: a table by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnc.record import Record
from nnc.syntax import ast
from nnc.syntax.format_tokens import Tokens

# Where a line that is too long is broken first: behind commas, then before these, loosest first.
COMMA = 0
LEVELS = {"or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5, "//": 5, "%": 5}
COMPARISON = 3
_PRODUCTS = ("*", "/", "//", "%")
FILE = -1


class Roles:
    """Tokens by what they are, as numbers.

    `inside`: the statements' first tokens by the brace they stand in, `FILE` for the text itself.
    `tight`: operators and `=` without blanks around. `joined`: opening brackets that belong to the
    word before. `unary`: minus signs of one operand. `claims`: colons of claims. `tails`: the
    claims that end a statement, by its first token. `values`: where a setting's values begin, by
    its first token. `commas`: closing brackets that a comma may stand before. `levels`: operators
    by the order in which lines are broken there. `paths`: first tokens of paths. `branches`: the
    braces of an `if` and all its `else`.
    """

    def __init__(self, tokens: Tokens, file: ast.File) -> None:
        self.tokens = tokens
        self.numbers = tokens.numbers
        self.inside: dict[int, list[int]] = {FILE: []}
        self.tight: set[int] = set()
        self.joined: set[int] = set()
        self.unary: set[int] = set()
        self.claims: set[int] = set()
        self.tails: dict[int, int] = {}
        self.values: dict[int, int] = {}
        self.commas: set[int] = set()
        self.levels: dict[int, int] = {}
        self.paths: set[int] = set()
        self.branches: list[list[int]] = []
        self._products: set[int] = set()
        self._branched: set[int] = set()
        self._ranges: list[ast.Range] = []
        self._begin(FILE, file.declarations)
        stack: list[object] = [*file.declarations]
        while stack:
            node = stack.pop()
            if isinstance(node, tuple):
                stack.extend(node)
            elif isinstance(node, Record):
                see = _SEE.get(type(node))
                if see is not None:
                    see(self, node)
                stack.extend(v for k, v in node.__dict__.items() if k not in _PLACES)
        for node in self._ranges:
            self._range(node)

    def at(self, node: Any) -> int:
        """The number of a node's first token."""
        return self.numbers[node.span.start]

    def after(self, node: Any) -> int:
        """The number of the token behind a name."""
        return self.numbers[node.span.start] + 1

    def _begin(self, brace: int, statements: Any) -> None:
        self.inside[brace] = [self.at(statement) for statement in statements]

    # --- nodes ------------------------------------------------------------------------------------

    def _body(self, node: ast.Body) -> None:
        self._begin(self.at(node), node.statements)

    def _settings(self, node: ast.Settings) -> None:
        self._begin(self.at(node), node.settings)

    def _defaults(self, node: ast.Defaults) -> None:
        self._begin(self.after(node), node.calls)

    def _gan(self, node: ast.Gan) -> None:
        self._declared(node)
        brace = self.after(node.name)
        if self.tokens.words[brace] == "(":
            brace = self.tokens.partner[brace] + 1
        self._begin(brace, node.items)

    def _declared(self, node: Any) -> None:
        self._arguments(self.after(node.name))

    def _arguments(self, opener: int) -> None:
        """Notes the brackets of arguments or parameters, if they stand here."""
        if self.tokens.words[opener] == "(":
            self.joined.add(opener)
            self._comma(opener)

    def _comma(self, opener: int) -> None:
        closer = self.tokens.partner[opener]
        if closer > opener + 1:
            self.commas.add(closer)

    def _step(self, node: ast.Step) -> None:
        if node.args is not None:
            self._arguments(self.after(node.name))

    def _call(self, node: ast.Call) -> None:
        self._arguments(self.after(node.name))

    def _index(self, node: ast.Index) -> None:
        self.joined.add(self.after(node.base.names[-1]))

    def _label(self, node: ast.LabelName) -> None:
        if node.index:
            self.joined.add(self.after(node.name))

    def _type(self, node: ast.Type) -> None:
        if node.kind:
            self.joined.add(self.after(node))

    def _list(self, node: ast.List) -> None:
        self._comma(self.at(node))

    def _tuple(self, node: ast.Tuple) -> None:
        if len(node.items) > 1:
            self._comma(self.at(node))

    def _arg(self, node: ast.Arg) -> None:
        if node.name is not None:
            self.tight.add(self.after(node.name))

    def _param(self, node: ast.Param) -> None:
        if node.default is not None and node.type is None:
            self.tight.add(self.after(node.name))

    def _claim(self, node: ast.Claim) -> None:
        self.claims.add(self.at(node))

    def _chain(self, node: ast.Chain) -> None:
        self._tail(node, node.links[-1].marks)

    def _from(self, node: ast.From) -> None:
        self._tail(node, node.links[-1].marks if node.links else node.marks)

    def _named(self, node: ast.Named) -> None:
        if node.links:
            self._tail(node, node.links[-1].marks)

    def _tail(self, node: ast.Chain | ast.From | ast.Named, marks: tuple[ast.Mark, ...]) -> None:
        if marks and isinstance(marks[-1], ast.Claim):
            self.tails[self.at(node)] = self.at(marks[-1])

    def _setting(self, node: ast.Setting) -> None:
        if node.values or node.selectors:
            self.values[self.at(node)] = self.after(node.name.names[-1])

    def _path(self, node: ast.Path) -> None:
        self.paths.add(self.at(node))

    def _if(self, node: ast.If) -> None:
        if self.at(node) in self._branched:
            return
        braces = [self.at(node.body)]
        rest = node.otherwise
        while isinstance(rest, ast.If):
            self._branched.add(self.at(rest))
            braces.append(self.at(rest.body))
            rest = rest.otherwise
        if rest is not None:
            braces.append(self.at(rest))
            self.branches.append(braces)
        elif len(braces) > 1:
            self.branches.append(braces)

    # --- operators --------------------------------------------------------------------------------

    def _unary(self, node: ast.Unary) -> None:
        if node.op == "-":
            self.unary.add(self.at(node))

    def _binary(self, node: ast.Binary) -> None:
        operator = self.numbers[node.op_span.start]
        if node.op == "**":
            self.tight.add(operator)
            return
        self.levels[operator] = LEVELS.get(node.op, COMPARISON)
        if node.op in _PRODUCTS and operator not in self._products:
            self._product(node)

    def _product(self, node: ast.Binary) -> None:
        """`4*width`, `C*H*W` and `0.7/0.15` are written without blanks, other products with."""
        operators, factors = [], []
        inner: ast.Expr = node
        plain = True
        while plain and isinstance(inner, ast.Binary) and inner.op in _PRODUCTS:
            operators.append(self.numbers[inner.op_span.start])
            factors.append(inner.right)
            # Neither side in parentheses.
            plain = inner.left.span.start == inner.span.start
            plain = plain and self.at(inner.right) == operators[-1] + 1
            inner = inner.left
        factors.append(inner)
        self._products.update(operators)
        if plain and all(isinstance(factor, ast.Number | ast.Ref) for factor in factors):
            numbers = [factor.value for factor in factors if isinstance(factor, ast.Number)]
            whole = all(isinstance(number, int) for number in numbers)
            signs = {self.tokens.words[operator] for operator in operators}
            if (signs == {"*"} and whole) or (signs == {"/"} and len(numbers) == len(factors)):
                self.tight.update(operators)

    def _range(self, node: ast.Range) -> None:
        """`0..depth` is written without blanks, unless an end is a sum or the like."""
        dots = self.at(node.stop) - 1
        while self.tokens.words[dots] != "..":
            dots -= 1
        start = node.start.span.start != node.span.start or self._compact(node.start)
        stop = self.at(node.stop) > dots + 1 or self._compact(node.stop)
        if start and stop:
            self.tight.add(dots)

    def _compact(self, node: ast.Expr) -> bool:
        if isinstance(node, ast.Binary):
            return self.numbers[node.op_span.start] in self.tight
        if isinstance(node, ast.Unary):
            return node.op == "-" and self._compact(node.operand)
        return not isinstance(node, ast.Choice | ast.Range)


_PLACES = frozenset({"span", "op_span"})

_SEE: dict[type[Record], Callable[[Roles, Any], None]] = {
    ast.Body: Roles._body,
    ast.Settings: Roles._settings,
    ast.Defaults: Roles._defaults,
    ast.Gan: Roles._gan,
    ast.Network: Roles._declared,
    ast.Block: Roles._declared,
    ast.Step: Roles._step,
    ast.Call: Roles._call,
    ast.Index: Roles._index,
    ast.LabelName: Roles._label,
    ast.Type: Roles._type,
    ast.List: Roles._list,
    ast.Tuple: Roles._tuple,
    ast.Arg: Roles._arg,
    ast.Param: Roles._param,
    ast.Claim: Roles._claim,
    ast.Chain: Roles._chain,
    ast.From: Roles._from,
    ast.Named: Roles._named,
    ast.Setting: Roles._setting,
    ast.Path: Roles._path,
    ast.If: Roles._if,
    ast.Unary: Roles._unary,
    ast.Binary: Roles._binary,
    ast.Range: lambda roles, node: roles._ranges.append(node),
}
