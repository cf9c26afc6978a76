"""Losses that a spec writes out: each named objective is short for formulas of the language."""

from __future__ import annotations

import pytest

from nnc.check import check_text
from nnc.ir.gan import GanPlan
from nnc.ir.ganformula import Updates, updates_of
from nnc.record import replace
from nnc.source import NOWHERE

PLAIN = """
data digits = bundled("mnist5k")
gan A {
  latent z: [8]
  generator { dense(784) -> tanh -> reshape(1, 28, 28) }
  discriminator d { flatten -> dense(1) }
}
train A { data digits; epochs 1; SAID }
"""
PAIRED = """
data maps = images(pairs=("a", "b"), size=32)
gan A {
  condition photo: [3, 32, 32]
  generator { conv(3, 3, padding=1) -> tanh }
  discriminator d { from photo, sample -> concat -> conv(1, 4) }
}
train A { data maps(photo=a, sample=b); epochs 1; SAID }
"""
CYCLE = """
data horses = images("horses")
data zebras = images("zebras")
gan A {
  domain horse, zebra: [3, 8, 8]
  generator to_zebra { conv(3, 3, padding=1) -> tanh }
  generator to_horse { conv(3, 3, padding=1) -> tanh }
  discriminator is_zebra { conv(1, 4) }
  discriminator is_horse { conv(1, 4) }
}
train A { data horses(horse=image), zebras(zebra=image); epochs 1; SAID }
"""
TAKEN = "loss bce_with_logits(d(sample), 1) on generator"
TOLD = "bce_with_logits(d(real), {}) + bce_with_logits(d(sample), 0)"
ONE_WAY = (
    "mean(({judge}({maker}({start})) - 1)**2) + 10 * l1({back}({maker}({start})), {start})"
    " + 5 * l1({maker}({made}), {made})"
)
WAYS = (
    ONE_WAY.format(
        judge="is_zebra", maker="to_zebra", start="horse", back="to_horse", made="zebra"
    ),
    ONE_WAY.format(
        judge="is_horse", maker="to_horse", start="zebra", back="to_zebra", made="horse"
    ),
)
JUDGED = "loss 0.5 * (mean(({0}({1}) - 1)**2) + mean({0}(older({2}, 50))**2)) on {0}"

SAME = {
    "gan": (PLAIN, f"loss {TOLD.format(1)} on d; {TAKEN}"),
    "gan(label_smoothing=0.1)": (PLAIN, f"loss {TOLD.format(0.9)} on d; {TAKEN}"),
    "lsgan": (
        PLAIN,
        "loss mean((d(real) - 1)**2) + mean(d(sample)**2) on d; "
        "loss mean((d(sample) - 1)**2) on generator",
    ),
    "hinge": (
        PLAIN,
        "loss mean(relu(1 - d(real))) + mean(relu(1 + d(sample))) on discriminator; "
        "loss -mean(d(sample)) on generator",
    ),
    "wgan": (
        PLAIN,
        "loss mean(d(sample)) - mean(d(real)) on d; loss -mean(d(sample)) on generator; "
        "every 5 on generator; clamp 0.01 on d; redraw true",
    ),
    "wgan_gp": (
        PLAIN,
        "loss mean(d(sample)) - mean(d(real)) + "
        "10 * mean((slope(d, between(real, sample)) - 1)**2) on d; "
        "loss -mean(d(sample)) on generator; every 5 on generator; redraw true",
    ),
    "r1": (PLAIN, f"loss {TOLD.format(1)} + 5 * mean(slope(d, real)**2) on d; {TAKEN}"),
    "pix2pix": (
        PAIRED,
        f"loss 0.5 * ({TOLD.format(1)}) on d; "
        "loss bce_with_logits(d(sample), 1) + 100 * l1(sample, real) on generator",
    ),
    "cyclegan": (
        CYCLE,
        f"loss {' + '.join(WAYS)} on generator; "
        + JUDGED.format("is_zebra", "zebra", "to_zebra(horse)")
        + "; "
        + JUDGED.format("is_horse", "horse", "to_horse(zebra)"),
    ),
}


def plan(text: str, said: str) -> GanPlan:
    checked = check_text(text.replace("SAID", said))
    assert not checked.errors, [d.message for d in checked.diagnostics]
    found = checked.trains["A"].gan
    assert found is not None
    return found


def bare(updates: Updates) -> Updates:
    """Without the words that a spec has for them."""
    each = tuple(replace(u, text="", span=NOWHERE) for u in updates.each)
    return replace(updates, each=each)


@pytest.mark.parametrize("objective", SAME)
def test_an_objective_is_short_for_formulas(objective: str) -> None:
    text, written = SAME[objective]
    named = updates_of(plan(text, f"objective {objective}"))
    assert bare(updates_of(plan(text, written))) == bare(named)


def test_lines_add_to_what_the_objective_says() -> None:
    added = plan(PAIRED, "objective gan; loss 10 * l1(sample, real) on generator")
    whole = f"loss {TOLD.format(1)} on d; "
    whole += "loss bce_with_logits(d(sample), 1) + 10 * l1(sample, real) on generator"
    assert bare(updates_of(added)) == bare(updates_of(plan(PAIRED, whole)))
