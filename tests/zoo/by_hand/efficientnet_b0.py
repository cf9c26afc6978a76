"""EfficientNet-B0 with torchvision's names of modules."""

import torch
import torch.nn.functional as F
from torch import nn


class ConvNormActivation(nn.Sequential):
    def __init__(self, channels, width, kernel=3, stride=1, groups=1, activation=True):
        padding = kernel // 2
        layers = [
            nn.Conv2d(channels, width, kernel, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(width),
        ]
        if activation:
            layers.append(nn.SiLU(inplace=True))
        super().__init__(*layers)


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, squeeze):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeeze, 1)
        self.fc2 = nn.Conv2d(squeeze, channels, 1)

    def forward(self, x):
        scale = F.silu(self.fc1(self.avgpool(x)))
        return x * torch.sigmoid(self.fc2(scale))


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


class MBConv(nn.Module):
    def __init__(self, channels, width, kernel, stride, expand, drop):
        super().__init__()
        self.use_res_connect = stride == 1 and channels == width
        hidden = channels * expand
        layers = []
        if expand != 1:
            layers.append(ConvNormActivation(channels, hidden, kernel=1))
        layers += [
            ConvNormActivation(hidden, hidden, kernel, stride, groups=hidden),
            SqueezeExcitation(hidden, max(1, channels // 4)),
            ConvNormActivation(hidden, width, kernel=1, activation=False),
        ]
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(drop)

    def forward(self, x):
        result = self.block(x)
        if self.use_res_connect:
            result = self.stochastic_depth(result) + x
        return result


class EfficientNetB0(nn.Module):
    def __init__(self, classes=1000, dropout=0.2, drop=0.2):
        super().__init__()
        settings = [
            (1, 3, 1, 16, 1),
            (6, 3, 2, 24, 2),
            (6, 5, 2, 40, 2),
            (6, 3, 2, 80, 3),
            (6, 5, 1, 112, 3),
            (6, 5, 2, 192, 4),
            (6, 3, 1, 320, 1),
        ]
        total = sum(depth for *_, depth in settings)
        features = [ConvNormActivation(3, 32, stride=2)]
        channels, block = 32, 0
        for expand, kernel, stride, width, depth in settings:
            stage = []
            for i in range(depth):
                p = drop * block / total
                first = stride if i == 0 else 1
                stage.append(MBConv(channels, width, kernel, first, expand, p))
                channels, block = width, block + 1
            features.append(nn.Sequential(*stage))
        features.append(ConvNormActivation(channels, 1280, kernel=1))
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(1280, classes))

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))
