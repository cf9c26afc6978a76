"""VGG-16 with batch normalisation, with torchvision's names of modules."""

import torch
from torch import nn

LAYERS = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def make_layers(layers):
    made = []
    channels = 3
    for width in layers:
        if width == "M":
            made.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        made.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
        made.append(nn.BatchNorm2d(width))
        made.append(nn.ReLU(inplace=True))
        channels = width
    return nn.Sequential(*made)


class VGG16BN(nn.Module):
    def __init__(self, classes=1000, dropout=0.5):
        super().__init__()
        self.features = make_layers(LAYERS)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, classes),
        )

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))
