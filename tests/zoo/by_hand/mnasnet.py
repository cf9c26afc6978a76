"""MnasNet-B1, with torchvision's names of modules."""

from torch import nn

MOMENTUM = 3e-4


def norm(channels):
    return nn.BatchNorm2d(channels, momentum=MOMENTUM)


class InvertedResidual(nn.Module):
    def __init__(self, channels, width, kernel, stride, expansion):
        super().__init__()
        wide = channels * expansion
        self.residual = channels == width and stride == 1
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False),
            norm(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False),
            norm(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, width, 1, bias=False),
            norm(width),
        )

    def forward(self, x):
        return self.layers(x) + x if self.residual else self.layers(x)


def stage(channels, width, kernel, stride, expansion, depth):
    blocks = [InvertedResidual(channels, width, kernel, stride, expansion)]
    for _ in range(depth - 1):
        blocks.append(InvertedResidual(width, width, kernel, 1, expansion))
    return nn.Sequential(*blocks)


class MnasNet(nn.Module):
    def __init__(self, classes=1000, dropout=0.2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1, stride=2, bias=False),
            norm(32),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False),
            norm(32),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 16, 1, bias=False),
            norm(16),
            stage(16, 24, 3, 2, 3, 3),
            stage(24, 40, 5, 2, 3, 3),
            stage(40, 80, 5, 2, 6, 3),
            stage(80, 96, 3, 1, 6, 2),
            stage(96, 192, 5, 2, 6, 4),
            stage(192, 320, 3, 1, 6, 1),
            nn.Conv2d(320, 1280, 1, bias=False),
            norm(1280),
            nn.ReLU(inplace=True),
        )
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.layers(x).mean([2, 3]))
