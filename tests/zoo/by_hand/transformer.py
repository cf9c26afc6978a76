"""The Transformer's base model."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class Positions(nn.Module):
    def __init__(self, width, longest=5000):
        super().__init__()
        place = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(longest, width)
        table[:, 0::2] = torch.sin(place * rate)
        table[:, 1::2] = torch.cos(place * rate)
        self.register_buffer("table", table)

    def forward(self, x):
        return x + self.table[: x.shape[1]]


class MultiHeadAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def split(self, x):
        batch, steps, width = x.shape
        return x.view(batch, steps, self.heads, width // self.heads).transpose(1, 2)

    def forward(self, x, memory, hidden):
        q = self.split(self.query(x))
        k = self.split(self.key(memory))
        v = self.split(self.value(memory))
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(hidden, float("-inf"))
        heads = torch.softmax(scores, dim=-1) @ v
        batch, _, steps, _ = heads.shape
        return self.out(heads.transpose(1, 2).reshape(batch, steps, -1))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.dense1 = nn.Linear(width, hidden)
        self.dense2 = nn.Linear(hidden, width)

    def forward(self, x):
        x = F.relu(self.dense1(x))
        return self.dense2(x)


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, hidden, drop):
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.forward_part = FeedForward(width, hidden)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(drop)

    def forward(self, x, padding):
        y = self.attention(x, x, padding)
        x = self.norm1(x + self.dropout(y))
        return self.norm2(x + self.dropout(self.forward_part(x)))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads, hidden, drop):
        super().__init__()
        self.attention = MultiHeadAttention(width, heads)
        self.cross = MultiHeadAttention(width, heads)
        self.forward_part = FeedForward(width, hidden)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(drop)

    def forward(self, x, memory, padding, later):
        y = self.attention(x, x, later)
        x = self.norm1(x + self.dropout(y))
        y = self.cross(x, memory, padding)
        x = self.norm2(x + self.dropout(y))
        return self.norm3(x + self.dropout(self.forward_part(x)))


class Transformer(nn.Module):
    def __init__(self, vocab=37000, width=512, hidden=2048, heads=8, depth=6, drop=0.1):
        super().__init__()
        self.scale = width**0.5
        self.words = nn.Embedding(vocab, width)
        nn.init.normal_(self.words.weight, std=width**-0.5)
        self.positions = Positions(width)
        self.dropout = nn.Dropout(drop)
        sizes = (width, heads, hidden, drop)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(depth))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(depth))

    def embed(self, ids):
        return self.dropout(self.positions(self.words(ids) * self.scale))

    def forward(self, source, length, target):
        steps = torch.arange(source.shape[1], device=source.device)
        padding = (steps >= length.unsqueeze(1))[:, None, None]
        later = torch.ones(target.shape[1], target.shape[1], device=target.device).triu(1).bool()
        memory = self.embed(source)
        for layer in self.encoder:
            memory = layer(memory, padding)
        x = self.embed(target)
        for layer in self.decoder:
            x = layer(x, memory, padding, later)
        return F.linear(x, self.words.weight)
