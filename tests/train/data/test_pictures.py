"""The one reader of pictures: orientation, depth, colour, size, and files not to decode."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nnc.train.data import Unreadable, read_picture
from nnc.train.data.pictures import read_header, read_mask


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def ramp(width: int, height: int) -> Image.Image:
    """Grey rises from left to right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, width, dtype=np.uint8), (height, 1)))


def test_grey_to_three_channels_is_repeated() -> None:
    pixels = read_picture(encoded(Image.new("L", (2, 3), 77)), 3)
    assert pixels.shape == (3, 3, 2)
    assert (pixels == 77).all()


def test_colour_to_grey_is_weighted_as_itu_r_601() -> None:
    pixels = read_picture(encoded(Image.new("RGB", (1, 1), (200, 100, 50))), 1)
    assert pixels[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_channels_follow_the_picture_when_nothing_says() -> None:
    assert read_picture(encoded(Image.new("L", (2, 2)))).shape[0] == 1
    assert read_picture(encoded(Image.new("RGB", (2, 2)))).shape[0] == 3


def test_sixteen_bits_are_scaled_by_257() -> None:
    values = np.array([[0, 257, 128 * 257, 65_535]], dtype=np.uint16)
    pixels = read_picture(encoded(Image.fromarray(values)), 1)
    assert pixels[0].tolist() == [[0, 1, 128, 255]]


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0))
    half = Image.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert (read_picture(encoded(clear), 3) == 255).all()
    assert abs(int(read_picture(encoded(half), 3)[0, 0, 0]) - 127) <= 1
    grey = Image.new("LA", (1, 1), (0, 0))
    assert (read_picture(encoded(grey), 1) == 255).all()


def test_a_transparent_palette_entry_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    data = encoded(image, transparency=0)
    pixels = read_picture(data, 3)
    assert pixels[:, 0, 0].tolist() == [255, 255, 255]
    assert pixels[:, 0, 1].tolist() == [200, 100, 50]


def test_four_channels_keep_transparency() -> None:
    pixels = read_picture(encoded(Image.new("RGBA", (1, 1), (1, 2, 3, 4))), 4)
    assert pixels[:, 0, 0].tolist() == [1, 2, 3, 4]


def test_cmyk_becomes_rgb() -> None:
    data = encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")
    assert (read_picture(data, 3) > 250).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_applied(turn: int) -> None:
    upright = np.zeros((2, 3), dtype=np.uint8)
    upright[0, 0] = 255
    # How a camera stores an upright picture under each orientation (EXIF 2.3, tag 0x0112).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: upright.T[::-1],
        7: upright.T[::-1, ::-1],
        8: upright.T[:, ::-1],
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    assert (read_picture(data, 1)[0] == upright).all()
    assert read_header(data)[:2] == (2, 3)


def test_crop_covers_and_cuts_from_the_centre() -> None:
    image = Image.new("L", (30, 10), 0)
    image.paste(255, (10, 0, 20, 10))
    assert (read_picture(encoded(image), 1, (10, 10), "crop") == 255).all()


def test_pad_fits_inside_black() -> None:
    pixels = read_picture(encoded(Image.new("L", (20, 10), 200)), 1, (20, 20), "pad")[0]
    assert (pixels[5:15] == 200).all()
    assert (pixels[:5] == 0).all()
    assert (pixels[15:] == 0).all()


def test_stretch_uses_the_whole_picture() -> None:
    pixels = read_picture(encoded(ramp(30, 10)), 1, (10, 10), "stretch")[0]
    assert pixels[0, 0] < 20
    assert pixels[0, -1] > 235


def test_the_filter_does_not_alias() -> None:
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    pixels = read_picture(encoded(Image.fromarray(stripes)), 1, (8, 8))[0]
    assert 110 < pixels.min() <= pixels.max() < 145


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["crop", "pad", "stretch"]))
def test_any_size_comes_to_the_size_asked_for(width: int, height: int, fit: str) -> None:
    data = encoded(Image.new("RGB", (width, height), (9, 9, 9)))
    pixels = read_picture(data, 3, (7, 5), fit)  # type: ignore[arg-type]
    assert pixels.shape == (3, 7, 5)
    assert pixels.dtype == np.uint8


def test_a_mask_is_never_blended() -> None:
    mask = np.zeros((8, 8), dtype=np.uint8)
    mask[:, 4:] = 200
    assert set(np.unique(read_mask(encoded(Image.fromarray(mask)), (5, 5), "stretch"))) == {0, 200}


def test_a_mask_in_a_palette_keeps_its_numbers() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 128, 0, 0])
    image.putpixel((1, 0), 1)
    assert read_mask(encoded(image)).tolist() == [[0, 1]]


def test_a_mask_in_colours_is_refused() -> None:
    with pytest.raises(Unreadable, match="not colours"):
        read_mask(encoded(Image.new("RGB", (2, 2), (1, 2, 3))), name="m.png")


def bomb() -> bytes:
    """A tiny PNG that claims 100,000 x 100,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + idat + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_500, 12_000])
def test_too_many_pixels_are_refused_before_decoding(side: int) -> None:
    data = encoded(Image.new("1", (side, side)))
    with pytest.raises(Unreadable, match="pixels"):
        read_picture(data, 1, (8, 8), name="large.png")


def test_a_bomb_is_refused_by_name() -> None:
    with pytest.raises(Unreadable, match=r"bomb\.png.*pixels"):
        read_picture(bomb(), 1, (8, 8), name="bomb.png")


def test_a_cut_file_is_refused_by_name(tmp_path: Path) -> None:
    whole = encoded(ramp(64, 64), "JPEG")
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole[:-8])
    with pytest.raises(Unreadable, match=r"cut\.jpg.*cut off"):
        read_picture(path, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"no picture|damaged|cut off"):
        read_picture(data, 3, name="x.png")


@given(st.integers(20, 400), st.binary(min_size=1, max_size=8))
def test_damage_never_escapes(at: int, junk: bytes) -> None:
    whole = bytearray(encoded(ramp(32, 32)))
    whole[at : at + len(junk)] = junk
    with suppress(Unreadable):
        assert read_picture(bytes(whole), 3, (8, 8)).shape == (3, 8, 8)


def test_real_numbers_are_refused() -> None:
    image = Image.fromarray(np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(Unreadable, match="real numbers"):
        read_picture(encoded(image, "TIFF"), 1)
