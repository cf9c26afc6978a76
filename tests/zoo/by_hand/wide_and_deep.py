"""Wide and deep on the columns of the UCI table "Adult"."""

import torch
import torch.nn.functional as F
from torch import nn


class WideAndDeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.work = nn.Embedding(9, 32)
        self.education = nn.Embedding(16, 32)
        self.occupation = nn.Embedding(15, 32)
        self.fc1 = nn.Linear(101, 1024)
        self.fc2 = nn.Linear(1024, 512)
        self.fc3 = nn.Linear(512, 256)
        self.deep = nn.Linear(256, 1)
        self.pair = nn.Embedding(240, 1)
        self.alone = nn.Embedding(15, 1)
        nn.init.zeros_(self.pair.weight)
        nn.init.zeros_(self.alone.weight)

    def forward(self, numbers, work, education, occupation, crossed):
        w = self.work(work)
        e = self.education(education)
        o = self.occupation(occupation)
        x = torch.cat([numbers, w, e, o], dim=1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = F.relu(self.fc3(x))
        return self.deep(x) + self.pair(crossed) + self.alone(occupation)
