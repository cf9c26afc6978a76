"""What the generated PyTorch source may contain: modules, functions and methods, with defaults.

Layers ask for these by name, and anything else is refused. Arguments that equal PyTorch's default
are left out of the source. A test holds the table to the signatures of the installed torch.
"""

from __future__ import annotations

from typing import Final

from nnc.ir.names import words
from nnc.record import Record


class Needed:
    """Marks a parameter without a default."""

    def __repr__(self) -> str:
        return "needed"


NEEDED: Final = Needed()


class Same(Record):
    """The default of a parameter that is another parameter's value unless given."""

    parameter: str


Signature = dict[str, object]


def _signature(needed: str, **defaults: object) -> Signature:
    return {**dict.fromkeys(needed.split(), NEEDED), **defaults}


_RECURRENT = _signature(
    "input_size hidden_size",
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
)
_CONV = _signature(
    "in_channels out_channels kernel_size",
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    bias=True,
    padding_mode="zeros",
)
_CONV_TRANSPOSE = _signature(
    "in_channels out_channels kernel_size",
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
)
_BATCH_NORM = _signature(
    "num_features", eps=1e-5, momentum=0.1, affine=True, track_running_stats=True
)
_INSTANCE_NORM = _signature(
    "num_features", eps=1e-5, momentum=0.1, affine=False, track_running_stats=False
)
_MAX_POOL = _signature(
    "input kernel_size",
    stride=Same("kernel_size"),
    padding=0,
    dilation=1,
    ceil_mode=False,
    return_indices=False,
)
_AVG_POOL = _signature(
    "input kernel_size",
    stride=Same("kernel_size"),
    padding=0,
    ceil_mode=False,
    count_include_pad=True,
)
MODULES: Final[dict[str, Signature]] = {
    **{f"nn.Conv{n}d": _CONV for n in (1, 2, 3)},
    **{f"nn.ConvTranspose{n}d": _CONV_TRANSPOSE for n in (1, 2, 3)},
    **{f"nn.BatchNorm{n}d": _BATCH_NORM for n in (1, 2, 3)},
    "nn.Linear": _signature("in_features out_features", bias=True),
    "nn.Embedding": _signature("num_embeddings embedding_dim", padding_idx=None),
    "nn.RNN": {**_RECURRENT, "nonlinearity": "tanh"},
    "nn.GRU": _RECURRENT,
    "nn.LSTMCell": _signature("input_size hidden_size", bias=True),
    "nn.GRUCell": _signature("input_size hidden_size", bias=True),
    "nn.RNNCell": _signature("input_size hidden_size", bias=True, nonlinearity="tanh"),
    "nn.LSTM": _RECURRENT,
    "nn.LayerNorm": _signature("normalized_shape", eps=1e-5, elementwise_affine=True, bias=True),
    "nn.GroupNorm": _signature("num_groups num_channels", eps=1e-5, affine=True),
    **{f"nn.InstanceNorm{n}d": _INSTANCE_NORM for n in (1, 2, 3)},
    "nn.RMSNorm": _signature("normalized_shape", eps=None, elementwise_affine=True),
    "nn.Dropout": _signature("", p=0.5),
    "nn.PReLU": _signature("", num_parameters=1),
    "nn.MultiheadAttention": _signature(
        "embed_dim num_heads", bias=True, kdim=None, vdim=None, batch_first=False
    ),
}

LIGHT: Final = (
    "nn.BatchNorm", "nn.LayerNorm", "nn.GroupNorm", "nn.InstanceNorm", "nn.RMSNorm", "nn.Dropout",
    "nn.PReLU",
)  # fmt: skip
"""Modules that stand on the line of what they follow: `self.batch_norm1(self.conv1(x))`."""

_UNARY = _signature("input")

FUNCTIONS: Final[dict[str, Signature]] = {
    **{f"F.max_pool{n}d": _MAX_POOL for n in (1, 2, 3)},
    **{f"F.avg_pool{n}d": _AVG_POOL for n in (1, 2, 3)},
    **{
        f"F.adaptive_{k}_pool{n}d": _signature("input output_size")
        for k in ("avg", "max")
        for n in (1, 2, 3)
    },
    **{
        f"F.{name}": _UNARY
        for name in (
            "relu",
            "silu",
            "relu6",
            "mish",
            "hardswish",
            "hardsigmoid",
            "softsign",
            "selu",
            "logsigmoid",
            "tanhshrink",
        )
    },
    **{
        f"torch.{name}": _UNARY
        for name in (
            "sigmoid",
            "tanh",
            "exp",
            "log",
            "sqrt",
            "abs",
            "sin",
            "cos",
            "square",
            "rsqrt",
            "sign",
            "floor",
            "ceil",
            "round",
            "neg",
            "reciprocal",
            "erf",
            "log1p",
            "expm1",
            "isnan",
        )
    },
    **{
        f"F.conv{n}d": _signature(
            "input weight", bias=None, stride=1, padding=0, dilation=1, groups=1
        )
        for n in (1, 2, 3)
    },
    **{
        f"F.conv_transpose{n}d": _signature(
            "input weight", bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
        )
        for n in (1, 2, 3)
    },
    "F.leaky_relu": _signature("input", negative_slope=0.01),
    "F.elu": _signature("input", alpha=1.0),
    "F.celu": _signature("input", alpha=1.0),
    "F.softplus": _signature("input", beta=1, threshold=20),
    "F.gelu": _signature("input", approximate="none"),
    "F.glu": _signature("input", dim=-1),
    "F.hardtanh": _signature("input", min_val=-1.0, max_val=1.0),
    "F.softmax": _signature("input", dim=None),
    "torch.softmax": _signature("input dim"),
    "F.batch_norm": _signature(
        "input running_mean running_var",
        weight=None,
        bias=None,
        training=False,
        momentum=0.1,
        eps=1e-5,
    ),
    "F.log_softmax": _signature("input", dim=None),
    "F.normalize": _signature("input", p=2.0, dim=1, eps=1e-12),
    "F.dropout": _signature("input", p=0.5, training=True),
    "F.dropout1d": _signature("input", p=0.5, training=True),
    "F.dropout2d": _signature("input", p=0.5, training=True),
    "F.dropout3d": _signature("input", p=0.5, training=True),
    "F.layer_norm": _signature("input normalized_shape", weight=None, bias=None, eps=1e-5),
    "F.rms_norm": _signature("input normalized_shape", weight=None, eps=None),
    "F.group_norm": _signature("input num_groups", weight=None, bias=None, eps=1e-5),
    "F.instance_norm": _signature(
        "input",
        running_mean=None,
        running_var=None,
        weight=None,
        bias=None,
        use_input_stats=True,
        momentum=0.1,
        eps=1e-5,
    ),
    "F.local_response_norm": _signature("input size", alpha=1e-4, beta=0.75, k=1.0),
    "F.pad": _signature("input pad", mode="constant", value=None),
    "F.interpolate": _signature(
        "input", size=None, scale_factor=None, mode="nearest", align_corners=None
    ),
    "F.pixel_shuffle": _signature("input upscale_factor"),
    "F.pixel_unshuffle": _signature("input downscale_factor"),
    "F.one_hot": _signature("input", num_classes=-1),
    "F.embedding": _signature("input weight"),
    "F.linear": _signature("input weight", bias=None),
    "F.scaled_dot_product_attention": _signature(
        "query key value", attn_mask=None, dropout_p=0.0, is_causal=False
    ),
    "nn.utils.rnn.pack_padded_sequence": _signature(
        "input lengths", batch_first=False, enforce_sorted=True
    ),
    "nn.utils.rnn.pad_packed_sequence": _signature(
        "sequence", batch_first=False, padding_value=0.0, total_length=None
    ),
    "torch.arange": _signature("end", device=None),
    "torch.full": _signature("size fill_value", device=None),
    "torch.ones": _signature("size", device=None),
    "torch.zeros_like": _signature("input"),
    **{
        f"torch.{name}_window": _signature("window_length", device=None)
        for name in ("hann", "hamming", "blackman")
    },
    "torch.stft": _signature(
        "input n_fft",
        hop_length=None,
        win_length=None,
        window=None,
        center=True,
        pad_mode="reflect",
        return_complex=None,
    ),
    "torch.flatten": _signature("input", start_dim=0, end_dim=-1),
    "torch.unflatten": _signature("input dim sizes"),
    "torch.cat": _signature("tensors", dim=0),
    "torch.stack": _signature("tensors", dim=0),
    "torch.add": _signature("input other"),
    "torch.mul": _signature("input other"),
    "torch.matmul": _signature("input other"),
    "torch.maximum": _signature("input other"),
    "torch.minimum": _signature("input other"),
    "torch.pow": _signature("input exponent"),
    "torch.clamp": _signature("input", min=None, max=None),
    "torch.where": _signature("condition input other"),
    "torch.mean": _signature("input", dim=None, keepdim=False),
    "torch.sum": _signature("input", dim=None, keepdim=False),
    "torch.amax": _signature("input", dim=(), keepdim=False),
    "torch.amin": _signature("input", dim=(), keepdim=False),
}

METHODS: Final[dict[str, Signature]] = {
    "flatten": _signature("", start_dim=0, end_dim=-1),
    "unflatten": _signature("dim sizes"),
    "mean": _signature("", dim=None, keepdim=False),
    "sum": _signature("", dim=None, keepdim=False),
    "amax": _signature("", dim=(), keepdim=False),
    "argmax": _signature("", dim=None),
    "detach": _signature(""),
    "amin": _signature("", dim=(), keepdim=False),
    "std": _signature("", dim=None, correction=1, keepdim=False),
    "unfold": _signature("dimension size step"),
    "unsqueeze": _signature("dim"),
    "squeeze": _signature("dim"),
    "transpose": _signature("dim0 dim1"),
    "select": _signature("dim index"),
    "gather": _signature("dim index"),
    "expand_as": _signature("other"),
    "narrow": _signature("dim start length"),
    "roll": _signature("shifts dims"),
    "new_full": _signature("size fill_value"),
    "triu": _signature("", diagonal=0),
    "unbind": _signature("", dim=0),
    "chunk": _signature("chunks", dim=0),
    "split": _signature("split_size", dim=0),
    "flip": _signature("dims"),
    "float": _signature(""),
    "long": _signature(""),
    "byte": _signature(""),
    "new_tensor": _signature("data"),
    "square": _signature(""),
    "sqrt": _signature(""),
    "contiguous": _signature(""),
    "cpu": _signature(""),
    "masked_fill": _signature("mask value"),
    "masked_select": _signature("mask"),
    "masked_scatter": _signature("mask source"),
    "movedim": _signature("source destination"),
}

SPREAD: Final = frozenset({"reshape", "permute", "expand", "repeat"})
"""Methods that take any number of sizes as arguments of their own."""

EACH_AXIS: Final = frozenset(
    {
        "kernel_size",
        "stride",
        "padding",
        "dilation",
        "output_padding",
        "output_size",
        "scale_factor",
    }
)
"""Parameters for which `(3, 3)` may be written `3`."""

INFIX: Final[dict[str, int]] = {
    "<": 0, "<=": 0, ">": 0, ">=": 0, "==": 0, "!=": 0,
    "+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "@": 2, "**": 4,
}  # fmt: skip
"""Operators and how tightly they bind; a sign binds with 3, everything else tighter than all."""
SIGN: Final = 3
ATOM: Final = 5

NN_CLASSES: Final = words(
    """
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss
    AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d
    AvgPool3d BCELoss BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear Buffer
    CELU CTCLoss ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantPad1d
    ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d
    ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss
    CrossMapLRN2d DataParallel Dropout Dropout1d Dropout2d Dropout3d ELU Embedding
    EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool2d FractionalMaxPool3d
    GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh
    HingeEmbeddingLoss HuberLoss Identity InstanceNorm1d InstanceNorm2d InstanceNorm3d
    KLDivLoss L1Loss LPPool1d LPPool2d LPPool3d LSTM LSTMCell LayerNorm LazyBatchNorm1d
    LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d
    LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d
    LazyInstanceNorm3d LazyLinear LeakyReLU Linear LinearCrossEntropyLoss
    LinearCrossEntropyOptions LocalResponseNorm LogSigmoid LogSoftmax MSELoss
    MarginRankingLoss MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish
    Module ModuleDict ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss
    MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU PairwiseDistance Parameter
    ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN
    RNNBase RNNCell RNNCellBase RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d
    ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU Sequential SiLU
    Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus Softshrink
    Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder
    TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginLoss
    TripletMarginWithDistanceLoss Unflatten Unfold UninitializedBuffer
    UninitializedParameter Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d
    ZeroPad2d ZeroPad3d
    """
)
"""Names of nn's classes, which no generated class takes: a reader would be misled."""
