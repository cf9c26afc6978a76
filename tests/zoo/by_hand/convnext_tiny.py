"""ConvNeXt-T with torchvision's names of modules."""

import torch
import torch.nn.functional as F
from torch import nn


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class Permute(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.dims = dims

    def forward(self, x):
        return torch.permute(x, self.dims)


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


class CNBlock(nn.Module):
    def __init__(self, width, drop, scale=1e-6):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(width, width, kernel_size=7, padding=3, groups=width),
            Permute([0, 2, 3, 1]),
            nn.LayerNorm(width, eps=1e-6),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Linear(4 * width, width),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(torch.ones(width, 1, 1) * scale)
        self.stochastic_depth = StochasticDepth(drop)

    def forward(self, x):
        result = self.layer_scale * self.block(x)
        return x + self.stochastic_depth(result)


class ConvNeXtTiny(nn.Module):
    def __init__(self, classes=1000, widths=(96, 192, 384, 768), depths=(3, 3, 9, 3), drop=0.1):
        super().__init__()
        stem = [nn.Conv2d(3, widths[0], kernel_size=4, stride=4), LayerNorm2d(widths[0], eps=1e-6)]
        features = [nn.Sequential(*stem)]
        total, before = sum(depths), 0
        for i, (width, depth) in enumerate(zip(widths, depths)):
            stage = []
            for _ in range(depth):
                stage.append(CNBlock(width, drop * before / (total - 1)))
                before += 1
            features.append(nn.Sequential(*stage))
            if i + 1 < len(widths):
                shrink = nn.Conv2d(width, widths[i + 1], kernel_size=2, stride=2)
                features.append(nn.Sequential(LayerNorm2d(width, eps=1e-6), shrink))
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            LayerNorm2d(widths[-1], eps=1e-6),
            nn.Flatten(1),
            nn.Linear(widths[-1], classes),
        )

    def forward(self, x):
        return self.classifier(self.avgpool(self.features(x)))
