"""Backup and restore: database and audio of one instant in one file, which only the master keys open.

    manifest.json             what is in it, with the SHA-256 of every other member; written last
    key.json                  the key of the backup, wrapped by the present master key
    database/<n>-<table>      rows (see :mod:`ivr.operations.table_dump`), compressed and encrypted with that key
    objects/<name>            the audio store's objects, which are encrypted already

The rows are those of one transaction. Audio is stored before a row says so, and never changes. So the objects that are
copied after the transaction has begun contain everything that its rows refer to. Recordings that are deleted in between
are listed in the manifest. See docs/backup.md.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import logging
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.audit import access_log, anchors
from ivr.domain.enums import AccessAction
from ivr.domain.timestamps import iso, utc_now
from ivr.operations import table_dump
from ivr.operations.migrate import migrate
from ivr.platform import blob_storage, clock_watch, database, database_damage, envelope_encryption, schema
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint
from ivr.privacy import erasure
from ivr.voicebox import audio_store

log = logging.getLogger(__name__)

#: Seconds for which the present database is examined before it is replaced.
_EXAMINE_SECONDS = 120.0
_FORMAT = 1
_MANIFEST = "manifest.json"
_KEY = "key.json"
_CHECKPOINT = "backup"
_DRAFT = ".part"
_ALONE = fcntl.LOCK_EX | fcntl.LOCK_NB


class BackupError(Exception):
    """The backup could not be made or restored. The message tells the operator why."""


@dataclass
class Summary:
    """What a backup contains, and what a restore found."""

    made_at: str
    revision: str
    rows: dict[str, int]
    recordings: int
    #: Recordings that were deleted while the backup was made.
    gone: list[str] = field(default_factory=list)
    #: Recordings whose audio is missing, or cannot be opened.
    missing: list[str] = field(default_factory=list)
    #: The public key that its secret key signed with; empty in backups of before.
    signer: str = ""

    @property
    def is_of_another_secret(self) -> bool:
        """Whether it was made with a secret key that neither the settings nor its rows know."""
        return bool(self.signer) and not anchors.is_ours(self.signer)


def back_up(path: Path, now: datetime, *, audio: bool = True) -> Summary:
    """Write a backup to a file that must not exist. The file gets its name when it is complete and on the disk.

    Raises:
        BackupError: the database is empty, or the file exists.
        OSError, SQLAlchemyError: data could not be read or written; no file is left.
    """
    if path.exists():
        raise BackupError(f"{path} exists already; a backup is never overwritten")
    _remove_abandoned(path.parent)
    with _draft(path) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        summary = _write(_Writer(tar), now, audio)
    with suppress(SQLAlchemyError), database.writing(durable=False) as session:  # the backup is there all the same
        new = insert(session.get_bind().dialect, Checkpoint).values(name=_CHECKPOINT, at=now)
        session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))
    return summary


@contextmanager
def _draft(path: Path) -> Iterator[BinaryIO]:
    """A file, locked meanwhile, that gets the name `path` when all of it is on the disk; after an error it is gone.

    Raises:
        BackupError: another process writes the same backup.
    """
    draft = path.with_name(f".{path.name}{_DRAFT}")
    with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, _ALONE)
        except BlockingIOError:
            raise BackupError(f"another process is writing {path} at this moment") from None
        except OSError:
            pass  # a share that knows no locks
        try:
            file.truncate(0)
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
            draft.rename(path)
            blob_storage.sync_directory(path.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed backups have left: night by night they would fill the disk. Nobody has a lock on it."""
    for draft in sorted(folder.glob(f".*.tar{_DRAFT}")):
        with suppress(OSError), draft.open("r+b") as file:
            fcntl.flock(file, _ALONE)
            draft.unlink()
            log.warning("%s was left by a backup that did not end; it is removed", draft)


def last_made(session: Session) -> datetime | None:
    """When the last backup was made, on whatever host."""
    return session.scalar(select(Checkpoint.at).where(Checkpoint.name == _CHECKPOINT))


class _Writer:
    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o600
        self._tar.addfile(member, io.BytesIO(content))
        self.sums[name] = hashlib.sha256(content).hexdigest()


def _write(to: _Writer, now: datetime, audio: bool) -> Summary:
    key = envelope_encryption.new_key()
    master, wrapped = envelope_encryption.wrap(key, "backup")
    to.add(_KEY, json.dumps({"master": master, "key": wrapped}).encode())
    names = table_dump.held()
    with database.one_instant() as session:
        connection = session.connection()
        table_dump.hold(connection, names)
        revision = table_dump.revision(connection)
        if revision is None:
            raise BackupError("the database is empty: there is nothing to back up")
        found = table_dump.tables(connection)
        given = table_dump.last_ids(connection, found.values())
        rows = dict.fromkeys(found, 0)
        number = 0
        for name, table in found.items():
            for part in table_dump.parts(connection, table):
                rows[name] += part.count(b"\n")
                member = f"database/{number:06d}-{name}"
                to.add(member, envelope_encryption.seal(key, gzip.compress(part, 6, mtime=0), member))
                number += 1
        stored = set(connection.scalars(text("SELECT recording_sid FROM recordings WHERE state = 'stored'")))
    summary = Summary(iso(now) or "", revision, rows, len(stored), signer=anchors.public_key())
    if audio:
        kept = _copy_objects(to)
        summary.gone, summary.missing = _explain(sorted(stored - kept))
    manifest = {"format": _FORMAT, "audio": audio, **vars(summary), "last_ids": given, "sha256": to.sums}
    to.add(_MANIFEST, json.dumps(manifest, indent=1).encode())
    return summary


def _copy_objects(to: _Writer) -> set[str]:
    """Copy all objects. Returns the recordings whose key and audio were both copied."""
    place, entries = blob_storage.store(), dict[str, str]()
    # An entry with a key names its audio. Read after the entry, the audio exists or was deleted together with the key.
    for prefix in ("keys/", "audio/", anchors.PREFIX, erasure.PREFIX):
        for name in sorted(place.names(prefix)):
            try:
                content = place.get(name)
            except blob_storage.Missing:
                continue
            to.add(f"objects/{name}", content)
            if prefix == "keys/":
                entries[name.rpartition("/")[2].removesuffix(".json")] = audio_store.audio_of(content)
    return {sid for sid, audio in entries.items() if f"objects/{audio}" in to.sums}


def _explain(sids: list[str]) -> tuple[list[str], list[str]]:
    """Split recordings without audio into those deleted since the rows were read, and those missing."""
    with database.reading() as session:
        states = session.execute(text("SELECT recording_sid FROM recordings WHERE state = 'stored'"))
        still = set(states.scalars())
    return [sid for sid in sids if sid not in still], [sid for sid in sids if sid in still]


# -- restoring -------------------------------------------------------------------------------------


def restore(path: Path, *, replace: bool = False) -> Summary:
    """Restore the database and the audio store from a backup. `replace`: delete the present data of the database.

    Nothing is changed before the whole file has been verified. Newer audio is kept, and reconciliation adds it to the
    database again. An interrupted restore can be repeated (with `replace`).

    Raises:
        BackupError: the file is no backup, damaged, of a newer version or of unknown master keys; or there are calls.
        OSError, SQLAlchemyError: data could not be read or written.
    """
    try:
        with tarfile.open(path) as tar:
            manifest, key = _check(tar)
            _require_empty(replace)
            _load(tar, manifest, key)
            known = vars(Summary("", "", {}, 0)).keys() & manifest.keys()
            summary = Summary(**{name: manifest[name] for name in known})
            for name in manifest["sha256"]:
                if name.startswith("objects/"):
                    blob_storage.store().put(name.removeprefix("objects/"), _content(tar, name))
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{path} is no backup, or damaged: {error}") from error
    migrate()
    with database.writing() as session:
        clock_watch.confirm(session, utc_now())  # the backup's last instant is long past
    with database.writing() as session:
        last, _ = access_log.newest(session)
    aside = anchors.set_aside(last)
    with database.writing() as session:
        detail = f"a backup of {manifest['made_at']}; {aside} later anchors of this log were set aside"
        access_log.append(session, access_log.SYSTEM, AccessAction.RESTORED, utc_now(), detail=detail)
        for sid in summary.gone:
            session.execute(text("UPDATE recordings SET state = 'deleted' WHERE recording_sid = :sid"), {"sid": sid})
    summary.missing = unreadable_audio()
    return summary


def _check(tar: tarfile.TarFile) -> tuple[dict[str, Any], bytes]:
    """Verify every checksum, and that every row can be decrypted. Returns the manifest and the key."""
    try:
        manifest = json.loads(_content(tar, _MANIFEST))
        format_, sums = manifest["format"], manifest["sha256"]
    except (KeyError, ValueError, TypeError) as error:
        raise BackupError("it has no manifest: it is no backup, or truncated") from error
    if format_ != _FORMAT:
        raise BackupError(f"it is of format {format_}; this version of the hotline reads {_FORMAT}")
    try:
        ScriptDirectory.from_config(schema.alembic_config()).get_revision(manifest["revision"])
    except CommandError as error:
        raise BackupError(f"its schema {manifest['revision']} is not known to this version of the hotline") from error
    for name, expected in sums.items():
        try:
            content = _content(tar, name)
        except KeyError as error:
            raise BackupError(f"{name} is missing in it") from error
        if hashlib.sha256(content).hexdigest() != expected:
            raise BackupError(f"{name} is damaged")
    wrapped = json.loads(_content(tar, _KEY))
    try:
        key = envelope_encryption.unwrap(wrapped["master"], wrapped["key"], "backup")
        for name in sums:
            if name.startswith("database/"):
                envelope_encryption.unseal(key, _content(tar, name), name)
    except envelope_encryption.Unreadable as error:
        raise BackupError(f"it cannot be opened: {error}") from error
    return manifest, key


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _require_empty(replace: bool) -> None:
    if damage := database_damage.examine(_EXAMINE_SECONDS):
        if not replace:
            raise BackupError(f"the database is damaged ({damage}); --replace sets its file aside")
        log.warning("the damaged database was set aside: %s", database_damage.set_aside(utc_now()))
    database_damage.forget()
    with database.engine().connect() as connection:
        if strangers := table_dump.strangers(connection):
            raise BackupError(
                f"the database is another program's, it has tables such as {', '.join(strangers[:3])}; name an empty "
                "one in DATABASE_URL"
            )
        found = table_dump.tables(connection)
        holds = "calls" in found and connection.scalar(found["calls"].select().limit(1)) is not None
    if holds and not replace:
        raise BackupError("the database holds calls already; --replace deletes them")


def _load(tar: tarfile.TarFile, manifest: dict[str, Any], key: bytes) -> None:
    """Load the rows. Earlier versions have backed up what others had made beside them, too: it is left out."""
    with schema.changing():
        _empty()
        schema.upgrade(manifest["revision"])
    with database.engine().execution_options(writing=True).begin() as connection:
        found = table_dump.tables(connection)
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        for table in reversed(found.values()):  # rows that migrations insert
            connection.execute(table.delete())
        for name in manifest["sha256"]:
            if name.startswith("database/") and name.partition("-")[2] in found:
                part = gzip.decompress(envelope_encryption.unseal(key, _content(tar, name), name))
                table_dump.load(connection, found[name.partition("-")[2]], part)
        table_dump.go_on_after(connection, found.values(), manifest["last_ids"])


def _empty() -> None:
    with database.engine().execution_options(writing=True).connect() as connection:
        connection.detach()  # closed at the end: the next one has its foreign keys again
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            table_dump.drop(connection)


def unreadable_audio() -> list[str]:
    """Recordings whose audio is missing, cannot be opened, or has the wrong checksum."""
    with database.reading() as session:
        stored = session.execute(
            text("SELECT recording_sid, audio_sha256 FROM recordings WHERE state = 'stored' ORDER BY id")
        ).all()
    return [sid for sid, sha256 in stored if not _is_whole(sid, sha256)]


def _is_whole(recording_sid: str, sha256: str) -> bool:
    try:
        return audio_store.described(audio_store.load(recording_sid)).sha256 == sha256
    except (audio_store.Missing, audio_store.Unreadable):
        return False
