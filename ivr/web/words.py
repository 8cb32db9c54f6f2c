"""The house's words in the interface: states, concerns, outcomes, times, in German and English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from flask_babel import format_datetime, gettext, lazy_gettext, ngettext

from ivr import phone_numbers
from ivr.callbacks import Refused
from ivr.configuration import settings
from ivr.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.models import CallbackTask, TaskEvent, Team
from ivr.prompts import catalogue
from ivr.web.login import INTERFACE_LANGUAGES, chosen_language

CONCERNS = {
    "benefits": lazy_gettext("Benefits"),
    "work": lazy_gettext("Work and training"),
    "under_25": lazy_gettext("Under 25"),
    "rehab": lazy_gettext("Rehabilitation"),
    "emergency": lazy_gettext("Emergency"),
    "forms": lazy_gettext("Forms by post"),
    "appointment": lazy_gettext("Appointment wish"),
    "other": lazy_gettext("Anything else"),
}
KINDS = {
    "callback": lazy_gettext("Callback"),
    "postal_order": lazy_gettext("Forms by post"),
    "appointment": lazy_gettext("Appointment wish"),
}
EMERGENCIES = {
    "no_money": lazy_gettext("no money or food"),
    "power_cut": lazy_gettext("power or heating about to be cut"),
    "housing": lazy_gettext("flat in danger or urgent offer"),
    "food_voucher": lazy_gettext("food voucher (Barcode)"),
    "other": lazy_gettext("another emergency"),
}
AVAILABILITY = {
    "morning": lazy_gettext("in the morning"),
    "afternoon": lazy_gettext("in the afternoon"),
    "any_time": lazy_gettext("at any time"),
}
AGE_GROUPS = {"under_25": lazy_gettext("under 25"), "25_and_over": lazy_gettext("25 and over")}
FORMS = {
    "main_application": lazy_gettext("Main application"),
    "continuation": lazy_gettext("Continuation of benefits"),
    "change": lazy_gettext("Notice of changes"),
    "housing": lazy_gettext("Annex housing costs"),
    "education": lazy_gettext("Education and participation"),
}
MODES = {
    "in_person": lazy_gettext("in person"),
    "telephone": lazy_gettext("by telephone"),
    "video": lazy_gettext("by video"),
}
REASONS = {
    "benefits": lazy_gettext("Money and benefits"),
    "work": lazy_gettext("Work or training"),
    "documents": lazy_gettext("Documents"),
    "other": lazy_gettext("Anything else"),
}
COMPANIONS = {
    "none": lazy_gettext("nobody else"),
    "interpreter": lazy_gettext("with interpreter"),
    "companion": lazy_gettext("with companion"),
}
PRIORITY_GROUPS = {
    "language": lazy_gettext("invited first: little German"),
    "impairment": lazy_gettext("invited first: hearing or speech"),
    "under_25_training": lazy_gettext("invited first: under 25, seeks training"),
}
ROOMS = {"small": lazy_gettext("usual room"), "large": lazy_gettext("large room")}
TEXTS = {
    "sms_missed": lazy_gettext("We could not reach you"),
    "sms_link": lazy_gettext("Link to the online services"),
    "sms_appointment": lazy_gettext("The appointment"),
}
REFUSAL_REASONS = {
    "settled_without": lazy_gettext("settled without an appointment"),
    "not_responsible": lazy_gettext("another authority is responsible"),
    "no_capacity": lazy_gettext("no appointment free in time"),
    "missing_documents": lazy_gettext("documents are missing"),
    "not_reached": lazy_gettext("the caller could not be reached"),
    "other": lazy_gettext("another reason (see note)"),
}
STATES = {
    "open": lazy_gettext("open"),
    "claimed": lazy_gettext("claimed"),
    "closed": lazy_gettext("closed"),
}
VIEWS = {
    "open": lazy_gettext("Open"),
    "mine": lazy_gettext("Mine"),
    "unclaimed": lazy_gettext("Unclaimed"),
    "due": lazy_gettext("Due soon or missed"),
    "emergencies": lazy_gettext("Emergencies"),
    "appointments": lazy_gettext("Appointments"),
    "forms": lazy_gettext("Forms by post"),
    "interpreter": lazy_gettext("Waiting for an interpreter"),
    "done": lazy_gettext("Done today"),
    "closed": lazy_gettext("Closed"),
    "all": lazy_gettext("All"),
}
SORTS = {
    "promise": lazy_gettext("Promise"),
    "due": lazy_gettext("Due"),
    "arrival": lazy_gettext("Waiting since"),
    "language": lazy_gettext("Language"),
    "team": lazy_gettext("Team"),
}
URGENCIES = {"normal": lazy_gettext("normal"), "emergency": lazy_gettext("Emergency")}
#: Pages the command palette leads to.
PAGES = {
    "live.page": lazy_gettext("Live calls"),
    "desk_tools.first_steps": lazy_gettext("Help and keys"),
}
#: Keys of the desk, as the sheet behind "?" shows them.
KEYS = {
    "n": lazy_gettext("next task: take the most urgent one"),
    "j / k": lazy_gettext("down and up in the list"),
    "o": lazy_gettext("open the task"),
    "x": lazy_gettext("tick the task"),
    "/": lazy_gettext("search"),
    "c": lazy_gettext("claim"),
    "e": lazy_gettext("write a note"),
    "b": lazy_gettext("call back"),
    "p": lazy_gettext("play or pause the message"),
    "q": lazy_gettext("back to the queue"),
    "?": lazy_gettext("all keys"),
    "Ctrl K": lazy_gettext("go to a task, a view or a page"),
}
#: What the command palette does too.
ACTIONS = ("n", "?")
OUTCOMES = {
    "reached": lazy_gettext("Reached, matter discussed"),
    "no_answer": lazy_gettext("No answer"),
    "busy": lazy_gettext("Busy"),
    "answering_machine": lazy_gettext("Answering machine"),
    "wrong_person": lazy_gettext("Wrong person"),
    "call_refused": lazy_gettext("Wants no call"),
    "number_invalid": lazy_gettext("Number not in service"),
    "ringing": lazy_gettext("is ringing"),
    "letter_sent": lazy_gettext("Letter sent"),
    "settled_otherwise": lazy_gettext("Settled otherwise"),
    "forms_sent": lazy_gettext("Forms sent"),
    "granted": lazy_gettext("Appointment granted"),
    "refused": lazy_gettext("Appointment refused"),
    "withdrawn": lazy_gettext("Withdrawn by the caller"),
}
EVENTS = {
    "opened": lazy_gettext("Task opened"),
    "called_again": lazy_gettext("The caller rang again"),
    "raised": lazy_gettext("Raised to an emergency"),
    "lowered": lazy_gettext("The raise by the transcript's words was taken back"),
    "recording_cut_short": lazy_gettext("The carrier's recording is cut short"),
    "number_given": lazy_gettext("The caller gave another number"),
    "changed": lazy_gettext("The caller gave other hours"),
    "withdrawn": lazy_gettext("Withdrawn by the caller"),
    "claimed": lazy_gettext("Claimed"),
    "released": lazy_gettext("Released"),
    "attempted": lazy_gettext("Attempt"),
    "noted": lazy_gettext("Note"),
    "closed": lazy_gettext("Closed"),
    "reopened": lazy_gettext("Reopened"),
    "breached": lazy_gettext("Promise missed"),
    "letter_proposed": lazy_gettext("Attempts used up, a letter is proposed"),
    "no_interpreter": lazy_gettext("No interpreter could be had"),
    "taken_over": lazy_gettext("Taken over, the claim was not used; before"),
    "assigned": lazy_gettext("Assigned to"),
    "named": lazy_gettext("Name of the caller"),
    "corrected": lazy_gettext("Transcript corrected"),
    "handed_over": lazy_gettext("Handed over to"),
    "text_sent": lazy_gettext("Text message"),
}
PLEASE_LISTEN = {
    "no_model": lazy_gettext(
        "There is no speech model for this language yet. The transcript follows as soon as it is installed."
    ),
    "no_speech": lazy_gettext("No words were recognised."),
    "unusable": lazy_gettext("The audio could not be read."),
    "not_available": lazy_gettext("The carrier never gave us the audio. Please call without it."),
    "failed": lazy_gettext("The transcription failed."),
    "low_confidence": lazy_gettext("The machine is unsure of what it wrote."),
    "too_long": lazy_gettext("The recording is too long for a transcript."),
}
#: What stands on a task when work on it needs a person, by the kind of work.
UNFINISHED = {
    "fetch_recording": lazy_gettext("The audio cannot be fetched from the carrier. Please call back without it."),
    "find_recording": lazy_gettext("The carrier does not say whether there is a recording. Please call back."),
    "ask_for_recording": lazy_gettext("The carrier does not say whether there is a recording. Please call back."),
    "delete_at_carrier": lazy_gettext(
        "The carrier does not delete its copy of the recording. Please tell the operator."
    ),
    "discard_recording": lazy_gettext("A replaced recording cannot be deleted. Please tell the operator."),
    "transcribe": lazy_gettext("The message cannot be transcribed. Please listen."),
    "send_text_message": lazy_gettext("The text message cannot be sent. Please give the link in the conversation."),
    "ring_leg": lazy_gettext("A telephone cannot be rung through the carrier. Please tell the operator."),
    "hang_up_leg": lazy_gettext("A call cannot be ended at the carrier. Please tell the operator."),
    "bring_caller": lazy_gettext("A waiting caller could not be put through. Please call back."),
    "end_room": lazy_gettext("A conversation cannot be ended at the carrier. Please tell the operator."),
    "tell_no_interpreter": lazy_gettext("The caller could not be told that nobody interprets. Please call back."),
}


PRESENCE_STATES = {
    "offline": lazy_gettext("signed off"),
    "available": lazy_gettext("available"),
    "paused": lazy_gettext("on a break"),
    "ringing": lazy_gettext("telephone rings"),
    "talking": lazy_gettext("talking"),
    "wrap_up": lazy_gettext("wrap-up"),
}
CONVERSATION_OUTCOMES = {
    "settled": lazy_gettext("settled"),
    "follow_up": lazy_gettext("we call again"),
    "passed_on": lazy_gettext("passed on"),
    "broken_off": lazy_gettext("broken off"),
}
ROLES = {
    "caller": lazy_gettext("Caller"),
    "member": lazy_gettext("Team member"),
    "interpreter": lazy_gettext("Interpreter"),
    "companion": lazy_gettext("Companion"),
}
LEG_STATES = {
    "wanted": lazy_gettext("is being called"),
    "ringing": lazy_gettext("telephone rings"),
    "answered": lazy_gettext("has picked up"),
    "joined": lazy_gettext("is on the line"),
    "ended": lazy_gettext("gone"),
}
WEEKDAYS = (
    lazy_gettext("Monday"), lazy_gettext("Tuesday"), lazy_gettext("Wednesday"), lazy_gettext("Thursday"),
    lazy_gettext("Friday"), lazy_gettext("Saturday"), lazy_gettext("Sunday"),
)  # fmt: skip
_REFUSALS = {
    "no_mobile": lazy_gettext("No text message can be received at this number."),
    "text_needed": lazy_gettext("The text message is empty."),
    "reason_needed": lazy_gettext("Please give a reason."),
    "no_team": lazy_gettext("Please choose another team."),
    "nothing_to_correct": lazy_gettext("There is no transcript to correct."),
    "closed_now": lazy_gettext("Nobody is called outside opening hours."),
    "not_now": lazy_gettext(
        "It is not the time the caller has named, or the next attempt is not due. To call all the same, tick the box."
    ),
    "no_number": lazy_gettext("This is no telephone number that can be called."),
    "no_phone": lazy_gettext("Please say first at which telephone you sit."),
    "on_the_phone": lazy_gettext("You are on the phone."),
    "wrap_up": lazy_gettext("Please write down first what came of the last conversation."),
    "nothing_to_wrap_up": lazy_gettext("There is nothing to wrap up."),
    "no_conversation": lazy_gettext("You are in no conversation."),
}


def refusal(refused: Refused) -> str:
    """Why an action was not possible, for the person who tried."""
    match refused.reason:
        case reason if reason in _REFUSALS:
            return str(_REFUSALS[reason])
        case "not_raised":
            return str(gettext("It was not the transcript that raised this task."))
        case "claimed" if refused.by:
            return str(gettext("%(name)s has claimed this task.", name=refused.by))
        case "claimed":
            return str(gettext("You have already claimed this task."))
        case "open":
            return str(gettext("This task is not claimed. Claim it first."))
        case "closed":
            return str(gettext("This task is closed already."))
        case "answer_needed":
            return str(gettext("An appointment needs a date and a place, a refusal needs a reason."))
        case _:
            return str(gettext("Please choose how it ended."))


def language_name(code: str) -> str:
    """A language as the interface calls it."""
    language = LANGUAGES.get(code)
    if language is None:
        return code
    return language.german_name if chosen_language() == "de" else language.english_name


def form_name(form: str) -> str:
    """A form by its name; one of the operator's own as callers hear it."""
    if form in FORMS:
        return str(FORMS[form])
    return catalogue(DEFAULT_LANGUAGE).texts.get(f"form_{form}", form)


def office_name(key: str) -> str:
    """An office by its name."""
    office = settings().offices.get(key)
    return office.name if office else key


def office_choices() -> list[tuple[str, str]]:
    """All offices, for a choice."""
    return [(key, office.name) for key, office in settings().offices.items()]


def team_choices(teams: Sequence[Team]) -> list[tuple[str, str]]:
    """Teams, for a choice."""
    return [(team.key, team.name) for team in teams]


def language_choices(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Languages, for a choice."""
    return [(code, language_name(code)) for code in codes]


def duration(seconds: int) -> str:
    """A span of time in at most two units; Babel would round 22 hours to a day."""
    minutes = abs(seconds) // 60
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        parts = [ngettext("%(num)d day", "%(num)d days", days), gettext("%(num)d h", num=hours)]
    elif hours:
        parts = [gettext("%(num)d h", num=hours), gettext("%(num)d min", num=rest)]
    else:
        parts = [gettext("%(num)d min", num=rest)]
    return " ".join(str(part) for part in parts)


def moment(instant: datetime) -> str:
    """Date and time in Europe/Berlin."""
    return str(
        format_datetime(instant, "EEE dd.MM.yyyy HH:mm" if chosen_language() == "de" else "EEE d MMM yyyy HH:mm")
    )


def promise(task: CallbackTask, now: datetime) -> dict[str, str]:
    """The state of a task's promise: a badge style, an icon and words; never colour alone."""
    left = int((task.due_at - now).total_seconds())
    if task.first_attempt_at is not None:
        if task.breached_at is not None:
            return {"style": "warning", "text": str(gettext("tried, but late"))}
        return {"style": "success", "text": str(gettext("tried in time"))}
    if task.state == "closed":
        style = "warning" if task.breached_at else "success"
        return {"style": style, "text": str(gettext("closed"))}
    if left <= 0:
        return {"style": "danger", "text": str(gettext("missed by %(time)s", time=duration(left)))}
    style = "warning" if left < 4 * 3600 else "info"
    return {"style": style, "text": str(gettext("%(time)s left", time=duration(left)))}


def transcript_state(task: CallbackTask) -> str:
    """What stands in the queue's column for the message: done, pending, please_listen, awaited or none."""
    for message in reversed(task.messages):
        if message.recording is None:
            continue
        return message.recording.transcript.state if message.recording.transcript else "awaited"
    return "awaited" if task.provisional else "none"


def event_text(event: TaskEvent) -> str:
    """The second half of a line of history."""
    if event.kind in ("attempted", "closed") and event.text:
        return str(OUTCOMES.get(event.text, event.text))
    return event.text or ""


def timecode(seconds: float) -> str:
    """`1:05` for 65 seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def install(app: Flask) -> None:
    """Make the words available to the templates."""
    app.jinja_env.globals.update(
        words={
            "concerns": CONCERNS,
            "kinds": KINDS,
            "emergencies": EMERGENCIES,
            "availability": AVAILABILITY,
            "age_groups": AGE_GROUPS,
            "modes": MODES,
            "reasons": REASONS,
            "companions": COMPANIONS,
            "priority_groups": PRIORITY_GROUPS,
            "refusal_reasons": REFUSAL_REASONS,
            "states": STATES,
            "rooms": ROOMS,
            "texts": TEXTS,
            "views": VIEWS,
            "sorts": SORTS,
            "urgencies": URGENCIES,
            "keys_of_desk": KEYS,
            "outcomes": OUTCOMES,
            "events": EVENTS,
            "please_listen": PLEASE_LISTEN,
            "unfinished": UNFINISHED,
            "presence_states": PRESENCE_STATES,
            "conversation_outcomes": CONVERSATION_OUTCOMES,
            "roles": ROLES,
            "leg_states": LEG_STATES,
            "weekdays": WEEKDAYS,
        },
        interface_languages=INTERFACE_LANGUAGES,
        chosen_language=chosen_language,
        promise=promise,
        transcript_state=transcript_state,
        event_text=event_text,
        offices=office_choices,
        team_choices=team_choices,
        language_choices=language_choices,
        languages=LANGUAGES,
    )
    app.jinja_env.filters.update(
        moment=moment,
        language_name=language_name,
        phone=phone_numbers.readable,
        is_mobile=phone_numbers.is_mobile,
        duration=duration,
        form_name=form_name,
        office_name=office_name,
        timecode=timecode,
    )
