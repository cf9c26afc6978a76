"""The ten lines of Python in the README run a model without nnc."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from nnc import resources
from nnc.deploy.predict import gather, predict
from nnc.deploy.session import Session
from nnc.ir.plan import Field, Part, Pixels, Profile
from nnc.ir.types import TensorType
from tests.deploy import small

SNIPPET = """\
import json, sys, numpy as np, onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(sys.argv[1])
labels = json.loads(session.get_modelmeta().custom_metadata_map["nnc.labels"])["digit"]
_, channels, height, width = session.get_inputs()[0].shape
picture = ImageOps.exif_transpose(Image.open(sys.argv[2])).convert("L")
picture = ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)
image = np.asarray(picture).reshape(1, channels, height, width)
(probability,) = session.run(["digit_probability"], {"image": image})
print(labels[probability[0].argmax()], f"{probability[0].max():.1%}")
"""

LABELS = tuple(str(n) for n in range(10))
PROFILE = Profile(
    "digits",
    (
        Field("image", "input", "image", TensorType((1, 28, 28), "uint8")),
        Field("label", "target", "class", TensorType((), "int64"), LABELS),
    ),
    (("classes", 10),),
    "",
    (Part("train", 4000, "0123456789ab", (400,) * 10),),
    (("image", Pixels((0.0,), (1.0,))),),
)


def test_the_snippet_says_what_nnc_says(tmp_path: Path) -> None:
    spec = resources.text("specs", "lenet.nn")
    file = small.exported(spec, PROFILE, tmp_path / "model.onnx")
    picture = tmp_path / "seven.png"
    pixels = np.asarray(Image.open(resources.path("specs", "data", "seven.png")).convert("L"))
    turned = Image.Exif()
    turned[0x0112] = 6  # held sideways
    Image.fromarray(pixels).resize((80, 40)).save(picture, exif=turned)
    script = tmp_path / "classify.py"
    script.write_text(SNIPPET, encoding="utf-8")
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    said = subprocess.run(
        [sys.executable, str(script), str(file.path), str(picture)],
        capture_output=True,
        text=True,
        check=True,
        env=alone,
    ).stdout.split()
    session = Session(file.path)
    (one,) = predict(session, gather(session, [str(picture)]))
    answer = one.answers["digit"]
    assert isinstance(answer, dict)
    assert said[0] == answer["label"]
    assert float(said[1].rstrip("%")) / 100 == np.round(float(str(answer["probability"])), 3)


def test_the_snippet_is_short() -> None:
    assert len([line for line in SNIPPET.splitlines() if line.strip()]) <= 10
    assert max(map(len, SNIPPET.splitlines())) <= 100
