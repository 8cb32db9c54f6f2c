"""The prompt studio: what callers hear in each language, professional recordings of it, and the call script."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from ivr.audio.wav import write_wav
from ivr.config.settings import settings
from ivr.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from ivr.domain.timestamps import utc_now
from ivr.flows import checker as flow_check
from ivr.flows import diagram
from ivr.models.prompts import PromptRecording
from ivr.platform import database
from ivr.prompts import Part, catalogue, check, parts, preview, recordings, rendering, voices
from ivr.prompts.catalogue import BUILDING_BLOCKS, WRITTEN
from ivr.prompts.script import script
from ivr.web import forms, uploads
from ivr.web.actions import act
from ivr.web.authorisation import me
from ivr.web.form_fields import Id

studio = Blueprint("studio", __name__, url_prefix="/studio")

_UNUSABLE = {
    "format": lambda detail: gettext(
        "This is not a WAV file of 16 bits and at least 8 kHz (%(detail)s).", detail=detail
    ),
    "clipped": lambda detail: gettext("The recording is clipped: it was made too loud."),
    "quiet": lambda detail: gettext("The recording is too quiet, or there is nothing in it."),
    "length": lambda detail: gettext(
        "The recording lasts %(detail)s seconds, which is too short or too long.", detail=detail
    ),
    "whole": lambda detail: gettext(
        "With this recording the whole prompt would last %(detail)s seconds, which is too long.", detail=detail
    ),
}


@studio.get("/")
def languages() -> str:
    """All languages, and how far their prompts are."""
    with database.reading() as session:
        found = {code: recordings.current(session, code) for code in LANGUAGES}
    rows = [
        {
            "language": language,
            "enabled": code in settings().enabled_languages,
            "spoken": voices.spoken_in(code),
            "prompts": len(catalogue(code).texts),
            "unreviewed": check.unreviewed(code),
            "outdated": len(catalogue(code).stale),
            "recorded": sum(recordings.is_up_to_date(recording) for recording in found[code].values()),
            "stale": sum(not recordings.is_up_to_date(recording) for recording in found[code].values()),
        }
        for code, language in LANGUAGES.items()
    ]
    return render_template("studio.html", rows=rows, warned=[] if settings().local else voices.synthetic())


@studio.get("/<language>")
def prompts(language: str) -> str:
    """Every prompt of a language."""
    words, german = catalogue(language) if language in LANGUAGES else abort(404), catalogue(DEFAULT_LANGUAGE)
    with database.reading() as session:
        found = recordings.current(session, language)
    rows = [
        {
            "name": prompt,
            "text": words[prompt],
            "german": german.texts.get(prompt, "") if language != DEFAULT_LANGUAGE else "",
            "reviewed": prompt in words.reviewed,
            "outdated": prompt in words.stale,
            "audible": prompt not in BUILDING_BLOCKS,
            "parts": [
                {"part": part, "recording": found.get(part.name), "stale": _is_stale(found, part)}
                for part in parts.fragments(language, prompt)
                if isinstance(part, Part)
            ],
        }
        for prompt in words.texts
        if prompt not in WRITTEN
    ]
    return render_template(
        "studio_prompts.html",
        language=LANGUAGES[language],
        voice=voices.voice_of(language),
        rows=rows,
        unreviewed=check.unreviewed(language),
        outdated=len(words.stale),
    )


def _is_stale(found: dict[str, PromptRecording], part: Part) -> bool:
    return part.name in found and not recordings.is_up_to_date(found[part.name])


@studio.get("/<language>/<prompt>.wav")
def listen(language: str, prompt: str) -> Response:
    """What callers will hear of a prompt, with example values."""
    if language not in LANGUAGES or prompt not in catalogue(language).texts or prompt in WRITTEN:
        abort(404)
    sound = preview.sound_of(prompt, language, check.EXAMPLES)
    response = Response(write_wav(sound), mimetype="audio/wav")
    response.headers["Cache-Control"] = "private, no-store"
    return response


@studio.post("/<language>/<name>/recording")
def record(language: str, name: str) -> AnyResponse:
    """Use a recording for a part, if it can be used."""
    part = _part(language, name)
    prompt = name.partition("-")[0]
    page = url_for("studio.prompts", language=language, _anchor=prompt)
    try:
        longest = check.longest(prompt, script())
        sound = rendering.usable_recording(uploads.recording(), longest)
        if prompt in catalogue(language).texts and prompt not in BUILDING_BLOCKS | WRITTEN:
            seconds = check.seconds_of(prompt, language, replaced={name: sound.seconds})
            if seconds > longest:
                raise rendering.Unusable("whole", f"{seconds:.1f}")
    except rendering.Unusable as unusable:
        flash(_UNUSABLE[unusable.reason](unusable.detail), "danger")
        return redirect(page)
    done = gettext("Callers hear this recording from now on.")
    return act(lambda session: recordings.add(session, part, sound, me(), utc_now()), page, done=done)


class RevertForm(forms.Form):
    """The recording that the page has shown."""

    recording: Id


@studio.post("/<language>/<name>/revert")
def revert(language: str, name: str) -> AnyResponse:
    """Take the newest recording of a part out of use."""
    part, page = _part(language, name), url_for("studio.prompts", language=language, _anchor=name.partition("-")[0])
    form = forms.read(RevertForm, page)

    def change(session: Session) -> None:
        if not recordings.revert(session, part, form.recording, utc_now()):
            raise LookupError

    gone = gettext("Callers hear something else here by now. Please listen to it first.")
    return act(change, page, done=gettext("The recording is not used any more."), refusals={LookupError: gone})


def _part(language: str, name: str) -> Part:
    return (parts.named(language, name) if language in LANGUAGES else None) or abort(404)


@studio.get("/flow")
def flow() -> str:
    """The call script, drawn and proved."""
    longest = flow_check.longest_way(script())
    return render_template("studio_flow.html", steps=len(script().steps), longest=longest)


@studio.get("/flow.svg")
def flow_diagram() -> Response:
    """The drawing alone."""
    return Response(diagram.svg(script()), mimetype="image/svg+xml")
