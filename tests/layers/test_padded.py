"""Padded sequences: in a batch each gives what it gives alone, whatever pads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from nnc.backends.initial import initial_weights
from nnc.backends.onnx_graph import onnx_model
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.dims import Dim, evaluate
from nnc.ir.graph import Network
from nnc.ir.verify import verify
from nnc.ir.walk import weight_table
from tests.layers import worked

LENGTHS = (7, 3, 12, 5)

BODIES = {
    "lstm": "lstm(4, layers=2)",
    "last": "lstm(4, keep=last) -> dense(3)",
    "both ways": "lstm(4, bidirectional=true, layers=2) -> dense(3)",
    "both ends": "gru(4, bidirectional=true, keep=last)",
    "rnn": "rnn(4) as out, h; from h",
    "mean": "dense(4) -> mean(axis=0)",
    "mean of all": "dense(4) -> mean",
    "mean, kept": "dense(4) -> mean(axis=(0, 1), keep=true)",
    "sum": "sum(axis=0)",
    "max": "max(axis=0)",
    "min": "min(axis=0, keep=true)",
    "conv": "rearrange([t, c], [c, t]) -> conv(4, 3, padding=1) -> relu -> conv(4, 5, padding=2)",
    "strided": "rearrange([t, c], [c, t]) -> conv(4, 3, stride=2, padding=1) -> relu"
    " -> conv(4, 3, padding=1) -> rearrange([c, t], [t, c]) -> lstm(3, keep=last)",
    "pools": "rearrange([t, c], [c, t]) -> max_pool(2) -> avg_pool(3, stride=1, padding=1)"
    " -> mean(axis=1)",
    "causal": "rearrange([t, c], [c, t]) -> pad((2, 0)) -> conv(4, 3) -> tanh",
    "padding=causal": "rearrange([t, c], [c, t]) -> conv(4, 3, padding=causal, dilation=2) -> relu"
    " -> conv(4, 2, padding=causal) -> mean(axis=1)",
    "transposed": "rearrange([t, c], [c, t]) -> conv_transpose(4, 4, stride=2, padding=1)",
    "upsampled": "rearrange([t, c], [c, t]) -> upsample(2) -> max(axis=1)",
    "norms": "layer_norm -> gelu -> rms_norm -> softmax -> dropout",
    "batch norm": "rearrange([t, c], [c, t]) -> conv(4, 3, padding=1) -> batch_norm -> relu"
    " -> batch_norm(bias=false) -> mean(axis=1)",
    "batch norm of pictures": "rearrange([t, c], [1, c, t]) -> conv(3, 3, stride=(2, 1), padding=1)"
    " -> batch_norm -> relu",
    "batch norm, time first": "rearrange([t, c], [1, t, c]) -> conv(3, 3, padding=1) -> batch_norm",
    "residual": "residual { dense(8) -> lstm(8) } -> repeat 2 { cell } -> mean(axis=0)",
    "attention": "attention(2) -> mean(axis=0)",
    "causal attention": "attention(2, causal=true)",
    "rotary attention": "attention(2, rotary=true) -> attention(2, causal=true, rotary=true)",
    "masked": "constant seen: [8] = [1, 0, 1, 1, 1, 1, 1, 1]; from x * seen"
    " -> attention(2, causal=true) -> attention(4)",
    "another": "dense(6) as memory; from x -> attention(2, to=memory) -> dense(2)",
    "encoder": "residual { layer_norm -> attention(4) }; residual { layer_norm -> dense(9) -> gelu"
    " -> dense(8) }; mean(axis=0)",
    "positions": "positions(learned, max=20) -> attention(1)",
    "last step": "dense(4) as h; from h[-1]",
    "last but one, of channels": "rearrange([t, c], [c, t]) as h; from h[1:3, -2]",
    "first": "dense(4) as h; from h[0] + h[2]",
    "all but the last": "dense(4) as h; from h[:-1] -> mean(axis=0)",
    "all but the first": "dense(4) as h; from h[1:] -> lstm(3, keep=last)",
    "std": "dense(4) -> std(axis=0)",
    "std of all": "dense(4) -> std(correction=0)",
    "std, kept": "rearrange([t, c], [c, t]) -> std(axis=(1, 0), keep=true)",
    "softmax over time": "dense(3) -> softmax(axis=0) as shares; from shares[0] + shares[1]",
    "weighted mean": "dense(1) -> softmax(axis=0) as share; from share * x -> sum(axis=0)",
    "log_softmax over time": "rearrange([t, c], [c, t]) -> log_softmax -> max(axis=1)",
    "flip": "flip -> lstm(3)",
    "flip of channels": "rearrange([t, c], [c, t]) -> flip(axis=1) -> conv(3, 2, padding=causal)",
    "flip of features": "flip(axis=1) -> dense(2)",
    "flip there and back": "flip -> gru(3) -> flip as back; from back[0]",
    "formula of reductions": "dense(4) as h; from (h - mean(h, axis=0, keep=true))"
    " / (std(h, axis=0, keep=true) + 1) * max(h, axis=0) + sum(h, axis=1, keep=true) as z; "
    "from softmax(z, axis=0) * h -> sum(axis=0)",
    "formula": "dense(8) as h; from h * sigmoid(h) -> sum(axis=0)",
}
BLOCK = "block cell { residual { layer_norm -> gru(8) -> dense(8) } }\n"


SOUNDS = {
    "spectrogram": "spectrogram(16, 5)",
    "amplitudes": "spectrogram(9, 4, power=1, length=7, window=rectangular)",
    "zeros at both ends": "spectrogram(8, 4, padding_mode=zeros)",
    "not centred": "spectrogram(8, 4, center=false) -> mean(axis=0)",
    "mel": "mel_spectrogram(8000, 16, 5, mels=3) as m; from log(m + 1e-6)"
    " -> rearrange([t, c], [c, t]) -> conv(4, 3, stride=2, padding=1) -> relu"
    " -> rearrange([c, t], [t, c]) -> lstm(3, bidirectional=true, keep=last)",
}


def network(body: str, features: tuple[int, ...] = (8,)) -> Network:
    text = f"""{BLOCK if "cell" in body else ""}network A {{
  input x: [{", ".join(["T", *map(str, features)])}] padded
  {body}
  output y
}}"""
    found = check_text(text)
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    return found.networks["A"]


def padded(
    rng: np.random.Generator, lengths: tuple[int, ...] = LENGTHS, features: tuple[int, ...] = (8,)
) -> tuple[np.ndarray, np.ndarray]:
    """A batch of which the padding holds large numbers."""
    x = rng.standard_normal((len(lengths), max(lengths), *features)).astype(np.float32)
    for row, length in zip(x, lengths):
        row[length:] = 100.0 + rng.random(row[length:].shape)
    return x, np.array(lengths, np.int64)


def own(array: np.ndarray, dims: tuple[Dim, ...], length: int) -> np.ndarray:
    """What of a sample's output is its own."""
    return array[tuple(slice(0, evaluate(d, {"T": length})) for d in dims)]


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_a_sequence_gives_the_same_alone_and_in_a_batch(body: str, tmp_path: Path) -> None:
    same(network(body), *padded(np.random.default_rng(1)), tmp_path)


@pytest.mark.parametrize("body", SOUNDS.values(), ids=list(SOUNDS))
def test_a_sound_gives_the_same_alone_and_in_a_batch(body: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    same(network(body, ()), *padded(rng, (33, 17, 60, 41), ()), tmp_path)


def same(net: Network, x: np.ndarray, lengths: np.ndarray, tmp_path: Path) -> None:
    """Each row gives the same with and without the others, on both sides."""
    verify(net)
    rng = np.random.default_rng(0)
    arrays = worked.weights(net, rng)
    module = worked.torch_module(net, tmp_path)
    module.load_state_dict({n: torch.from_numpy(a.copy()) for n, a in arrays.items()})
    assert list(module.state_dict()) == [row.name for row in weight_table(net)]
    session = ort.InferenceSession(onnx_model(net, arrays).serialize())
    (port,) = net.graph.outputs
    dims = net.graph.types[port.value].dims
    with torch.no_grad():
        together = module(torch.from_numpy(x), torch.from_numpy(lengths)).numpy()
        exported = session.run(None, {"x": x, "x_length": lengths})[0]
        for at, length in enumerate(lengths.tolist()):
            one, count = x[at : at + 1, :length], lengths[at : at + 1]
            alone = module(torch.from_numpy(one), torch.from_numpy(count)).numpy()[0]
            assert worked.difference(own(together[at], dims, length), alone) <= 1e-5
            assert worked.difference(own(exported[at], dims, length), alone) <= 1e-5
            again = session.run(None, {"x": one, "x_length": count})[0][0]
            assert worked.difference(again, alone) <= 1e-5


def test_batch_norm_learns_from_own_steps_alone(tmp_path: Path) -> None:
    """Statistics are those of all own steps in a row; what pads them becomes 0."""
    net = network("rearrange([t, c], [c, t]) -> batch_norm as n; from n")
    module = worked.torch_module(net, tmp_path).train()
    x, lengths = padded(np.random.default_rng(0))
    made = module(torch.from_numpy(x), torch.from_numpy(lengths)).detach()
    rows = torch.cat([torch.from_numpy(row[:n]) for row, n in zip(x, lengths)])
    plain = torch.nn.BatchNorm1d(8)
    wanted = plain(rows).detach()
    found = torch.cat([row.T[:n] for row, n in zip(made, lengths)])
    assert torch.allclose(found, wanted, atol=1e-6)
    for name, array in plain.state_dict().items():
        assert torch.allclose(module.state_dict()[f"n.{name}"], array), name
    assert not any(row.T[n:].any() for row, n in zip(made, lengths))


def test_what_pads_a_sequence_is_hidden_where_braces_read_it() -> None:
    text = """
        block wrapped { residual { body } }
        network A {
          input source: token[S] padded
          input target: token[T]
          from source -> embedding(9, 8) -> dense(8) as memory
          from target -> embedding(9, 8) -> wrapped { attention(2, to=memory) }
          output y
        }"""
    net = check_text(text).networks["A"]
    module = build(net, initial_weights(weight_table(net), seed=0)).eval()
    target, length = torch.tensor([[3, 4]]), torch.tensor([2])
    made = [module(torch.tensor([[1, 2, pad, pad]]), length, target) for pad in (0, 7)]
    assert torch.equal(*made)


ROWS = {
    "lstm": ("h, c", "from h\n  output last\n  from c\n  output cell"),
    "gru": ("h", "from h\n  output last"),
    "rnn": ("h", "from h\n  output last"),
}


@pytest.mark.parametrize("keep", ["", ", keep=last"])
@pytest.mark.parametrize("word", ROWS)
def test_everything_at_once(word: str, keep: str, tmp_path: Path) -> None:
    """Three layers, both ways, of unequal lengths, states given and states out: PyTorch's own."""
    names, more = ROWS[word]
    starts = [f"{name}0" for name in names.split(", ")]
    text = f"""network A {{
  input x: [T, 8] padded
  input {", ".join(starts)}: [6, 5]
  from x, {", ".join(starts)}
  {word}(5, layers=3, bidirectional=true, dropout=0.2{keep}) as out, {names}
  output out
  {more}
}}"""
    found = check_text(text)
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    net = found.networks["A"]
    verify(net)
    arrays = worked.weights(net, np.random.default_rng(0))
    module = worked.torch_module(net, tmp_path)
    module.load_state_dict({n: torch.from_numpy(a.copy()) for n, a in arrays.items()})
    model = onnx_model(net, arrays)
    session = ort.InferenceSession(model.serialize())
    rng = np.random.default_rng(2)
    x, lengths = padded(rng)
    given = {s: rng.standard_normal((4, 6, 5)).astype(np.float32) for s in starts}
    feeds = {"x": x, "x_length": lengths} | given
    order = [port.name for port in net.graph.inputs]
    together = session.run(None, {name: feeds[name] for name in order})
    plain = getattr(torch.nn, word.upper())(8, 5, 3, batch_first=True, bidirectional=True)
    plain.load_state_dict({n.split(".", 1)[1]: torch.from_numpy(a) for n, a in arrays.items()})
    with torch.no_grad():
        ours = [y.numpy() for y in module(*(torch.from_numpy(feeds[name]) for name in order))]
        for at, n in enumerate(lengths.tolist()):
            first = [torch.from_numpy(given[s][at][:, None]) for s in starts]
            out, left = plain(
                torch.from_numpy(x[at : at + 1, :n]), tuple(first) if len(first) > 1 else first[0]
            )
            ends = [h[:, 0] for h in (left if isinstance(left, tuple) else (left,))]
            last = torch.cat([ends[0][-2], ends[0][-1]])
            wanted = [last if keep else out[0], *ends]
            for made in (ours, together):
                for value, right in zip(made, wanted, strict=True):
                    mine = value[at] if keep or value.ndim < 3 else value[at][: len(right)]
                    assert worked.difference(mine, right.numpy()) <= 1e-5
    kinds = [node.op_type for node in model.proto().graph.node]
    assert kinds.count(word.upper()) == 3
