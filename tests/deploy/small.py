"""Small networks with their weights, data found, and files, for tests of this room."""

from __future__ import annotations

from pathlib import Path

from nnc.backends.arrays import Array
from nnc.backends.initial import initial_weights
from nnc.check import check_source
from nnc.deploy.export import ExportedFile, export_network
from nnc.deploy.meanings import Recipe
from nnc.ir.graph import Network
from nnc.ir.plan import Categories, Field, Part, Pixels, Profile, Scale
from nnc.ir.types import TensorType
from nnc.ir.walk import weight_table
from nnc.record import replace
from nnc.source import Source

PICTURES = """
data digits = images("digits")
network Small {
  input image: [1, 6, 6]
  conv(3, 3) -> batch_norm -> relu
  max_pool(2) -> flatten -> dense(digits.classes)
  output digit
}
train Small { data digits; loss cross_entropy; epochs 1; metric accuracy }
"""
PICTURES_PROFILE = Profile(
    "digits",
    (
        Field("image", "input", "image", TensorType((1, 6, 6), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), ("two", "seven", "nine")),
    ),
    (("classes", 3),),
    "stratified by class",
    (Part("train", 9, "0123456789ab", (3, 3, 3)),),
    (("image", Pixels((0.5,), (0.25,), "given", "pad")),),
)

TABLE = """
data houses = table("houses.csv", target=["price"])
network Price {
  input numbers: [houses.numbers]
  input categories: token[1]
  from categories -> embedding(houses.colour.values, 4) -> flatten as colour
  from numbers, colour -> concat -> dense(8) -> relu -> dense(1)
  output price
}
train Price { data houses; loss mse; epochs 1; metric mae }
"""
TABLE_PROFILE = Profile(
    "houses",
    (
        Field("numbers", "input", "numbers", TensorType((2,)), columns=("area", "rooms")),
        Field("categories", "input", "categories", TensorType((1,), "int64"), columns=("colour",)),
        Field("price", "target", "number", TensorType((1,)), columns=("price",)),
    ),
    (("numbers", 2), ("colour.values", 3)),
    "stratified",
    (Part("train", 9, "0123456789ab"),),
    (
        ("numbers", Scale((80.0, 3.0), (20.0, 1.5), (75.0, 3.0), ("area", "rooms"))),
        ("categories", Categories(("colour",), (("blue", "red"),))),
        ("price", Scale((250_000.0,), (90_000.0,), (), ("price",))),
    ),
)


def by_column(profile: Profile) -> Profile:
    """The same table as found where a network takes its column of words alone."""
    fields = tuple(
        replace(f, name="colour", meaning="category", type=TensorType((), "int64"))
        if f.name == "categories"
        else f
        for f in profile.fields
    )
    fronts = tuple(("colour" if n == "categories" else n, front) for n, front in profile.fronts)
    return replace(profile, fields=fields, fronts=fronts)


def recipe(text: str, profile: Profile | None = None) -> Recipe:
    """The only network of a text, bound to what its data would have been."""
    found = {} if profile is None else {profile.data: profile}
    checked = check_source(Source("spec.nn", text), profiles=found)
    assert not checked.errors, [d.message for d in checked.diagnostics]
    (network,) = checked.networks.values()
    plan = next(iter(checked.trains.values()), None)
    export = next(iter(checked.exports.values()), None)
    return Recipe(network, plan, profile, export, text)


def weights_of(network: Network, seed: int = 0) -> dict[str, Array]:
    return initial_weights(weight_table(network), seed)


def exported(text: str, profile: Profile | None, path: Path) -> ExportedFile:
    from nnc.deploy.verify import verify  # torch is not wanted in every test

    made = recipe(text, profile)
    return export_network(made, weights_of(made.network), path, proof=verify)
