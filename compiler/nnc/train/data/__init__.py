"""Data: opening, dividing, reading and augmenting samples. Bad input names the file and the row."""

from nnc.train.data.augment import augment, geometry
from nnc.train.data.bundled import catalogue
from nnc.train.data.dataset import Dataset, Reader, open_data
from nnc.train.data.grid import grid, sheet
from nnc.train.data.keyed import order
from nnc.train.data.pictures import Unreadable, read_picture
from nnc.train.data.profile_json import profile_from_json, profile_json, profile_to_json
from nnc.train.data.tables import BadTable, InputRows, read_rows

__all__ = [
    "BadTable",
    "Dataset",
    "InputRows",
    "Reader",
    "Unreadable",
    "augment",
    "catalogue",
    "geometry",
    "grid",
    "open_data",
    "order",
    "profile_from_json",
    "profile_json",
    "profile_to_json",
    "read_picture",
    "read_rows",
    "sheet",
]
