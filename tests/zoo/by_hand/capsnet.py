"""CapsNet without its decoder."""

import torch
import torch.nn.functional as F
from torch import nn


def squash(s):
    squared = (s**2).sum(dim=-1, keepdim=True)
    return squared / (1 + squared) * s / torch.sqrt(squared + 1e-8)


class PrimaryCapsules(nn.Module):
    def __init__(self, channels, kinds, size):
        super().__init__()
        self.size = size
        self.conv = nn.Conv2d(channels, kinds * size, 9, stride=2)

    def forward(self, x):
        u = self.conv(x)
        batch, _, height, width = u.shape
        u = u.view(batch, -1, self.size, height, width)
        return squash(u.permute(0, 1, 3, 4, 2).reshape(batch, -1, self.size))


class DigitCapsules(nn.Module):
    def __init__(self, capsules, size, classes, out, rounds=3):
        super().__init__()
        self.rounds = rounds
        self.turn = nn.Parameter(0.01 * torch.randn(capsules, classes, out, size))

    def forward(self, u):
        votes = (self.turn @ u[:, :, None, :, None]).squeeze(4)
        logits = torch.zeros(votes.shape[:3], device=u.device)
        for i in range(self.rounds):
            share = torch.softmax(logits, dim=2).unsqueeze(3)
            if i == 0:
                v = squash(votes.mean(dim=1))
            else:
                v = squash((share * votes).sum(dim=1))
            if i < self.rounds - 1:
                logits = logits + (votes * v.unsqueeze(1)).sum(dim=3)
        return v


class CapsNet(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(1, 256, 9)
        self.primary = PrimaryCapsules(256, 32, 8)
        self.digits = DigitCapsules(1152, 8, classes, 16)

    def forward(self, image):
        v = self.digits(self.primary(F.relu(self.conv(image))))
        return torch.sqrt((v**2).sum(dim=2))
