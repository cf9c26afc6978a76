"""From a text to a checked program.

Names, arguments, control, shapes, plans. Opens no data, imports no torch.

checked = check_source(read_source("lenet.nn"))
checked.networks["LeNet5"].graph
"""

from __future__ import annotations

from nnc.check.overrides import Override
from nnc.check.program import Checked, check_source, check_text

__all__ = ["Checked", "Override", "check_source", "check_text"]
