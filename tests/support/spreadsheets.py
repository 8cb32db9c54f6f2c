"""Files as the spreadsheet of a German office opens them."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime

import openpyxl


class Formula(str):
    """A cell that would be computed."""


def local(*parts: int) -> datetime:
    """A date and time as a spreadsheet has them, which knows no time zones."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def opened_csv(data: bytes) -> list[list[object]]:
    """A CSV file after a double click: numbers without their zeros, dates, and formulas as such."""
    assert data.startswith(b"\xef\xbb\xbf"), "without the mark Excel takes UTF-8 for Windows-1252"
    return [[_cell(cell) for cell in line] for line in csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";")]


def _cell(cell: str) -> object:
    if found := re.fullmatch(r'="([^"]*)"', cell):
        return found[1]  # a formula that is nothing but a text
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return Formula(cell)
    for form in ("%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M", "%d-%m", "%d/%m", "%H:%M"):
        try:
            return datetime.strptime(cell, form)  # noqa: DTZ007 - a spreadsheet knows no zones
        except ValueError:
            continue
    if re.fullmatch(r"(?i)\d+[. -]*(jan|mai|okt|nov|november)\.?|(mai|nov) \d+", cell):
        return local(2026, 1, 1)  # the day of this year, or the first of a month
    if re.fullmatch(r"\(?\d[\d.]*(,\d+)?\)?([eE]\d+)?", cell):
        return float(re.sub(r"[().]", "", cell).replace(",", "."))
    return cell


def opened_xlsx(data: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [[Formula(cell.value) if cell.data_type == "f" else cell.value for cell in row] for row in sheet.iter_rows()]
