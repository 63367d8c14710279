"""Pictures compared loosely, with Pillow: two renderers never agree on the edge of a letter."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageFilter, ImageStat


def open_png(data: bytes) -> Image.Image:
    """The pixels of a PNG, without transparency: what is see-through is magenta, so that a test would see it."""
    image = Image.open(io.BytesIO(data))
    assert image.format == "PNG"
    paper = Image.new("RGBA", image.size, (255, 0, 255, 255))
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of the blurred pictures, 0 to 255: small where every line and word is in the same place."""
    assert one.size == other.size
    blurred = (each.filter(ImageFilter.GaussianBlur(4)) for each in (one, other))
    return sum(ImageStat.Stat(ImageChops.difference(*blurred)).mean) / 3


def inked_share(image: Image.Image, left: float, top: float, right: float, bottom: float) -> float:
    """The share of pixels in a part of the picture (in shares of its size) that are not its corner's colour."""
    width, height = image.size
    part = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    plain = Image.new("RGB", part.size, image.getpixel((0, 0)))
    grey = ImageChops.difference(part, plain).convert("L")
    return sum(grey.histogram()[32:]) / (part.width * part.height)
