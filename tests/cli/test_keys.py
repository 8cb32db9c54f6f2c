"""The operator changes SECRET_KEY: nothing stops working, and after `keys rotate` the former one can be taken away."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from ivr.accounts import login_sessions, mfa
from ivr.accounts.login_sessions import Delay
from ivr.audit import access_log, anchors, verification
from ivr.callbacks import guessing, receipt_lookup
from ivr.calls import caller_language, erased_ids
from ivr.cli import hotline
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.models.accounts import LogInDelay, Team, User
from ivr.models.calls import Call, KnownCaller
from ivr.models.contact_centre import QueueEntry
from ivr.models.privacy import PendingDeletion, SubjectRequest
from ivr.models.screening import FrequentCaller
from ivr.platform import database, spool, spool_files
from ivr.platform.crypto import CannotOpen
from ivr.privacy import erasure, sealed_subjects
from ivr.telephony import state_token
from ivr.web.app import create_app
from tests.support.former_version import FORMER_SECRET, HASHES, SEARCH_WORDS, SPOOL_ENTRY
from tests.support.people import a_task, hire, log_in
from tests.support.secret_keys import SECOND, THIRD, changer

NUMBER, OTHER, CALL = "+4915112345678", "+4942112345", "CA" + "1" * 32
GUESSER = guessing.Guesser(NUMBER, "CA1")


@pytest.fixture
def change(empty_database, monkeypatch: pytest.MonkeyPatch):
    return changer(monkeypatch)


def rotate(code: int = 0) -> str:
    answer = CliRunner().invoke(hotline, ["keys", "rotate"])
    assert answer.exit_code == code, answer.output
    return answer.output


def counts(output: str) -> dict[str, tuple[int, int, int]]:
    """Sealed again, already, and not to be opened, by kind."""
    found = {}
    for row in output.splitlines():
        kind, numbers = row[:34].strip(), row[34:].split()
        if len(numbers) == 3 and all(number.isdigit() for number in numbers):
            found[kind] = tuple(map(int, numbers))
    return found


class Used:
    """A hotline that has been used: something of each kind that hangs on the secret key."""

    def __init__(self, now: datetime, tmp_path: Path) -> None:
        self.now, self.file = now, tmp_path / "log.jsonl"
        self.mia = hire()["mia"]
        a_task(number=NUMBER)
        self.browser = log_in(self._app().test_client(), "mia")
        with database.writing() as session:
            self._callers(session)
            self._people(session)
        spool.keep("turn", {"number": NUMBER})
        path = spool_files.path_of("entries")
        path.write_bytes(path.read_bytes() + f"{'b' * 32} {SPOOL_ENTRY}\n".encode())
        self._audit()

    def _callers(self, session) -> None:
        call = session.scalars(select(Call)).one()
        call.call_sid, call.state = CALL, "in_progress"
        state = state_token.seal(CallState("consent", "de"), CALL)
        session.add(
            QueueEntry(call_id=call.id, team_id=session.scalars(select(Team.id)).first(), language="de",
                       concern="benefits", urgency="normal", joined_at=self.now, entered_at=self.now, resume=state)
        )  # fmt: skip
        caller_language.remember(session.connection(), NUMBER, "de", self.now)
        session.add(KnownCaller(number_hash=HASHES["known callers"], language="en", last_called_at=self.now))
        session.add(
            PendingDeletion(kind="call", sid=erased_ids.hash_of_id("CA-gone"), planned_at=self.now, done_at=self.now)
        )
        for _ in range(3):
            receipt_lookup.find(session, "00000000", GUESSER, self.now)
        erasure._note_down([], [], [], OTHER, [], self.now)
        before = self.now - timedelta(minutes=1)
        session.add(FrequentCaller(number=OTHER, calls=1, first_at=before, last_at=before))

    def _people(self, session) -> None:
        mia = session.get_one(User, self.mia.id)
        mfa.propose_totp(mia)
        self.codes = mfa.new_recovery_codes(session, mia, self.now)
        for named in (sealed_subjects.seal(NUMBER), SEARCH_WORDS):  # the second as the version before sealed it
            session.add(
                SubjectRequest(kind="access", identity_check="document", named=named, opened_by_id=mia.id,
                               opened_at=self.now, result="")
            )  # fmt: skip
        for _ in range(4):
            assert login_sessions.attempt(session, [Delay("log-in", "mia", "10.0.0.1")], self.now) == 0

    def _audit(self) -> None:
        with database.writing() as session:
            for days in (9, 8, 0):
                access_log.append(session, access_log.SYSTEM, "view", self.now - timedelta(days=days))
            assert access_log.trim(session, self.now - timedelta(days=1), self.now) > 1
        anchors.keep(self.now - timedelta(hours=2))
        self.file.write_text("".join(verification.export(self.now)), encoding="utf-8")

    def _app(self):
        app = create_app()
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    def works(self) -> None:
        """Everything that was there before can still be used."""
        self._requests_and_calls_work()
        self._people_are_known()
        self._the_log_is_whole()

    def _requests_and_calls_work(self) -> None:
        with database.reading() as session:
            asked = session.scalars(select(SubjectRequest).order_by(SubjectRequest.id)).all()
            assert [sealed_subjects.named_in(one) for one in asked] == [NUMBER, "Özlem 0421"]
            (entry,) = session.scalars(select(QueueEntry))
            assert state_token.unseal(entry.resume, CALL).step == "consent"
            assert caller_language.language_of(session, NUMBER, self.now) == "de"
            assert caller_language.language_of(session, OTHER, self.now) == "en"
            assert erased_ids.was_deleted(session, "CA-gone")
            assert not erased_ids.was_deleted(session, "CA-other")
            assert guessing.may_try(session, GUESSER, self.now)
        with pytest.raises(receipt_lookup.Locked), database.writing() as session:
            for _ in range(3):
                receipt_lookup.find(session, "00000000", GUESSER, self.now)
        with database.writing() as session:
            assert erasure.replay(session, self.now)["traces"] == 1
            session.rollback()

    def _people_are_known(self) -> None:
        with database.reading() as session:
            mia = session.get_one(User, self.mia.id)
            assert mfa.secret_of(mia)
        with database.writing() as session:
            mfa.check_recovery_code(session, session.get_one(User, self.mia.id), self.codes.pop())
        with pytest.raises(mfa.Wrong), database.writing() as session:
            mfa.check_recovery_code(session, session.get_one(User, self.mia.id), "AAAA-AAAA-AAAA")

    def _the_log_is_whole(self) -> None:
        assert verification.faults_of_database()[1] == []
        assert verification.faults_of_file(self.file)[1] == []

    def session_lasts(self) -> bool:
        """Whether the browser that logged in before is still logged in."""
        browser = self._app().test_client()
        browser.set_cookie("hotline", self.browser.get_cookie("hotline").value)
        return browser.get("/account/").status_code == 200


def test_the_secret_key_is_changed_and_the_former_one_taken_away(change, tmp_path: Path) -> None:
    change(FORMER_SECRET)
    used = Used(utc_now(), tmp_path)
    used.works()
    change(SECOND, FORMER_SECRET)
    used.works()
    assert used.session_lasts()
    told = rotate()
    assert counts(told) == {
        "keys of former secret keys": (2, 0, 0), "open requests of data subjects": (2, 0, 0),
        "calls in a queue": (1, 0, 0), "spool entries of this host": (2, 0, 0), "authenticator apps": (0, 1, 0),
        "recordings": (0, 0, 0),
    }  # fmt: skip
    again = counts(rotate())
    assert {done for kind, (done, _, _) in again.items()} == {0}, "nothing is left to do"
    assert again["spool entries of this host"] == (0, 2, 0)
    used.works()
    change(SECOND)
    used.works()
    assert sorted(kinds_replayed()) == ["turn", "turn"]
    rotate()


def kinds_replayed() -> list[str]:
    found: list[str] = []
    spool.replay({"turn": lambda session, payload: found.append("turn")})
    return found


def test_failures_before_a_change_of_the_key_count_on(change, tmp_path: Path) -> None:
    """Four wrong passwords, then the key is changed: the fifth is still the one after which to wait."""
    change(FORMER_SECRET)
    used = Used(utc_now(), tmp_path)
    change(SECOND, FORMER_SECRET)
    rotate()
    change(SECOND)
    delay = Delay("log-in", "mia", "10.0.0.1")
    with database.writing() as session:
        assert login_sessions.attempt(session, [delay], used.now) == 0
    with database.writing() as session:
        assert login_sessions.attempt(session, [delay], used.now) > 0
        (row,) = session.scalars(select(LogInDelay).where(LogInDelay.key_hash.in_(delay.keys)))
        assert (row.failures, row.key_hash) == (5, delay.key)


def test_a_language_that_was_chosen_later_is_the_one_that_counts(change, tmp_path: Path) -> None:
    change(FORMER_SECRET)
    now = utc_now()
    with database.writing() as session:
        caller_language.remember(session.connection(), NUMBER, "de", now - timedelta(days=1))
    change(SECOND, FORMER_SECRET)
    with database.writing() as session:
        caller_language.remember(session.connection(), NUMBER, "en", now)
    with database.reading() as session:
        assert caller_language.language_of(session, NUMBER, now) == "en"
        assert len(session.scalars(select(KnownCaller)).all()) == 2


def test_what_cannot_be_opened_is_named_and_the_rest_is_done(change, tmp_path: Path) -> None:
    change(FORMER_SECRET)
    used = Used(utc_now(), tmp_path)
    change(THIRD)
    with database.writing() as session:
        session.add(
            SubjectRequest(kind="access", identity_check="document", named=sealed_subjects.seal(OTHER),
                           opened_by_id=used.mia.id, opened_at=used.now, result="")
        )  # fmt: skip
    change(SECOND, THIRD)
    told = rotate(code=1)
    assert counts(told)["open requests of data subjects"] == (1, 0, 2)
    assert "request 1 of a data subject cannot be opened" in told
    assert "SECRET_KEY_PREVIOUS" in told
    assert f"entry {'b' * 32} in the spool's file 'entries' cannot be opened" in told
    assert "the state of queue entry 1 cannot be opened" in told
    change(SECOND, FORMER_SECRET)
    rotate()
    change(SECOND)
    with database.reading() as session:
        asked = session.scalars(select(SubjectRequest).order_by(SubjectRequest.id)).all()
        assert [sealed_subjects.named_in(one) for one in asked] == [NUMBER, "Özlem 0421", OTHER]
    assert len(kinds_replayed()) == 2, "a rotation that found something loses nothing"


def test_a_rotation_that_is_cut_off_goes_on(change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(FORMER_SECRET)
    used = Used(utc_now(), tmp_path)
    change(SECOND, FORMER_SECRET)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "reseal", lambda: (_ for _ in ()).throw(OSError("the disk is full")))
        assert "the disk is full" in rotate(code=1)
    told = counts(rotate())
    assert told["open requests of data subjects"] == (0, 2, 0)
    assert told["spool entries of this host"] == (2, 0, 0)
    change(SECOND)
    used.works()


def test_a_damaged_line_of_the_spool_stays_as_it_is(change, tmp_path: Path) -> None:
    change(FORMER_SECRET)
    spool.keep("turn", {})
    path = spool_files.path_of("damaged")
    path.write_bytes(b"half a li\xff")
    change(SECOND, FORMER_SECRET)
    assert counts(rotate(code=1))["spool entries of this host"] == (1, 0, 1)
    assert path.read_bytes() == b"half a li\xff"
    change(SECOND)
    assert kinds_replayed() == ["turn"]


def test_entries_of_the_spool_wait_for_the_former_key(change, caplog: pytest.LogCaptureFixture) -> None:
    change(FORMER_SECRET)
    spool.keep("turn", {})
    change(SECOND)
    assert kinds_replayed() == []
    assert "SECRET_KEY_PREVIOUS" in caplog.text
    assert spool.damaged()
    change(SECOND, FORMER_SECRET)
    assert spool.retry_damaged() == 1
    assert kinds_replayed() == ["turn"]


def test_without_the_former_key_each_kind_says_what_to_do(change, tmp_path: Path) -> None:
    change(FORMER_SECRET)
    used = Used(utc_now(), tmp_path)
    change(SECOND)
    with database.reading() as session:
        for asked in session.scalars(select(SubjectRequest)):
            with pytest.raises(CannotOpen, match="SECRET_KEY_PREVIOUS"):
                sealed_subjects.named_in(asked)
    faults = verification.faults_of_database()[1]
    assert any("SECRET_KEY_PREVIOUS" in fault for fault in faults)
    assert not used.session_lasts()
    with pytest.raises(erasure.Unreadable, match="SECRET_KEY_PREVIOUS"), database.writing() as session:
        erasure.replay(session, used.now)
