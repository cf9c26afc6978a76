import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4 * channels, 5, padding=2)
        self.wi = nn.Parameter(torch.zeros(channels, 1, 1))
        self.wf = nn.Parameter(torch.zeros(channels, 1, 1))
        self.wo = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x, c):
        i, f, g, o = self.conv(x).chunk(4, dim=1)
        i = torch.sigmoid(i + self.wi * c)
        f = torch.sigmoid(f + self.wf * c)
        c = f * c + i * torch.tanh(g)
        h = torch.sigmoid(o + self.wo * c) * torch.tanh(c)
        return h, c


class Stack(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.cell1 = Cell(inputs + 128, 128)
        self.cell2 = Cell(128 + 64, 64)
        self.cell3 = Cell(64 + 64, 64)

    def forward(self, x, states):
        (h1, c1), (h2, c2), (h3, c3) = states
        h1 = h1 if x is None else torch.cat([x, h1], dim=1)
        h1, c1 = self.cell1(h1, c1)
        h2, c2 = self.cell2(torch.cat([h1, h2], dim=1), c2)
        h3, c3 = self.cell3(torch.cat([h2, h3], dim=1), c3)
        return (h1, c1), (h2, c2), (h3, c3)


class ConvLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Stack(16)
        self.forecaster = Stack(0)
        self.conv = nn.Conv2d(256, 16, 1)

    def forward(self, frames):
        batch, steps = frames.shape[:2]
        x = frames.reshape(batch, steps, 1, 16, 4, 16, 4).permute(0, 1, 2, 4, 6, 3, 5)
        x = x.reshape(batch, steps, 16, 16, 16)
        states = [
            (x.new_zeros(batch, c, 16, 16), x.new_zeros(batch, c, 16, 16)) for c in (128, 64, 64)
        ]
        for step in x.unbind(1):
            states = self.encoder(step, states)
        later = []
        for _ in range(steps):
            states = self.forecaster(None, states)
            hidden = torch.cat([h for h, _ in states], dim=1)
            later.append(torch.sigmoid(self.conv(hidden)))
        y = torch.stack(later, dim=1).reshape(batch, steps, 1, 4, 4, 16, 16)
        return y.permute(0, 1, 2, 5, 3, 6, 4).reshape(batch, steps, 1, 64, 64)
