"""MobileNetV2 with torchvision's names of modules."""

import torch
from torch import nn


class ConvBNReLU(nn.Sequential):
    def __init__(self, channels, width, kernel=3, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(
                channels,
                width,
                kernel,
                stride=stride,
                padding=kernel // 2,
                groups=groups,
                bias=False,
            ),
            nn.BatchNorm2d(width),
            nn.ReLU6(inplace=True),
        )


class InvertedResidual(nn.Module):
    def __init__(self, channels, width, stride, expand):
        super().__init__()
        hidden = channels * expand
        self.use_res_connect = stride == 1 and channels == width
        layers = []
        if expand != 1:
            layers.append(ConvBNReLU(channels, hidden, kernel=1))
        layers += [
            ConvBNReLU(hidden, hidden, stride=stride, groups=hidden),
            nn.Conv2d(hidden, width, 1, bias=False),
            nn.BatchNorm2d(width),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes=1000, dropout=0.2):
        super().__init__()
        settings = [
            [1, 16, 1, 1],
            [6, 24, 2, 2],
            [6, 32, 3, 2],
            [6, 64, 4, 2],
            [6, 96, 3, 1],
            [6, 160, 3, 2],
            [6, 320, 1, 1],
        ]
        channels = 32
        features = [ConvBNReLU(3, channels, stride=2)]
        for expand, width, depth, stride in settings:
            for i in range(depth):
                block = InvertedResidual(channels, width, stride if i == 0 else 1, expand)
                features.append(block)
                channels = width
        features.append(ConvBNReLU(channels, 1280, kernel=1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(1280, classes))

    def forward(self, x):
        x = self.features(x)
        x = torch.flatten(nn.functional.adaptive_avg_pool2d(x, (1, 1)), 1)
        return self.classifier(x)
