"""MobileViT-XXS."""

import torch
from torch import nn


def unit(channels, width, kernel=1, stride=1):
    return nn.Sequential(
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(width),
        nn.SiLU(),
    )


class InvertedResidual(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        wide = 2 * channels
        self.residual = stride == 1 and channels == width
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(),
            nn.Conv2d(wide, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        batch, steps, width = x.shape
        qkv = self.qkv(x).view(batch, steps, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        x = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(x.transpose(1, 2).reshape(batch, steps, width))


class TransformerBlock(nn.Module):
    def __init__(self, width, heads=4):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.forward1 = nn.Linear(width, 2 * width)
        self.forward2 = nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        y = nn.functional.silu(self.forward1(self.norm2(x)))
        return x + self.forward2(y)


class MobileViTBlock(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.local = unit(channels, channels, 3)
        self.inside = nn.Conv2d(channels, width, 1, bias=False)
        self.blocks = nn.Sequential(*(TransformerBlock(width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.outside = unit(width, channels)
        self.fusion = unit(2 * channels, channels, 3)

    def forward(self, x):
        y = self.inside(self.local(x))
        batch, width, height, columns = y.shape
        y = y.view(batch, width, height // 2, 2, columns // 2, 2)
        y = y.permute(0, 3, 5, 2, 4, 1).reshape(4 * batch, -1, width)
        y = self.norm(self.blocks(y))
        y = y.view(batch, 2, 2, height // 2, columns // 2, width)
        y = y.permute(0, 5, 3, 1, 4, 2).reshape(batch, width, height, columns)
        return self.fusion(torch.cat((x, self.outside(y)), dim=1))


class MobileViTXXS(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.stem = unit(3, 16, 3, 2)
        self.stages = nn.Sequential(
            InvertedResidual(16, 16, 1),
            InvertedResidual(16, 24, 2),
            InvertedResidual(24, 24, 1),
            InvertedResidual(24, 24, 1),
            InvertedResidual(24, 48, 2),
            MobileViTBlock(48, 64, 2),
            InvertedResidual(48, 64, 2),
            MobileViTBlock(64, 80, 4),
            InvertedResidual(64, 80, 2),
            MobileViTBlock(80, 96, 3),
        )
        self.last = unit(80, 320)
        self.classifier = nn.Linear(320, classes)

    def forward(self, image):
        x = self.last(self.stages(self.stem(image)))
        return self.classifier(x.mean(dim=(2, 3)))
