"""The states of recurrent layers, carried from each batch to the one that follows it in the text.

Truncated back-propagation through time (Williams and Peng, 1990): what a layer remembered at the
end of a window is what it starts from in the next; no gradient goes back over the border. The
module's source knows nothing of it: hooks on its nn.RNN, nn.GRU and nn.LSTM hand the states in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nnc.train.jsonfile import BadFile

States = dict[str, tuple[Tensor, ...]]


class Memory:
    """What the recurrent layers of a module remember of the batch before.

    Attributes:
        states: by `place:call:piece`, (h,) or (h, c) [rows, batch, units]; a call that is handed a
            state by the network itself has none.
        piece: which piece of a batch is computed, where a batch is computed in pieces.
        on: whether states are carried now; else each call starts from zeros.
    """

    def __init__(self, module: nn.Module) -> None:
        self.states: States = {}
        self.piece = 0
        self.on = False
        self._places = {
            name: part for name, part in module.named_modules() if isinstance(part, nn.RNNBase)
        }
        self._calls: dict[str, int] = {}
        self._keys: dict[str, str] = {}
        module.register_forward_pre_hook(self._begin)
        for name, part in self._places.items():
            self._attach(name, part)

    def _begin(self, module: nn.Module, given: object) -> None:
        self._calls = {}

    def _attach(self, name: str, part: nn.RNNBase) -> None:
        def before(_: nn.Module, given: tuple[object, ...]) -> tuple[object, ...] | None:
            self._keys[name] = ""
            if not self.on or len(given) > 1:
                return None
            call = self._calls[name] = self._calls.get(name, 0) + 1
            key = self._keys[name] = f"{name}:{call}:{self.piece}"
            found = self.states.get(key)
            # What is left over at the end of a part makes a smaller batch: nothing precedes it.
            if found is None or found[0].shape[1] != _samples(given[0]):
                return None
            return (given[0], found if len(found) > 1 else found[0])

        def after(_: nn.Module, given: object, made: tuple[object, object]) -> None:
            if self._keys[name]:
                last = made[1] if isinstance(made[1], tuple) else (made[1],)
                self.states[self._keys[name]] = tuple(h.detach() for h in last)

        part.register_forward_pre_hook(before)
        part.register_forward_hook(after)

    def clear(self) -> None:
        """Forgets everything: what comes next starts from zeros."""
        self.states = {}

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Carries states of its own, from zeros on; those before stay as they were."""
        before = self.states, self.on, self.piece
        self.states, self.on, self.piece = {}, True, 0
        try:
            yield
        finally:
            self.states, self.on, self.piece = before

    # --- in checkpoints ---------------------------------------------------------------------------

    def tensors(self) -> dict[str, Tensor]:
        """The states by `place:call:piece:number`."""
        return {f"{key}:{i}": h for key, found in self.states.items() for i, h in enumerate(found)}

    def load(self, tensors: dict[str, Tensor], like: Tensor) -> None:
        """Takes states back; `like` says where they live.

        Raises:
            BadFile: they are not those of this module.
        """
        made: dict[str, list[Tensor]] = {}
        for name, value in sorted(tensors.items()):
            key, _, number = name.rpartition(":")
            part = self._places.get(key.split(":")[0])
            if part is None or number not in ("0", "1") or not _fits(part, value):
                raise BadFile(f"the state {name} is not of this network")
            made.setdefault(key, []).append(value.to(like.device))
        for key, found in made.items():
            if len(found) != (2 if isinstance(self._places[key.split(":")[0]], nn.LSTM) else 1):
                raise BadFile(f"a state of {key} is missing")
        self.states = {key: tuple(found) for key, found in made.items()}


def _samples(read: object) -> int:
    if isinstance(read, PackedSequence):
        return int(read.batch_sizes[0])
    assert isinstance(read, Tensor)
    return read.shape[0]


def _fits(part: nn.RNNBase, value: Tensor) -> bool:
    rows = part.num_layers * (2 if part.bidirectional else 1)
    known = value.ndim == 3 and (value.shape[0], value.shape[2]) == (rows, part.hidden_size)
    return known and value.is_floating_point()
