"""A report as a file: CSV and XLSX for calculations, PDF (A4, tagged, PDF/UA-1) for reading and archiving."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ivr.domain.csv_safety import harmless, text_cell
from ivr.domain.words import Translate
from ivr.reporting import row_headings
from ivr.reporting.tables import Column, Report, Table, Value, moment, shown

_HERE = Path(__file__).parent
#: The spreadsheet format of each kind of number.
_FORMATS = {"count": "#,##0", "share": "0.0%", "hours": "0.00", "seconds": "0", "minutes": "0", "number": "0.0"}


def as_csv(report: Report, _: Translate) -> bytes:
    """All tables, one after the other: semicolons, UTF-8 with a byte order mark.

    Numbers have decimal commas in every language of the reader, because a German spreadsheet reads 2.5 as a date.
    """
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";")
    lines.writerow([harmless(report.title)])
    lines.writerow([harmless(report.period)])
    for remark in _remarks(report, _):
        lines.writerow([harmless(remark)])
    for table in report.tables:
        lines.writerow([])
        for text in filter(None, (table.question, table.title)):
            lines.writerow([harmless(text)])
        lines.writerow([harmless(column.heading) for column in table.columns])
        for row in table.rows:
            lines.writerow([_plain(value, report.language) for value in row])
        if table.note:
            lines.writerow([harmless(table.note)])
    return ("\ufeff" + out.getvalue()).encode()


def _plain(value: Value, language: str) -> str:
    if isinstance(value, float | int):
        return f"{value:.4f}".rstrip("0").rstrip(".").replace(".", ",")
    return text_cell(shown(value, "text", language))


def as_xlsx(report: Report, _: Translate) -> bytes:
    """One sheet a table. Numbers are numbers, and nothing is a formula."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    import xlsxwriter

    with xlsxwriter.Workbook(out, options) as book:
        language = report.language
        book.set_properties({"title": f"{report.title}, {report.period}"})
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        for number, table in enumerate(report.tables, start=1):
            sheet = book.add_worksheet(_sheet_name(number, table.title))
            sheet.set_column(0, 0, 48)
            sheet.set_column(1, max(1, len(table.columns) - 1), 16)
            above = [report.title, report.period, *_remarks(report, _), table.title]
            for line, text in enumerate(above):
                sheet.write_string(line, 0, text, bold if line == 0 else None)
            if table.question:
                sheet.merge_range(len(above), 0, len(above), 4, table.question, wrapped)
                sheet.set_row(len(above), 90)
            top = len(above) + 2
            for place, column in enumerate(table.columns):
                sheet.write_string(top, place, column.heading, head)
            for line, row in enumerate(table.rows, start=top + 1):
                for place, (value, column) in enumerate(zip(row, table.columns, strict=True)):
                    _write(sheet, line, place, value, column, language, formats)
            if table.note:
                sheet.write_string(top + len(table.rows) + 2, 0, table.note)
            sheet.freeze_panes(top + 1, 1)
    return out.getvalue()


def _sheet_name(number: int, title: str) -> str:
    """In whole words: a spreadsheet takes 31 letters, and not all of them."""
    allowed = re.sub(r"[][:*?/\\]", "", title)
    return textwrap.shorten(f"{number} {allowed}", 31, placeholder=" …")


def _write(
    sheet: Any, line: int, place: int, value: Value, column: Column, language: str, formats: Mapping[str, Any]
) -> None:
    if isinstance(value, float | int):
        sheet.write_number(line, place, value, formats.get(column.kind))
    else:
        sheet.write_string(line, place, shown(value, column.kind, language))


def as_pdf(report: Report, _: Translate) -> bytes:
    """For print and for screen readers."""
    content = {
        "language": report.language,
        "title": report.title,
        "period": report.period,
        "issuer": _("Jobcenter Bremen · Telephone hotline 0421-178-2666"),
        "page": _("Page"),
        "of": _("of"),
        "remarks": _remarks(report, _),
        "tables": [_table(table, report.language) for table in report.tables],
    }
    import typst

    options: dict[str, Any] = {
        "root": str(_HERE),
        "font_paths": [str(_HERE / "fonts")],
        "ignore_system_fonts": True,
        "sys_inputs": {"content": json.dumps(content)},
        "format": "pdf",
    }
    template = str(_HERE / "report.typ")
    try:
        made = typst.compile(template, pdf_standards=["ua-1"], **options)
    except RuntimeError:
        # PDF/UA refuses letters that no font has, as in a team's name; a plain PDF is better than none.
        made = typst.compile(template, **options)
    return row_headings.mark(made)


#: No word of a language is longer; what is, may be broken after each letter. Other words are hyphenated.
_LONGEST_WORD = 40
_ANYWHERE = "\u200b"


def _breakable(text: str) -> str:
    """With places where a line may end: after a slash, and in what no language has words for."""
    parts = re.split(r"(?<=[ /])", text)
    broken = (_ANYWHERE.join(part) if len(part) > _LONGEST_WORD else part for part in parts)
    return "".join(part + _ANYWHERE if part.endswith("/") else part for part in broken)


def _table(table: Table, language: str) -> dict[str, object]:
    return {
        "title": table.title,
        "question": table.question,
        "note": table.note,
        "columns": [column.label for column in table.columns],
        "numbers": [column.kind != "text" for column in table.columns],
        "rows": [
            [_breakable(shown(value, column.kind, language)) for value, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
    }


def _remarks(report: Report, _: Translate) -> list[str]:
    published = (
        [_("Published on %(at)s") % {"at": moment(report.published_at, report.language)}] if report.published_at else []
    )
    return [*report.remarks, *published]


MAKERS: Mapping[str, tuple[Callable[[Report, Translate], bytes], str]] = {
    "csv": (as_csv, "text/csv"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "pdf": (as_pdf, "application/pdf"),
}
