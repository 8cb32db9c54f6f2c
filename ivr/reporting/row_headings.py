"""Marks the first cell of each row of a tagged PDF's tables as the heading of that row, for screen readers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


def mark(document: bytes) -> bytes:
    """The same document; each first cell (TD) of a row has become a heading (TH) whose scope is the row."""
    from pypdf import PdfWriter
    from pypdf.generic import DictionaryObject, NameObject

    writer = PdfWriter(clone_from=io.BytesIO(document))
    for element in _elements(writer.root_object["/StructTreeRoot"]):
        cells = list(_children(element)) if element.get("/S") == "/TR" else []
        if cells and cells[0].get("/S") == "/TD":
            cells[0][NameObject("/S")] = NameObject("/TH")
            scope = {NameObject("/O"): NameObject("/Table"), NameObject("/Scope"): NameObject("/Row")}
            cells[0][NameObject("/A")] = DictionaryObject(scope)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _elements(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        yield element
        waiting.extend(_children(element))


def _children(element: Any) -> Iterator[Any]:
    """The structure elements below an element. Other children are numbers and references to what is printed."""
    found = element.get("/K", [])
    for child in found if isinstance(found, list) else [found]:
        one = child.get_object()
        if isinstance(one, dict) and ("/S" in one or "/K" in one):
            yield one
