"""A text with very many mistakes ends soon, with as many messages as a person reads."""

from __future__ import annotations

import time

import pytest

from nnc.check import check_text
from nnc.check.scope import LIMIT

HEAD = "network A { input x: [3]\n"
MANY = {
    "unknown steps": HEAD + "rellu\n" * 100_000 + "output y }",
    "wrong claims": HEAD + "relu : [4]\n" * 100_000 + "output y }",
    "blocks that nobody calls": "".join(f"block b{n}(n) {{ dense(m) }}\n" for n in range(10_000))
    + HEAD
    + "relu\noutput y }",
    "budgets": HEAD + "budget { weights <= 5MB; params <= 3 }\n" * 10_000 + "relu\noutput y }",
}


@pytest.mark.parametrize("text", MANY.values(), ids=MANY)
def test_many_mistakes_end_soon(text: str) -> None:
    start = time.process_time()
    found = check_text(text)
    assert time.process_time() - start < 10  # to explain each of them takes minutes
    assert len(found.diagnostics) == LIMIT
