"""What stands in the interface, in German and English: times, refusals, promises, names. Words: `ivr.domain.words`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from flask import Flask, url_for
from flask_babel import format_datetime, format_decimal, format_time, gettext, ngettext
from markupsafe import Markup

from ivr.accounts import former_names
from ivr.callbacks import code_changes, contacts, promises
from ivr.callbacks.refused import Refused
from ivr.config.settings import settings
from ivr.domain import caller_ids, phone_numbers, words
from ivr.domain.enums import Refusal, SlaMeasure, SlaState, TaskState, TranscriptState
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES, UNKNOWN_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.models.accounts import Team
from ivr.models.callbacks import CallbackTask
from ivr.notices.unusable import Unusable
from ivr.prompts import catalogue
from ivr.reporting.dimension_labels import name as name_of_key
from ivr.reporting.tables import Kind, shown
from ivr.web.event_texts import day_text, event_text, is_public, language_name, minute, moment
from ivr.web.isolated_names import isolated
from ivr.web.login import INTERFACE_LANGUAGES, chosen_language
from ivr.web.words import TABLES

__all__ = ["language_name", "moment"]


def refusal(refused: Refused) -> str:
    """Why an action was not possible, for the person who tried."""
    if refused.reason == Refusal.CLAIMED and refused.by:
        return str(gettext("%(name)s has claimed this task.", name=refused.by))
    if refused.reason == Refusal.ACTED_SINCE and refused.by:
        return str(gettext("%(name)s has worked on the task since then. It was left as it is.", name=refused.by))
    if refused.reason == Refusal.NO_TRANSLATION and refused.by:
        said = gettext(
            "The text module “%(name)s” has no text in the caller's language. Nothing was sent.", name=refused.by
        )
        return str(said)
    if refused.cap:
        said = words.REFUSALS.of(refused.reason, gettext)
        return f"{said} {gettext('The limit: %(cap)s', cap=cap_named(refused.cap))}"
    return words.REFUSALS.of(refused.reason, gettext)


def cap_named(name: str) -> str:
    """What a cap counts, and the name of its setting."""
    return words.cap_named(name, gettext)


def notice_sentence(unusable: Unusable) -> str:
    """Why a notice cannot be used, for the supervisor who has entered it."""
    return words.NOTICE_PROBLEMS.of(unusable.problem, lambda text: str(gettext(text, detail=unusable.detail)))


def form_name(form: str) -> str:
    """A form by its name; one of the operator's own as callers hear it."""
    if form in words.FORMS:
        return words.FORMS.of(form, gettext)
    return catalogue(DEFAULT_LANGUAGE).texts.get(f"form_{form}", form)


def office_name(key: str) -> str:
    """An office by its name, or by the last one that it had."""
    return former_names.office(key)


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


def short_moment(instant: datetime) -> str:
    """The time of today; for another day the day too. The year only where it is another one."""
    zone = settings().hours.zone
    local, today = instant.astimezone(zone), utc_now().astimezone(zone).date()
    if local.date() == today:
        return minute(instant, "HH:mm", "HH:mm")
    if local.year == today.year:
        return minute(instant, "dd.MM. HH:mm", "d MMM HH:mm")
    return minute(instant, "dd.MM.yyyy", "d MMM yyyy")


def soon(instant: datetime) -> str:
    """An instant in the words of somebody who plans the day: today 14:30, tomorrow 08:00."""
    zone = settings().hours.zone
    days = (instant.astimezone(zone).date() - utc_now().astimezone(zone).date()).days
    if days not in (0, 1):
        return moment(instant)
    time = format_datetime(instant, "HH:mm")
    return str(gettext("today %(time)s", time=time) if days == 0 else gettext("tomorrow %(time)s", time=time))


def promise_badges(task: CallbackTask, now: datetime) -> list[dict[str, str]]:
    """The promises of a task as badges: a style, an icon and words that name the promise; never colour alone.

    `short`: the same for a row of a list. `repeats`: it is missed for as long as the one before it, so that a row that
    says so of the first says it of both.
    """
    if task.restricted_at is not None and task.state != TaskState.CLOSED:
        text = str(gettext("restricted"))
        return [{"style": "info", "text": text, "short": text, "repeats": ""}]
    badges, before = [], ""
    for one in promises.shown(task, now):
        missed = duration(one.left) if one.is_missed else ""
        repeats = missed if missed == before else ""
        badges.append(
            {"style": _style(one), "text": promise_text(one), "short": _promise_in_a_row(one), "repeats": repeats}
        )
        before = missed
    return badges


def _style(one: promises.Promise) -> str:
    if one.is_missed:
        return "danger"
    if one.runs:
        return "warning" if one.left < 4 * 3600 else "info"
    return "warning" if one.was_missed else "success" if one.state == SlaState.MET else "info"


def promise_text(one: promises.Promise) -> str:
    """How far a promise has come, by its name and in words."""
    tried, span = one.measure == SlaMeasure.TRIED, duration(one.left)
    if one.is_missed and tried:
        return str(gettext("first attempt missed by %(time)s", time=span))
    if one.is_missed:
        return str(gettext("not reached, missed by %(time)s", time=span))
    if one.runs and tried:
        return str(gettext("%(time)s left", time=span))
    if one.runs:
        return str(gettext("%(time)s left to reach somebody", time=span))
    ended = SlaState.MISSED if one.was_missed and one.met_at is None else one.state
    return words.PROMISE_ENDS.of(f"{one.measure} {ended}", gettext)


def _promise_in_a_row(one: promises.Promise) -> str:
    """How far a promise has come, by its name, in as few words as a row of a list has room for."""
    span = duration(one.left)
    if one.is_missed and one.measure == SlaMeasure.TRIED:
        return str(gettext("attempt %(time)s late", time=span))
    if one.is_missed:
        return str(gettext("reaching %(time)s late", time=span))
    if one.runs and one.measure == SlaMeasure.REACHED:
        return str(gettext("%(time)s left to reach", time=span))
    return promise_text(one)


def transcript_state(task: CallbackTask) -> str:
    """What stands in the queue's column for the message: done, pending, please_listen, awaited or none."""
    recordings = [message.recording for message in task.messages if message.recording is not None]
    states = {recording.transcript.state if recording.transcript else "awaited" for recording in recordings}
    # Of several recordings the one counts that somebody must listen to, or wait for.
    order = (TranscriptState.PLEASE_LISTEN, "awaited", TranscriptState.PENDING, TranscriptState.DONE)
    return next((state for state in order if state in states), "awaited" if task.provisional else "none")


def opening_reason(reason: str) -> str:
    """Why somebody read a task, in words."""
    key, _, text = reason.partition(": ")
    if key in ("claim", "closed"):
        return str(gettext("holds the task") if key == "claim" else gettext("has closed the task"))
    known = words.BREAK_GLASS_REASONS.of(key, gettext) if key in words.BREAK_GLASS_REASONS else ""
    return f"{known}: {text}" if known and text else known or reason or "–"


def request_result(result: str) -> str:
    """What came of a data subject's request, in words."""

    def counted(found: re.Match[str]) -> str:
        number = int(found[1])
        match found[2]:
            case "tasks":
                return str(ngettext("%(num)d task", "%(num)d tasks", number))
            case "calls":
                return str(ngettext("%(num)d call", "%(num)d calls", number))
            case _:
                return str(ngettext("%(num)d recording", "%(num)d recordings", number))

    if (before := result.removeprefix("erased with request ")) != result:
        return str(gettext("erased with request %(number)s", number=before))
    for ending, said in TABLES["request_results"].items():
        if result.endswith(ending):
            result = f"{result.removesuffix(ending)}{said}"
            break
    return re.sub(r"(\d+) (tasks|calls|recordings)\b", counted, result)


def figure_value(name: str, value: float | None) -> str:
    """The number of a tile."""
    kinds: dict[str, Kind] = {"answered_in_time": "share", "tried_within_24h": "share", "longest_wait": "seconds"}
    return shown(value, kinds.get(name, "count"), chosen_language())


def figure_link(name: str, since: date, today: date) -> str:
    """Where the number of a tile leads to."""
    match name:
        case "waiting" | "longest_wait":
            return url_for("live.page")
        case "due_soon" | "missed":
            return url_for("figures.behind", figure=name)
        case "answered_in_time":
            return url_for("figures.behind", figure="waited", since=today, until=today)
        case _:
            return url_for("figures.behind", figure="tried", since=since, until=today)


def compared(ratio: float | None) -> str:
    """How a number compares with that of German callers."""
    if ratio is None:
        return "–"
    return f"{shown(ratio, 'number', chosen_language())} ×"


def dimension_key(dimension: str, key: str) -> str:
    """A key of a figure's breakdown as people call it."""
    if dimension == "hour":
        return str(gettext("%(hour)s o'clock", hour=key))
    return name_of_key(dimension, key, chosen_language(), gettext)


def timecode(seconds: float) -> str:
    """`1:05` for 65 seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def install(app: Flask) -> None:
    """Make the words available to the templates."""
    app.jinja_env.globals.update(
        words=TABLES,
        interface_languages=INTERFACE_LANGUAGES,
        chosen_language=chosen_language,
        promise_badges=promise_badges,
        transcript_state=transcript_state,
        event_text=event_text,
        is_public=is_public,
        opening_reason=opening_reason,
        offices=office_choices,
        team_choices=team_choices,
        language_choices=language_choices,
        languages=LANGUAGES,
        unknown_language=UNKNOWN_LANGUAGE,
        figure_value=figure_value,
        figure_link=figure_link,
        compared=compared,
        dimension_key=dimension_key,
        proofs_for=code_changes.proofs_for,
        earlier_number=code_changes.earlier_number,
        sends_texts=lambda: settings().sends_texts,
    )
    app.jinja_env.tests["wants_writing"] = contacts.wants_writing
    app.jinja_env.filters.update(
        perhaps_forged=caller_ids.perhaps_forged,
        moment=moment,
        short_moment=short_moment,
        cap_named=cap_named,
        language_name=language_name,
        decimal_number=format_decimal,
        phone=phone_numbers.readable,
        is_mobile=phone_numbers.is_mobile,
        duration=duration,
        form_name=form_name,
        office_name=office_name,
        timecode=timecode,
        request_result=request_result,
        reported=lambda value, kind: shown(value, kind, chosen_language()),
        local_input=lambda value: value.astimezone(settings().hours.zone).strftime("%Y-%m-%dT%H:%M"),
        clock_minutes=lambda value: format_time(value, "HH:mm"),
        clock_time=lambda value: format_time(value, "HH:mm:ss"),
        day=day_text,
        apart=Markup("<bdi>{}</bdi>").format,
        isolated=isolated,
    )
