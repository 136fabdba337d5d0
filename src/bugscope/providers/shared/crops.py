"""The middle of a picture, as classifiers see it."""

from PIL.Image import Image, Resampling

LONGEST = 8
"""The longest picture resized whole, in multiples of its shorter side: of a longer one only the middle is, since the crop shows
no more and the whole could take gigabytes."""


def centre(image: Image, shorter: int, size: int, resampling: Resampling) -> Image:
    """`size` x `size` pixels from the middle of a picture whose shorter side was brought to `shorter` pixels."""
    image = middle(image)
    scale = shorter / min(image.size)
    width, height = (max(shorter, round(s * scale)) for s in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    return image.resize((width, height), resampling).crop((left, top, left + size, top + size))


def middle(image: Image) -> Image:
    """The middle of an overlong picture; any other as it is."""
    width, height = (min(side, LONGEST * min(image.size)) for side in image.size)
    if (width, height) == image.size:
        return image
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
