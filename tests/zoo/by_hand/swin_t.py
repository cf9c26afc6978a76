"""Swin-T."""

import torch
import torch.nn.functional as F
from torch import nn


class WindowAttention(nn.Module):
    def __init__(self, dim, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        steps = torch.arange(window)
        places = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).flatten(1)
        ways = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + window - 1
        self.register_buffer("index", ways[..., 0] * (2 * window - 1) + ways[..., 1])

    def mask(self, height, width, device):
        w, s = self.window, self.shift
        region = torch.zeros(height, width, device=device)
        slices = (slice(0, -w), slice(-w, -s), slice(-s, None))
        count = 0
        for rows in slices:
            for columns in slices:
                region[rows, columns] = count
                count += 1
        region = region.view(height // w, w, width // w, w).permute(0, 2, 1, 3)
        region = region.reshape(-1, w * w)
        apart = region.unsqueeze(1) - region.unsqueeze(2)
        return apart.masked_fill(apart != 0, -100.0).unsqueeze(1)

    def forward(self, x):
        batch, height, width, dim = x.shape
        w, s = self.window, self.shift
        if s > 0:
            x = torch.roll(x, (-s, -s), (1, 2))
        x = x.view(batch, height // w, w, width // w, w, dim)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, w * w, dim)
        qkv = self.qkv(x).reshape(*x.shape[:3], 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(3, 0, 1, 4, 2, 5).unbind(0)
        scores = q * (dim // self.heads) ** -0.5 @ k.transpose(-2, -1)
        scores = scores + self.table[self.index].permute(2, 0, 1)
        if s > 0:
            scores = scores + self.mask(height, width, x.device)
        x = F.softmax(scores, dim=-1) @ v
        x = self.proj(x.transpose(2, 3).flatten(3))
        x = x.view(batch, height // w, width // w, w, w, dim)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(batch, height, width, dim)
        return torch.roll(x, (s, s), (1, 2)) if s > 0 else x


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1 = nn.Linear(dim, 4 * dim)
        self.fc2 = nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class StochasticDepth(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        kept = torch.empty(x.shape[0], 1, 1, 1, device=x.device).bernoulli_(1 - self.p)
        return x * kept / (1 - self.p)


class Block(nn.Module):
    def __init__(self, dim, heads, shift, drop):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, heads, 7, shift)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = MLP(dim)
        self.drop = StochasticDepth(drop)

    def forward(self, x):
        x = x + self.drop(self.attn(self.norm1(x)))
        return x + self.drop(self.mlp(self.norm2(x)))


class PatchMerging(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(4 * dim)
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        corners = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        return self.reduction(self.norm(torch.cat(corners, -1)))


class SwinT(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.patches = nn.Conv2d(3, 96, 4, 4)
        self.norm1 = nn.LayerNorm(96)
        layers = []
        count, dim = 0, 96
        for stage, (depth, heads) in enumerate(((2, 3), (2, 6), (6, 12), (2, 24))):
            for i in range(depth):
                shift = 0 if i % 2 == 0 or stage == 3 else 3
                layers.append(Block(dim, heads, shift, 0.2 * count / 11))
                count += 1
            if stage < 3:
                layers.append(PatchMerging(dim))
                dim *= 2
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, image):
        x = self.norm1(self.patches(image).permute(0, 2, 3, 1))
        x = self.norm(self.layers(x))
        return self.head(x.mean(dim=(1, 2)))
