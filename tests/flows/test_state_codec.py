"""A call's state is carried whole: every field of it, whatever its value, and no field can be forgotten."""

from __future__ import annotations

import zlib
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import PydanticSchemaGenerationError

from ivr.domain.enums import AgeGroup, Concern, EventName, TaskKind
from ivr.flows import request as requests
from ivr.flows.request import CallerRequest, RequestAnswers, from_record, to_record
from ivr.flows.state import AnsweredQuestion, CallState, Event, EventContext, check_slots, spoken_values
from ivr.flows.state_codec import CALL_STATES, Codec, Undecodable
from ivr.telephony import deferred_writes
from tests.support.volume import volume

#: Whoever changes a field of a call's state, or of a spool entry, changes these, and has to decide about the version:
#: states of calls under way and entries on a disk were written with the former fields. A field with a default may be
#: added to a version, and a name of an event, as long as the version before meets it only where the database did not
#: answer while both run; everything else needs a new one.
SCHEMAS = {
    (CallState, 1): "cb10a3e17b6466d2",
    (deferred_writes.TurnEntry, 1): "0ba42a591985fcd0",
    (deferred_writes.RecordingEntry, 1): "c00d0c8e68bea2b2",
    (deferred_writes.EndEntry, 1): "760dc5d17e9cf3fe",
}
CODECS = {CallState: CALL_STATES} | {
    deferred_writes.KINDS[kind]: deferred_writes.CODECS[kind] for kind in deferred_writes.KINDS
}

FORMS = st.lists(st.sampled_from(["change", "education"]), unique=True).map(tuple)

st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=40))
st.register_type_strategy(float, st.floats(0, 86_400))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


@pytest.mark.parametrize("type_", CODECS, ids=lambda type_: type_.__name__)
@settings(max_examples=volume(test=20, ci=100, soak=100))
@given(data=st.data())
def test_every_field_is_carried(type_: type, data: st.DataObject) -> None:
    """The strategy is made from the types of the fields, so a new field is tried by itself."""
    value, codec = data.draw(st.from_type(type_)), CODECS[type_]
    assert codec.decode(codec.encode(value)) == value
    assert codec.from_json(codec.to_json(value)) == value


def parts(type_: type) -> set[type]:
    """The dataclasses a dataclass is made of."""
    found = {type_}
    for hint in get_type_hints(type_).values():
        for part in (hint, *getattr(hint, "__args__", ())):
            if is_dataclass(part) and part not in found:
                found |= parts(part)
    return found


@cache
def codec_of(part: type) -> Codec:
    return Codec(part, version=1)


def other_value(hint: Any, default: Any) -> Any:
    return st.from_type(hint).filter(lambda value: value != default and value != ())


@pytest.mark.parametrize(
    ("part", "name"),
    [(part, field.name) for part in sorted(parts(CallState), key=str) for field in fields(part)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
@settings(max_examples=volume(test=4, ci=10, soak=10))
@given(data=st.data())
def test_a_field_that_is_not_default_comes_back(part: type, name: str, data: st.DataObject) -> None:
    """One field after the other: none is left out because its value is rare."""
    field = next(field for field in fields(part) if field.name == name)
    default = None if field.default is MISSING else field.default
    value = data.draw(st.builds(part, **{name: other_value(get_type_hints(part)[name], default)}))
    codec = codec_of(part)
    assert getattr(codec.decode(codec.encode(value)), name) == getattr(value, name)


@pytest.mark.parametrize("type_", CODECS, ids=lambda type_: type_.__name__)
def test_no_field_is_added_silently(type_: type) -> None:
    codec = CODECS[type_]
    assert codec.schema == SCHEMAS[type_, codec.version], "fields have changed: see the comment at SCHEMAS"


def test_a_field_that_cannot_be_carried_is_refused_before_a_call() -> None:
    """The codec is built when it is needed first: here, and by the call that a server rehearses before it is ready."""

    @dataclass(frozen=True)
    class WithSocket:
        socket: pytest.Config

    with pytest.raises(PydanticSchemaGenerationError):
        Codec(WithSocket, version=1).to_json(WithSocket(socket=None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x02" + CALL_STATES.encode(CallState("main", "de"))[1:],
        CALL_STATES.encode(CallState("main", "de"))[:-1],
        b"\x01 no deflate",
        Codec(Event, version=1).encode(Event(EventName.ASKED)),
    ],
)
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(Undecodable):
        CALL_STATES.decode(data)


@pytest.mark.parametrize(
    "content",
    [
        '{"step":"main"}',
        '{"step":"main","language":"de","answers":"3"}',
        '{"step":"main","language":"de","unheard_of":1}',
        '{"step":"main","language":"de","request":{"concern":"housing"}}',
        '["main","de"]',
        "",
    ],
)
def test_an_unknown_field_or_value_is_refused(content: str) -> None:
    with pytest.raises(Undecodable):
        CALL_STATES.from_json(content)


def test_the_error_does_not_repeat_what_the_caller_said() -> None:
    with pytest.raises(Undecodable) as refused:
        CALL_STATES.from_json('{"step":"main","language":"de","callback_number":4915112345678}')
    assert "4915112345678" not in str(refused.value)


@pytest.mark.parametrize("length", [0, 180, 210, 211, 212, 213, 214, 3000])
def test_short_and_long_states_are_read_by_the_version_before_and_back(length: int) -> None:
    """A short one is not compressed; to whoever unpacks it, that is one of deflate's ways of saying it."""
    state = CallState("main", "de", shown_as="x" * length)
    content = CALL_STATES.to_json(state)
    encoded = CALL_STATES.encode(state)
    assert zlib.decompressobj(-15).decompress(encoded[1:], 256 * 1024) == content
    assert (content in encoded) == (len(content) <= 256)
    packer = zlib.compressobj(6, zlib.DEFLATED, -12, 5)
    assert CALL_STATES.decode(encoded[:1] + packer.compress(content) + packer.flush()) == state


def test_a_bomb_is_not_unpacked() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b'{"step":"' + b"a" * 10_000_000) + packer.flush()
    with pytest.raises(Undecodable, match="too long"):
        CALL_STATES.decode(b"\x01" + bomb)


# -- lists that are derived from the fields ------------------------------------------------------------


def test_no_slot_of_the_call_has_the_name_of_a_slot_of_its_request() -> None:
    assert not {field.name for field in fields(CallState)} & {field.name for field in fields(CallerRequest)}


def test_a_new_request_keeps_what_describes_the_caller() -> None:
    described = CallerRequest(
        kind=TaskKind.POSTAL_ORDER,
        concern=Concern.FORMS,
        age_group=AgeGroup.UNDER_25,
        office="office_1",
        forms=("change",),
        receipt_code="12345674",
    )
    new = CallState("main", "de", request=described).knowing(**requests.RESET_REQUEST).request
    assert new == CallerRequest(age_group=AgeGroup.UNDER_25, office="office_1")


def test_the_context_of_an_event_has_slots_of_the_state() -> None:
    names = {field.name for field in fields(EventContext)}
    assert names <= {field.name for field in fields(CallState)}
    state = CallState("record", "tr", queue_visit=2).knowing(concern=Concern.WORK, receipt_code="12345674")
    assert EventContext.of(state) == EventContext("tr", RequestAnswers(concern=Concern.WORK), queue_visit=2)


def test_prompts_may_name_what_is_marked_as_spoken() -> None:
    at = datetime(2026, 11, 23, 9, 45, tzinfo=UTC)
    state = CallState("receipt_code", "de", callback_number="+4915112345678").knowing(
        receipt_code="12345674", due_at=at
    )
    assert spoken_values(state) == {
        "callback_number": "+4915112345678",
        "receipt_code": "12345674",
        "due_at": "2026-11-23T09:45:00.000000Z",
    }
    assert spoken_values(CallState("main", "de")) == {}


@pytest.mark.parametrize(
    "slots", [{"concern": "housing"}, {"concerns": Concern.WORK}, {"forms": "change"}, {"tries": "1"}]
)
def test_a_script_cannot_set_what_is_no_slot(slots: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="slot"):
        check_slots(slots)


# -- records of strings, as voicebox messages keep them --------------------------------------------------


@given(answers=st.builds(RequestAnswers, forms=FORMS))
def test_a_stored_record_has_every_answer(answers: RequestAnswers) -> None:
    record = to_record(answers)
    assert from_record(record) == answers
    assert all(isinstance(value, str) for value in record.values())


def test_records_are_written_as_they_always_were() -> None:
    answers = RequestAnswers(
        kind=TaskKind.APPOINTMENT, concern=Concern.APPOINTMENT, changes="12345674", forms=("a", "b"), impairment=True,
        training=False,
    )  # fmt: skip
    assert to_record(answers) == {
        "kind": "appointment", "concern": "appointment", "request": "12345674", "forms": "a,b", "impairment": "yes",
        "training": "no",
    }  # fmt: skip
    assert to_record(RequestAnswers()) == {}
    assert to_record(replace(RequestAnswers(), concern=Concern.WORK)) == {"kind": "callback", "concern": "work"}


@pytest.mark.parametrize("record", [{"concern": "housing"}, {"training": "perhaps"}, {"kind": "visit"}])
def test_an_unknown_value_in_a_record_is_an_error_that_names_it(record: dict[str, str]) -> None:
    ((name, value),) = record.items()
    with pytest.raises(requests.UnknownValue, match=f"{name}.*{value}"):
        from_record(record)


def test_a_question_that_was_answered_knows_the_request_of_then() -> None:
    question = AnsweredQuestion("main", CallerRequest(concern=Concern.WORK))
    state = CallState("consent", "de", trail=(question,) * 8)
    assert CALL_STATES.decode(CALL_STATES.encode(state)).trail[0] == question
