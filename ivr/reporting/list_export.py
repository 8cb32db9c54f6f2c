"""A list as a file for spreadsheets: CSV as German Excel opens it, and XLSX.

Codes stay text with their zeros, counts and prices are numbers, instants are local time, nothing is a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ivr.domain.csv_safety import text_cell

#: A cell: text (codes and numbers to dial, too), a number to reckon with, or an instant.
Cell = str | int | Decimal | datetime | None
_MOMENTS = {"de": ("%d.%m.%Y %H:%M", "dd.mm.yyyy hh:mm"), "en": ("%Y-%m-%d %H:%M", "yyyy-mm-dd hh:mm")}
#: Characters of the widest column.
_WIDEST = 40


def as_csv(headings: Sequence[str], rows: Sequence[Sequence[Cell]], language: str, zone: ZoneInfo) -> bytes:
    """Semicolons, UTF-8 with a byte order mark."""
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";")
    lines.writerow([text_cell(heading) for heading in headings])
    for row in rows:
        lines.writerow([_text(cell, language, zone) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def _text(cell: Cell, language: str, zone: ZoneInfo) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(zone).strftime(_moment(language)[0])
    if isinstance(cell, int | Decimal):  # a decimal comma in every language: a German spreadsheet reads 2.5 as a date
        return f"{Decimal(cell).normalize():f}".replace(".", ",")
    return text_cell(cell)


def _moment(language: str) -> tuple[str, str]:
    return _MOMENTS.get(language, _MOMENTS["en"])


def as_xlsx(headings: Sequence[str], rows: Sequence[Sequence[Cell]], language: str, zone: ZoneInfo) -> bytes:
    """One sheet with a filter. Instants are dates of the spreadsheet, numbers are numbers, the rest is text."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    import xlsxwriter

    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet()
        head = book.add_format({"bold": True, "bottom": 1})
        text = book.add_format({"num_format": "@"})
        moment = book.add_format({"num_format": _moment(language)[1]})
        for place, heading in enumerate(headings):
            cells = [_text(row[place], language, zone) for row in rows]
            sheet.set_column(place, place, min(_WIDEST, 3 + max(map(len, (heading, *cells)))))
            sheet.write_string(0, place, heading, head)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(line, place, cell.astimezone(zone).replace(tzinfo=None), moment)
                elif isinstance(cell, int | Decimal):
                    sheet.write_number(line, place, cell)
                elif cell:
                    sheet.write_string(line, place, cell, text)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows), len(headings) - 1)
    return out.getvalue()


MAKERS: Mapping[str, tuple[Callable[[Sequence[str], Sequence[Sequence[Cell]], str, ZoneInfo], bytes], str]] = {
    "csv": (as_csv, "text/csv"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
