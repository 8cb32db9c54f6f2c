"""The web application as a whole."""

from __future__ import annotations

import subprocess
import sys

#: Libraries that single functions need: a process that has just started is not kept waiting for them.
LATER = (
    "apprise", "authlib", "boto3", "ciw", "jiwer", "pyotp", "scipy", "segno", "soundfile", "typst", "vosk", "webauthn",
    "xlsxwriter",
)  # fmt: skip


def test_what_single_functions_need_is_imported_by_them() -> None:
    code = f"import sys, ivr.web.app; print([name for name in {LATER!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "[]"
