"""Whether specs/cyclegan_digits.nn turns one kind of digits into the other: held to the true pairs.

    python tests/benchmarks/cyclegan_pairs.py [--run RUN] [--picture FILE.png] [--write]

Two folders of 1,000 bundled digits each, no digit in both: white on black as they are, and in ink
on paper with noise. The spec is trained on them as a user would, one thread; then `nnc run`
translates 500 digits that were in neither folder with the exported files, both ways, and each is
compared with what it should have become, which training never saw. A reader trained by nnc on other
digits in ink says whether the translated ones are still the digits that they were. About five
minutes; `--run` takes a finished run instead of training.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measure import NNC, ROOT, Claim, arguments, cost, report, table
from PIL import Image

sys.path.insert(0, str(ROOT / "compiler"))

from nnc.record import Record
from nnc.train.gan.sheet import arranged

PAPER, INK = np.array([244.0, 226.0, 178.0]), np.array([28.0, 44.0, 120.0])
NOISE = 8.0
"""Deviation of each number, in grey levels."""
COUNT = 1000
"""Pictures in a folder."""
SHOWN = 10
"""Columns of the picture."""

Pictures = npt.NDArray[np.uint8]
"""[N, 28, 28, 3]."""
Digits = npt.NDArray[np.uint8]
"""[N, 28, 28]."""
Labels = npt.NDArray[np.int64]


def plain(digits: Digits) -> Pictures:
    """Digits [N, 28, 28] in white on black."""
    return np.repeat(digits[..., None], 3, axis=3)


def tinted(digits: Digits, seed: int | None) -> Pictures:
    """Digits in ink on paper, with noise where there is a seed for it."""
    share = digits[..., None] / 255.0
    made = PAPER + (INK - PAPER) * share
    if seed is not None:
        made = made + np.random.default_rng(seed).normal(0, NOISE, made.shape)
    return np.clip(np.rint(made), 0, 255).astype(np.uint8)


def saved(folder: Path, pictures: Pictures, labels: Labels | None = None) -> Path:
    """Writes pictures into a folder, by class where there are labels; the folder."""
    for at, picture in enumerate(pictures):
        inner = folder if labels is None else folder / str(labels[at])
        inner.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(inner / f"{at:04}.png")
    return folder


def translated(model: Path, folder: Path, count: int) -> Pictures:
    """What `nnc run` makes of the pictures of a folder, in their order."""
    out = folder.with_name(f"{folder.name}-{model.stem}")
    out.mkdir()
    cost([*NNC, "run", str(model), str(folder), "-o", str(out)])
    files = sorted(out.iterdir())
    assert len(files) == count
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])


def error(made: npt.NDArray[np.generic], wanted: Pictures) -> tuple[float, float]:
    """Mean absolute error in grey levels, and the mean of the pictures' PSNR in dB."""
    difference = made.astype(np.float64) - wanted
    squares = np.square(difference).mean(axis=(1, 2, 3))
    return float(np.abs(difference).mean()), float((10 * np.log10(255**2 / squares)).mean())


def reader(folder: Path, digits: Digits, labels: Labels) -> Path:
    """The file of specs/lenet.nn trained on digits in ink."""
    data = saved(folder / "ink", tinted(digits, 7), labels)
    out = folder / "reader"
    where = ("--data", f"digits={data}", "--out", str(out))
    cost([*NNC, "train", "specs/lenet.nn", "--threads", "1", *where])
    return out


def share_read(found: Path, folder: Path, pictures: Pictures, labels: Labels) -> float:
    """The share of pictures that the reader takes for the digits that they are."""
    csv = folder.with_suffix(".csv")
    saved(folder, pictures)
    cost([*NNC, "run", str(found), str(folder), "-o", str(csv)])
    lines = csv.read_text(encoding="utf-8").splitlines()
    at = lines[0].split(",").index("digit")
    said = np.array([int(line.split(",")[at]) for line in lines[1:]])
    return float((said == labels).mean())


class Found(Record):
    """What was translated, by the kind that it became, and what it should be.

    `right`: the share of digits that the reader knows among those really in ink, those translated,
    and those left as they are.
    """

    before: dict[str, Pictures]
    made: dict[str, Pictures]
    wanted: dict[str, Pictures]
    mean: dict[str, npt.NDArray[np.float64]]
    right: dict[str, float]
    minutes: float


def measured(digits: Digits, labels: Labels, part: Labels, run: Path | None) -> Found:
    """Trains where there is no run, translates, and has the result read."""
    learnt = np.random.default_rng(0).permutation(np.flatnonzero(part == 0))
    held = np.flatnonzero(part == 2)
    first, second, rest = np.split(learnt, (COUNT, 2 * COUNT))
    white, ink = plain(digits[first]), tinted(digits[second], 1)
    before = {"dark": plain(digits[held]), "light": tinted(digits[held], 2)}
    minutes = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if run is None:
            run = folder / "run"
            dark, light = saved(folder / "plain", white), saved(folder / "tinted", ink)
            data = ("--data", f"plain={dark}", "--data", f"tinted={light}", "--out", str(run))
            command = [*NNC, "train", "specs/cyclegan_digits.nn", "--threads", "1", *data]
            minutes = cost(command).cpu / 60
        given = {kind: saved(folder / kind, pictures) for kind, pictures in before.items()}
        made = {
            to: translated(run / f"to_{to}.onnx", given[start], len(held))
            for start, to in (("dark", "light"), ("light", "dark"))
        }
        model = reader(folder, digits[rest], labels[rest])
        read = {"really": before["light"], "translated": made["light"], "left": before["dark"]}
        right = {
            name: share_read(model, folder / f"read-{name}", pictures, labels[held])
            for name, pictures in read.items()
        }
    wanted = {"dark": before["dark"], "light": tinted(digits[held], None)}
    mean = {"dark": white.mean(0), "light": ink.mean(0)}
    return Found(before, made, wanted, mean, right, minutes)


def sheet(found: Found, path: Path) -> None:
    """Four rows, both ways: what was given, what was made of it, what it should be, a line."""
    columns = range(0, 500, 500 // SHOWN)
    rows = [
        pictures[at].transpose(2, 0, 1)
        for start, to in (("dark", "light"), ("light", "dark"))
        for pictures in (found.before[start], found.made[to], found.wanted[to])
        for at in columns
    ]
    arranged(rows, SHOWN).save(path, optimize=True)


def told(found: Found, write: bool) -> None:
    """The table, and what must hold."""
    rows, claims = [], []
    names = {"light": "ink of white", "dark": "white of ink"}
    for to, name in names.items():
        start = "dark" if to == "light" else "light"
        wanted = found.wanted[to]
        made, psnr = error(found.made[to], wanted)
        left, left_psnr = error(found.before[start], wanted)
        mean, mean_psnr = error(np.broadcast_to(found.mean[to], wanted.shape), wanted)
        rows += [
            (f"{name}: translated", f"{made:.1f}", f"{psnr:.1f} dB"),
            (f"{name}: left as it is", f"{left:.1f}", f"{left_psnr:.1f} dB"),
            (f"{name}: the mean of its folder", f"{mean:.1f}", f"{mean_psnr:.1f} dB"),
        ]
        claims.append(Claim(f"{name}, error against the mean picture's", made / mean, 0.5))
        claims.append(Claim(f"{name}, PSNR in dB", psnr, 20, at_least=True))
    right = found.right
    words = [
        "",
        f"Errors are of 256 grey levels. A LeNet trained on other digits in ink reads "
        f"{right['translated']:.1%} of",
        f"the translated digits right, {right['really']:.1%} of those really in ink, and "
        f"{right['left']:.1%} of those left white on black.",
    ]
    if found.minutes:
        words.append(f"Training took {found.minutes:.1f} minutes of CPU time.")
    claims.append(Claim("share of translated digits read right", right["translated"], 0.93, True))
    head = ("500 digits never seen, to their true pairs", "mean error", "PSNR")
    report(
        __file__,
        "Digits translated without pairs",
        [*table(head, rows), *words],
        claims,
        packages=("torch", "onnxruntime"),
        write=write,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--run", type=Path, help="a finished run of the spec")
    parser.add_argument("--picture", type=Path, help="show some: given, made, and true")
    asked = parser.parse_args()
    with np.load(ROOT / "specs" / "data" / "mnist5k.npz") as file:
        digits, labels, part = (file[name] for name in ("image", "label", "part"))
    found = measured(digits.reshape(-1, 28, 28), labels.astype(np.int64), part, asked.run)
    if asked.picture is not None:
        sheet(found, asked.picture)
    told(found, asked.write)


if __name__ == "__main__":
    main()
