"""The exporter of a run: before the first epoch a trial, after the last the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnc.backends.arrays import Array
from nnc.deploy.export import (
    ExportedFile,
    export_network,
    file_digest,
    file_name,
    prepare,
    record_results,
    step_path,
    streams,
)
from nnc.deploy.inputs import RawRunner
from nnc.deploy.lively import lively
from nnc.deploy.meanings import Recipe, shipped, shipped_weights
from nnc.deploy.parity import TOLERANCE, Differs
from nnc.deploy.session import Session
from nnc.deploy.verify import verify
from nnc.deploy.verify_steps import verify_steps
from nnc.deploy.windows import Windows
from nnc.diagnostics import Refusal
from nnc.ir.labels import labels_read
from nnc.train.evaluation import SessionPredictor
from nnc.train.job import Checked, Exported, Results, Weights
from nnc.train.run_record import Export


class OnnxExporter:
    """Exports one player of a run into its folder, and compares it with PyTorch.

    Args:
        folder: of the run.
        alone: the run exports one file, which is then called `model.onnx`.
        threads: of the CPU, 0 for what the machine has.
    """

    def __init__(
        self,
        recipe: Recipe,
        player: str,
        folder: Path,
        *,
        alone: bool = True,
        seed: int = 0,
        threads: int = 0,
    ) -> None:
        self._recipe, self._whole = shipped(recipe), recipe.network
        given = [{port.name for port in r.network.graph.outputs} for r in (recipe, self._recipe)]
        inner = recipe.plan is not None and labels_read(recipe.plan)
        self._all = not inner and given[0] == given[1]
        self._player = player
        self._path = folder / file_name(recipe, trained=True, alone=alone)
        self._seed = seed
        self._threads = threads
        self._file: ExportedFile | None = None
        self._steps: ExportedFile | None = None

    def before(self, weights: Weights) -> Checked:
        """Exports the network into memory, with lively weights, and compares it.

        Raises:
            Refusal: it cannot be exported, or differs from PyTorch.
        """
        own = lively(self._own(weights), self._seed)
        made = prepare(self._recipe, own, trained=False)
        parity = verify(
            self._recipe.network,
            own,
            made.model,
            around=made.around,
            seed=self._seed,
            threads=self._threads,
        )
        if not parity.verified:
            raise Differs(parity, self._path.name)
        text = f"opset {made.opset}, {made.nodes} nodes, largest difference {parity.largest:.0e}"
        largest = parity.largest
        if streams(self._recipe):
            largest = max(largest, self._check_steps(own))
            text += f", step by step {largest:.0e}"
        return Checked(text, largest)

    def _check_steps(self, own: Mapping[str, Array]) -> float:
        """The same of the network of one step: its largest difference."""
        made = prepare(self._recipe, own, trained=False, steps=True)
        network, around = self._recipe.network, made.around
        parity = verify_steps(network, own, made.model, around=around, seed=self._seed)
        if not parity.verified:
            raise Differs(parity, step_path(self._path).name)
        return parity.largest

    def after(self, weights: Weights) -> Exported:
        """Exports the trained network; what went wrong is told in `failure`."""
        try:
            own = self._own(weights)
            self._file = export_network(
                self._recipe, own, self._path, proof=verify, seed=self._seed
            )
            if streams(self._recipe):
                self._steps = export_network(
                    self._recipe,
                    own,
                    step_path(self._path),
                    proof=verify_steps,
                    seed=self._seed,
                    steps=True,
                )
            session = Session(self._path, threads=self._threads, guarded=False)
        except Refusal as refusal:
            first = refusal.diagnostics[0]
            told = "; ".join([first.message, *first.notes[:1]])
            return Exported(self._records(), failure=told)
        except OSError as error:
            return Exported(self._records(), failure=error.strerror or str(error))
        if not self._all:  # what it leaves out is measured too
            return Exported(self._records())
        profile, steps = self._recipe.profile, self._steps
        if steps is not None and profile is not None and profile.carried:
            one = Session(steps.path, threads=self._threads, guarded=False)
            predictor = SessionPredictor(Windows(one, self._recipe.network), self._bound())
            return Exported(self._records(), predictor, steps.path.name, follows=True)
        predictor = SessionPredictor(RawRunner(session), self._bound())
        return Exported(self._records(), predictor, self._path.name)

    def finish(self, exported: Exported, metrics: Results) -> tuple[Export, ...]:
        """Writes the results on test, else on validation, into the file's metadata."""
        if self._file is None:
            return exported.exports
        found = metrics.get("test") or metrics.get("validation") or {}
        self._file = record_results(self._file, found)
        if self._steps is not None:
            self._steps = record_results(self._steps, found)
        return self._records()

    def _records(self) -> tuple[Export, ...]:
        files = (self._file, self._steps)
        return tuple(export_record(file) for file in files if file is not None)

    def _own(self, weights: Weights) -> Mapping[str, Array]:
        return shipped_weights(self._recipe, weights[self._player], self._whole)

    def _bound(self) -> tuple[tuple[str, str], ...]:
        return self._recipe.binding.inputs


def export_record(file: ExportedFile) -> Export:
    """What run.json says of a file."""
    parity = file.parity
    return Export(
        file=file.path.name,
        sha256=file_digest(file.path),
        bytes=file.bytes,
        tolerance=TOLERANCE if parity is None else parity.tolerance,
        largest=float("nan") if parity is None else parity.largest,
        runtime="" if parity is None else parity.runtime,
        described=file.described,
    )
