"""Writes entries into the database, or keeps them for later: in this host's spool, or else in this process.

kept = write(TurnEntry(...), handlers)           # now, or later
replay(handlers)                                 # when the database is back
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.domain.enums import EntryPlace
from ivr.flows.state import CallState, Event, EventContext
from ivr.flows.state_codec import Codec, Undecodable
from ivr.flows.state_v0 import state_from_v0
from ivr.platform import crypto, database, spool, taking_turns
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
    #: Identifies the carrier's request, which may be delivered again; empty where it is not.
    request: str = ""


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
#: Writes an entry in the session's transaction; gives the receipt code if there is one.
Handler = Callable[[Session, Any], str | None]
Handlers = Mapping[type[Entry], Handler]

#: Kinds of entries, as the spool names them.
KINDS: Mapping[str, type[Entry]] = {"turn": TurnEntry, "recording": RecordingEntry, "end": EndEntry}
CODECS: Mapping[str, Codec[Any]] = {kind: Codec(entry, version=1) for kind, entry in KINDS.items()}


@dataclass(frozen=True)
class Kept:
    """What became of an entry."""

    place: EntryPlace
    #: The receipt code, where the entry is in the database and there is one.
    code: str = ""
    #: Events that this process alone holds.
    events: tuple[Event, ...] = ()


class NotKept(Exception):
    """Neither the database, nor the spool, nor this process's memory could take an entry."""


def write(entry: Entry, handlers: Handlers, *, alone: bool = False) -> Kept:
    """Write an entry into the database; or else into the spool, behind the entries of its call that wait there.

    `alone`: in a transaction that holds the database for itself. An entry that its handler cannot take, whatever the
    reason, is kept too: it will be set aside for a person to look at.

    Raises:
        NotKept: nothing has taken it.
    """
    handler = handlers[type(entry)]
    try:
        if not spool.waiting(entry.call_sid) or spool.replay_group(entry.call_sid, _spool_handlers(handlers)):
            code = taking_turns.alone(lambda session: handler(session, entry)) if alone else _write(entry, handler)
            return Kept(EntryPlace.DATABASE, code or "")
    except (SQLAlchemyError, OSError) as error:
        log.warning("the database did not store a %s (%s); it is kept for later", _kind(entry), type(error).__name__)
    except Exception:
        log.exception("a %s could not be stored; it is kept for later", _kind(entry))
    return _keep(entry)


def _write(entry: Entry, handler: Handler) -> str | None:
    with database.writing() as session:
        return handler(session, entry)


def _keep(entry: Entry) -> Kept:
    """Keep an entry for later: on this host's disk, or else in this process.

    Raises:
        NotKept: nothing has taken it.
    """
    kind = _kind(entry)
    try:
        spool.keep(kind, _payload(entry), entry.call_sid)
        return Kept(EntryPlace.SPOOL)
    except OSError as error:
        log.error("the disk does not take a %s (%s); it is kept in memory", kind, error.strerror)
    events: tuple[Event, ...] = ()
    if isinstance(entry, TurnEntry):
        # They travel with the call as well, because the memory of a process is no safe place; each is written once.
        events = tuple(_named(event, entry.state) for event in entry.state.pending_events)
        entry = replace(entry, state=replace(entry.state, pending_events=events))
    try:
        spool.keep_in_memory(kind, _payload(entry), entry.call_sid)
        return Kept(EntryPlace.MEMORY, events=events)
    except OSError as error:
        log.critical("a %s is kept nowhere: %s", kind, error.strerror)
        raise NotKept(kind) from error


def _named(event: Event, state: CallState) -> Event:
    name = event.name_of_copy or secrets.token_hex(16)
    return replace(event, name_of_copy=name, context=event.context or EventContext.of(state))


def _payload(entry: Entry) -> Mapping[str, Any]:
    codec = CODECS[_kind(entry)]
    return {"version": codec.version, "entry": codec.to_json(entry).decode()}


def replay(handlers: Handlers) -> int:
    """Write into the database what waits in this host's spool; how many entries there were.

    Raises:
        SQLAlchemyError: the database is still away.
    """
    return spool.replay(_spool_handlers(handlers))


def catch_up(call_sid: str, handlers: Handlers) -> bool:
    """Write what waits of one call into the database; whether nothing of it waits on this host any more."""
    try:
        return not spool.waiting(call_sid) or spool.replay_group(call_sid, _spool_handlers(handlers))
    except (SQLAlchemyError, OSError):
        return False


def _spool_handlers(handlers: Handlers) -> Mapping[str, spool.Handler]:
    def replaying(kind: str, handler: Handler) -> spool.Handler:
        return lambda session, payload: handler(session, entry_of(kind, payload))

    return {kind: replaying(kind, handlers[entry]) for kind, entry in KINDS.items()}


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
