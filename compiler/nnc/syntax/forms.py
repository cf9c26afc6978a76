"""Layers of PyTorch and Keras, and their arguments, in this language's words: tables alone."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """What a call of another tool is called here.

    Attributes:
        word: our step; several, joined by arrows, where it takes several.
        names: our names of its arguments in its order; `-` for one that we do not write.
        placed: how many arguments from the first written one on stand without their names.
    """

    word: str
    names: tuple[str, ...]
    placed: int


def _forms(table: str) -> dict[str, Form]:
    found = {}
    for line in table.strip().splitlines():
        words, _, form = line.partition(":")
        word, *names = form.split()
        placed = sum(name.endswith("!") for name in names)
        made = Form(word.replace(">", " -> "), tuple(name.rstrip("!") for name in names), placed)
        for each in words.split():
            found[each] = made
    return found


# `!` marks what stands without its name. Modules of PyTorch, then functions, then Keras: PyTorch's
# `Conv2d` and Keras's `Conv2D` order their arguments differently.
FORMS = _forms("""
Conv1d Conv2d Conv3d: conv - channels! kernel! stride padding dilation groups bias padding_mode
ConvTranspose1d ConvTranspose2d ConvTranspose3d: conv_transpose - channels! kernel! stride padding output_padding groups bias dilation
Linear: dense - units! bias
BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm: batch_norm - eps momentum weight
InstanceNorm1d InstanceNorm2d InstanceNorm3d: instance_norm - eps
LayerNorm: layer_norm - eps weight
RMSNorm: rms_norm - eps
GroupNorm: group_norm groups! - eps
LocalResponseNorm: local_response_norm size! alpha beta k
Dropout: dropout p! -
Dropout1d Dropout2d Dropout3d SpatialDropout1D SpatialDropout2D: channel_dropout p! -
MaxPool1d MaxPool2d MaxPool3d: max_pool kernel! stride! padding dilation
AvgPool1d AvgPool2d AvgPool3d: avg_pool kernel! stride! padding ceil_mode count_include_pad
AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d: adaptive_avg_pool size!
AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d: adaptive_max_pool size!
ReLU: relu -
ReLU6: relu6 -
LeakyReLU: leaky_relu slope! -
PReLU: prelu parameters!
ELU: elu alpha! -
SELU: selu -
GELU: gelu
SiLU Swish: silu -
Mish: mish -
Hardswish: hard_swish -
Hardsigmoid: hard_sigmoid -
Sigmoid: sigmoid
Tanh: tanh
Softplus: softplus beta! threshold
Softsign: softsign
Softmax: softmax axis
LogSoftmax: log_softmax axis
GLU: glu axis
Flatten: flatten -
PixelShuffle: pixel_shuffle factor!
ZeroPad2d ZeroPadding2D ZeroPadding1D: pad amount!
Upsample: upsample - scale! mode
UpsamplingNearest2d: upsample - scale!
Embedding: embedding count! width!
LSTM: lstm - units! layers bias - dropout bidirectional
GRU: gru - units! layers bias - dropout bidirectional
RNN: rnn - units! layers - bias - dropout bidirectional
SimpleRNN: rnn units!
relu: relu -
relu6: relu6 -
leaky_relu: leaky_relu slope! -
elu: elu alpha! -
selu: selu -
gelu: gelu
silu: silu -
mish: mish -
tanh: tanh
sigmoid: sigmoid
softmax: softmax axis
log_softmax: log_softmax axis
softplus: softplus beta! threshold
dropout: dropout p! -
dropout2d: channel_dropout p! -
max_pool1d max_pool2d max_pool3d: max_pool kernel! stride! padding dilation
avg_pool1d avg_pool2d avg_pool3d: avg_pool kernel! stride! padding ceil_mode count_include_pad
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d: adaptive_avg_pool size!
adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d: adaptive_max_pool size!
interpolate: upsample - scale! mode
pixel_shuffle: pixel_shuffle factor!
flatten: flatten -
Dense: dense units! activation
Conv1D Conv2D Conv3D Convolution2D: conv channels! kernel! stride padding
Conv1DTranspose Conv2DTranspose Conv3DTranspose: conv_transpose channels! kernel! stride padding
MaxPooling1D MaxPooling2D MaxPooling3D MaxPool1D MaxPool2D MaxPool3D: max_pool kernel! stride! padding
AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D: avg_pool kernel! stride! padding
GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool2D: global_avg_pool>flatten
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalMaxPool2D: global_max_pool>flatten
BatchNormalization: batch_norm
LayerNormalization: layer_norm
UpSampling1D UpSampling2D UpSampling3D: upsample scale!
Activation: activation activation
""")  # noqa: E501

ARGUMENTS = {
    "filters": "channels",
    "out_channels": "channels",
    "num_filters": "channels",
    "features": "units",
    "out_features": "units",
    "num_units": "units",
    "hidden": "units",
    "kernel_size": "kernel",
    "pool_size": "kernel",
    "size": "kernel",
    "ksize": "kernel",
    "strides": "stride",
    "pad": "padding",
    "pads": "padding",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "rate": "p",
    "prob": "p",
    "negative_slope": "slope",
    "n_critic": "critic",
    "critic_steps": "critic",
    "d_steps": "critic",
    "clip_value": "clip",
    "weight_clip": "clip",
    "lambda": "penalty",
    "lambda_gp": "penalty",
    "gp_weight": "penalty",
    "lambda_l1": "l1",
    "lambda_cycle": "cycle",
    "lambda_identity": "identity",
    "smooth": "label_smoothing",
    "alpha": "slope",
    "epsilon": "eps",
    "learning_rate": "lr",
    "n_fft": "fft",
    "hop_length": "hop",
    "win_length": "length",
    "n_mels": "mels",
    "f_min": "low",
    "fmin": "low",
    "f_max": "high",
    "fmax": "high",
    "sample_rate": "rate",
    "sr": "rate",
    "mel_scale": "scale",
    "dim": "axis",
    "scale_factor": "scale",
    "kernel_initializer": "init",
    "affine": "weight",
    "elementwise_affine": "weight",
    "output_size": "size",
    "num_groups": "groups",
    "num_embeddings": "count",
    "embedding_dim": "width",
    "input_dim": "count",
    "output_dim": "width",
    "num_heads": "heads",
    "hidden_size": "units",
    "num_layers": "layers",
    "upscale_factor": "factor",
    "num_parameters": "parameters",
    "weight_tying": "tie",
    "tie_weights": "tie",
    "tied": "tie",
    "padding_idx": "padding",
}
"""Arguments of other tools, and what they are called here."""

DROPPED = frozenset({
    "inplace", "training", "input_shape", "name", "in_channels", "in_features", "num_features",
    "normalized_shape", "input_size", "batch_first", "num_channels", "align_corners", "input_dim",
    "track_running_stats", "return_state", "stateful",
})  # fmt: skip
# Words of ours that stand in such lines as well: `x = conv(x, 8, 3)`.
OURS = frozenset({"conv", "conv_transpose", "dense", "batch_norm", "layer_norm", "max_pool"}) | {
    "avg_pool", "global_avg_pool", "reshape", "embedding", "upsample", "pad", "silu",
}  # fmt: skip
