"""pix2pix's U-Net of 8 levels."""

import torch
from torch import nn


class Level(nn.Module):
    def __init__(self, outer, inner, below=None, channels=None, outermost=False, drop=False):
        super().__init__()
        self.outermost = outermost
        down = nn.Conv2d(channels or outer, inner, 4, stride=2, padding=1, bias=False)
        width = inner if below is None else 2 * inner
        up = nn.ConvTranspose2d(width, outer, 4, stride=2, padding=1, bias=outermost)
        if outermost:
            layers = [down, below, nn.ReLU(True), up, nn.Tanh()]
        elif below is None:
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True), up, nn.BatchNorm2d(outer)]
        else:
            layers = [nn.LeakyReLU(0.2, True), down, nn.BatchNorm2d(inner), below]
            layers += [nn.ReLU(True), up, nn.BatchNorm2d(outer)]
            if drop:
                layers.append(nn.Dropout(0.5))
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        if self.outermost:
            return self.model(x)
        return torch.cat([x, self.model(x)], 1)


class UNet256(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        level = Level(8 * width, 8 * width)
        for _ in range(3):
            level = Level(8 * width, 8 * width, level, drop=True)
        level = Level(4 * width, 8 * width, level)
        level = Level(2 * width, 4 * width, level)
        level = Level(width, 2 * width, level)
        self.model = Level(3, width, level, channels=3, outermost=True)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(module.weight, std=0.02)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, mean=1, std=0.02)

    def forward(self, x):
        return self.model(x)
