"""Swin-T with torchvision's names of modules."""

import torch
import torch.nn.functional as F
from torch import nn


class StochasticDepth(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        mask = torch.empty((x.shape[0], 1, 1, 1), device=x.device).bernoulli_(keep)
        return x * mask / keep


class Permute(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return torch.permute(x, self.dims)


class WindowAttention(nn.Module):
    def __init__(self, width, heads, window, shift):
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        table = torch.empty((2 * window - 1) ** 2, heads)
        self.relative_position_bias_table = nn.Parameter(nn.init.trunc_normal_(table, std=0.02))
        steps = torch.arange(window)
        places = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).flatten(1)
        ways = places[:, :, None] - places[:, None, :] + window - 1
        index = (2 * window - 1) * ways[0] + ways[1]
        self.register_buffer("relative_position_index", index.flatten())

    def windows(self, x):
        batch, height, width, channels = x.shape
        w = self.window
        x = x.view(batch, height // w, w, width // w, w, channels)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, channels)

    def mask(self, height, width, device):
        regions = torch.zeros(1, height, width, 1, device=device)
        cuts = (slice(0, -self.window), slice(-self.window, -self.shift), slice(-self.shift, None))
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                regions[:, rows, columns] = 3 * i + j
        region = self.windows(regions).squeeze(-1)
        return (region[:, None, :] != region[:, :, None]) * -100.0

    def forward(self, x):
        batch, height, width, channels = x.shape
        shift = self.shift if self.window < height else 0
        if shift:
            x = torch.roll(x, (-shift, -shift), (1, 2))
        x = self.windows(x)
        size = self.window**2
        qkv = self.qkv(x).view(-1, size, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.relative_position_index]
        bias = bias.view(size, size, self.heads).permute(2, 0, 1)[None]
        if shift:
            bias = bias + self.mask(height, width, x.device).repeat(batch, 1, 1)[:, None]
        x = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = self.proj(x.transpose(1, 2).flatten(2))
        w = self.window
        x = x.view(batch, height // w, width // w, w, w, channels)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(batch, height, width, channels)
        return torch.roll(x, (shift, shift), (1, 2)) if shift else x


class MLP(nn.Sequential):
    def __init__(self, width, hidden):
        super().__init__(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(0.0),
            nn.Linear(hidden, width),
            nn.Dropout(0.0),
        )


class SwinTransformerBlock(nn.Module):
    def __init__(self, width, heads, window, shift, drop):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, window, shift)
        self.stochastic_depth = StochasticDepth(drop)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = MLP(width, 4 * width)

    def forward(self, x):
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class PatchMerging(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)
        self.norm = nn.LayerNorm(4 * width)

    def forward(self, x):
        corners = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(torch.cat(corners, -1)))


class SwinT(nn.Module):
    def __init__(self, classes=1000, width=96, depths=(2, 2, 6, 2), heads=(3, 6, 12, 24), window=7):
        super().__init__()
        patches = nn.Conv2d(3, width, kernel_size=4, stride=4)
        features = [nn.Sequential(patches, Permute([0, 2, 3, 1]), nn.LayerNorm(width))]
        total, before = sum(depths), 0
        for stage, (depth, count) in enumerate(zip(depths, heads)):
            blocks = []
            for i in range(depth):
                drop = 0.2 * before / (total - 1)
                shift = 0 if i % 2 == 0 else window // 2
                blocks.append(SwinTransformerBlock(width, count, window, shift, drop))
                before += 1
            features.append(nn.Sequential(*blocks))
            if stage + 1 < len(depths):
                features.append(PatchMerging(width))
                width *= 2
        self.features = nn.Sequential(*features)
        self.norm = nn.LayerNorm(width)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))
