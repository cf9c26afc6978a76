"""NeRF's network with its encodings."""

import torch
import torch.nn.functional as F
from torch import nn


def encoding(x, octaves):
    parts = [x]
    for i in range(octaves):
        parts += [torch.sin(2**i * x), torch.cos(2**i * x)]
    return torch.cat(parts, dim=-1)


class NeRF(nn.Module):
    def __init__(self, width=256, depth=8, skip=4):
        super().__init__()
        self.skip = skip
        self.trunk = nn.ModuleList([nn.Linear(63, width)])
        for i in range(depth - 1):
            self.trunk.append(nn.Linear(width + 63 if i == skip else width, width))
        self.density = nn.Linear(width, 1)
        self.feature = nn.Linear(width, width)
        self.view = nn.Linear(width + 27, width // 2)
        self.colour = nn.Linear(width // 2, 3)

    def forward(self, place, direction):
        where = encoding(place, 10)
        x = where
        for i, layer in enumerate(self.trunk):
            x = F.relu(layer(x))
            if i == self.skip:
                x = torch.cat([where, x], dim=-1)
        density = self.density(x)
        x = torch.cat([self.feature(x), encoding(direction, 4)], dim=-1)
        x = F.relu(self.view(x))
        return density, self.colour(x)
