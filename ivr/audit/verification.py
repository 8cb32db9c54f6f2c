"""Verifies that the access log is complete and unchanged, in the database and in an exported file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ivr.audit import access_log, anchors
from ivr.audit.access_log import GENESIS, digest, is_seal_of_trim
from ivr.audit.anchors import Signature
from ivr.domain.digits import is_digits
from ivr.domain.timestamps import iso
from ivr.models.accounts import LogIn
from ivr.models.audit import AccessLine
from ivr.platform import database, former_keys


def faults_of_database() -> tuple[int, list[str]]:
    """Verify the log in the database. Returns the number of lines, and what is wrong (empty if nothing is)."""
    checker = Checker()
    with database.one_instant() as session:
        for fault in _unarmed(session):
            checker.fault(fault)
        for line in access_log.lines(session):
            checker.take(access_log.written(line), line.hash)
        number, newest = access_log.newest(session)
        unopened = former_keys.faults(session)
        if not checker.count and session.scalar(select(LogIn.id).limit(1)) is not None:
            checker.fault("the log is empty, though somebody has logged in")
    if (checker.last, checker.hash) != (number, newest):
        checker.fault(f"the log ends with line {checker.last}; its head says {number}")
    checker.check_seals()
    return checker.count, [*checker.end(), *anchors.disagreeing(), *unopened]


#: The triggers that keep the log append-only (migration 0007).
_TRIGGERS = {
    "sqlite": {"access_log_never_changed", "access_log_never_replaced", "access_log_never_shortened"},
    "postgresql": {"access_log_rows", "access_log_whole"},
}
_ARMED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'access_log'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'access_log'::regclass AND tgenabled <> 'D'",
}


def _unarmed(session: Session) -> list[str]:
    """The triggers that are missing or disabled."""
    dialect = session.get_bind().dialect.name
    there = set(session.scalars(text(_ARMED[dialect])))
    return [f"nothing refuses changes of the log: {name} is missing" for name in sorted(_TRIGGERS[dialect] - there)]


def export(now: datetime) -> Iterator[str]:
    """Export the whole log: a line of JSON for each line, and a signed end with their number."""
    first = last = count = 0
    newest = access_log.GENESIS
    with database.reading() as session:
        for line in access_log.lines(session):
            first, last, newest, count = first or line.number, line.number, line.hash, count + 1
            yield json.dumps({**access_log.written(line), "hash": line.hash}, ensure_ascii=False) + "\n"
    end = {"end": True, "lines": count, "first": first, "last": last, "hash": newest, "exported_at": iso(now)}
    yield json.dumps(anchors.sign(end)) + "\n"


def faults_of_file(path: Path, *, alone: bool = False) -> tuple[int, list[str]]:
    """Verify an exported file. Returns the number of lines, and what is wrong (empty if nothing is).

    `alone`: without the secret key of this installation. Then the end is verified with the public key that it states,
    and the reader compares that key (:func:`key_of_file`).

    Raises:
        OSError: the file cannot be read.
    """
    checker, ended = Checker(), False
    with path.open(encoding="utf-8", errors="replace") as file:
        for place, text in enumerate(file, 1):
            try:
                content = json.loads(text, object_pairs_hook=_each_once)
                if not isinstance(content, dict):
                    raise ValueError
            except (ValueError, RecursionError):
                checker.fault(f"what stands in row {place} of the file is no line of the log")
                continue
            if ended:
                checker.fault(f"row {place} comes after the end")
            elif content.get("end"):
                ended = True
                stated = (content.get("lines"), content.get("first"), content.get("last"), content.get("hash"))
                if stated != (checker.count, checker.first, checker.last, checker.hash):
                    checker.fault("the end says something else than the lines before it")
                signature = anchors.signature_of(content)
                if signature is Signature.BROKEN or not (alone or signature.ours):
                    checker.fault(f"the end of the file was {signature.value}")
            else:
                stated_hash = content.pop("hash", None)
                checker.take(content, stated_hash)
    if not ended:
        checker.fault("the file has no end: it was cut off")
    if not alone:
        checker.check_seals()
    return checker.count, checker.end()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object with a repeated name, because readers and programs would see different values."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError
    return content


def key_of_file(path: Path) -> str:
    """The public key (hex) that an exported file states; empty without an end."""
    return str(_end_of(path).get("key", ""))


def signature_of_file(path: Path) -> Signature:
    """Who signed an exported file."""
    return anchors.signature_of(_end_of(path))


def _end_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            if '"end"' in text and isinstance(content := json.loads(text), dict) and content.get("end"):
                found = content
    return found


def missing_since(path: Path) -> int:
    """How many lines the database has that are newer than an exported file; -1 if the two disagree."""
    last, newest = 0, access_log.GENESIS
    with path.open(encoding="utf-8") as file:
        for text in file:
            content = json.loads(text)
            if not content.get("end"):
                last, newest = content["number"], content["hash"]
    with database.reading() as session:
        ours = session.get(AccessLine, last)
        if ours is not None and ours.hash != newest:
            return -1
        return max(access_log.newest(session)[0] - last, -1)


class Checker:
    """Verifies lines in order, from the database or a file. Its memory does not grow with the number of lines."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.first = self.last = 0
        self.hash = GENESIS
        self.count = 0
        self._builds_on = ""
        self._trims: dict[str, str] = {}
        self._seals: list[tuple[str, str, object]] = []
        self._began_sound = False

    def take(self, content: dict[str, Any], stated: object) -> None:
        """Verify the next line, as :func:`ivr.audit.access_log.written` returns it, and its stated hash."""
        number = content.get("number")
        previous = content.get("previous")
        if self.count == 0:
            self.first = number if isinstance(number, int) else 0
            self._builds_on = str(previous)
        elif number != self.last + 1:
            self.fault(f"after line {self.last} comes line {number}")
        elif previous != self.hash:
            self.fault(f"line {number} does not build on line {self.last}")
        actual = digest(content)
        if actual != stated:
            self.fault(f"line {number} was changed")
        if content.get("action") == "trimmed":
            self._trims[str(content.get("trimmed_through"))] = str(content.get("detail"))
            self._seals.append((str(content.get("trimmed_through")), str(content.get("detail")), content.get("reason")))
        self.count += 1
        self.last = number if isinstance(number, int) else self.last
        self.hash = str(stated)

    def end(self) -> list[str]:
        """Finish after the last line. Returns all faults. Older lines may be missing only if a later line says so."""
        from_the_start = self.first == 1 and self._builds_on == GENESIS
        if self.count and not from_the_start and self._trims.get(str(self.first - 1)) != self._builds_on:
            self.fault(f"the lines before {self.first} are missing, and no line says that they were deleted")
        return self.faults

    def check_seals(self) -> None:
        """Verify with the secret key that this installation wrote the lines about deleted lines."""
        for through, last_hash, stated in self._seals:
            if not is_digits(through) or not is_seal_of_trim(int(through), last_hash, str(stated)):
                self.fault(f"the line that says that lines up to {through} were deleted is not of this hotline")

    def fault(self, text: str) -> None:
        """Record a fault. Only the first twenty are kept."""
        if len(self.faults) < 20:
            self.faults.append(text)
