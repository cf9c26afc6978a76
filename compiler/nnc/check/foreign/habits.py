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
    "reverse": "flip",
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

_TRANSFORMER = (
    "write its layers: `residual { layer_norm -> attention(4) }`, then "
    "`residual { layer_norm -> dense(64) -> gelu -> dense(16) }`"
)
_BLOCK = "put `use std.residual` at the top, and write `basic_block(64)`"
_NOISE = "what is drawn is declared, as in `noise e: [8]`, and used by its name"
_END = "a body ends with `}`"

ADVICE = {
    "separableconv": "put `use std.separable` at the top, and write `separable_conv(32)`",
    "depthwiseseparableconv": "put `use std.separable` at the top, and write `separable_conv(32)`",
    "transformer": _TRANSFORMER,
    "transformerencoder": _TRANSFORMER,
    "transformerdecoder": _TRANSFORMER,
    "transformerblock": _TRANSFORMER,
    "encoder": "write its layers, or declare them: `block encoder { dense(64) -> relu }`",
    "decoder": "write its layers, or declare them: `block decoder { dense(64) -> relu }`",
    "positionalencoding": "write `positions(sinusoidal)`, or `positions(learned, max=512)`",
    "positionalembedding": "write `positions(learned, max=512)`, or `positions(sinusoidal)`",
    "positionembedding": "write `positions(learned, max=512)`, or `positions(sinusoidal)`",
    "crossattention": "write `attention(4, to=OTHER)`: what flows asks, OTHER is looked at",
    "bilstm": "write `lstm(32, bidirectional=true)`",
    "bigru": "write `gru(32, bidirectional=true)`",
    "birnn": "write `rnn(32, bidirectional=true)`",
    "bidirectional": "write `lstm(32, bidirectional=true)`",
    "last": "name the value, then `from h[-1]` is its last step; or `lstm(32, keep=last)`",
    "laststep": "name the value, then `from h[-1]` is its last step; or `lstm(32, keep=last)`",
    "transpose": "`permute` names all axes in their new order, without the batch: `permute(1, 0)`",
    "swapaxes": "`permute` names all axes in their new order, without the batch: `permute(1, 0)`",
    "timedistributed": "write `scan { STEPS }`: its steps are taken at each place",
    "repeatvector": "write `unsqueeze(0) -> expand(10, 64)`",
    "masking": "lengths are known where an input is padded: `input words: token[T] padded`",
    "identity": "leave it out: an empty path is the identity",
    "lambda": "a formula stands behind `from`: `from 2 * h + 1`",
    "resblock": _BLOCK,
    "residualblock": _BLOCK,
    "resnetblock": _BLOCK,
    "seblock": "put `use std.squeeze_excite` at the top, and write `squeeze_excite(4)`",
    "inceptionblock": "write `concat { path { conv(64, 1) } path { conv(64, 3, padding=1) } }`",
    "feedforward": "put `use std.prenorm` at the top, and write `feed_forward(64, 256)`",
    "mlp": "write its layers: `dense(64) -> relu -> dense(10)`",
    "mlpblock": "write its layers: `dense(64) -> relu -> dense(10)`",
    "randn": _NOISE,
    "rand": _NOISE,
    "randomnormal": _NOISE,
    "randnlike": _NOISE,
    "gaussiannoise": "declare `noise e: [8]`, then `from h + 0.1 * e`",
    "zeros": "write `constant zero: [8] = 0`, and use its name",
    "ones": "write `constant one: [8] = 1`, and use its name",
    "print": "`nnc show SPEC` tells what flows where; a shape is claimed with `: [8]`",
    "end": _END,
    "endfor": _END,
    "endif": _END,
    "fi": _END,
    "done": _END,
    "pass": "empty braces need nothing in them: delete it",
    "loss": "a loss is a setting: `train NETWORK { loss cross_entropy }`",
    "optimizer": "an optimizer is a setting: `train NETWORK { optimizer adam(lr=1e-3) }`",
    "epochs": "a length is a setting: `train NETWORK { epochs 10 }`",
}
"""Steps of other tools that are no layer here, and what is written in their place."""

SOURCE_ARGUMENTS = {
    "label": "target",
    "y": "target",
    "target_column": "target",
    "seq_len": "window",
    "seq_length": "window",
    "sequence_length": "window",
    "block_size": "window",
    "context": "window",
    "context_length": "window",
    "lookback": "window",
    "input_width": "window",
    "history": "window",
    "ahead": "horizon",
    "forecast": "horizon",
    "steps_ahead": "horizon",
    "prediction_length": "horizon",
    "index": "time",
    "date": "time",
    "tokenizer": "unit",
    "lambda": "penalty",
    "lambda_gp": "penalty",
    "gp_weight": "penalty",
    "n_critic": "critic",
}
"""Arguments of data and of objectives by their names elsewhere."""

DERIVED = ("in_channels", "in_features", "input_size", "input_shape", "num_features", "input_dim",
    "embed_dim", "normalized_shape",
)  # fmt: skip
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
