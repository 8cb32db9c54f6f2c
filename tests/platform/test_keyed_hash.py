"""Keyed hashes are found again after the secret key was changed, and after the former one was taken away."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from ivr.domain.timestamps import utc_now
from ivr.platform import crypto, database, former_keys
from ivr.platform.crypto import Purpose
from ivr.platform.keyed_hash import is_keyed_hash, keyed_hash, keyed_hashes
from ivr.platform.work_models import FormerKey
from tests.support.former_version import FORMER_SECRET, HASHES
from tests.support.secret_keys import FIRST, SECOND, THIRD, changer

NUMBER = "+4942112345"


@pytest.fixture
def change(empty_database, monkeypatch: pytest.MonkeyPatch):
    return changer(monkeypatch)


def keep() -> int:
    with database.writing() as session:
        return former_keys.keep(session, utc_now())


@pytest.mark.parametrize("purpose", HASHES)
def test_hashes_of_the_version_before_are_found(change, purpose: str) -> None:
    change(FORMER_SECRET)
    assert HASHES[purpose] in keyed_hashes(Purpose(purpose), NUMBER)
    assert keyed_hash(Purpose(purpose), NUMBER) != HASHES[purpose], "new ones are made with the present derivation"
    change(FIRST, SECOND, FORMER_SECRET)
    assert HASHES[purpose] in keyed_hashes(Purpose(purpose), NUMBER)
    assert is_keyed_hash(Purpose(purpose), NUMBER, HASHES[purpose])
    assert is_keyed_hash(Purpose(purpose), NUMBER, HASHES[purpose][:16])
    assert not is_keyed_hash(Purpose(purpose), NUMBER + "0", HASHES[purpose])
    assert not is_keyed_hash(Purpose(purpose), NUMBER, "")


def test_hashes_are_found_without_the_former_secret_once_its_keys_are_kept(change) -> None:
    change(FIRST)
    old = keyed_hash(Purpose.DELETED, "CA1")
    change(SECOND, FIRST)
    assert keep() == 2, "the two versions of the former secret"
    assert keep() == 0
    change(SECOND)
    assert old in keyed_hashes(Purpose.DELETED, "CA1")
    assert len(keyed_hashes(Purpose.LIMITS, "10.0.0.1")) == 2, "what is compared within minutes only is not kept"
    with database.reading() as session:
        rows = session.scalars(select(FormerKey)).all()
    assert FIRST not in "".join(row.sealed for row in rows)
    secrets = [
        crypto.derive(Purpose.DELETED, secret=FIRST).hex(),
        crypto.derive(Purpose.ACCESS_LOG, secret=FIRST).hex(),
    ]
    opened = [crypto.unseal(Purpose.FORMER_KEYS, row.sealed).decode() for row in rows]
    assert any(secrets[0] in one for one in opened)
    assert not any(secrets[1] in one for one in opened), "nobody can sign with a former key any more"


def test_kept_keys_that_cannot_be_opened_are_an_error_and_not_silence(change, caplog) -> None:
    change(SECOND, FIRST)
    keep()
    change(THIRD)
    assert former_keys.kept() == ()
    assert "SECRET_KEY_PREVIOUS" in caplog.text
    with database.reading() as session:
        assert len(former_keys.faults(session)) == 2


def test_keys_that_somebody_puts_into_the_database_are_not_taken(change) -> None:
    change(SECOND, FIRST)
    keep()
    with database.writing() as session:
        session.execute(text("UPDATE former_keys SET signer = 'aa' || substr(signer, 3)"))
    former_keys.forget_read()
    assert former_keys.kept() == ()
