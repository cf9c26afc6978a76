"""Small players, pictures and plans for tests of networks that compete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.check import check_text
from nnc.ir.gan import Gan, GanPlan, GanPlayer, GanSource, NonSaturating, Objective
from nnc.ir.graph import Network
from nnc.ir.plan import Field, Length, Pixels, Player, Profile, TrainPlan
from nnc.ir.training import Adam, Constant
from nnc.ir.types import TensorType
from nnc.ir.updates import Group
from nnc.ir.walk import weight_table
from nnc.record import replace
from nnc.train.device import Device
from nnc.train.folder import RunFolder, open_run
from nnc.train.job import Job
from nnc.train.wiring import Member
from tests.train.kit import Data, Memory, folder_at, profile_of

CPU = Device("cpu", "cpu", 1, "float32")
SMALL = """
network G {
  input z: [4]
  dense(32, bias=false) -> reshape(8, 2, 2) -> batch_norm -> relu
  conv_transpose(4, 4, stride=2, padding=1, bias=false) -> batch_norm -> relu
  conv_transpose(1, 4, stride=2, padding=1) -> tanh
  output picture: [1, 8, 8]
}
network D {
  input picture: [1, 8, 8]
  conv(8, 4, stride=2, padding=1) -> leaky_relu(0.2)
  conv(8, 4, stride=2, padding=1, bias=false) -> batch_norm -> leaky_relu(0.2)
  conv(1, 2) -> flatten
  output score: [1]
}
"""
PLAIN = """
network G {
  input z: [4]
  dense(16) -> relu -> dense(64) -> tanh -> reshape(1, 8, 8)
  output picture: [1, 8, 8]
}
network D {
  input picture: [1, 8, 8]
  flatten -> dense(16) -> leaky_relu(0.2) -> dense(1)
  output score: [1]
}
"""
LABELLED = """
network G {
  input z: [4]
  input label: token[]
  from label -> embedding(3, 4) as chosen
  from z, chosen -> concat -> dense(64) -> tanh -> reshape(1, 8, 8)
  output picture: [1, 8, 8]
}
network D {
  input picture: [1, 8, 8]
  input label: token[]
  from label -> embedding(3, 8) as chosen
  from picture -> flatten -> dense(8) -> leaky_relu(0.2) as seen
  from seen, chosen -> concat -> dense(1)
  output score: [1]
}
"""
PAIRED = """
network G {
  input plain: [1, 8, 8]
  conv(4, 3, padding=1) -> relu -> conv(1, 3, padding=1) -> tanh
  output picture: [1, 8, 8]
}
network D {
  input both: [2, 8, 8]
  conv(4, 4, stride=2, padding=1) -> leaky_relu(0.2) -> conv(1, 3, padding=1)
  output score: [1, 4, 4]
}
"""
CYCLE = PAIRED.replace("input both: [2, 8, 8]", "input both: [1, 8, 8]")


def networks(text: str) -> dict[str, Network]:
    """The checked networks of a text."""
    checked = check_text(text)
    assert not checked.errors, [d.message for d in checked.diagnostics]
    return dict(checked.networks)


def module(network: Network, seed: int = 0) -> nn.Module:
    """A network with its initial weights."""
    return build(network, initial_weights(weight_table(network), seed))


def member(name: str, network: Network) -> Member:
    """A player ready to train."""
    graph = network.graph
    inputs, outputs = (tuple(p.name for p in ports) for ports in (graph.fed, graph.outputs))
    return Member(name, module(network), inputs, outputs)


def sources(**types: str) -> tuple[GanSource, ...]:
    """Latents, conditions and domains: `z="latent 4"`, `label="condition"`, `a="domain 1 8 8"`."""
    made = []
    for name, text in types.items():
        kind, *dims = text.split()
        type = TensorType(tuple(map(int, dims)), "float32" if dims else "int64")
        made.append(GanSource(kind, name, type))  # type: ignore[arg-type]
    return tuple(made)


def simple(g: tuple[str, ...] = ("z",), d: tuple[str, ...] = ("made",), **types: str) -> Gan:
    """A generator and a discriminator."""
    players = (
        GanPlayer("generator", "generator", "G", g, "picture"),
        GanPlayer("discriminator", "discriminator", "D", d, "score"),
    )
    return Gan("Pair", sources(**(types or {"z": "latent 4"})), players)


def plan_of(
    gan: Gan,
    objective: Objective | None = None,
    fields: tuple[tuple[str, str], ...] = (("real", "image"),),
    lr: float = 2e-3,
    **changes: object,
) -> TrainPlan:
    """A plan in which every player has Adam as DCGAN has it."""
    ema = float(str(changes.pop("ema", 0.0)))
    group = Group(Adam(lr=lr, betas=(0.5, 0.999)), Constant())
    groups = ((group,),) * len(gan.players)
    plan = TrainPlan(
        name=gan.name,
        network=gan.name,
        data=("blobs",),
        players=tuple(Player(p.name, p.network) for p in gan.players),
        phases=(),
        length=Length("epochs", 3),
        batch=16,
        gan=GanPlan(gan, objective or NonSaturating(), groups, fields, ema),
    )
    return replace(plan, **changes)


def written(text: str, batch: int = 16, **fields: str) -> TrainPlan:
    """The plan of a text's gan, bound to `pictures`; `fields`: beside what is real."""
    checked = check_text(text)
    assert not checked.errors, [d.message for d in checked.diagnostics]
    (plan,) = checked.trains.values()
    assert plan.gan is not None
    bound = (("real", "image"), *fields.items())
    return replace(plan, gan=replace(plan.gan, fields=bound), batch=batch)


def pictures(count: int = 56, seed: int = 0, name: str = "blobs", classes: int = 3) -> Data:
    """Blurred spots of 8x8 pixels in the corner that their class says."""
    random = np.random.default_rng(seed)
    label = random.integers(0, classes, count)
    image = random.integers(0, 40, (count, 1, 8, 8))
    for at, corner in enumerate(label):
        y, x = 4 * (corner // 2), 4 * (corner % 2)
        image[at, 0, y : y + 4, x : x + 4] += 180
    memory = Memory(
        {
            "image": image.astype(np.uint8),
            "label": label.astype(np.int64),
            "plain": (255 - image).astype(np.uint8),
        }
    )
    front = Pixels((0.5,), (0.5,), "-1..1")
    labels = tuple("abcdefghij"[:classes])
    fields = (
        Field("image", "input", "image", TensorType((1, 8, 8), "uint8")),
        Field("plain", "input", "image", TensorType((1, 8, 8), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), labels),
    )
    profile: Profile = profile_of(fields, {"image": front, "plain": front}, train=memory)
    return Data(replace(profile, data=name), train=memory)


def job_at(
    path: Path, plan: TrainPlan, text: str = SMALL, data: Data | None = None, **changes: object
) -> Job:
    """A job on the CPU, in one thread."""
    known = networks(text)
    assert plan.gan is not None
    members = tuple(member(p.name, known[p.network]) for p in plan.gan.gan.players)
    folder = changes.pop("folder", None) or folder_at(path)
    job = Job(plan, members, data or pictures(), folder, device="cpu", threads=1, pause=0.0)
    return replace(job, **changes)


def resumed(path: Path, plan: TrainPlan, text: str = SMALL, **changes: object) -> Job:
    """A job that goes on with the run in a folder."""
    folder = RunFolder(path, open_run(path).record)
    return job_at(path, plan, text, resume=True, folder=folder, **changes)


def states(job: Job) -> dict[str, torch.Tensor]:
    """All weights of all players."""
    return {
        f"{m.name}/{name}": value
        for m in job.members
        for name, value in m.module.state_dict().items()
    }
