"""A person's data as a PDF that they can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.domain import words
from ivr.domain.words import Translate

_HERE = Path(__file__).parent
_FONTS = Path(__file__).parent.parent / "reporting" / "fonts"


def as_pdf(
    data: Mapping[str, Any], made_on: str, language: str, _: Translate,
    said: Callable[[str, Any], str], told: Sequence[tuple[str, str]],
) -> bytes:  # fmt: skip
    """The PDF. Columns without a word are left out. `said` formats a value, `told` is what stands before the data.

    Letters that no font here has are readable in the JSON file.
    """
    content = {
        "language": language,
        "title": _("Information about your personal data (Art. 15 GDPR)"),
        "period": made_on,
        "issuer": _("Jobcenter Bremen · Telephone hotline 0421-178-2666"),
        "page": _("Page"),
        "of": _("of"),
        "about": [
            _("This is everything that the telephone hotline keeps about you. The file data.json holds the same for "
              "machines, with the numbers that only they need, the folder audio your voicebox messages."),
        ],
        "told": [list(one) for one in told],
        "sections": [
            {
                "title": words.SUBJECT_KINDS.of(kind, _),
                "entries": [_pairs(row, _, said) for row in (rows if isinstance(rows, list) else [rows])],
            }
            for kind, rows in data.items()
            if rows
        ],
    }  # fmt: skip
    options: dict[str, Any] = {
        "root": str(_HERE),
        "font_paths": [str(_FONTS)],
        "sys_inputs": {"content": json.dumps(content)},
        "format": "pdf",
    }
    import typst

    try:
        made: bytes = typst.compile(str(_HERE / "subject_access.typ"), pdf_standards=["ua-1"], **options)
    except RuntimeError:  # PDF/UA refuses letters that no font has; a plain PDF is better than none
        made = typst.compile(str(_HERE / "subject_access.typ"), **options)
    return made


def _pairs(
    row: Mapping[str, Any], translate: Translate, said: Callable[[str, Any], str], before: str = ""
) -> list[list[str]]:
    found: list[list[str]] = []
    for name, value in row.items():
        if value in (None, "", [], {}, False) or name not in words.COLUMNS:
            continue
        label = f"{before}{words.COLUMNS.of(name, translate)}"
        if isinstance(value, dict):
            found += _pairs(value, translate, said, f"{label} · ")
        elif isinstance(value, list) and isinstance(value[0], dict):
            for number, one in enumerate(value, 1):
                found += _pairs(one, translate, said, f"{label} {number} · ")
        else:
            found.append([label, said(name, value)])
    return found
