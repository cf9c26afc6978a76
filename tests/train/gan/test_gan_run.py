"""Runs of networks that compete, from the first step to the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from nnc.ir.gan import (
    R1,
    CycleGan,
    Gan,
    GanPlayer,
    GradientPenalty,
    Hinge,
    LeastSquares,
    NonSaturating,
    Pix2Pix,
    Wasserstein,
)
from nnc.ir.plan import TrainPlan
from tests.train.gan.kit import (
    CYCLE,
    LABELLED,
    PAIRED,
    PLAIN,
    SMALL,
    job_at,
    pictures,
    plan_of,
    resumed,
    simple,
    sources,
    states,
)
from tests.train.kit import Listener, run, signal_at

PLAYERS = ["generator_loss", "discriminator_loss", "real_score", "made_score"]


def labelled() -> TrainPlan:
    gan = simple(("z", "label"), ("made", "label"), z="latent 4", label="condition")
    return plan_of(gan, fields=(("real", "image"), ("label", "label")))


def paired() -> TrainPlan:
    gan = simple(("plain",), ("pair",), plain="condition 1 8 8")
    return plan_of(gan, Pix2Pix(), (("real", "image"), ("plain", "plain")))


def cycle() -> TrainPlan:
    players = (
        GanPlayer("to_b", "generator", "G", ("a",), "picture", makes="b"),
        GanPlayer("to_a", "generator", "G", ("b",), "picture", makes="a"),
        GanPlayer("is_a", "discriminator", "D", ("made",), "score", judges="a"),
        GanPlayer("is_b", "discriminator", "D", ("made",), "score", judges="b"),
    )
    gan = Gan("Cycle", sources(a="domain 1 8 8", b="domain 1 8 8"), players)
    fields = (("a", "left.image"), ("b", "right.image"))
    return plan_of(gan, CycleGan(buffer=5), fields, batch=4)


def told(path: Path) -> list[dict[str, object]]:
    made = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    for line in made:
        del line["seconds"]
    return made


KINDS: dict[str, tuple[TrainPlan, str]] = {
    "gan": (plan_of(simple(), NonSaturating(label_smoothing=0.1)), SMALL),
    "average": (plan_of(simple(), ema=0.9), SMALL),
    "lsgan": (plan_of(simple(), LeastSquares()), SMALL),
    "hinge": (plan_of(simple(), Hinge()), SMALL),
    "wgan": (plan_of(simple(), Wasserstein(critic=2)), PLAIN),
    "wgan_gp": (plan_of(simple(), GradientPenalty(critic=3)), PLAIN),
    "r1": (plan_of(simple(), R1()), PLAIN),
    "labelled": (labelled(), LABELLED),
    "pix2pix": (paired(), PAIRED),
    "cyclegan": (cycle(), CYCLE),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("calls", [9])
def test_killed_and_resumed_to_the_bit(tmp_path: Path, kind: str, calls: int) -> None:
    plan, text = KINDS[kind]
    more: dict[str, object] = {}
    if kind == "cyclegan":
        more = {"data": pictures(22, 1, "left"), "beside": (pictures(17, 2, "right"),)}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    job = job_at(whole, plan, text, **more)
    assert run(job).status == "finished"
    first = job_at(cut, plan, text, **more)
    signal_at(first.members[-1].module, calls)
    assert run(first).exit_code == 130
    assert json.loads(next((cut / "checkpoints").glob("*/state.json")).read_text())["batch"] > 0
    second = resumed(cut, plan, text, **more)
    assert run(second).status == "finished"
    assert told(cut) == told(whole)
    found, wanted = states(second), states(job)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    kept = [safetensors.torch.load_file(path / "weights.safetensors") for path in (cut, whole)]
    assert all(torch.equal(kept[0][name], kept[1][name]) for name in kept[1])
    names = sorted(path.name for path in (whole / "samples").iterdir())
    assert names == ["epoch-001.png", "epoch-002.png", "epoch-003.png", "strip.png"]
    assert [(cut / "samples" / n).read_bytes() for n in names] == [
        (whole / "samples" / n).read_bytes() for n in names
    ]


def test_the_epoch_line_tells_both_sides(tmp_path: Path) -> None:
    listener = Listener()
    run(job_at(tmp_path, plan_of(simple())), listener)
    assert [list(line.players) for line in listener.lines] == [PLAYERS] * 3
    assert "generator" in (tmp_path / "log.txt").read_text()
    (line, *_) = told(tmp_path)
    assert 0 < float(str(line["real_score"])) < 1
