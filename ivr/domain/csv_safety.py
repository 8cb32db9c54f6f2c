"""What goes into spreadsheets: nothing is taken for a formula, and no code for a quantity.

German Excel opens a CSV file without asking: it takes `0421…` for a number and drops the zero, `1-2` for a date, and
text that begins with `=` for a formula. A cell of the form `="0421…"` is the one way in which a CSV file can say that
it is text. Digits, months and what is written between them need no more quoting, so nobody's words are ever in such a
cell.
"""

from __future__ import annotations

import re

#: What begins a formula, in Excel and in other programs, with the wide forms that some take for the same.
_BEGINS_FORMULA = re.compile(
    r"^[\s\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@\t\r\n|\uff1d\uff0b\uff0d\uff20]"
)
#: Text that would be taken for a day or a month: `3. Mai`, `26-Nov`, `Nov 26`.
_MONTH = r"(?:jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec)[a-zä]*\.?"
_LIKE_A_DAY = re.compile(rf"(?:\d[\d\s./-]*{_MONTH}|{_MONTH}[\s./-]*\d)[\d\s./-]*", re.IGNORECASE)
#: Text that would be taken for a number, a date, a time or a share.
_LIKE_A_NUMBER = re.compile(r"[+-]?[(\d][\d\s.,:/()'%–-]*(?:[eE][+-]?\d+)?")


def harmless(cell: str | None) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell and _BEGINS_FORMULA.match(cell) else cell or ""


def text_cell(cell: str | None) -> str:
    """The text as a cell of a CSV file that a spreadsheet shows as it is: harmless, and no number."""
    if cell and "\n" not in cell and (_LIKE_A_NUMBER.fullmatch(cell) or _LIKE_A_DAY.fullmatch(cell)):
        return f'="{cell}"'
    return harmless(cell)
