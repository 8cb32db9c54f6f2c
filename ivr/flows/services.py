"""Services by telephone: forms by post, an appointment, the online services, what became of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.domain.enums import (
    AgeGroup,
    AppointmentMode,
    AppointmentReason,
    CallEnding,
    Companion,
    Concern,
    EventName,
    RequestStatus,
    SpokenWords,
    TaskKind,
)
from ivr.flows import conditions
from ivr.flows.prompt_promises import UNDER_WAY
from ivr.flows.protocol import PromptLine
from ivr.flows.script_blocks import OTHERWISE_OTHER, about, in_writing, spoken_message, times
from ivr.flows.steps import Announce, Branch, Choice, End, EnterDigits, Find, Menu, Promise, RecordEvent, Step


def services(forms: Sequence[str]) -> Mapping[str, Step]:
    """The menu of services and all that it leads to."""
    return {
        **_menu(),
        **_forms(forms),
        **_appointment(),
        **_appointment_help(),
        **_online(),
        **_request_status(),
        **_change_request(),
        **_changed(),
        **_missing_number(),
    }


def _menu() -> Mapping[str, Step]:
    return {
        "services": Menu(
            prompt="services",
            choices={
                "1": about(Concern.FORMS, "send_where", TaskKind.POSTAL_ORDER),
                "2": about(Concern.APPOINTMENT, "appointment_consent", TaskKind.APPOINTMENT),
                "3": Choice("online_services"),
                "4": Choice("enter_code"),
                "5": Choice("privacy_information"),
            },
            otherwise="reach_team",
            otherwise_sets=OTHERWISE_OTHER,
        ),
        # In short, what `/privacy` says (Art. 13 GDPR); what happens to a recording is told where it is asked for.
        "privacy_information": Announce(("privacy_information",), to="services"),
    }


def _forms(forms: Sequence[str]) -> Mapping[str, Step]:
    """Forms by post. Source: they "werden ihnen nach persönlicher oder telefonischer Nachfrage per Post zugeschickt".

    The address is asked for first: a caller who hangs up after it is called back about the forms.
    """
    keyed = {str(key): form for key, form in enumerate(forms, start=1)}
    return {
        "send_where": Menu(
            prompt="send_where",
            choices={
                "1": Choice("record_address", sets={"records_again": False, "speech_agreed": True}),
                "2": Choice("customer_number", sets={"speech_agreed": False}),
            },
            otherwise="offer_callback",
            otherwise_sets={"speech_agreed": False},
        ),
        **spoken_message("speak_address", to="choose_form", otherwise="no_address", name="_address"),
        "no_address": Branch(on=conditions.receipt_is_known, yes="choose_form", no="customer_number"),
        "customer_number": EnterDigits(
            prompt="customer_number",
            reads=conditions.entered_customer_number,
            sets="customer_number",
            not_usable="customer_number_not_usable",
            to="order_forms",
            otherwise="offer_callback",
        ),
        "order_forms": Promise(EventName.ASKED, to="choose_form"),
        "choose_form": Menu(
            prompt="choose_form",
            lines=(
                PromptLine("choose_form"),
                *(PromptLine("form_key", values={"form": form, "key": key}) for key, form in keyed.items()),
            ),
            choices={
                key: Choice("another_form", adds={"forms": form.removeprefix("form_")}) for key, form in keyed.items()
            },
            otherwise="called_before_first",
        ),
        "another_form": Menu(
            prompt="another_form",
            choices={"1": Choice("choose_form"), "2": Choice("called_before_first")},
            otherwise="called_before_first",
            attempts=1,
        ),
    }


def _appointment() -> Mapping[str, Step]:
    """An appointment wish.

    Video is voluntary and asked for, never a default; the words come before the questions, so that nobody who hangs
    up half-way is lost.
    """
    return {
        "appointment_consent": Menu(
            prompt="appointment_consent",
            choices={
                "1": Choice("record", sets={"records_again": False, "speech_agreed": True}),
                "2": Choice("ask_callback", sets={"speech_agreed": False}),
            },
            otherwise="ask_callback",
            otherwise_sets={"speech_agreed": False},
            attempts=2,
        ),
        "appointment_mode": Menu(
            prompt="appointment_mode",
            choices={
                "1": Choice("appointment_reason", sets={"mode": AppointmentMode.IN_PERSON}),
                "2": Choice("appointment_reason", sets={"mode": AppointmentMode.TELEPHONE}),
                "3": Choice("appointment_reason", sets={"mode": AppointmentMode.VIDEO}),
            },
            otherwise="appointment_reason",
            attempts=2,
            spoken=SpokenWords.NUMBERS,
        ),
        "appointment_reason": Menu(
            prompt="appointment_reason",
            choices={
                "1": Choice("appointment_help", sets={"reason": AppointmentReason.BENEFITS}),
                "2": Choice("appointment_help", sets={"reason": AppointmentReason.WORK}),
                "3": Choice("appointment_help", sets={"reason": AppointmentReason.DOCUMENTS}),
                "4": Choice("appointment_help", sets={"reason": AppointmentReason.OTHER}),
            },
            otherwise="appointment_help",
            attempts=2,
            spoken=SpokenWords.NUMBERS,
        ),
    }


def _appointment_help() -> Mapping[str, Step]:
    """Who comes along to an appointment, and whether the caller belongs to a group that is invited first."""
    return {
        "appointment_help": Menu(
            prompt="appointment_help",
            choices={
                "1": Choice("training", sets={"companion": Companion.INTERPRETER, "impairment": False}),
                "2": Choice("training", sets={"companion": Companion.COMPANION, "impairment": False}),
                "3": Choice("who_comes_along", sets={"companion": Companion.NONE, "impairment": True}),
                "4": Choice("training", sets={"companion": Companion.NONE, "impairment": False}),
            },
            otherwise="training",
            attempts=2,
            spoken=SpokenWords.NUMBERS,
        ),
        "who_comes_along": Menu(
            prompt="who_comes_along",
            choices={
                "1": Choice("training", sets={"companion": Companion.INTERPRETER}),
                "2": Choice("training", sets={"companion": Companion.COMPANION}),
                "3": Choice("training", sets={"companion": Companion.NONE}),
            },
            otherwise="training",
            attempts=2,
            spoken=SpokenWords.NUMBERS,
        ),
        "training": Menu(
            prompt="training",
            choices={
                "1": Choice("called_before_first", sets={"training": True, "age_group": AgeGroup.UNDER_25}),
                "2": Choice("called_before_first", sets={"training": False}),
            },
            otherwise="called_before_first",
            otherwise_sets={"training": False},
            attempts=2,
            spoken=SpokenWords.YES_NO,
        ),
    }


def _online() -> Mapping[str, Step]:
    """The online services in plain words, and their link as a text message to callers who ask for it."""
    return {
        "online_services": Announce(("online_services",), to="link_first"),
        "link_first": Branch(on=conditions.texts_are_sent, yes="link_by_sms", no="address_told"),
        "address_told": Announce(("address_told",), to="anything_else"),
        "link_by_sms": Menu(
            prompt="link_by_sms",
            choices={"1": Choice("sms_number"), "2": Choice("anything_else")},
            otherwise="goodbye_informed",
            attempts=2,
        ),
        "sms_number": Branch(on=conditions.number_is_known, yes="sms_mobile", no="enter_sms_number"),
        "sms_mobile": Branch(on=conditions.number_can_be_texted, yes="confirm_sms_number", no="not_mobile"),
        "not_mobile": Announce(("number_not_mobile",), to="enter_sms_number"),
        "confirm_sms_number": Menu(
            prompt="confirm_sms_number",
            choices={"1": Choice("send_link_first"), "2": Choice("enter_sms_number")},
            otherwise="goodbye_informed",  # opt-in: silence is no yes
        ),
        "enter_sms_number": EnterDigits(
            prompt="enter_sms_number",
            reads=conditions.entered_number,
            sets="callback_number",
            not_usable="number_not_usable",
            to="sms_mobile",
            otherwise="link_told",  # who cannot get a text is told the address
        ),
        "send_link_first": Branch(on=conditions.link_can_be_sent, yes="send_link", no="link_told"),
        "link_told": Announce(("link_told",), to="anything_else"),
        "send_link": Promise(EventName.LINK_WANTED, to="link_sent"),
        "link_sent": Announce(("link_sent",), to="anything_else"),
        "anything_else": Menu(
            prompt="anything_else",
            choices={"1": Choice("main_menu"), "2": Choice("goodbye_informed")},
            otherwise="goodbye_informed",
            attempts=1,
        ),
        "goodbye_informed": End(CallEnding.INFORMED, ("goodbye",)),
    }


def _request_status() -> Mapping[str, Step]:
    """What became of my request: by receipt code."""
    over = (RequestStatus.GRANTED, RequestStatus.REFUSED, RequestStatus.CLOSED, RequestStatus.WITHDRAWN)
    after = {RequestStatus.REFUSED: "people_first", RequestStatus.GRANTED: "granted_in_person"}
    return {
        "enter_code": EnterDigits(
            prompt="enter_code",
            reads=conditions.entered_code,
            sets="asked_code",
            not_usable="code_not_usable",
            to="find_request",
            otherwise="reach_team",
        ),
        "find_request": Find(
            {
                **{status: f"{status}_first" for status in UNDER_WAY},
                **{status: f"request_{status}" for status in over},
                RequestStatus.UNKNOWN: "code_unknown",
                RequestStatus.LOCKED: "code_locked",
            }
        ),
        **{
            f"{status}_first": Branch(on=conditions.lacks_number, yes="number_missing", no=f"request_{status}")
            for status in UNDER_WAY
        },
        **{f"request_{status}": Announce((f"request_{status}",), to="change_request") for status in UNDER_WAY},
        **{
            f"request_{status}": Announce((f"request_{status}",), to=after.get(status, "anything_else"))
            for status in over
        },
        **_place_of_appointment(),
        "code_unknown": Announce(("code_unknown",), to="enter_code"),
        "code_locked": Announce(("code_locked",), to="people_first"),
        # Only while somebody answers is the caller told how to reach them.
        "people_first": Branch(on=conditions.team_is_open, yes="speak_to_us", no="anything_else"),
        "speak_to_us": Announce(("speak_to_us",), to="anything_else"),
    }


def _place_of_appointment() -> Mapping[str, Step]:
    """Where a granted appointment is. The number and the link of others are not read out."""
    by_telephone, by_video, to = "granted_by_telephone", "granted_by_video", "anything_else"
    return {
        "granted_in_person": Branch(on=conditions.is_granted_in_person, yes="place_here", no=by_telephone),
        by_telephone: Branch(on=conditions.is_granted_by_telephone, yes="place_telephone", no=by_video),
        by_video: Branch(on=conditions.is_granted_by_video, yes="place_video", no=to),
        **{prompt: Announce((prompt,), to=to) for prompt in ("place_here", "place_telephone", "place_video")},
    }


def _change_request() -> Mapping[str, Step]:
    """Another number, other times, more words, or a withdrawal, for a request that is under way."""
    return {
        "change_request": Menu(
            prompt="change_request",
            choices={
                "1": Choice("enter_number"),
                "2": Choice("change_times_first"),
                "3": Choice(  # the menu has said that it is recorded
                    "record", sets={"records_again": False, "message_number": 0, "speech_agreed": True}
                ),
                "4": Choice("withdraw"),
            },
            otherwise="goodbye_informed",
        ),
        # A number that is only keyed in may be anybody's: silence is no yes, and nothing is promised.
        "confirm_new_number": Menu(
            prompt="confirm_new_number",
            choices={
                "1": Choice("number_given", sets={"lacks_number": False, "uncallable": False}),
                "2": Choice("enter_number"),
            },
            otherwise="change_request",
        ),
        # A number abroad that nobody calls is not taken down: nothing would come of it.
        "new_number_abroad": Announce(("number_not_called",), to="enter_number"),
        "number_noted": Announce(("number_noted",), to="change_more"),
        "change_times_first": Branch(on=conditions.nobody_can_call, yes="change_written_how", no="change_times_how"),
        "change_written_how": Branch(on=conditions.texts_are_sent, yes="change_to_writing", no="change_to_letter"),
        "change_to_writing": in_writing("answer_in_writing", "times_changed", "change_request"),
        "change_to_letter": in_writing("answer_by_letter", "times_changed", "change_request"),
        "change_times_how": Branch(on=conditions.texts_are_sent, yes="change_times", no="change_times_or_letter"),
        "change_times": Menu("availability", times("times_changed"), "change_request"),
        "change_times_or_letter": Menu("availability_or_letter", times("times_changed"), "change_request"),
        "withdraw": Menu(
            prompt="withdraw",
            choices={"1": Choice("withdrawn"), "2": Choice("change_request")},
            otherwise="change_request",
            spoken=SpokenWords.YES_NO,
        ),
    }


def _changed() -> Mapping[str, Step]:
    """A change is noted; further ones are asked for."""
    return {
        "times_changed": RecordEvent(EventName.CHANGED, to="noted_first"),
        "withdrawn": RecordEvent(EventName.WITHDRAWN, to="goodbye_withdrawn"),
        "goodbye_withdrawn": End(CallEnding.WITHDRAWN, ("request_withdrawn", "goodbye")),
        "noted": Announce(("noted",), to="change_more"),
        "change_more": Menu(
            prompt="anything_else",
            choices={"1": Choice("change_request"), "2": Choice("goodbye_changed")},
            otherwise="goodbye_changed",
            attempts=1,
        ),
        "goodbye_changed": End(CallEnding.CHANGED, ("goodbye",)),
    }


def _missing_number() -> Mapping[str, Step]:
    """A request that waits for a call which nobody can make: its caller is told so, and asked for a number."""
    return {
        "number_missing": Announce(("number_missing",), to="missing_number"),
        "noted_first": Branch(on=conditions.lacks_number, yes="noted_without_number", no="noted"),
        "noted_without_number": Announce(("noted", "number_missing"), to="missing_number"),
        # The number that is shown is proposed; it may be another telephone than the one to be called.
        "missing_number": Branch(on=conditions.number_can_be_called, yes="confirm_new_number", no="enter_number"),
    }
