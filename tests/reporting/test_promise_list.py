"""Everything is down at three in the morning: who is to be called back stands on paper, and only we could read it."""

from __future__ import annotations

import io
import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from click.testing import CliRunner
from pypdf import PdfReader, PdfWriter
from sqlalchemy import select

from ivr.cli import hotline as command_line
from ivr.config import settings as configuration
from ivr.config.settings import Settings
from ivr.domain.timestamps import utc_now
from ivr.models.audit import AccessLine
from ivr.models.callbacks import CallbackTask
from ivr.platform import database
from ivr.reporting import promise_list_files
from tests.support.environment import forget_settings
from tests.support.people import a_task, the_task
from tests.support.volume import volume

PASSPHRASE = "correct horse battery staple 42"


@pytest.fixture
def folder(empty_database: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("PROMISE_LIST_DIR", str(tmp_path / "lists"))
    monkeypatch.setenv("PROMISE_LIST_PASSWORD", PASSPHRASE)
    forget_settings()
    return tmp_path / "lists"


def words_of(document: bytes) -> str:
    with pypdfium2.PdfDocument(document) as pdf:
        text = " ".join(page.get_textpage().get_text_range() for page in pdf)
    return " ".join(text.replace("\ufffe", "").split())  # a hyphen at the end of a line


def change(task_id: int, **values: Any) -> None:
    with database.writing() as session:
        for name, value in values.items():
            setattr(session.get_one(CallbackTask, task_id), name, value)


def test_whoever_calls_back_by_paper_has_what_they_need_and_no_more(folder: Path) -> None:
    usual = a_task("benefits", text="Mein Kühlschrank brummt", number="+4942155501")
    older = a_task("work", language="tr", age=timedelta(hours=30), number="+4942155502")
    withheld, restricted, closed = (a_task("benefits", number=f"+494215550{n}") for n in (3, 4, 5))
    change(usual, caller_name="Yıldız Demir", needs_interpreter=True)
    change(withheld, callback_number=None)
    change(restricted, restricted_at=utc_now())
    change(closed, state="closed", outcome="reached", closed_at=utc_now())
    path = promise_list_files.write(utc_now())
    told = words_of(promise_list_files.opened(path, PASSPHRASE))
    for task in (usual, older, withheld):
        assert the_task(task).receipt_code in told
    assert "0421 55501" in told and "0421 55502" in told
    assert "überfällig" in told and "Türkisch" in told and "mit Sprachmittlung" in told
    for kept_back in ("Demir", "brummt", "55503", "55504", "55505"):
        assert kept_back not in told
    with database.reading() as session:
        details = session.scalars(select(AccessLine.detail).order_by(AccessLine.number)).all()
        assert "list of 3 open promises" in (details[-1] or "")


def test_without_the_passphrase_nothing_can_be_read(folder: Path) -> None:
    a_task(number="+4942155501")
    path = promise_list_files.write(utc_now())
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    raw = path.read_bytes()
    assert PdfReader(io.BytesIO(raw)).is_encrypted and b"AESV3" in raw
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(raw)
    with pytest.raises(promise_list_files.CannotOpen, match="passphrase"):
        promise_list_files.opened(path, "wrong")


def test_a_damaged_list_is_told_and_no_stack_trace(tmp_path: Path) -> None:
    """What the PDF library raises on the way is not always an error of its own."""
    pdf, out, chance = PdfWriter(), io.BytesIO(), random.Random(5)
    pdf.add_blank_page(100, 100)
    pdf.encrypt(PASSPHRASE, algorithm="AES-256")
    pdf.write(out)
    whole, told = out.getvalue(), 0
    handler = whole.replace(b"/Standard", b"/Standart")
    for number in range(volume(test=60, soak=500, night=2000)):
        damaged = bytearray(handler if not number else whole)
        for place in (chance.randrange(len(damaged)) for _ in range(chance.choice((1, 1, 2, 5)))):
            damaged[place : place + chance.randrange(40)] = chance.randbytes(chance.randrange(3))
        (tmp_path / "list.pdf").write_bytes(damaged)
        try:
            promise_list_files.opened(tmp_path / "list.pdf", PASSPHRASE)
        except promise_list_files.CannotOpen:
            told += 1
    assert told > 10


def test_one_an_hour_is_written_and_old_ones_go(folder: Path) -> None:
    began = utc_now()
    assert promise_list_files.write_if_due(began) is not None
    assert promise_list_files.write_if_due(began + timedelta(minutes=59)) is None
    assert promise_list_files.write_if_due(began + timedelta(minutes=61)) is not None
    assert len(promise_list_files.made()) == 2
    last = promise_list_files.write_if_due(began + timedelta(hours=25, minutes=30))
    assert [path for _, path in promise_list_files.made()] == [last]
    # a clock that was a year ahead has left one that would be the newest for a year
    (folder / f"promises-{began + timedelta(days=365):%Y%m%dT%H%M%SZ}.pdf").touch()
    again = promise_list_files.write_if_due(began + timedelta(hours=26))
    assert again is not None and promise_list_files.made()[-1][1] == again


def test_without_a_directory_nothing_is_written(empty_database: Settings) -> None:
    assert promise_list_files.write_if_due(utc_now()) is None


def test_what_could_not_be_written_leaves_nothing_half(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        promise_list_files.write(utc_now())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["", "short", "a" * 30])
def test_a_passphrase_that_can_be_guessed_is_refused(passphrase: str) -> None:
    with pytest.raises(configuration.ConfigurationError, match="promise_list_password"):
        configuration.load(promise_list_dir="/x", promise_list_password=passphrase)


def test_the_commands_write_one_and_open_one_without_settings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = a_task(number="+4942155501")
    run = CliRunner()
    written = run.invoke(command_line, ["promises", "list"])
    assert written.exit_code == 0, written.output
    source, target = written.output.strip(), tmp_path / "plain.pdf"
    monkeypatch.setenv("IVR_CONFIG", "/nowhere")
    forget_settings()
    refused = run.invoke(command_line, ["promises", "open", source, str(target)], input="wrong\n")
    assert refused.exit_code == 1 and "the passphrase is wrong" in refused.output and not target.exists()
    opened = run.invoke(command_line, ["promises", "open", source, str(target)], input=PASSPHRASE + "\n")
    assert opened.exit_code == 0, opened.output
    monkeypatch.delenv("IVR_CONFIG")
    forget_settings()
    assert the_task(task).receipt_code in words_of(target.read_bytes())
    assert target.stat().st_mode & 0o777 == 0o600
