"""Words from other tools, and what they are called here."""

from __future__ import annotations

STEPS = {
    "activation": "relu",
    "linear": "dense",
    "fc": "dense",
    "fully_connected": "dense",
    "fullyconnected": "dense",
    "affine": "dense",
    "convolution": "conv",
    "deconv": "conv_transpose",
    "convtranspose": "conv_transpose",
    "transposedconv": "conv_transpose",
    "averagepool": "avg_pool",
    "averagepooling": "avg_pool",
    "avgpooling": "avg_pool",
    "maxpooling": "max_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalaveragepool": "global_avg_pool",
    "gap": "global_avg_pool",
    "globalmaxpooling": "global_max_pool",
    "adaptiveavgpooling": "adaptive_avg_pool",
    "bn": "batch_norm",
    "multiheadattention": "attention",
    "selfattention": "attention",
    "batchnormalization": "batch_norm",
    "lrn": "local_response_norm",
    "localresponsenormalization": "local_response_norm",
    "lrelu": "leaky_relu",
    "upsampling": "upsample",
    "interpolate": "upsample",
    "resize": "upsample",
    "view": "reshape",
    "zeropadding": "pad",
    "centercrop": "crop",
    "cropping": "crop",
    "cat": "concat",
    "concatenate": "concat",
    "merge": "concat",
    "plus": "add",
    "swish": "silu",
    "hardswish": "hard_swish",
    "mel": "mel_spectrogram",
    "melspec": "mel_spectrogram",
    "logmel": "mel_spectrogram",
    "mfcc": "mel_spectrogram",
    "stft": "spectrogram",
    "multiply": "mul",
    "skip": "residual",
    "shortcut": "residual",
}

DERIVED = ("in_channels", "in_features", "input_size", "input_shape", "num_features", "input_dim")
"""Arguments of other tools that nnc derives from the input."""

NEEDLESS = {
    "inplace": "values are never changed in place",
    "in_place": "values are never changed in place",
    "training": "the compiler knows when a network is trained",
    "batch_first": "the batch is always first, and not written",
    "data_format": "channels always stand first",
    "align_corners": "pixels are aligned as PyTorch does by default",
    "dtype": "numbers are float32",
    "device": "`nnc train --device` chooses it",
    "name": "write `as NAME` behind the step",
}
"""Arguments of other tools that have no sense here, and why."""


NORMS = ("spectral_norm", "weight_norm")
"""Arguments of layers that other tools write as a step, or around one."""


def plain(word: str) -> str:
    """A word without case, underscores and a dimension: `MaxPool2D` is `maxpool`."""
    bare = word.lower().replace("_", "")
    for end in ("1d", "2d", "3d", "layer"):
        bare = bare.removesuffix(end)
    return bare


def step_for(word: str, known: list[str]) -> str:
    """The step that a word of another tool means, or an empty string."""
    bare = plain(word)
    for name in known:
        if plain(name) == bare:
            return name
    found = STEPS.get(bare) or STEPS.get(word.lower(), "")
    return found if found in known else ""
