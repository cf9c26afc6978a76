"""Reads formulas as Python does, without running them."""

from __future__ import annotations

import ast


def value(text: str, env: dict[str, int]) -> int:
    """The number that a sum of products and floor divisions is."""

    def go(node: ast.expr) -> int:
        if isinstance(node, ast.BinOp):
            a, b = go(node.left), go(node.right)
            if isinstance(node.op, ast.Add):
                return a + b
            if isinstance(node.op, ast.Sub):
                return a - b
            if isinstance(node.op, ast.Mult):
                return a * b
            if isinstance(node.op, ast.Pow):
                return int(a**b)
            assert isinstance(node.op, ast.FloorDiv)
            return a // b
        if isinstance(node, ast.UnaryOp):
            return -go(node.operand)
        if isinstance(node, ast.Name | ast.Attribute):
            return env[ast.unparse(node)]
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int)
        return node.value

    return go(ast.parse(text, mode="eval").body)
