"""What a train block does with which weights, as a table."""

from __future__ import annotations

from nnc.check import check_source
from nnc.render.updates import train_json, update_lines
from nnc.source import Source

SPEC = """
data digits = bundled("mnist5k")
network Net {
  input image: [1, 28, 28]
  conv(8, 5, padding=2) as stem -> batch_norm -> relu -> max_pool(2)
  conv(16, 5) -> batch_norm -> relu -> global_avg_pool -> flatten -> dense(digits.classes) as head
  output digit
}
train Net as plain { data digits; loss cross_entropy; epochs 1; clip 1 }
train Net as several {
  data digits
  loss cross_entropy
  optimizer adamw(lr=2e-3, weight_decay=0.05)
  optimizer adamw(lr=2e-3, weight_decay=0) on bias, norm
  schedule cosine on head
  clip 1.0 on head
  freeze stem
  epochs 5
}
"""
CHECKED = check_source(Source("net.nn", SPEC.replace("digits.classes", "10")))
NETWORK = CHECKED.networks["Net"]


def test_a_row_a_group() -> None:
    assert update_lines(CHECKED.trains["plain"], NETWORK) == []
    assert update_lines(CHECKED.trains["several"], NETWORK) == [
        "weights   3,200   adamw lr 0.002 weight_decay 0.05 constant",
        "            160   adamw lr 0.002 weight_decay 0.05   cosine on head",
        "             64   adamw lr 0.002 weight_decay 0 on bias, norm   constant",
        "             10   adamw lr 0.002 weight_decay 0 on bias, norm   cosine on head",
        "            170   clip 1 on head",
        "            208   frozen: stem",
    ]


def test_the_same_for_machines() -> None:
    plain, several = (train_json(CHECKED.trains[name], NETWORK) for name in ("plain", "several"))
    assert plain["trained"] == 3642
    assert plain["frozen"] == 0
    assert several["trained"] == 3434
    assert several["frozen"] == 208
    assert isinstance(several["groups"], list)
    assert len(several["groups"]) == 4
