"""Anchors of the access log stay good when the secret key is changed; those of others do not become good."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from ivr.audit import access_log, anchors, verification
from ivr.audit.access_log import Actor
from ivr.audit.anchors import Signature
from ivr.cli import hotline
from ivr.domain.timestamps import iso, utc_now
from ivr.platform import blob_storage, database, former_keys
from tests.support.former_version import ANCHOR, FORMER_SECRET
from tests.support.secret_keys import FIRST, SECOND, THIRD, changer


@pytest.fixture
def change(empty_database, monkeypatch: pytest.MonkeyPatch):
    return changer(monkeypatch)


def some_lines(count: int = 3) -> None:
    with database.writing() as session:
        for number in range(count):
            access_log.append(session, Actor(f"p{number}", "member", number), "view", utc_now())


def export(path: Path) -> Path:
    path.write_text("".join(verification.export(utc_now())), encoding="utf-8")
    return path


def rotate() -> None:
    with database.writing() as session:
        former_keys.keep(session, utc_now())
    former_keys.forget_read()


def faults() -> list[str]:
    return verification.faults_of_database()[1]


def verify(*arguments: str) -> str:
    answer = CliRunner().invoke(hotline, ["audit", "verify", *arguments])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_an_anchor_of_the_version_before_is_a_former_one(change) -> None:
    change(FORMER_SECRET)
    assert anchors.signature_of(ANCHOR) is Signature.FORMER
    assert anchors.signature_of({**ANCHOR, "number": 8}) is Signature.BROKEN
    change(FIRST, FORMER_SECRET)
    assert anchors.signature_of(ANCHOR) is Signature.FORMER
    change(FIRST)
    assert anchors.signature_of(ANCHOR) is Signature.UNKNOWN


def test_anchors_and_exports_stay_verifiable_without_the_former_secret(change, tmp_path: Path) -> None:
    change(FIRST)
    some_lines()
    assert anchors.keep(utc_now() - timedelta(hours=3))
    first_key, file = anchors.public_key(), export(tmp_path / "log.jsonl")
    change(SECOND)
    (fault,) = faults()
    assert "SECRET_KEY_PREVIOUS" in fault
    assert "SECRET_KEY_PREVIOUS" in verification.faults_of_file(file)[1][0]
    change(SECOND, FIRST)
    assert faults() == []
    rotate()
    some_lines()
    assert anchors.keep(utc_now() - timedelta(hours=1))
    change(SECOND)
    assert faults() == []
    said = verify()
    assert f"1 anchors were signed with the present key: {anchors.public_key()}" in said
    assert f"1 anchors were signed with a former key of this installation: {first_key}" in said
    assert f"signed with a former key of this installation: {first_key}" in verify(str(file))
    assert f"signed with the present key: {anchors.public_key()}" in verify(str(export(tmp_path / "new.jsonl")))
    change(THIRD, SECOND)
    rotate()
    change(THIRD)
    assert len(faults()) == 3, "an anchor of the first secret, and its two keys, which are not sealed again yet"


def test_a_key_that_has_leaked_signs_no_new_anchors(change) -> None:
    """The first secret was stolen, so it was changed. The thief still has its key."""
    change(SECOND, FIRST)
    some_lines()
    rotate()
    with database.reading() as session:
        number, newest = access_log.newest(session)
    later = utc_now() + timedelta(hours=1)
    change(FIRST)
    forged = anchors.sign({"number": number, "hash": newest, "at": iso(later)})
    change(SECOND)
    assert anchors.signature_of(forged) is Signature.RETIRED
    blob_storage.store().put(f"{anchors.PREFIX}29990101T000000Z-3.json", json.dumps(forged).encode())
    (fault,) = faults()
    assert "after that key was retired" in fault


def test_a_stranger_who_can_write_into_the_database_makes_no_key_known(change) -> None:
    change(THIRD, SECOND)
    rotate()  # sealed with a secret key that is not ours
    change(THIRD)
    forged = anchors.sign({"number": 1, "hash": "x", "at": iso(utc_now())})
    change(FIRST)
    assert anchors.signature_of(forged) is Signature.UNKNOWN
