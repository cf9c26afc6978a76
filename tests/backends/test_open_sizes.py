"""Constants: of ids, and those that follow the sizes of the inputs, in both backends."""

from __future__ import annotations

import pytest

from nnc.ir.verify import verify
from tests.backends.test_backends_agree import checked, differ

ATTEND = """
block attend: [T, C] {
  as x
  dense(C) as q
  from x -> dense(C) as k
  constant step: [T] = 1..T+1
  from clamp(unsqueeze(step, 1) - step + 1, 0, 1) as seen
  from matmul(q, permute(k, 1, 0)) / sqrt(T) + log(seen + 1e-9) -> softmax as a
  from matmul(a, x)
}
network A {
  input words: token[S]
  input x: [T, 8]
  constant ones: [T, 1] = 0.5
  constant ids: token[S] = 3..S+3
  constant two: token[S, 1] = 2
  from words -> embedding(9, 8) as w
  from ids -> embedding(100, 8) as p
  from two -> embedding(9, 8) as q
  from w + p + squeeze(q, 1) -> mean(axis=0) as summary
  from x * ones + summary -> attend
  scan { constant c: [8] = 2; mul(c) -> add(sqrt(T)) } as o
  scan {
    state h: [8]
    constant z: [T] = 0..T
    add(h) -> add(mean(z) / T) -> tanh as g
    next h = g
    from g
  } as r
  output r
  from (x / (T + 0.5) + T ** 0.5) * max(T, 7) + 8 / T + o
  output y: [T, 8]
}
"""


IDS = """
network Ids {
  input words: token[S]
  constant ids: token[S] = 3..S+3
  constant same: token[S] = 2
  constant half: [S, 1] = 0.5
  from ids -> embedding(100, 4) as a
  from same -> embedding(9, 4) as b
  from words -> embedding(9, 4) -> add(a) -> add(b) -> mul(half / S)
  output y
}
"""


KNOWN = """
block turn(k): [k, N] {
  as x
  constant at: token[k] = 0..k
  constant listed: token[2, 2] = [3, 1, 4, 1]
  constant same: token[3] = 2
  constant later: token[3] = 2..5
  from matmul(one_hot(at, k), x) + sum(one_hot(listed, 5)) + sum(one_hot(same, 3), axis=(0, 1)) as y
  from y + mean(one_hot(later, 5))
}
network Known { input x: [3, N]; turn(3) -> conv(4, 1) -> turn(4); output y }
"""


@pytest.mark.parametrize("text", [ATTEND, IDS, KNOWN])
@pytest.mark.parametrize("batch", [1, 3])
def test_backends_agree(batch: int, text: str) -> None:
    assert differ(verify(checked(text)), batch=batch) < 1e-5
