"""MLP-Mixer-B/16."""

import torch.nn.functional as F
from torch import nn


class MlpBlock(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class MixerBlock(nn.Module):
    def __init__(self, length, width, tokens, channels):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.token_mixing = MlpBlock(length, tokens)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.channel_mixing = MlpBlock(width, channels)

    def forward(self, x):
        y = self.norm1(x).transpose(1, 2)
        x = x + self.token_mixing(y).transpose(1, 2)
        return x + self.channel_mixing(self.norm2(x))


class MLPMixer(nn.Module):
    def __init__(self, classes=1000, width=768, depth=12, tokens=384, channels=3072):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 16, stride=16)
        blocks = [MixerBlock(196, width, tokens, channels) for _ in range(depth)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = self.norm(self.blocks(x))
        return self.head(x.mean(dim=1))
