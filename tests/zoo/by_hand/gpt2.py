"""GPT-2 small with the names of modules of transformers."""

import torch
import torch.nn.functional as F
from torch import nn


class Conv1D(nn.Module):
    def __init__(self, width, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, width).normal_(std=0.02))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, width, heads, drop):
        super().__init__()
        self.heads, self.drop = heads, drop
        self.c_attn = Conv1D(3 * width, width)
        self.c_proj = Conv1D(width, width)
        self.resid_dropout = nn.Dropout(drop)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.c_attn(x).split(width, dim=2)
        query, key, value = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in parts
        )
        drop = self.drop if self.training else 0
        out = F.scaled_dot_product_attention(query, key, value, dropout_p=drop, is_causal=True)
        out = out.transpose(1, 2).reshape(batch, length, width)
        return self.resid_dropout(self.c_proj(out))


class MLP(nn.Module):
    def __init__(self, width, drop):
        super().__init__()
        self.c_fc = Conv1D(4 * width, width)
        self.c_proj = Conv1D(width, 4 * width)
        self.dropout = nn.Dropout(drop)

    def forward(self, x):
        x = F.gelu(self.c_fc(x), approximate="tanh")
        return self.dropout(self.c_proj(x))


class Block(nn.Module):
    def __init__(self, width, heads, drop):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, drop)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = MLP(width, drop)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Model(nn.Module):
    def __init__(self, words, length, width, depth, heads, drop):
        super().__init__()
        self.wte = nn.Embedding(words, width)
        self.wpe = nn.Embedding(length, width)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.02)
        self.drop = nn.Dropout(drop)
        self.h = nn.ModuleList([Block(width, heads, drop) for _ in range(depth)])
        self.ln_f = nn.LayerNorm(width)

    def forward(self, text):
        position = torch.arange(text.shape[1], device=text.device)
        x = self.drop(self.wte(text) + self.wpe(position))
        for block in self.h:
            x = block(x)
        return self.ln_f(x)


class GPT2(nn.Module):
    def __init__(self, words=50257, length=1024, width=768, depth=12, heads=12, drop=0.1):
        super().__init__()
        self.transformer = Model(words, length, width, depth, heads, drop)
        self.lm_head = nn.Linear(width, words, bias=False)
        self.lm_head.weight = self.transformer.wte.weight

    def forward(self, text):
        return self.lm_head(self.transformer(text))
