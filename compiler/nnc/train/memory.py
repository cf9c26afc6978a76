"""The states of recurrent layers, carried from each batch to the one that follows it in the text.

Truncated back-propagation through time (Williams and Peng, 1990): what a layer remembered at the
end of a window is what it starts from in the next; no gradient goes back over the border. The
module's source knows nothing of it: hooks on its nn.RNN, nn.GRU and nn.LSTM hand the states in, and
on the scans that take their states behind their other arguments and give them last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nnc.passes.carrying import Carrier
from nnc.train.jsonfile import BadFile

States = dict[str, tuple[Tensor, ...]]


class Memory:
    """What the recurrent layers and scans of a module remember of the batch before.

    Args:
        carriers: what keeps states; by default all recurrent layers.

    Attributes:
        states: by `place:call:piece`, (h,) or (h, c) [rows, batch, units], of a scan [batch, ...]
            each; a recurrent layer that is handed a state by the network itself has none.
        piece: which piece of a batch is computed, where a batch is computed in pieces.
        on: whether states are carried now; else each call starts from zeros.
    """

    def __init__(self, module: nn.Module, carriers: tuple[Carrier, ...] | None = None) -> None:
        self.states: States = {}
        self.piece = 0
        self.on = False
        parts = dict(module.named_modules())
        if carriers is None:
            names = [name for name, part in parts.items() if isinstance(part, nn.RNNBase)]
            carriers = tuple(map(Carrier, names))
        self._scans = {c.owner: c.states for c in carriers if c.states}
        self._places = {c.owner: parts[c.owner] for c in carriers}
        self._calls: dict[str, int] = {}
        self._keys: dict[str, str] = {}
        module.register_forward_pre_hook(self._begin)
        for name, part in self._places.items():
            self._attach(name, part)

    def _begin(self, module: nn.Module, given: object) -> None:
        self._calls = {}

    def _attach(self, name: str, part: nn.Module) -> None:
        count = len(self._scans.get(name, ()))

        def before(_: nn.Module, given: tuple[object, ...]) -> tuple[object, ...] | None:
            self._keys[name] = ""
            if not self.on or (len(given) > 1 and not count):
                return None
            call = self._calls[name] = self._calls.get(name, 0) + 1
            key = self._keys[name] = f"{name}:{call}:{self.piece}"
            found = self.states.get(key)
            # What is left over at the end of a part makes a smaller batch: nothing precedes it.
            if found is None or found[0].shape[0 if count else 1] != _samples(given[0]):
                return None
            if count:
                return (*given, *found)
            return (given[0], found if len(found) > 1 else found[0])

        def after(_: nn.Module, given: object, made: tuple[Tensor, ...]) -> None:
            if self._keys[name]:
                last = made[-count:] if count else made[1]
                last = last if isinstance(last, tuple) else (last,)
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
        parted = [(*name.rpartition(":"), name) for name in tensors]
        for key, _, number, name in sorted(parted, key=lambda p: (p[0], len(p[2]), p[2])):
            value = tensors[name]
            place = key.split(":")[0]
            if not number.isdecimal() or not self._fits(place, int(number), value):
                raise BadFile(f"the state {name} is not of this network")
            made.setdefault(key, []).append(value.to(like.device))
        for key, found in made.items():
            if len(found) != self._count(key.split(":")[0]):
                raise BadFile(f"a state of {key} is missing")
        self.states = {key: tuple(found) for key, found in made.items()}

    def _count(self, place: str) -> int:
        """How many states something keeps."""
        return len(self._scans.get(place, ())) or 1 + isinstance(self._places[place], nn.LSTM)

    def _fits(self, place: str, number: int, value: Tensor) -> bool:
        """Whether a state may be the one of that number."""
        part = self._places.get(place)
        if part is None or number >= self._count(place) or not value.is_floating_point():
            return False
        if isinstance(part, nn.RNNBase):
            rows = part.num_layers * (2 if part.bidirectional else 1)
            return value.ndim == 3 and (value.shape[0], value.shape[2]) == (rows, part.hidden_size)
        dims = self._scans[place][number].dims
        same = all(a == b for a, b in zip(value.shape[1:], dims) if isinstance(b, int))
        return value.ndim == len(dims) + 1 and same


def _samples(read: object) -> int:
    if isinstance(read, PackedSequence):
        return int(read.batch_sizes[0])
    assert isinstance(read, Tensor)
    return read.shape[0]
