"""Five points of a face and what goes with them."""

import torch
import torch.nn.functional as F
from torch import nn


class Faces(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.conv2 = nn.Conv2d(16, 48, 3)
        self.conv3 = nn.Conv2d(48, 64, 3)
        self.conv4 = nn.Conv2d(64, 64, 2)
        self.features = nn.Linear(256, 100)
        self.points = nn.Linear(100, 10)
        self.gender = nn.Linear(100, 2)
        self.smile = nn.Linear(100, 2)
        self.glasses = nn.Linear(100, 2)
        self.pose = nn.Linear(100, 5)

    def forward(self, x):
        x = F.max_pool2d(torch.abs(torch.tanh(self.conv1(x))), 2)
        x = F.max_pool2d(torch.abs(torch.tanh(self.conv2(x))), 2)
        x = F.max_pool2d(torch.abs(torch.tanh(self.conv3(x))), 2)
        x = torch.abs(torch.tanh(self.conv4(x)))
        x = F.relu(self.features(torch.flatten(x, 1)))
        return self.points(x), self.gender(x), self.smile(x), self.glasses(x), self.pose(x)
