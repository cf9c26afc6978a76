"""States that recurrent layers carry from window to window of a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.graph import Network
from nnc.ir.plan import Binding, Field, Phase, Profile, Target, Term, TrainPlan
from nnc.ir.training import Adam, Constant, CrossEntropy
from nnc.ir.types import TensorType
from nnc.ir.updates import Group
from nnc.ir.walk import weight_table
from nnc.passes.carrying import carriers
from nnc.record import replace
from nnc.train.data.carried import carried_whole
from nnc.train.device import choose_device
from nnc.train.engine import Trainer
from nnc.train.evaluation import evaluate
from nnc.train.jsonfile import BadFile
from nnc.train.memory import Memory
from nnc.train.session import Session
from nnc.train.signals import Signals
from tests.train import kit
from tests.train.kit import Data, class_plan, job_at, profile_of, resumed, run, seeded, signal_at
from tests.train.test_resume import same, told, weights

WINDOW, UNITS = 5, 7
LABELS = tuple("abcd")


class Reads(nn.Module):
    """Reads tokens with a GRU and an LSTM, and guesses the next."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding1 = nn.Embedding(4, 3)
        self.gru1 = nn.GRU(3, UNITS, batch_first=True)
        self.lstm1 = nn.LSTM(UNITS, UNITS, num_layers=2, batch_first=True, dropout=dropout)
        self.dense1 = nn.Linear(UNITS, 4)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        y, _ = self.gru1(self.embedding1(text))
        y, _ = self.lstm1(y)
        return self.dense1(y)


def verses(train: int = 22, validation: int = 11) -> Data:
    """Windows of a text in which each letter follows from the two before it."""
    random = np.random.default_rng(4)

    def reader(count: int) -> kit.Memory:
        text = random.integers(0, 4, count * WINDOW + 1)
        for i in range(2, len(text)):
            text[i] = text[i] if i % 11 == 0 else (text[i - 1] + text[i - 2] + 1) % 4
        read = text[:-1].reshape(count, WINDOW)
        return kit.Memory({"text": read, "next": text[1:].reshape(count, WINDOW)})

    parts = {"train": reader(train), "validation": reader(validation)}
    kind = TensorType((WINDOW,), "int64", 0)
    fields = (Field("text", "input", "text", kind), Field("next", "target", "tokens", kind, LABELS))
    known = profile_of(fields, {}, **parts)
    profile = Profile(known.data, known.fields, (), "given", known.parts, (), carried=True)
    return Data(profile, **parts)


def text_plan(**changes: object) -> TrainPlan:
    term = Term(1.0, CrossEntropy(), "next", Target("field", "next"))
    return class_plan(
        phases=(Phase("Net", (term,), (Group(Adam(lr=0.01), Constant()),)),),
        binding=Binding((("text", "text"),), (("next", "next"),)),
        metrics=(),
        monitor="loss",
        batch=4,
        **changes,
    )


def test_two_windows_are_one_that_is_longer() -> None:
    module = seeded(Reads).eval()
    text = torch.randint(0, 4, (3, 2 * WINDOW))
    whole = module(text)
    memory = Memory(module)
    memory.on = True
    first, second = module(text[:, :WINDOW]), module(text[:, WINDOW:])
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-6)
    second.sum().backward()  # nothing goes back over the border, where it would fail
    assert all(not h.requires_grad for found in memory.states.values() for h in found)
    memory.clear()
    assert torch.equal(module(text[:, :WINDOW]), first)


def test_a_module_called_twice_carries_two_states() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn1 = nn.RNN(2, 3, batch_first=True)

        def forward(self, x: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
            y, _ = self.rnn1(x)
            z, _ = self.rnn1(-x)
            given, _ = self.rnn1(x, start)
            return torch.cat([y, z, given], 2)

    module = seeded(Twice).eval()
    x, start = torch.randn(2, 6, 2), torch.zeros(1, 2, 3)
    whole = module(x, start)
    memory = Memory(module)
    memory.on = True
    parts = [module(x[:, at : at + 3], start) for at in (0, 3)]
    assert torch.allclose(torch.cat(parts, 1)[..., :6], whole[..., :6], atol=1e-6)
    assert torch.allclose(parts[1][..., 6:], module.rnn1(x[:, 3:], start)[0], atol=1e-6)
    assert sorted(memory.states) == ["rnn1:1:0", "rnn1:2:0"]


def test_validation_reads_on_and_counts_every_window(tmp_path: Path) -> None:
    data = verses()
    job = job_at(tmp_path, text_plan(), data, seeded(Reads))
    with job.folder:
        session = Session(job, choose_device("cpu", job.plan, 1))
    exam = session.examination()
    module = job.members[0].module.eval()
    order, bounds = carried_whole(11, 4)
    assert [list(order[a:b]) for a, b in bounds] == [[0, 2, 4, 6], [1, 3, 5, 7], [8, 9, 10]]
    values = data.part("validation").values
    losses = []
    for lane in [(0, 1), (2, 3), (4, 5), (6, 7), (8,), (9,), (10,)]:
        made = module(torch.tensor(values["text"][list(lane)].reshape(1, -1)))[0]
        right = torch.tensor(values["next"][list(lane)].reshape(-1))
        losses.append(nn.functional.cross_entropy(made, right, reduction="sum").item())
    memory = session.memories["Net"]
    found = evaluate(exam, session.predictor(exam), session.valid, 4, memory=memory)
    assert found.loss == pytest.approx(sum(losses) / (11 * WINDOW), rel=1e-5)
    assert not memory.states
    assert not memory.on


def test_pieces_of_a_batch_carry_each_their_own(tmp_path: Path) -> None:
    made = []
    for pieces in (1, 2):
        job = job_at(tmp_path / str(pieces), text_plan(), verses(), seeded(Reads))
        run(replace(job, accumulate=pieces))
        made.append(weights(tmp_path / str(pieces)))
    assert all(torch.allclose(made[0][n], made[1][n], atol=1e-4) for n in made[0])


@pytest.mark.parametrize("calls", [3, 7, 13])
def test_resumed_to_the_bit(tmp_path: Path, calls: int) -> None:
    # An epoch is 5 batches, its validation 3: within the first, in its validation, in the second.
    def module() -> nn.Module:
        return seeded(lambda: Reads(dropout=0.3))

    plan, whole, cut = text_plan(), tmp_path / "whole", tmp_path / "cut"
    wanted = run(job_at(whole, plan, verses(), module()))
    first = job_at(cut, plan, verses(), module())
    signal_at(first.members[0].module, calls)
    assert run(first).status == "interrupted"
    again = run(resumed(cut, plan=plan, data=verses(), module=module()))
    assert again.best == wanted.best
    assert same(weights(cut), weights(whole))
    assert told(cut) == told(whole)


def test_each_epoch_starts_from_zeros(tmp_path: Path) -> None:
    job = job_at(tmp_path, text_plan(), verses(), seeded(Reads))
    starts: list[bool] = []
    module = job.members[0].module

    def seen(_: nn.Module, given: tuple[object, ...]) -> None:
        if module.training:
            starts.append(len(given) == 1)

    with job.folder:
        device = choose_device("cpu", job.plan, 1)
        with Signals() as signals:
            trainer = Trainer(job, device, kit.Listener(), signals)
            module.gru1.register_forward_pre_hook(seen)
            trainer.run()
    assert starts == [True, False, False, False, False] * 4


def test_states_of_another_network_are_refused() -> None:
    memory = Memory(seeded(Reads))
    like = torch.zeros(1)
    for name, shape in (("lstm9:1:0:0", (2, 4, UNITS)), ("lstm1:1:0:0", (1, 4, UNITS))):
        with pytest.raises(BadFile, match="not of this network"):
            memory.load({name: torch.zeros(shape)}, like)
    with pytest.raises(BadFile, match="missing"):
        memory.load({"lstm1:1:0:0": torch.zeros(2, 4, UNITS)}, like)


SCANS = """
data poems = text("poems.txt", window=5, carry=true)
block cells(units) {
  scan { state h, c: [units]; lstm_cell(units, h, c) as h1, c1; next h = h1; next c = c1; from h1 }
}
network Cells {
  input text: token[T]
  embedding(4, 3)
  repeat 2 { cells(7) }
  scan { unsqueeze(0) -> gru(7, keep=last) }
  scan {
    state s: [7] = 0.5
    state total: [7]
    gru_cell(7, s) as s1
    next s = s1
    next total = total + s1 * 0.1
    from s1 + total
  } as out, last, total
  from out -> gru(6) -> dense(4)
  output next
  from last + total
  output end
}
train Cells { data poems; loss cross_entropy(next); epochs 2 }
"""


def scans() -> tuple[Network, nn.Module]:
    found = check_text(SCANS)
    assert not found.diagnostics, found.diagnostics
    network = found.networks["Cells"]
    return network, build(network, initial_weights(weight_table(network), 3)).eval()


def test_states_of_scans_go_on() -> None:
    network, module = scans()
    kept = carriers(network)
    places = ["cells1.scan1", "cells2.scan1", "out", "gru1"]
    assert [(c.owner, len(c.states)) for c in kept] == list(zip(places, (2, 2, 2, 0)))
    text = torch.randint(0, 4, (3, 2 * WINDOW))
    whole, end = module(text)
    memory = Memory(module, kept)
    memory.on = True
    first, _ = module(text[:, :WINDOW])
    second, last = module(text[:, WINDOW:])
    assert torch.allclose(torch.cat([first, second], 1), whole, atol=1e-6)
    assert torch.allclose(last, end, atol=1e-6)
    second.sum().backward()  # nothing goes back over the border, where it would fail
    assert all(not h.requires_grad for found in memory.states.values() for h in found)


def test_states_of_scans_stay_in_checkpoints() -> None:
    network, module = scans()
    text = torch.randint(0, 4, (3, WINDOW))
    memory = Memory(module, carriers(network))
    memory.on = True
    module(text)
    left = memory.tensors()
    second = module(text)
    memory.load(left, text)
    assert all(torch.equal(a, b) for a, b in zip(second, module(text)))
    for name, shape in (("out:1:0:0", (3, 8)), ("out:1:0:2", (3, 7)), ("out:1:0:-1", (3, 7))):
        with pytest.raises(BadFile, match="not of this network"):
            memory.load({**left, name: torch.zeros(shape)}, text)
    del left["cells1.scan1:1:0:1"]
    with pytest.raises(BadFile, match="missing"):
        memory.load(left, text)
