"""RegNetY-400MF, with torchvision's names of modules."""

from collections import OrderedDict

import torch
from torch import nn


def unit(channels, width, kernel=1, stride=1, groups=1, relu=True):
    layers = [
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        scale = self.fc2(torch.relu(self.fc1(self.avgpool(x))))
        return torch.sigmoid(scale) * x


class ResBottleneckBlock(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.proj = None
        if stride != 1 or channels != width:
            self.proj = unit(channels, width, stride=stride, relu=False)
        self.f = nn.Sequential(
            OrderedDict(
                a=unit(channels, width),
                b=unit(width, width, 3, stride, groups=width // 8),
                se=SqueezeExcitation(width, channels // 4),
                c=unit(width, width, relu=False),
            )
        )

    def forward(self, x):
        beside = x if self.proj is None else self.proj(x)
        return torch.relu(beside + self.f(x))


def stage(number, channels, width, depth):
    blocks = OrderedDict()
    for i in range(depth):
        first = i == 0
        block = ResBottleneckBlock(channels if first else width, width, 2 if first else 1)
        blocks[f"block{number}-{i}"] = block
    return nn.Sequential(blocks)


class RegNetY400MF(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.stem = unit(3, 32, 3, stride=2)
        self.trunk_output = nn.Sequential(
            OrderedDict(
                block1=stage(1, 32, 48, 1),
                block2=stage(2, 48, 104, 3),
                block3=stage(3, 104, 208, 6),
                block4=stage(4, 208, 440, 6),
            )
        )
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(440, classes)

    def forward(self, x):
        x = self.trunk_output(self.stem(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))
