"""`nnc explain CODE`: what a message means, at length."""

from __future__ import annotations

import ast
from pathlib import Path

import click

import nnc
from nnc import resources
from nnc.cli.console import Console
from nnc.cli.failures import unusable
from nnc.cli.verb import verb
from nnc.diagnostics import Rule, Severity, nearest
from nnc.render.reference import rule_text, rules_text


@verb("explain")
@click.argument("code", required=False)
def command(console: Console, code: str | None) -> None:
    """Explain the CODE of a message, or list all codes."""
    rules = declared()
    if code is None:
        console.result(rules_text(rules.values()))
        return
    wanted = code.strip().strip("[]").upper()
    if wanted.isdigit():
        wanted = f"NN{int(wanted):03d}"
    by_name = {rule.name: rule for rule in rules.values()}
    rule = rules.get(wanted) or by_name.get(code.strip().lower())
    if rule is None:
        meant = nearest(wanted, list(rules))
        hint = f"the nearest is {meant}; " if meant else ""
        raise unusable(f"there is no message `{code}`", help=f"{hint}`nnc explain` lists all")
    try:
        page = resources.text("grammar", "reference", "messages.md")
    except FileNotFoundError:  # a checkout whose pages are not made
        page = ""
    console.result(rule_text(rule, page, console.out))


def declared() -> dict[str, Rule]:
    """All rules by code, read from the source: importing all rooms would load torch."""
    found: dict[str, Rule] = {}
    for path in sorted(Path(nnc.__path__[0]).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "= rule(" not in text:
            continue
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Name) and call.func.id == "rule":
                rule = _rule(call)
                found[rule.code] = rule
    return dict(sorted(found.items()))


def _rule(call: ast.Call) -> Rule:
    """The rule that a call of `rule` declares."""
    given = dict(zip(("code", "name", "explanation", "severity"), call.args))
    given.update({word.arg: word.value for word in call.keywords if word.arg})
    values = {name: _text(node) for name, node in given.items()}
    severity: Severity = "warning" if values.get("severity") == "warning" else "error"
    return Rule(values["code"], values["name"], values["explanation"], severity)


def _text(node: ast.expr) -> str:
    """A string literal; what a formatted one takes from elsewhere stands as its name."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return ast.unparse(node.value).lower().replace("_", " ")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
