"""Writes entries into the database, or into this host's spool while the database does not answer.

written, code = write(TurnEntry(...), handler)     # now, or into the spool
replay(handlers)                                   # when the database is back
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.flows.state import CallState
from ivr.flows.state_codec import Codec, Undecodable
from ivr.flows.state_v0 import state_from_v0
from ivr.platform import crypto, database, spool
from ivr.platform.crypto import Purpose

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TurnEntry:
    """A step of a call, with its events in `state.pending_events`."""

    state: CallState
    call_sid: str
    from_number: str | None
    #: Name of the ending the call has reached, or empty.
    ending: str
    #: The caller has given more answers about a request that has a task already.
    said_more: bool
    at: datetime


@dataclass(frozen=True)
class RecordingEntry:
    """A recording's event."""

    state: CallState
    call_sid: str
    recording_sid: str
    status: str
    seconds: float | None
    at: datetime


@dataclass(frozen=True)
class EndEntry:
    """A call is over."""

    call_sid: str
    from_number: str | None
    #: Whether the entry is ignored for a call that the database does not know.
    known_only: bool
    at: datetime


Entry = TurnEntry | RecordingEntry | EndEntry
E = TypeVar("E", TurnEntry, RecordingEntry, EndEntry)
#: Writes an entry in the session's transaction; gives the receipt code if there is one.
Handler = Callable[[Session, Any], str | None]

#: Kinds of entries, as the spool names them.
KINDS: Mapping[str, type[Entry]] = {"turn": TurnEntry, "recording": RecordingEntry, "end": EndEntry}
CODECS: Mapping[str, Codec[Any]] = {kind: Codec(entry, version=1) for kind, entry in KINDS.items()}


class NotKept(Exception):
    """Neither the database nor the spool could store an entry."""


def write(entry: E, handler: Callable[[Session, E], str | None], *, alone: bool = False) -> tuple[bool, str | None]:
    """Write an entry into the database; or into the spool, behind the entries that wait there already.

    `alone`: in a transaction that holds the database for itself. Whether it is in the database, and what its
    handler returned.

    Raises:
        NotKept: neither was possible.
    """
    kind = _kind(entry)
    if not spool.waiting():
        try:
            with database.writing_alone() if alone else database.writing() as session:
                return True, handler(session, entry)
        except SQLAlchemyError as error:
            log.warning(
                "the database did not store a %s (%s); it is written into the spool", kind, type(error).__name__
            )
    try:
        codec = CODECS[kind]
        spool.keep(kind, {"version": codec.version, "entry": codec.to_json(entry).decode()})
    except OSError as error:
        raise NotKept(kind) from error
    return False, None


def replay(handlers: Mapping[type[Entry], Handler]) -> int:
    """Write into the database what waits in this host's spool; how many entries there were.

    Raises:
        SQLAlchemyError: the database is still away.
    """

    def replaying(kind: str, handler: Handler) -> spool.Handler:
        return lambda session, payload: handler(session, entry_of(kind, payload))

    return spool.replay({kind: replaying(kind, handlers[entry]) for kind, entry in KINDS.items()})


def entry_of(kind: str, payload: Any) -> Entry:
    """The entry in a payload of the spool, of this version or of version 0 (a list).

    Raises:
        Undecodable: it is neither.
    """
    if isinstance(payload, list):
        return _of_version_0(kind, payload)
    codec = CODECS[kind]
    if not isinstance(payload, dict) or payload.get("version") != codec.version:
        raise Undecodable(f"a spool entry of another version than {codec.version}")
    entry: Entry = codec.from_json(payload["entry"])
    return entry


def _of_version_0(kind: str, payload: list[Any]) -> Entry:
    """Version 0 had the values in the order of the fields; states were sealed once more."""
    try:
        return KINDS[kind](*map(_value_of_version_0, payload))
    except (TypeError, ValueError) as error:
        raise Undecodable("no spool entry of version 0") from error


def _value_of_version_0(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "state" in value:
        return state_from_v0(json.loads(crypto.unseal(Purpose.CALL_STATE, value["state"])))
    return datetime.fromisoformat(value["at"])


def _kind(entry: Entry) -> str:
    return next(kind for kind, type_ in KINDS.items() if isinstance(entry, type_))
