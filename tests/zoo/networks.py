"""The zoo: published networks, their counts of weights, and the form a person would write."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from torch import nn

from nnc.backends.arrays import Array
from nnc.check import Checked, check_source
from nnc.ir.graph import Network
from nnc.ir.walk import weight_table
from nnc.syntax.files import read_source

ROOT = Path(__file__).resolve().parents[2]
BY_HAND = Path(__file__).with_name("by_hand")
SPECS = {path.stem: path for path in sorted((ROOT / "specs" / "zoo").glob("*.nn"))}
ELSEWHERE = ("alexnet", "alexnet_torchvision", "lenet", "resnet50", "unet", "vgg16")
"""Networks of the zoo that stand in specs/ itself, where newcomers look first."""
ALL = SPECS | {name: ROOT / "specs" / f"{name}.nn" for name in ELSEWHERE}
PUBLISHED = {
    ("alexnet", "AlexNet"): 60_965_224,
    ("alexnet_torchvision", "AlexNet"): 61_100_840,
    ("capsnet", "CapsNet"): 6_804_224,
    ("conv_lstm", "ConvLSTM"): 7_585_296,
    ("convnext_tiny", "ConvNeXtTiny"): 28_589_128,
    ("cyclegan", "Generator"): 11_378_179,
    ("cyclegan", "PatchGAN"): 2_764_737,
    ("dcgan", "Discriminator"): 2_765_568,
    ("dcgan", "Generator"): 3_576_704,
    ("densenet121", "DenseNet121"): 7_978_856,
    ("efficientnet_b0", "EfficientNetB0"): 5_288_548,
    ("googlenet", "GoogLeNet"): 6_624_904,
    ("gpt2", "GPT2"): 124_439_808,
    ("inception_v3", "InceptionV3"): 23_834_568,
    ("lenet", "LeNet5"): 61_706,
    ("mlp_mixer", "MLPMixer"): 59_880_472,
    ("mnasnet", "MnasNet"): 4_383_312,
    ("mobilevit_xxs", "MobileViTXXS"): 1_272_024,
    ("mobilenet_v2", "MobileNetV2"): 3_504_872,
    # Convolutions (416 + 6,960 + 27,712 + 16,448), 256 to 100 features, 21 outputs of these.
    ("multi_task", "Faces"): 51_536 + 25_700 + 21 * 101,
    ("nerf", "NeRF"): 595_844,
    ("pix2pix", "PatchGAN"): 2_768_705,
    ("pix2pix", "UNet256"): 54_413_955,
    # 803,081 and 1,641,984 + 16,448 for the turns, 4,416 + 151,040 for units, 666,920 at the end.
    ("pointnet", "PointNet"): 3_480_049,
    ("regnet_y_400mf", "RegNetY400MF"): 4_344_144,
    ("resnet18", "ResNet18"): 11_689_512,
    ("resnet20", "ResNet20"): 269_722,
    ("resnet50", "ResNet50"): 25_557_032,
    ("shufflenet_v2", "ShuffleNetV2"): 2_278_604,
    ("squeezenet", "SqueezeNet"): 1_235_496,
    ("swin_t", "SwinT"): 28_288_354,
    # Kernels of 7 between 25 channels, 4,375, with 25 lengths and 25 biases each: 15 of them; one
    # from 1 channel (175 + 50), its path (25 + 25), 25 numbers to 10 classes.
    ("tcn", "TCN"): 15 * 4_425 + 225 + 50 + 260,
    # The table, six layers of the encoder and of the decoder: the paper says 65 million.
    ("transformer", "Transformer"): 18_944_000 + 6 * 3_152_384 + 6 * 4_204_032,
    ("unet", "UNet"): 31_037_698,
    ("vae", "VAE"): 652_824,
    ("vgg16", "VGG16"): 138_357_544,
    ("vgg16_bn", "VGG16BN"): 138_365_992,
    ("vit_b16", "ViTB16"): 86_567_656,
    # 40 vectors of 32, 101 -> 1024 -> 512 -> 256 -> 1, a number for each occupation and each pair.
    ("wide_and_deep", "WideAndDeep"): 1_280 + 104_448 + 524_800 + 131_328 + 257 + 255,
}


@cache
def checked(spec: str) -> Checked:
    """A spec of the zoo, which is checked once."""
    return check_source(read_source(str(ALL[spec]), ALL[spec].name))


def by_hand_file(spec: str, network: str) -> Path:
    """The file of a network as a person wrote it."""
    alone = BY_HAND / f"{spec}.py"
    return alone if alone.is_file() else BY_HAND / f"{spec}_{network}.py"


def by_hand(spec: str, network: str) -> nn.Module:
    """The network as a person wrote it, with its own initial weights."""
    path = by_hand_file(spec, network)
    place = importlib.util.spec_from_file_location(f"by_hand_{path.stem}", path)
    assert place is not None
    assert place.loader is not None
    loaded = importlib.util.module_from_spec(place)
    place.loader.exec_module(loaded)
    made: nn.Module = getattr(loaded, network)()
    return made


def code_lines(text: str) -> int:
    """Lines of Python without empty ones, comments and docstrings."""
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0]
            if ast.get_docstring(node, clean=False) is not None:
                told |= {*range(first.lineno, (first.end_lineno or first.lineno) + 1)}
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        1
        for number, line in lines
        if line.strip() and not line.lstrip().startswith("#") and number not in told
    )


def zeros(network: Network) -> Mapping[str, Array]:
    """Weights that take no memory."""
    kinds = {"float32": np.float32, "int64": np.int64}
    return {
        row.name: np.broadcast_to(
            kinds[row.weight.dtype](0), [int(str(d)) for d in row.weight.dims]
        )
        for row in weight_table(network)
    }
