"""The one reader of pictures, for training, evaluation and use alike.

Decoding is Pillow's; then orientation (EXIF), depth, colour and size are settled in this order:
16-bit grey is scaled by 1/257; palettes and CMYK become RGB; transparency is laid on white; grey is
repeated for 3 channels and RGB weighted for 1 (ITU-R 601); the size is reached by a bilinear filter
with antialias.
"""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

Fit = Literal["crop", "pad", "stretch"]
Pixels8 = npt.NDArray[np.uint8]

ENDINGS = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".jp2",
    ]
)
# Formats that decode pixels and nothing else: EPS would start a program.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "MPO")
_MOST_PIXELS = 89_478_485  # Pillow's own limit: a quarter of a gigabyte in RGB
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GREY = frozenset(("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N"))

# Pillow only warns up to twice its limit, and goes on to decode.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class Unreadable(Exception):
    """A picture that cannot be read; the text names the file and the reason."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"cannot read `{name}`: {reason}")
        self.name = name
        self.reason = reason


class Header(NamedTuple):
    """What a picture's first bytes say: upright sizes, channels (1 or 3), is it converted."""

    height: int
    width: int
    channels: int
    converted: bool


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture of a known format"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it has more than {_MOST_PIXELS:,} pixels"
    if "truncated" in text or isinstance(error, EOFError):
        return "the file is cut off"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the file is damaged"


def _open(source: Path | str | bytes, name: str) -> Image.Image:
    """The picture with its header read and its size found sensible."""
    if not isinstance(source, bytes) and os.path.exists(source) and not os.path.isfile(source):
        raise Unreadable(name, "it is no file")  # a pipe would be waited for
    image = Image.open(
        io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS
    )
    if image.width * image.height > _MOST_PIXELS:
        image.close()
        raise Unreadable(name, f"it has more than {_MOST_PIXELS:,} pixels")
    return image


def _turn(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _name(source: Path | str | bytes, name: str) -> str:
    return name or ("picture" if isinstance(source, bytes) else os.path.basename(source))


def read_header(source: Path | str | bytes, name: str = "") -> Header:
    """Sizes and channels of a picture without decoding its pixels.

    Raises:
        Unreadable: the file is missing, no picture, or too large.
    """
    name = _name(source, name)
    try:
        with _open(source, name) as image:
            width, height = image.size
            turn = _turn(image)
            clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            grey = image.mode in _GREY
    except Unreadable:
        raise
    except Exception as error:  # Pillow's plugins raise whatever a damaged file leads them to
        raise Unreadable(name, _reason(error)) from None
    if turn >= 5:
        height, width = width, height
    converted = clear or turn in _TURNS or image.mode not in ("L", "RGB")
    return Header(height, width, 1 if grey else 3, converted)


def read_picture(
    source: Path | str | bytes,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    fit: Fit = "crop",
    *,
    name: str = "",
) -> Pixels8:
    """A picture as the network sees it, uint8 [C, H, W].

    Args:
        source: a path, or a file's bytes.
        channels: 1, 3 or 4; None takes 1 for grey pictures and 3 for others.
        size: (height, width); None leaves the picture's own.
        fit: "crop" (cover the size, cut from the centre), "pad" (fit inside, black around) or
            "stretch".
        name: how messages call it; by default the file's name.

    Raises:
        Unreadable: the file is missing, cut off, no picture, or has too many pixels.
    """
    name = _name(source, name)
    try:
        with _open(source, name) as image:
            image.load()
            turn = _turn(image)
            if turn in _TURNS:
                image = image.transpose(_TURNS[turn])
            return as_array(resized(coloured(image, channels, name), size, fit))
    except Unreadable:
        raise
    except Exception as error:  # Pillow's plugins raise whatever a damaged file leads them to
        raise Unreadable(name, _reason(error)) from None


def read_mask(
    source: Path | str | bytes,
    size: tuple[int, int] | None = None,
    fit: Fit = "crop",
    *,
    name: str = "",
) -> Pixels8:
    """A mask's values, uint8 [H, W]: palette indices or grey values, resized without blending.

    Raises:
        Unreadable: as for pictures, or the mask is coloured.
    """
    name = _name(source, name)
    try:
        with _open(source, name) as image:
            image.load()
            turn = _turn(image)
            if turn in _TURNS:
                image = image.transpose(_TURNS[turn])
            return _mask_values(image, size, fit, name)
    except Unreadable:
        raise
    except Exception as error:  # see read_picture
        raise Unreadable(name, _reason(error)) from None


def _mask_values(image: Image.Image, size: tuple[int, int] | None, fit: Fit, name: str) -> Pixels8:
    if image.mode in ("LA", "PA"):
        image = image.getchannel(0)
    if image.mode in ("RGB", "RGBA"):
        red, green, blue = image.split()[:3]
        if red.tobytes() != green.tobytes() or red.tobytes() != blue.tobytes():
            raise Unreadable(name, "a mask holds one number a pixel (grey or palette), not colours")
        image = red
    values = np.asarray(image)
    if values.ndim != 2 or values.dtype.kind not in "bui" or values.min(initial=0) < 0:
        raise Unreadable(name, "a mask holds one number a pixel (grey or palette)")
    if values.max(initial=0) > 255:
        raise Unreadable(name, "a mask has at most 256 classes, numbered 0 to 255")
    plain = Image.fromarray(values.astype(np.uint8) * (1 if values.dtype != np.bool_ else 255))
    return np.array(resized(plain, size, fit, Image.Resampling.NEAREST))


def coloured(image: Image.Image, channels: int | None, name: str = "picture") -> Image.Image:
    """The picture as L, RGB or RGBA of 8 bits.

    Raises:
        Unreadable: its pixels are no integers of at most 16 bits.
    """
    if image.mode.startswith("I"):
        image = _from_16_bits(image, name)
    elif image.mode == "F":
        raise Unreadable(name, "its pixels are real numbers; store 8 or 16 bits")
    if channels is None:
        channels = 1 if image.mode in _GREY else 3
    if channels == 4:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    mode = "L" if channels == 1 else "RGB"
    if image.mode == mode:
        return image
    if channels == 1 and image.mode not in ("1", "RGB"):
        image = image.convert("RGB")
    return image.convert(mode)


def _from_16_bits(image: Image.Image, name: str) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    if values.min(initial=0) < 0 or values.max(initial=0) > 65_535:
        raise Unreadable(name, "its pixels have more than 16 bits")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def resized(
    image: Image.Image,
    size: tuple[int, int] | None,
    fit: Fit,
    resample: Image.Resampling = Image.Resampling.BILINEAR,
) -> Image.Image:
    """The picture brought to (height, width)."""
    if size is None or image.size == (size[1], size[0]):
        return image
    height, width = size
    if fit == "stretch":
        return image.resize((width, height), resample)
    if fit == "pad":
        scale = min(width / image.width, height / image.height)
        inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        canvas = Image.new(image.mode, (width, height))
        corner = ((width - inner[0]) // 2, (height - inner[1]) // 2)
        canvas.paste(image.resize(inner, resample), corner)
        return canvas
    scale = max(width / image.width, height / image.height)
    wide, high = min(width / scale, image.width), min(height / scale, image.height)
    left, top = (image.width - wide) / 2, (image.height - high) / 2
    return image.resize((width, height), resample, box=(left, top, left + wide, top + high))


def as_array(image: Image.Image) -> Pixels8:
    """L, RGB or RGBA as uint8 [C, H, W]."""
    values = np.array(image, dtype=np.uint8)
    if values.ndim == 2:
        return values[None]
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def from_array(values: Pixels8) -> Image.Image:
    """A picture of uint8 [C, H, W] with 1, 3 or 4 channels."""
    return Image.fromarray(values[0] if len(values) == 1 else values.transpose(1, 2, 0).copy())
