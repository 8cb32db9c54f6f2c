"""What stands where on the pages of a PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pypdfium2

#: Millimetres of a point.
MM = 25.4 / 72
#: Letters beside each other touch (a kerned pair, an italic); more than this part of a letter is another text on it.
_TOUCHING = 0.35
_UNSEEN = " \r\n\t\u00a0\u202f\u200b"


def letters(document: bytes) -> Iterator[tuple[list[str], np.ndarray, tuple[float, float]]]:
    """Of each page: its letters, their boxes (left, bottom, right, top) and its width and height, in points."""
    with pypdfium2.PdfDocument(io.BytesIO(document)) as pdf:
        for page in pdf:
            text = page.get_textpage()
            found = [
                (chr(pypdfium2.raw.FPDFText_GetUnicode(text, place)), text.get_charbox(place))
                for place in range(text.count_chars())
            ]
            seen = [
                (letter, box)
                for letter, box in found
                if letter.strip(" \r\n\t\u00a0\u202f\u200b") and box[2] > box[0] and box[3] > box[1]
            ]
            yield [letter for letter, _ in seen], np.array([box for _, box in seen]), page.get_size()


def overlaps(document: bytes) -> list[str]:
    """Letters that stand on other letters, and letters beyond the page's margin of 15 mm at its sides."""
    wrong = []
    for number, (names, boxes, (width, _height)) in enumerate(letters(document), 1):
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        common = np.clip(high - low, 0, None).prod(axis=2)
        sizes = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        share = common / np.minimum(sizes[:, None], sizes[None, :])
        pairs = np.argwhere(np.triu(share > _TOUCHING, k=1))
        wrong += [f"page {number}: {names[one]} on {names[other]} at {boxes[one].round()}" for one, other in pairs]
        outside = (boxes[:, 0] < 15 / MM) | (boxes[:, 2] > width - 15 / MM)
        wrong += [f"page {number}: {names[place]} in the margin" for place in np.flatnonzero(outside)]
    return wrong
