"""ViT-B/16 with torchvision's names of modules."""

from collections import OrderedDict

import torch
from torch import nn


class MLPBlock(nn.Sequential):
    def __init__(self, width, hidden):
        super().__init__(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(0.0),
            nn.Linear(hidden, width),
            nn.Dropout(0.0),
        )


class EncoderBlock(nn.Module):
    def __init__(self, heads, width, hidden):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-6)
        self.self_attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = MLPBlock(width, hidden)

    def forward(self, x):
        y = self.ln_1(x)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        x = x + y
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    def __init__(self, length, depth, heads, width, hidden):
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, length, width).normal_(std=0.02))
        layers = OrderedDict()
        for i in range(depth):
            layers[f"encoder_layer_{i}"] = EncoderBlock(heads, width, hidden)
        self.layers = nn.Sequential(layers)
        self.ln = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x):
        return self.ln(self.layers(x + self.pos_embedding))


class ViTB16(nn.Module):
    def __init__(self, size=224, patch=16, depth=12, heads=12, width=768, classes=1000):
        super().__init__()
        self.conv_proj = nn.Conv2d(3, width, kernel_size=patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        length = (size // patch) ** 2 + 1
        self.encoder = Encoder(length, depth, heads, width, 4 * width)
        self.heads = nn.Sequential(OrderedDict(head=nn.Linear(width, classes)))

    def forward(self, x):
        x = self.conv_proj(x).flatten(2).transpose(1, 2)
        token = self.class_token.expand(x.shape[0], -1, -1)
        x = self.encoder(torch.cat([token, x], dim=1))
        return self.heads(x[:, 0])
