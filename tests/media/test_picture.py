"""Pictures of any mode become what a person sees, and travel as bytes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from bugscope.media import picture as pictures
from bugscope.media.picture import as_rgb


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (10, 255)), (10, 10, 10)),
        (Image.new("L", (4, 4), 77), (77, 77, 77)),
        (Image.new("CMYK", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 65535, np.uint16)), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 0.5, np.float32)), (127, 127, 127)),
        (Image.new("P", (4, 4), 0), (0, 0, 0)),
        (Image.fromarray(np.full((4, 4), 255, np.uint16)), (0, 0, 0)),
        (Image.new("I", (4, 4), 77), (77, 77, 77)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)).convert("RGBa"), (255, 255, 255)),
        (Image.new("LA", (4, 4), (10, 0)).convert("La"), (255, 255, 255)),
    ],
    ids=lambda x: getattr(x, "mode", ""),
)
def test_any_picture_becomes_rgb_as_a_person_sees_it(image, pixel):
    seen = as_rgb(image)
    assert seen.mode == "RGB"
    assert seen.getpixel((0, 0)) == pixel


def test_exif_rotation_is_applied():
    image = Image.new("RGB", (6, 2))
    image.getexif()[274] = 6
    assert as_rgb(image).size == (2, 6)


LETTER = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_shows_the_picture_upright(orientation, tmp_path):
    """What the camera stored, turned by the inverse of what the tag asks for, comes out as it was seen."""
    T = Image.Transpose
    undo = {2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 6: T.ROTATE_90, 7: T.TRANSVERSE,
            8: T.ROTATE_270}  # fmt: skip
    stored = LETTER.transpose(undo[orientation]) if orientation > 1 else LETTER.copy()
    exif = Image.Exif()
    exif[274] = orientation
    stored.save(tmp_path / "p.png", exif=exif)
    with Image.open(tmp_path / "p.png") as image:
        seen = as_rgb(image)
    assert seen.size == LETTER.size
    assert seen.tobytes() == LETTER.tobytes()
    assert seen.getexif().get(274, 1) == 1, "turned once and not told to turn again"


def test_a_palette_keeps_its_colours_and_its_hole_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    assert [as_rgb(image).getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (0, 0, 255)]
    image.info["transparency"] = 1
    assert [as_rgb(image).getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (255, 255, 255)]


def test_half_transparent_red_is_pink():
    r, g, b = as_rgb(Image.new("RGBA", (2, 2), (255, 0, 0, 128))).getpixel((0, 0))
    assert r == 255 and g == b and 126 <= g <= 128


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, ">u2"])
def test_16_bits_are_scaled_not_cut(dtype):
    image = Image.fromarray(np.array([[0, 257, 32896, 65535]]).astype(dtype))
    assert [as_rgb(image).getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


def test_cmyk_is_read_as_ink():
    inks = {(0, 255, 255, 0): (255, 0, 0), (255, 0, 255, 0): (0, 255, 0), (0, 0, 0, 255): (0, 0, 0)}
    for ink, light in inks.items():
        assert as_rgb(Image.new("CMYK", (2, 2), ink)).getpixel((1, 1)) == light


def test_a_picture_travels_as_a_file_and_comes_back():
    sent = pictures.png(LETTER.convert("RGBA"))
    assert pictures.read(sent).tobytes() == LETTER.tobytes()
    scheme, _, text = pictures.data_url(LETTER).partition(",")
    assert scheme == "data:image/png;base64" and base64.b64decode(text) == pictures.png(LETTER)


@pytest.mark.parametrize("data", [b"", b"no", b"<html>503</html>", pictures.png(LETTER)[:60]])
def test_bytes_that_are_no_picture_are_said(data):
    with pytest.raises(ValueError, match="not a picture"):
        pictures.read(data)


def test_a_small_file_that_unfolds_to_a_huge_picture_is_not_unfolded():
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    with pytest.raises(ValueError, match="10000 x 10000 pixels"):
        pictures.read(file.getvalue())
