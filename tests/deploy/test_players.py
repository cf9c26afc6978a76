"""Files of players: what goes in and comes out, what they say, and that they are PyTorch's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nnc.backends.arrays import Array
from nnc.backends.initial import initial_weights
from nnc.backends.torch_module import build
from nnc.deploy.export import export_network
from nnc.deploy.gan_exporter import GanExporter
from nnc.deploy.lively import lively
from nnc.deploy.meanings import Recipe
from nnc.deploy.roles import Role
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.ir.gan import GanPlan, GanPlayer
from nnc.ir.plan import Pixels
from nnc.ir.walk import weight_table
from nnc.record import replace
from tests.train.gan.kit import (
    LABELLED,
    PAIRED,
    SMALL,
    networks,
    pictures,
    plan_of,
    simple,
)


def recipe(text: str, plan: GanPlan, player: GanPlayer) -> tuple[Recipe, dict[str, Array]]:
    network = networks(text)[player.network]
    weights = lively(initial_weights(weight_table(network), 0), 0)
    role = Role(player, plan.gan.sources, plan, (pictures().profile,))
    return Recipe(network, role=role), weights


def gan_of(text: str) -> GanPlan:
    if text is LABELLED:
        gan = simple(("z", "label"), ("made", "label"), z="latent 4", label="condition")
        plan = plan_of(gan, fields=(("real", "image"), ("label", "label")))
    elif text is PAIRED:
        gan = simple(("plain",), ("pair",), plain="condition 1 8 8")
        plan = plan_of(gan, fields=(("real", "image"), ("plain", "plain")))
    else:
        plan = plan_of(simple())
    assert plan.gan is not None
    return plan.gan


def exported(text: str, path: Path, who: int = 0) -> Session:
    plan = gan_of(text)
    made, weights = recipe(text, plan, plan.gan.players[who])
    assert made.role is not None
    file = path / made.role.file(True)
    export_network(made, weights, file, proof=verify)
    return Session(file)


def test_a_generator_gives_pixels(tmp_path: Path) -> None:
    plan = gan_of(SMALL)
    session = exported(SMALL, tmp_path)
    assert (tmp_path / "generator.onnx").is_file()
    (port,), (out,) = session.inputs, session.outputs
    assert (port.name, port.described) == ("z", "[batch,4]")
    assert (out.name, out.described) == ("picture", "uint8[batch,1,8,8]")
    about = session.about
    assert about.task == "generation"
    assert about.input("z").meaning == "latent"
    assert about.input("z").drawn == ("normal", 0.0, 1.0)
    assert about.output("picture").meaning == "image"
    made, weights = recipe(SMALL, plan, plan.gan.players[0])
    z = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    with torch.no_grad():
        wanted = build(made.network, weights).eval()(torch.from_numpy(z)).numpy()
    found = session.run({"z": z})["picture"]
    assert np.abs((wanted + 1) * 127.5 - found).max() <= 0.51
    assert found.std() > 5


def test_a_condition_has_its_labels(tmp_path: Path) -> None:
    session = exported(LABELLED, tmp_path)
    assert [(p.name, p.described) for p in session.inputs] == [
        ("z", "[batch,4]"),
        ("label", "int64[batch]"),
    ]
    assert session.about.labels_of("label") == ("a", "b", "c")
    assert session.about.input("label").meaning == "class"


def test_a_translator_takes_pixels_and_gives_pixels(tmp_path: Path) -> None:
    session = exported(PAIRED, tmp_path)
    assert session.inputs[0].described == "uint8[batch,1,8,8]"
    assert session.outputs[0].described == "uint8[batch,1,8,8]"
    assert session.about.input("plain").meaning == "image"


@pytest.mark.parametrize(
    "text, read", [(SMALL, "uint8[batch,1,8,8]"), (PAIRED, "uint8[batch,2,8,8]")]
)
def test_a_discriminator_is_a_scorer(tmp_path: Path, text: str, read: str) -> None:
    session = exported(text, tmp_path, who=1)
    assert session.inputs[0].described == read
    assert [out.name for out in session.outputs] == ["score", "score_probability"]
    random = np.random.default_rng(0)
    shape = (3, *(int(d) for d in session.inputs[0].dims[1:]))
    made = session.run({session.inputs[0].name: random.integers(0, 256, shape, dtype=np.uint8)})
    chance = 1 / (1 + np.exp(-made["score"]))
    assert np.allclose(made["score_probability"], chance, atol=1e-6)


def test_without_data_the_file_gives_the_networks_numbers(tmp_path: Path) -> None:
    plan = gan_of(SMALL)
    made, weights = recipe(SMALL, plan, plan.gan.players[0])
    assert made.role is not None
    made = replace(made, role=replace(made.role, gan=None, profiles=()))
    file = tmp_path / "x.onnx"
    export_network(made, weights, file, trained=False, proof=verify)
    assert Session(file).outputs[0].described == "[batch,1,8,8]"


def test_wrong_pixels_are_found_out(tmp_path: Path) -> None:
    """A file that rounds another number than the network gives is no rounding of it."""
    plan = gan_of(SMALL)
    made, weights = recipe(SMALL, plan, plan.gan.players[0])
    file = tmp_path / "generator.onnx"
    export_network(made, weights, file, proof=verify)
    assert made.role is not None
    around = made.role.ends(made.network)
    off = replace(around, pictures=(("picture", Pixels((0.5,), (0.52,))),))
    assert verify(made.network, weights, file, around=around).verified
    assert not verify(made.network, weights, file, around=off).verified


def test_an_exporter_of_all_players(tmp_path: Path) -> None:
    plan = gan_of(SMALL)
    pairs = [recipe(SMALL, plan, player) for player in plan.gan.players]
    exporter = GanExporter(tuple(made for made, _ in pairs), tmp_path)
    weights = {p.name: w for p, (_, w) in zip(plan.gan.players, pairs)}
    assert exporter.before(weights).largest < 1e-4
    exported = exporter.after(weights)
    assert not exported.failure
    assert [export.file for export in exported.exports] == ["generator.onnx", "discriminator.onnx"]
    assert exporter.finish(exported, {}) == exported.exports
