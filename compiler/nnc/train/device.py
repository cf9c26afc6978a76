"""Where a run computes, in what precision, and why: always said, never guessed silently."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import torch

from nnc.diagnostics import Refusal, rule
from nnc.ir.plan import TrainPlan
from nnc.ir.training import CrossEntropy
from nnc.record import Record
from nnc.source import NOWHERE

NOT_USABLE = rule(
    "NN482",
    "device-not-usable",
    """
`--device` names a device that this machine does not have, or on which a small test computation
failed. `auto` takes the first that works of CUDA, MPS (Apple) and the CPU, and says why.
""",
)


class Device(Record):
    """What a run computes on.

    Args:
        name: as PyTorch calls it: `cpu`, `cuda:0`, `mps`.
        described: as people call it: `cpu`, `NVIDIA H100`.
        threads: of the CPU.
        precision: "float32" or "bf16"; weights are float32 in both.
        reason: why not another one, or "".
    """

    name: str
    described: str
    threads: int
    precision: str
    reason: str = ""

    @property
    def torch(self) -> torch.device:
        """As PyTorch's object."""
        return torch.device(self.name)


def choose_device(asked: str, plan: TrainPlan, threads: int = 0) -> Device:
    """The device of a run; sets the number of CPU threads (0: what the machine or quota allows).

    Raises:
        Refusal: the device asked for does not work here.
    """
    # PyTorch's own number leaves out hyper-threads and follows OMP_NUM_THREADS, but knows no quota.
    torch.set_num_threads(threads or min(torch.get_num_threads(), usable_cpus()))
    name, reason = _place(asked)
    described = torch.cuda.get_device_name(name) if name.startswith("cuda") else name
    precision = _precision(plan, name)
    return Device(name, described, torch.get_num_threads(), precision, reason)


def refuse_unusable(asked: str) -> None:
    """Refuses a device before anything is made for its run.

    Raises:
        Refusal: the device asked for does not work here.
    """
    if asked not in ("auto", "cpu"):
        _place(asked)


def present() -> tuple[str, ...]:
    """What a run can compute on here, in words; the one that `auto` takes stands first."""
    name, reason = _place("auto")
    chosen = torch.cuda.get_device_name(name) if name.startswith("cuda") else name
    found = [f"{chosen} ({reason})" if reason else chosen]
    if name.startswith("cuda"):
        others = range(1, torch.cuda.device_count())
        found += [f"cuda:{n} {torch.cuda.get_device_name(n)}" for n in others]
    return tuple(found if name == "cpu" else [*found, "cpu"])


def _unused(gpus: int, reason: str) -> str:
    return f"{gpus} GPU{'' if gpus == 1 else 's'} present, not used: {reason}"


def usable_cpus() -> int:
    """CPUs that this process may use: its affinity and, in a container, its quota."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        if quota != "max":
            count = min(count, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return max(count, 1)


def _place(asked: str) -> tuple[str, str]:
    if asked == "cpu":
        return "cpu", ""
    if asked == "auto":
        reason = _cuda_fault("cuda:0")
        if not reason:
            others = torch.cuda.device_count() - 1
            return "cuda:0", f"{others} more present, not used" if others else ""
        if torch.backends.mps.is_available() and not _kernel_fault("mps"):
            return "mps", ""
        gpus = _gpus_present()
        return "cpu", _unused(gpus, reason) if gpus else ""
    name = "cuda:0" if asked == "cuda" else asked
    kind, _, index = name.partition(":")
    if kind not in ("cuda", "mps") or (index and not index.isdigit()):
        help = "write auto, cpu, cuda, cuda:1 or mps"
        raise Refusal(NOT_USABLE.at(NOWHERE, f'no device is called "{asked}"', help=help))
    fault = _cuda_fault(name) if kind == "cuda" else _kernel_fault(name)
    if fault:
        help = "`--device auto` takes what works"
        raise Refusal(NOT_USABLE.at(NOWHERE, f"{asked} cannot be used: {fault}", help=help))
    return name, ""


def _cuda_fault(name: str) -> str:
    """Why CUDA does not work here, or ""."""
    if torch.version.cuda is None and getattr(torch.version, "hip", None) is None:
        return "this PyTorch is built for the CPU"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if not torch.cuda.is_available():
            return _line(str(caught[0].message)) if caught else "CUDA finds no device"
        return _kernel_fault(name)


def _kernel_fault(name: str) -> str:
    """Why a small computation fails on a device, or ""; some devices are listed and run nothing."""
    try:
        ones = torch.ones(8, 8, device=name)
        result = float((ones @ ones).sum())
    except (RuntimeError, AssertionError) as error:
        return _line(str(error))
    return "" if result == 512.0 else "a test computation gave a wrong result"


def _line(message: str) -> str:
    return message.strip().split("\n", 1)[0][:120] or "unknown error"


def _gpus_present() -> int:
    try:
        return len(os.listdir("/proc/driver/nvidia/gpus"))
    except OSError:
        return 0


def _precision(plan: TrainPlan, name: str) -> str:
    if plan.precision != "auto":
        return plan.precision
    losses = [term.loss for phase in plan.phases for term in phase.terms]
    fits = bool(losses) and all(isinstance(loss, CrossEntropy) for loss in losses)
    if name.startswith("cuda") and fits and torch.cuda.is_bf16_supported(False):
        return "bf16"
    return "float32"
