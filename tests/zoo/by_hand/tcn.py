"""TCN (Bai et al., 2018), for digits that are read pixel by pixel."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


class Temporal(nn.Module):
    """Two dilated causal convolutions and a residual."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int, rate: float) -> None:
        super().__init__()
        self.before = (kernel - 1) * dilation
        self.rate = rate
        self.conv1 = weight_norm(nn.Conv1d(inputs, outputs, kernel, dilation=dilation))
        self.conv2 = weight_norm(nn.Conv1d(outputs, outputs, kernel, dilation=dilation))
        self.down = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x
        for conv in (self.conv1, self.conv2):
            y = F.relu(conv(F.pad(y, (self.before, 0))))
            y = F.dropout(y, self.rate, self.training)
        return F.relu(y + self.down(x))


class TCN(nn.Module):
    """[batch, 1, 28, 28] -> [batch, 10]."""

    def __init__(self, channels: int = 25, levels: int = 8, kernel: int = 7) -> None:
        super().__init__()
        sizes = [1, *[channels] * levels]
        self.blocks = nn.Sequential(
            *(
                Temporal(a, b, kernel, 2**level, 0.05)
                for level, (a, b) in enumerate(pairwise(sizes))
            )
        )
        self.classify = nn.Linear(channels, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps: torch.Tensor = self.blocks(x.reshape(-1, 1, 784))
        out: torch.Tensor = self.classify(steps[:, :, -1])
        return out
