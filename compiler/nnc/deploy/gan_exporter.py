"""The exporter of a run of competing networks: a file for each of them that is asked for."""

from __future__ import annotations

from pathlib import Path

from nnc.deploy.exporter import OnnxExporter
from nnc.deploy.meanings import Recipe
from nnc.train.job import Checked, Exported, Results, Weights
from nnc.train.run_record import Export


class GanExporter:
    """Exports players one by one, each compared with PyTorch.

    Args:
        recipes: each with its role, generators first.
    """

    def __init__(
        self, recipes: tuple[Recipe, ...], folder: Path, *, seed: int = 0, threads: int = 0
    ) -> None:
        self._each = [
            OnnxExporter(recipe, recipe.role.player.name, folder, seed=seed, threads=threads)
            for recipe in recipes
            if recipe.role is not None
        ]

    def before(self, weights: Weights) -> Checked:
        """Exports all into memory, and compares them.

        Raises:
            Refusal: one cannot be exported, or differs from PyTorch.
        """
        found = [exporter.before(weights) for exporter in self._each]
        return Checked("; ".join(each.text for each in found), max(each.largest for each in found))

    def after(self, weights: Weights) -> Exported:
        """Exports all; what went wrong is told in `failure`."""
        found = [exporter.after(weights) for exporter in self._each]
        exports = tuple(export for each in found for export in each.exports)
        return Exported(exports, failure="; ".join(e.failure for e in found if e.failure))

    def finish(self, exported: Exported, metrics: Results) -> tuple[Export, ...]:
        """There are no results to write."""
        return exported.exports
