"""Words that mean something to Python, PyTorch, NumPy, ONNX or to generated source."""

from __future__ import annotations

import builtins
import keyword

from torch import nn

from nnc.layers import LAYERS
from nnc.syntax.words import HARD


def _each(text: str) -> list[str]:
    return text.split()


def _plain(names: list[str]) -> list[str]:
    return [n for n in names if n.isidentifier()]


PYTHON = [*keyword.kwlist, *keyword.softkwlist, *_plain(dir(builtins))]
DUNDER = [f"__{w}__" for w in _each("init new class dict getattr del call name file doc builtins")]
PRIVATE = _each("_ __ ___ _x __x _modules _parameters _buffers _call_impl __mangled x_ x__ _1")
MODULE = _plain(dir(nn.Module))
TORCH = [
    *_each("torch nn F np numpy math self cls this super args kwargs Path argparse os sys Tensor"),
    *_each("Conv2d Linear ReLU Sequential ModuleList Parameter cat add relu conv2d linear"),
]
GENERATED = [
    *_each("x y z h w b n i j out x1 x2 y1 conv1 conv2 dense1 relu1 add1 concat1 layers blocks"),
    *_each("forward weight bias running_mean weights module model network prepare restore LABELS"),
    *_each("batch image N Net Net2 main load save_file load_file Class Block stage1 shape size"),
    *_each("Conv Gemm Constant output0 input0 batch_size None_ True_ none true_ NaN nan inf"),
    *_each("É naïve größe π λ 变量 слово ﬁ Ⅷ ª"),
]
WORDS = list(dict.fromkeys([*PYTHON, *DUNDER, *PRIVATE, *MODULE, *TORCH, *GENERATED]))
"""All of them, each once."""

STEPS = {*(w for w, cls in LAYERS.items() if not cls.hidden), "residual", "scale", "scan"}
STEPS.add("rearrange")
NAMES = [w for w in WORDS if w not in HARD]
"""Those that may be names of values."""

BLOCK_NAMES = [w for w in NAMES if w not in STEPS]
"""Those that may be names of blocks and networks."""
