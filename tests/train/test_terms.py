"""A loss that is no number: which of its terms, at which step, and what it was before."""

from __future__ import annotations

import pytest
import torch

from nnc.ir.lossformula import FormulaTerm
from nnc.ir.plan import Term
from nnc.ir.training import L1, Mse
from nnc.train.step import Losses, NotFinite
from nnc.train.terms import Terms, added, name_of


def terms(digit: float, box: float) -> Terms:
    return torch.tensor(digit), torch.tensor(box)


NAMES = ("cross_entropy(digit)", "0.5 * l1(box)")


@pytest.mark.parametrize("device", ["cpu", "cuda"])  # the latter fetches many at a time
def test_the_term_is_told_with_what_it_was(device: str) -> None:
    losses = Losses(torch.device(device))
    losses.names = NAMES
    losses.start()

    def learn() -> None:
        for step, (digit, box) in enumerate([(1.0, 2.0), (0.5, 12.25), (0.25, float("inf"))]):
            losses.step = step
            losses.add(torch.tensor(digit + box), 4, terms(digit, box))
        losses.fetch(3)

    with pytest.raises(NotFinite) as error:
        learn()
    said = "the loss is inf at step 3: `0.5 * l1(box)` is inf, a step before 12.25"
    assert str(error.value) == said
    assert error.value.step == 3


def test_a_first_step_has_nothing_before_it() -> None:
    losses = Losses(torch.device("cpu"))
    losses.names = NAMES
    nan = float("nan")
    with pytest.raises(NotFinite, match=r"at step 1: `cross_entropy\(digit\)` is nan$"):
        losses.add(torch.tensor(nan), 4, terms(nan, 1.0))


def test_pieces_of_a_batch_are_added() -> None:
    made = added(added((), terms(1.0, 2.0), 0.75), terms(3.0, 4.0), 0.25)
    assert [float(value) for value in made] == [1.5, 2.5]


def test_names_are_what_is_written() -> None:
    log = FormulaTerm(0.1, None, "log(size)")  # type: ignore[arg-type]
    two = FormulaTerm(2.0, None, "size - 1")  # type: ignore[arg-type]
    found = [name_of(term) for term in (Term(0.5, L1(), "box", None), log, two)]
    assert found == ["0.5 * l1(box)", "0.1 * log(size)", "2 * (size - 1)"]
    assert name_of(Term(1.0, Mse(), "y", None)) == "mse(y)"
