"""A variational autoencoder of digits, as in PyTorch's example."""

import torch
import torch.nn.functional as F
from torch import nn


class VAE(nn.Module):
    def __init__(self, codes=20):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, codes)
        self.fc22 = nn.Linear(400, codes)
        self.fc3 = nn.Linear(codes, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z):
        h = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h))

    def forward(self, x):
        mu, logvar = self.encode(torch.flatten(x, 1))
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return mu, logvar, self.decode(z).view(-1, 1, 28, 28)
