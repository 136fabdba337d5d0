"""Pictures of any mode become what a person sees, and travel as bytes."""

import base64
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, PsdImagePlugin

from bugscope import media
from bugscope.core.errors import SpecError
from bugscope.core.records import Box, Refused
from bugscope.core.stencils import packed
from bugscope.media import picture as pictures
from bugscope.media.picture import as_rgb
from bugscope.tasks import Mark


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
    for read in (pictures.read, pictures.decode):
        with pytest.raises(pictures.TooManyPixels, match="10000 x 10000 pixels; the maximum is 64,000,000"):
            read(file.getvalue())
    assert pictures.check(Image.new("1", (10_000, 10_000))) == Refused(
        "a picture of 10000 x 10000 pixels; the maximum is 64,000,000 in all"
    )


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n%%EOF", "EPS"),
        (b"8BPS" + bytes(40), "PSD"),
        (b"<svg/>", "of an unknown format"),
        (b"", "an empty file"),
    ],
)
def test_only_listed_formats_are_opened_and_others_are_named(data, found, monkeypatch):
    """PostScript is a program: Pillow would have Ghostscript run it."""
    for plugin, name in ((EpsImagePlugin, "EpsImageFile"), (PsdImagePlugin, "PsdImageFile")):
        monkeypatch.setattr(getattr(plugin, name), "_open", lambda self: pytest.fail("opened"))
    for read in (pictures.read, pictures.decode):
        with pytest.raises(ValueError, match=f"not a picture that is read: {found}; the formats are PNG, JPEG, WEBP, GIF"):
            read(data)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF"])
def test_every_listed_format_is_read(format):
    file = io.BytesIO()
    try:
        pictures.sample().save(file, format)
    except KeyError:
        pytest.skip(f"this Pillow cannot write {format}")
    assert pictures.read(file.getvalue()).size == (224, 224)
    with pytest.raises(ValueError, match=f"not a picture: damaged {format}"):
        pictures.read(file.getvalue()[:200])


def files():
    found = []
    for format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        file = io.BytesIO()
        exif = Image.Exif()
        exif[274] = 6
        pictures.sample().resize((40, 30)).save(file, format, exif=exif)
        found.append(file.getvalue())
    return found


@pytest.mark.filterwarnings("ignore")
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(files()), st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=6))
def test_altered_files_are_pictures_or_refused(data, changes):
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) - 1 :]
    for read in (pictures.read, pictures.decode):
        try:
            assert read(data).mode == "RGB"
        except ValueError as error:
            assert len(str(error)) < 500


# --- the medium -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("no", TypeError, "a str; expected a Picture, a PIL image, an array or Refused"),
        (Image.new("RGB", (0, 3)), ValueError, r"of size \(0, 3\)"),
        (np.full((4, 4, 3), 2.0), ValueError, "values from 2 to 2 of type float64; expected whole numbers"),
        (np.full((4, 4, 3), -1), ValueError, "values from -1 to -1 of type int64"),
        (np.zeros((5, 5, 2)), ValueError, r"an array of float64 \(5, 5, 2\)"),
        (np.zeros((0, 4, 3)), ValueError, "at least one pixel"),
        (np.array("x"), ValueError, "an array of <U1"),
        (np.array([["x"]], object), ValueError, "an array of object"),
    ],
)
def test_what_is_no_picture_is_said(content, error, message):
    with pytest.raises(error, match=message):
        pictures.check(content)


def test_a_picture_is_checked_into_what_all_models_are_shown():
    assert pictures.check(LETTER.convert("RGBA")).tobytes() == LETTER.tobytes()
    assert pictures.check(Image.new("RGB", (8, 8), "red")) == Refused("blank picture")
    holed = Image.fromarray(np.array([[0.5, np.nan]], np.float32))
    assert pictures.check(holed) == Refused("picture with values that are not finite")


def test_arrays_are_pictures_too():
    """As NumPy, diffusers and PyTorch have them."""
    picture = LETTER.resize((8, 12))
    pixels = np.asarray(picture)
    for array in (pixels, pixels.astype(int), pixels / 255, (pixels / 255).astype(np.float32), np.moveaxis(pixels, 2, 0)):
        assert pictures.check(array).tobytes() == picture.tobytes()
    grey = np.asarray(LETTER.convert("L"))
    assert (
        pictures.check(grey).tobytes()
        == pictures.check(grey[..., None]).tobytes()
        == LETTER.convert("L").convert("RGB").tobytes()
    )
    assert pictures.check(np.full((3, 3), np.nan)) == Refused("picture with values that are not finite")
    huge = np.broadcast_to(np.uint8(1), (10**5, 10**5, 3))
    assert "the maximum is" in pictures.check(huge).reason


def test_a_medium_is_found_by_name_and_by_generator():
    assert media.load("picture") is media.of(object()) is pictures
    assert (pictures.name, pictures.suffix) == ("picture", ".png")
    with pytest.raises(SpecError, match="unknown medium 'pictur'. Did you mean 'picture'"):
        media.load("pictur")


def test_a_file_holds_a_picture_without_loss():
    for image in (LETTER, pictures.sample()):
        assert pictures.decode(pictures.encode(image)).tobytes() == image.tobytes()
    whole = pictures.encode(pictures.sample())
    for end in (0, 20, 60, len(whole) // 2):
        with pytest.raises(ValueError):
            pictures.decode(whole[:end])


def test_a_copy_may_be_drawn_on():
    copy = pictures.copy(LETTER)
    copy.paste((0, 0, 0), (0, 0, 4, 6))
    assert copy.tobytes() != LETTER.tobytes()


def pixels(preview):
    return np.asarray(Image.open(io.BytesIO(preview.data)).convert("RGB"), dtype=int)


@pytest.mark.parametrize("side", [100, 112, 200])
def test_a_preview_is_a_jpeg_of_the_picture_with_its_marks(side):
    image = Image.new("RGB", (400, 200), "white")
    plain = pictures.preview(image, side)
    assert plain.type == "image/jpeg" and pixels(plain).shape == (side // 2, side, 3)
    marks = [Mark(Box("mug", 0.1, 0.2, 0.4, 0.8), "", True), Mark(Box("pot", 0.6, 0.2, 0.9, 0.8), "", False)]
    marked = pixels(pictures.preview(image, side, marks))
    changed = np.abs(marked - pixels(plain)).sum(axis=2) > 60
    columns = np.flatnonzero(changed.any(axis=0)) / side
    assert 0.05 < columns.min() < 0.15 and 0.85 < columns.max() < 0.96
    left, right = (marked[changed & (np.arange(side) // (side // 2) == half)] for half in (0, 1))
    assert (left[:, 1] > left[:, 0]).mean() > 0.9, "the truth is green"
    assert (right[:, 0] > right[:, 1]).mean() > 0.9, "the target's answer is red"
    assert image.getextrema() == ((255, 255),) * 3, "the picture itself stays clean"


def test_a_mark_may_say_what_it_is():
    image = Image.new("RGB", (200, 200), "white")
    box = Box("mug", 0.2, 0.3, 0.8, 0.9)
    assert pictures.preview(image, 200, [Mark(box, "mug", True)]) != pictures.preview(image, 200, [Mark(box, "", True)])


def test_a_mask_is_drawn_as_its_outline_and_an_answers_is_dashed():
    image = Image.new("RGB", (200, 200), "white")
    mask = np.zeros((200, 200), dtype=bool)
    mask[50:150, 50:150] = True
    box = Box("mug", 0.25, 0.25, 0.75, 0.75)
    true, found = (pixels(pictures.preview(image, 200, [Mark(box, "", t, packed(mask))])) for t in (True, False))
    dark = [np.abs(p - 255).sum(2) > 150 for p in (true, found)]
    inside = np.zeros_like(mask)
    inside[60:140, 60:140] = True
    assert not any((d & inside).any() for d in dark)  # what is in it stays as it was
    edges = [d[50:53, 60:140].any(axis=0) for d in dark]
    assert edges[0].mean() > 0.95
    assert 0.3 < edges[1].mean() < 0.9


def test_signatures_are_alike_where_pictures_are():
    one, other = pictures.sample(), pictures.sample().rotate(90)
    softer = one.resize((200, 200)).resize(one.size)
    signs = [np.frombuffer(pictures.signature(p), np.uint8) for p in (one, softer, other, LETTER)]
    assert {len(s) for s in signs} == {8 + 8 * 8 * 3}

    def bits(a, b):
        return np.unpackbits(a[:8] ^ b[:8]).sum()

    def far(a, b):
        return np.abs(a[8:].astype(int) - b[8:]).mean()

    assert bits(signs[0], signs[1]) <= 4 < bits(signs[0], signs[2])
    assert far(signs[0], signs[1]) < 2 < far(signs[0], signs[2])
