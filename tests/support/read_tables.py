"""Reads the tables of a report back: from its page, CSV, XLSX and PDF, cell by cell."""

from __future__ import annotations

import csv
import ctypes
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import openpyxl
import pypdfium2
from lxml import html
from pypdfium2 import raw

#: The cells of a table, row by row, without its headings.
Rows = list[list[Any]]


def of_page(page: str) -> list[Rows]:
    """What a reader of the page sees."""
    return [
        [[cell.text_content() for cell in row.xpath("./th|./td")] for row in table.xpath("./tbody/tr")]
        for table in html.fromstring(page).xpath("//article//table")
    ]


def of_csv(data: bytes) -> list[Rows]:
    """The lines with several cells; a table ends where a line has one. The first line is its headings."""
    found, before = list[Rows](), 1
    for line in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"):
        if len(line) > 1 and before == 1:
            found.append([])
        elif len(line) > 1:
            found[-1].append([re.sub(r'^="(.*)"$', r"\1", cell) for cell in line])  # a text that looks like a number
        before = max(1, len(line))
    return found


def of_xlsx(data: bytes) -> list[Rows]:
    """One table a sheet, below the frozen line of its headings."""
    found = []
    for sheet in openpyxl.load_workbook(io.BytesIO(data)).worksheets:
        top = int(sheet.freeze_panes[1:])
        rows = [list(row) for row in sheet.iter_rows(min_row=top, values_only=True)]
        end = next((number for number, row in enumerate(rows) if row[1] is None), len(rows))
        wide = next(number for number in range(len(rows[0]), 0, -1) if rows[0][number - 1] is not None)
        found.append([row[:wide] for row in rows[:end]])
    return found


def of_pdf(data: bytes) -> list[Rows]:
    """What a screen reader reads: the cells of the tagged tables. A table that goes on on the next page is one."""
    found = list[Rows]()
    with pypdfium2.PdfDocument(io.BytesIO(data)) as document:
        for page in document:
            for rows in _tables(page):
                if {kind for kind, _text in rows[0]} == {"TH"}:  # otherwise it goes on from the page before
                    found.append([])
                    rows = rows[1:]
                found[-1] += [[text for _kind, text in row] for row in rows]
    return found


def _tables(page: Any) -> Iterator[list[list[tuple[str, str]]]]:
    """The tables of a page: each cell with its kind, TH or TD."""
    texts = dict[int, str]()
    for part in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], textpage=page.get_textpage()):
        mark = raw.FPDFPageObj_GetMarkedContentID(part)
        texts[mark] = texts.get(mark, "") + part.extract()
    tree = raw.FPDF_StructTree_GetForPage(page)
    try:
        roots = [raw.FPDF_StructTree_GetChildAtIndex(tree, n) for n in range(raw.FPDF_StructTree_CountChildren(tree))]
        for table in _below(roots, "Table"):
            yield [
                [(_kind(cell), _text(cell, texts).strip()) for cell in _below([row], "TH", "TD")]
                for row in _below(_children(table), "TR")
            ]
    finally:
        raw.FPDF_StructTree_Close(tree)


def _children(element: Any) -> list[Any]:
    return [
        child
        for place in range(raw.FPDF_StructElement_CountChildren(element))
        if (child := raw.FPDF_StructElement_GetChildAtIndex(element, place))
    ]


def _kind(element: Any) -> str:
    room = raw.FPDF_StructElement_GetType(element, None, 0)
    name = ctypes.create_string_buffer(room)
    raw.FPDF_StructElement_GetType(element, name, room)
    return name.raw.decode("utf-16-le").rstrip("\0")


def _below(elements: Sequence[Any], *kinds: str) -> Iterator[Any]:
    """The elements of these kinds in their order, those inside others left out."""
    for element in elements:
        if _kind(element) in kinds:
            yield element
        else:
            yield from _below(_children(element), *kinds)


def _text(element: Any, texts: dict[int, str]) -> str:
    marks = [
        raw.FPDF_StructElement_GetMarkedContentIdAtIndex(element, place)
        for place in range(raw.FPDF_StructElement_GetMarkedContentIdCount(element))
    ]
    own = "".join(texts.get(mark, "") for mark in marks)
    return own + "".join(_text(child, texts) for child in _children(element))
