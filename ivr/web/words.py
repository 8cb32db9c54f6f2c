"""The house's words in the interface: states, concerns, outcomes, times, in German and English."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask_babel import format_datetime, gettext, lazy_gettext, ngettext

from ivr import phone_numbers
from ivr.callbacks import Refused
from ivr.languages import LANGUAGES
from ivr.models import CallbackTask, TaskEvent
from ivr.web.login import INTERFACE_LANGUAGES, chosen_language

CONCERNS = {
    "benefits": lazy_gettext("Benefits"),
    "work": lazy_gettext("Work and training"),
    "under_25": lazy_gettext("Under 25"),
    "emergency": lazy_gettext("Emergency"),
    "other": lazy_gettext("Anything else"),
}
STATES = {
    "open": lazy_gettext("open"),
    "claimed": lazy_gettext("claimed"),
    "closed": lazy_gettext("closed"),
}
VIEWS = {
    "open": lazy_gettext("Open"),
    "mine": lazy_gettext("Mine"),
    "closed": lazy_gettext("Closed"),
    "all": lazy_gettext("All"),
}
OUTCOMES = {
    "reached": lazy_gettext("Reached, matter discussed"),
    "no_answer": lazy_gettext("No answer"),
    "busy": lazy_gettext("Busy"),
    "answering_machine": lazy_gettext("Answering machine"),
    "wrong_person": lazy_gettext("Wrong person"),
    "number_invalid": lazy_gettext("Number not in service"),
    "letter_sent": lazy_gettext("Letter sent"),
    "settled_otherwise": lazy_gettext("Settled otherwise"),
}
EVENTS = {
    "opened": lazy_gettext("Task opened"),
    "number_given": lazy_gettext("The caller gave another number"),
    "claimed": lazy_gettext("Claimed"),
    "released": lazy_gettext("Released"),
    "attempted": lazy_gettext("Attempt"),
    "noted": lazy_gettext("Note"),
    "closed": lazy_gettext("Closed"),
    "reopened": lazy_gettext("Reopened"),
    "breached": lazy_gettext("Promise missed"),
}
PLEASE_LISTEN = {
    "no_model": lazy_gettext(
        "There is no speech model for this language yet. The transcript follows as soon as it is installed."
    ),
    "no_speech": lazy_gettext("No words were recognised."),
    "unusable": lazy_gettext("The audio could not be read."),
    "not_available": lazy_gettext("The carrier never gave us the audio. Please call without it."),
    "failed": lazy_gettext("The transcription failed."),
}


def refusal(refused: Refused) -> str:
    """Why an action was not possible, for the person who tried."""
    match refused.reason:
        case "claimed" if refused.by:
            return str(gettext("%(name)s has claimed this task.", name=refused.by))
        case "claimed":
            return str(gettext("You have already claimed this task."))
        case "open":
            return str(gettext("This task is not claimed. Claim it first."))
        case "closed":
            return str(gettext("This task is closed already."))
        case _:
            return str(gettext("Please choose how it ended."))


def language_name(code: str) -> str:
    """A language as the interface calls it."""
    language = LANGUAGES.get(code)
    if language is None:
        return code
    return language.german_name if chosen_language() == "de" else language.english_name


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
            "states": STATES,
            "views": VIEWS,
            "outcomes": OUTCOMES,
            "events": EVENTS,
            "please_listen": PLEASE_LISTEN,
        },
        interface_languages=INTERFACE_LANGUAGES,
        chosen_language=chosen_language,
        promise=promise,
        transcript_state=transcript_state,
        event_text=event_text,
        languages=LANGUAGES,
    )
    app.jinja_env.filters.update(
        moment=moment,
        language_name=language_name,
        phone=phone_numbers.readable,
        duration=duration,
        timecode=timecode,
    )
