"""Gans as Python sees them: players as networks, data that take the range, texts written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnc.check import Checked, check_source, check_text
from nnc.check.overrides import Override
from nnc.ir.gan import Categorical, GanPlan
from nnc.ir.plan import Field, Profile, TrainPlan
from nnc.ir.types import TensorType
from nnc.ir.verify import verify
from nnc.ir.walk import count_weights
from nnc.source import Source

SPECS = Path(__file__).parents[2] / "specs"
PUBLISHED = {
    "dcgan64": {"DCGAN.generator": 3_576_704, "DCGAN.discriminator": 2_765_568},
    "pix2pix": {"Pix2Pix.generator": 54_413_955, "Pix2Pix.discriminator": 2_768_705},
    "cyclegan": {"CycleGAN.to_zebra": 11_378_179, "CycleGAN.is_horse": 2_764_737},
}
DATA = 'data digits = bundled("mnist5k")\n'
GAN = """gan A(codes=8) {
  latent z: [codes]
  condition label: token[]
  generator { from label -> embedding(10, codes) as l; from z + l -> dense(784) -> tanh -> reshape(1, 28, 28) }
  discriminator { flatten -> dense(1) }
}
"""  # noqa: E501
TRAIN = "train A { data digits; objective hinge; ema 0.99; epochs 3 }\n"


def checked(name: str) -> Checked:
    path = SPECS / f"{name}.nn"
    return check_source(Source(path.name, path.read_text("utf-8")), root=str(SPECS))


def gan_plan(plan: TrainPlan) -> GanPlan:
    assert plan.gan is not None
    return plan.gan


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_weights(name: str) -> None:
    networks = checked(name).networks
    assert {k: count_weights(networks[k]) for k in PUBLISHED[name]} == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_players_are_all_networks(name: str) -> None:
    found = checked(name)
    (gan,) = found.gans.values()
    assert [player.network for player in gan.players] == [*found.networks]
    for player in gan.players:
        network = found.networks[player.network]
        verify(network)
        assert network.kind == player.role
        assert network.graph.outputs[0].name == player.output
        assert len(network.graph.fed) == len(player.reads)


def test_latents_of_ids_know_their_categories() -> None:
    text = GAN.replace("condition label: token[]", "latent label: token[] = categorical(10)")
    z, label = check_text(text).gans["A"].sources
    assert (z.categories, label.categories) == (0, 10)
    assert label.drawn == Categorical(10)


def test_pictures_take_the_range_of_the_generator() -> None:
    plan = check_text(DATA + GAN + TRAIN).data["digits"]
    assert plan.normalize.kind == "-1..1"
    plain = check_text(DATA + GAN.replace("-> tanh", "") + TRAIN).data["digits"]
    assert plain.normalize.kind == "default"


def test_a_given_range_of_the_same_numbers_is_right() -> None:
    data = DATA[:-1] + " { normalize (0.5, 0.5) }\n"
    assert check_text(data + GAN + TRAIN).diagnostics == ()


def test_fields_are_bound_once_data_are_known() -> None:
    profile = Profile(
        "digits",
        (
            Field("image", "input", "image", TensorType((1, 28, 28), "uint8")),
            Field("label", "target", "class", TensorType((), "int64"), tuple("0123456789")),
        ),
        (("classes", 10),),
        "",
        (),
    )
    text = DATA + GAN + TRAIN
    assert gan_plan(check_text(text).trains["A"]).fields == ()
    bound = check_source(Source("a.nn", text), profiles={"digits": profile})
    plan = gan_plan(bound.trains["A"])
    assert plan.fields == (("label", "label"), ("real", "image"))
    assert (plan.ema, plan.objective.word) == (0.99, "hinge")


def test_fields_of_several_data_name_them() -> None:
    text = (SPECS / "cyclegan.nn").read_text("utf-8")
    picture = Field("image", "input", "image", TensorType((3, 256, 256), "uint8"))
    profiles = {n: Profile(n, (picture,), (), "", ()) for n in ("horses", "zebras")}
    bound = check_source(Source("cyclegan.nn", text), profiles=profiles)
    assert bound.diagnostics == ()
    plan = gan_plan(bound.trains["CycleGAN"])
    assert plan.fields == (("horse", "horses.image"), ("zebra", "zebras.image"))


def test_the_command_line_reaches_gans() -> None:
    sets = {"A.codes": "4", "train.objective": "wgan", "train.objective.clip": "0.1"}
    overrides = tuple(Override(k, Source("<command line>", v)) for k, v in sets.items())
    found = check_source(Source("a.nn", DATA + GAN + TRAIN), overrides=overrides)
    assert found.diagnostics == ()
    assert found.gans["A"].sources[0].type == TensorType((4,))
    objective = gan_plan(found.trains["A"]).objective
    assert (objective.word, getattr(objective, "clip", 0)) == ("wgan", 0.1)
    assert check_text(found.resolved).gans["A"].sources[0].type == TensorType((4,))


def test_defaults_of_the_file_stay_with_players_in_texts_written_out() -> None:
    found = checked("dcgan64")
    again = check_text(found.resolved)
    assert again.diagnostics == ()
    for name, network in found.networks.items():
        assert count_weights(again.networks[name]) == count_weights(network)
