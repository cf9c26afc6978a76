"""What PyTorch keeps for backward: measured, to hold the memory plan against it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping

import torch
from torch import nn

from nnc.ir.dims import evaluate
from nnc.ir.graph import Network

IDS = 9


def samples(net: Network, sizes: Mapping[str, int], batch: int) -> list[torch.Tensor]:
    """Random inputs of these sizes."""
    torch.manual_seed(0)
    made = []
    for port in net.graph.fed:
        type = net.graph.types[port.value]
        shape = (batch, *(evaluate(d, sizes) for d in type.dims))
        ids = torch.randint(0, IDS, shape)
        made.append(torch.rand(shape) if type.dtype == "float32" else ids)
    return made


def saved_bytes(module: nn.Module, inputs: Iterable[torch.Tensor]) -> int:
    """Bytes of the memory that forward leaves for backward, weights left out.

    Each piece of memory counts once, whole, however many tensors lie in it.
    """
    own = {t.untyped_storage().data_ptr() for t in (*module.parameters(), *module.buffers())}
    held: dict[int, torch.Tensor] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        held.setdefault(tensor.untyped_storage().data_ptr(), tensor.detach())
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with warnings.catch_warnings(), hooks:
        warnings.simplefilter("ignore", UserWarning)  # of TF32, which is not asked for
        with torch.backends.mkldnn.flags(enabled=False):  # PyTorch's own, as on a GPU
            module(*inputs)
    return sum(t.untyped_storage().nbytes() for at, t in held.items() if at not in own)
