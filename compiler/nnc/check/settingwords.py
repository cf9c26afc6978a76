"""Settings, losses, metrics and sources of data by their names in other tools."""

from __future__ import annotations

SETTINGS = {
    "batch_size": "batch",
    "criterion": "loss",
    "optim": "optimizer",
    "optimiser": "optimizer",
    "lr_scheduler": "schedule",
    "lr_schedule": "schedule",
    "scheduler": "schedule",
    "metrics": "metric",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "max_epochs": "epochs",
    "max_steps": "steps",
    "iterations": "steps",
    "gradient_clip": "clip",
    "grad_clip": "clip",
    "clip_grad_norm": "clip",
    "patience": "early_stop",
    "early_stopping": "early_stop",
    "dataset": "data",
    "random_seed": "seed",
    "random_state": "seed",
    "amp": "precision",
    "transform": "augment",
    "transforms": "augment",
    "augmentation": "augment",
    "image_size": "size",
    "resize": "size",
    "labels": "classes",
    "normalise": "normalize",
    "normalization": "normalize",
    "val_split": "split",
    "validation_split": "split",
}

OF_OPTIMIZER = ("lr", "learning_rate", "momentum", "weight_decay", "betas")
"""Arguments of the optimizer that other tools have as settings."""

ELSEWHERE = {
    "train": {
        "device": "a run chooses it: `nnc train --device cuda`",
        "devices": "a run chooses it: `nnc train --devices 2`",
        "gpus": "a run chooses it: `nnc train --devices 2`",
        "validation_split": "it is a setting of data: `data d = ... { split 0.8/0.1/0.1 }`",
        "val_split": "it is a setting of data: `data d = ... { split 0.8/0.1/0.1 }`",
        "split": "it is a setting of data: `data d = ... { split 0.8/0.1/0.1 }`",
        "unfreeze": "what no `freeze` names learns: leave it out of `freeze`",
        "trainable": "what no `freeze` names learns: leave it out of `freeze`",
        "augment": "it is a setting of data: `data d = ... { augment flip }`",
        "normalize": "it is a setting of data: `data d = ... { normalize 0..1 }`",
        "size": "it is a setting of data: `data d = ... { size 64 }`",
        "classes": "it is a setting of data: `data d = ... { classes [cat, dog] }`",
        "shuffle": "the train part is always shuffled: leave it out",
        "verbose": "a run says it: `nnc train -v`, or `-q`",
        "model": "the network stands behind `train`: `train NETWORK { }`",
        "network": "the network stands behind `train`: `train NETWORK { }`",
        "objective": "it is a setting of gans; a network has a `loss`",
        "ema": "it is a setting of gans",
    },
    "gan's train": {
        "metric": "players measure each other; look at the samples of each epoch",
        "early_stop": "losses of players that compete do not fall: say how long by `epochs`",
        "monitor": "losses of players that compete do not fall: the last weights are kept",
        "init": "the players of a gan start anew: leave it out",
        "freeze": "all players learn: leave it out",
        "accumulate": "a step takes its whole batch: leave it out, or lower `batch`",
        "critic": "it is an argument of the objective: `objective wgan_gp(critic=5)`",
        "device": "a run chooses it: `nnc train --device cuda`",
        "normalize": "it is a setting of data: `data d = ... { normalize -1..1 }`",
        "size": "it is a setting of data: `data d = ... { size 64 }`",
    },
    "data": {
        "batch": "it is a setting of training: `train NETWORK { batch 32 }`",
        "batch_size": "it is a setting of training: `train NETWORK { batch 32 }`",
        "epochs": "it is a setting of training: `train NETWORK { epochs 10 }`",
        "loss": "it is a setting of training: `train NETWORK { loss cross_entropy }`",
        "target": 'it is an argument of the source: `table("f.csv", target=["price"])`',
    },
}
"""Settings that stand in another block, or on the command line."""

LOSSES = {
    "crossentropy": "cross_entropy",
    "categoricalcrossentropy": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy",
    "softmaxcrossentropy": "cross_entropy",
    "softmax": "cross_entropy",
    "nll": "cross_entropy",
    "ce": "cross_entropy",
    "binarycrossentropy": "bce",
    "bcewithlogits": "bce_with_logits",
    "meansquarederror": "mse",
    "squarederror": "mse",
    "l2": "mse",
    "mae": "l1",
    "meanabsoluteerror": "l1",
    "smoothl1": "huber",
    "ctcloss": "ctc",
}

METRICS = {
    "acc": "accuracy",
    "top5": "accuracy(top=5)",
    "top3": "accuracy(top=3)",
    "top5accuracy": "accuracy(top=5)",
    "topkaccuracy": "accuracy(top=5)",
    "top1": "accuracy",
    "categoricalaccuracy": "accuracy",
    "sparsecategoricalaccuracy": "accuracy",
    "auc": "auroc",
    "rocauc": "auroc",
    "f1score": "f1",
    "jaccard": "iou",
    "meaniou": "iou",
    "meanabsoluteerror": "mae",
    "rootmeansquarederror": "rmse",
    "r2score": "r2",
    "ppl": "perplexity",
    "bpc": "bits",
    "bpb": "bits",
    "bitsperchar": "bits",
    "bitspercharacter": "bits",
    "wer": "error_rate",
    "cer": "error_rate",
    "worderrorrate": "error_rate",
    "charerrorrate": "error_rate",
    "editdistance": "error_rate",
}

SCHEDULES = {
    "cosineannealing": "cosine",
    "cosineannealinglr": "cosine",
    "cosinedecay": "cosine",
    "steplr": "step",
    "multisteplr": "step",
    "reducelronplateau": "plateau",
    "linearlr": "linear",
    "constantlr": "constant",
}

OPTIMIZERS = {"momentum": "sgd(momentum=0.9)", "nesterov": "sgd(momentum=0.9, nesterov=true)"}

AUGMENTS = {
    "horizontalflip": "flip",
    "randomhorizontalflip": "flip",
    "fliplr": "flip",
    "mirror": "flip",
    "randomcrop": "crop(padding=4)",
    "translate": "shift(2)",
    "randomtranslation": "shift(2)",
}

INITS = {
    "xavier": "xavier_uniform",
    "glorot": "xavier_uniform",
    "glorotuniform": "xavier_uniform",
    "glorotnormal": "xavier_normal",
    "he": "kaiming_normal",
    "henormal": "kaiming_normal",
    "heuniform": "kaiming_uniform",
    "kaiming": "kaiming_normal",
    "zeros": "0",
    "zero": "0",
    "ones": "1",
    "one": "1",
}

SOURCES = {
    "csv": "table",
    "readcsv": "table",
    "parquet": "table",
    "dataframe": "table",
    "folder": "images",
    "imagefolder": "images",
    "image": "images",
    "load": "arrays",
    "numpy": "arrays",
    "npz": "arrays",
    "npy": "arrays",
    "corpus": "text",
    "timeseries": "series",
    "wav": "audio",
    "sound": "audio",
    "sounds": "audio",
}

BUNDLED = {"mnist": "mnist5k", "digits": "mnist5k"}


def plain(word: str) -> str:
    """A word without case, underscores and the ending `Loss`."""
    bare = word.lower().replace("_", "")
    return bare.removesuffix("loss") or bare
