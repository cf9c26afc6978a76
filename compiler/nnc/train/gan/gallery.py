"""Samples from fixed noise after each epoch, as pictures in the run's folder and TensorBoard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.func import functional_call

from nnc.ir.gan import GanPlayer
from nnc.ir.plan import Pixels, Profile
from nnc.train.data.keyed import order
from nnc.train.events import Events
from nnc.train.gan.sheet import GAP, Pixels8, arranged, encoded
from nnc.train.gan.watch import spread

if TYPE_CHECKING:
    from nnc.train.gan.session import GanSession

FOLDER = "samples"
STRIP = "strip.png"
SIDE = 8
"""Pictures in a row, and rows."""
MOST_CLASSES = 16
"""Classes that get a column each."""
MOST_ROWS = 100
"""Of a strip."""


class Gallery:
    """Shows after each epoch what the generators make of the same noise, conditions and pictures.

    Translations stand beside what they were made of, and beside the real picture where there is
    one.
    """

    def __init__(self, session: GanSession) -> None:
        self._session = session
        gan = session.gan.gan
        self._pictures = any(s.kind != "latent" and s.type.rank == 3 for s in gan.sources)
        self._columns, count = self._layout()
        available = min(count, len(session.train))
        indices = order(len(session.train), session.plan.seed, 0)[:available]
        batches = session.train.batches(indices, [(0, available)])
        raw, _ = next(batches)
        batches.close()
        values = {name: front(raw[field]) for name, (field, front) in session.fronts.items()}
        self._rows = available if self._pictures else SIDE
        self._real = values.pop("real", None)
        for source in gan.sources:
            if source.kind == "latent":
                made = available if self._pictures else count
                values[source.name] = session.draws.latent(source, made, 0, "shown")
            elif source.kind == "condition" and not source.type.rank:
                classes = self._classes(source.name) or int(values[source.name].max()) + 1
                values[source.name] = torch.arange(count, device=session.place) % classes
        self._values: dict[str, Tensor] = values

    def _layout(self) -> tuple[int, int]:
        """Pictures in a row, and samples in all."""
        gan = self._session.gan.gan
        if self._pictures:
            return 2 * len(gan.generators) + (not any(p.makes for p in gan.generators)), SIDE
        counts = [self._classes(s.name) for s in gan.sources if s.kind == "condition"]
        columns = next((n for n in counts if 2 <= n <= MOST_CLASSES), SIDE)
        return columns, columns * SIDE

    def _classes(self, source: str) -> int:
        field = dict(self._session.gan.fields).get(source, "")
        found = self._session.job.data.profile.field(field)
        return len(found.labels) if found is not None else 0

    # --- an epoch ---------------------------------------------------------------------------------

    def epoch(self, number: int, note: Callable[[str], None], events: Events) -> float:
        """Draws, writes and logs the samples; how far they spread, as a share of real ones."""
        session = self._session
        made = {player.name: self._made(player) for player in session.gan.gan.generators}
        first = session.gan.gan.generators[0]
        real = self._real if self._real is not None else self._values.get(first.makes)
        width = spread(real) if real is not None else 1.0
        share = spread(made[first.name]) / width if width else 1.0
        tiles = self._tiles(made)
        if tiles is not None:
            sheet = arranged(tiles, self._columns)
            png = encoded(sheet)
            path = session.job.folder.path / FOLDER / f"epoch-{number:03}.png"
            try:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(png)
            except OSError as error:
                note(f"the samples could not be written: {error.strerror or error}")
            events.picture(session.step, "samples", png, sheet.height, sheet.width)
        return share

    def _made(self, player: GanPlayer) -> Tensor:
        session = self._session
        module = session.members[player.name].module
        inputs = tuple(self._values[name] for name in player.reads)
        average = session.averages.get(player.name)
        weights = dict(module.state_dict()) if average is None else average.values
        before = torch.get_rng_state()  # noise that a network draws is not the run's
        was = module.training
        module.eval()
        with torch.no_grad():
            found = functional_call(module, weights, inputs)
        module.train(was)
        torch.set_rng_state(before)
        made: Tensor = found[0] if isinstance(found, tuple) else found
        return made

    def _tiles(self, made: dict[str, Tensor]) -> list[Pixels8] | None:
        gan = self._session.gan.gan
        columns: list[list[Pixels8] | None] = []
        for player in gan.generators:
            if self._pictures:
                given = next(n for n in player.reads if self._values[n].dim() == 4)
                columns.append(self._pixels(given, self._values[given]))
            columns.append(self._pixels(player.makes or "real", made[player.name]))
        if self._pictures and self._real is not None:
            columns.append(self._pixels("real", self._real))
        if any(column is None for column in columns):
            return None
        found = [column for column in columns if column is not None]
        return [tile for row in zip(*found) for tile in row]

    def _pixels(self, source: str, values: Tensor) -> list[Pixels8] | None:
        """Pictures of the network's numbers; None of what is no picture."""
        if values.dim() != 4 or values.shape[1] not in (1, 3):
            return None
        front = self._front(source)
        numbers = values.float().cpu().numpy()
        if front is not None:
            std, mean = (np.array(v, np.float32).reshape(-1, 1, 1) for v in (front.std, front.mean))
            numbers = numbers * std + mean
        return list(np.clip(np.rint(numbers * 255), 0, 255).astype(np.uint8))

    def _front(self, source: str) -> Pixels | None:
        session = self._session
        block, _, own = dict(session.gan.fields).get(source, "").rpartition(".")
        profile: Profile = session.job.data.profile
        for data in session.job.beside:
            if data.profile.data == block:
                profile = data.profile
        front = profile.front(own)
        return front if isinstance(front, Pixels) else None

    # --- the end ----------------------------------------------------------------------------------

    def strip(self, note: Callable[[str], None]) -> None:
        """Lays the first rows of all epochs' samples under one another."""
        folder = self._session.job.folder.path / FOLDER
        files = sorted(folder.glob("epoch-*.png"))
        most = min(len(files), MOST_ROWS)
        files = [files[at * len(files) // most] for at in range(most)]
        if not files:
            return
        try:
            rows = [_top_row(file, self._rows) for file in files]
            width = max(row.width for row in rows)
            height = sum(row.height for row in rows)
            sheet = Image.new("RGB", (width, height), "white")
            at = 0
            for row in rows:
                sheet.paste(row, (0, at))
                at += row.height
            (folder / STRIP).write_bytes(encoded(sheet))
        except OSError as error:
            note(f"the strip of samples could not be written: {error}")


def _top_row(file: Path, rows: int) -> Image.Image:
    with Image.open(file, formats=("PNG",)) as sheet:
        return sheet.convert("RGB").crop((0, 0, sheet.width, (sheet.height - GAP) // rows + GAP))
