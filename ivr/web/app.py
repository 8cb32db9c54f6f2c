"""Puts the web process together: the carrier's webhooks, the desk, the interface, and their guards.

gunicorn "ivr.web.app:serve()"
"""

from __future__ import annotations

import gc

# Modules are never garbage. Looking for it among them takes an eighth of the time that importing them takes.
gc.disable()

import logging
import sys
import threading
import time
from collections.abc import Callable

from flask import Flask, redirect, url_for
from flask_babel import Babel
from flask_compress import Compress
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from ivr.accounts import demo_logins
from ivr.carrier import client
from ivr.config.sections import ConfigurationError
from ivr.config.settings import settings
from ivr.contact_centre import dialer_job
from ivr.domain.digits import LARGEST_ID
from ivr.domain.enums import DatabaseUser, WorkKind
from ivr.domain.languages import DEFAULT_LANGUAGE
from ivr.domain.timestamps import utc_now
from ivr.platform import (
    at_once,
    crypto,
    database,
    job_queue,
    live_events,
    log_setup,
    memory_report,
    monitoring,
    outbox,
    private_files,
    schema,
    settings_store,
    spool,
    tracing,
)
from ivr.platform.crypto import Purpose
from ivr.prompts.script import missing_prompts, unfinished
from ivr.telephony import agent_announcements, call_intake, former_version, rehearsal
from ivr.telephony.agent_webhooks import staff
from ivr.telephony.duty_webhooks import duty
from ivr.telephony.emergency_fallback import last_resort
from ivr.telephony.leg_event_webhooks import leg_events_of_carrier
from ivr.telephony.leg_webhooks import legs
from ivr.telephony.queue_webhooks import waiting_callers
from ivr.telephony.room_webhooks import rooms
from ivr.telephony.spoken_answer_webhooks import answers
from ivr.telephony.synthetic_webhooks import synthetic
from ivr.telephony.text_webhooks import texts
from ivr.telephony.trial_webhooks import trial
from ivr.telephony.voice_webhooks import voice
from ivr.web import (
    appearance,
    authorisation,
    contact_labels,
    errors,
    form_tokens,
    forms,
    incidents,
    kept_forms,
    kept_rows,
    language_actions,
    live_channel,
    login,
    message_facts,
    rate_limits,
    sealed_values,
    security_headers,
    sent_once,
    shared_views,
    side_bar,
    single_sign_on,
    staff_statement,
    template_helpers,
    transcript_words,
)  # fmt: skip
from ivr.web.account import account
from ivr.web.administration import administration
from ivr.web.announcements import announcing
from ivr.web.api_bookings import api
from ivr.web.application import Application
from ivr.web.appointments import dates
from ivr.web.browser_telephone import browser_telephone
from ivr.web.call_actions import in_call
from ivr.web.callback_tools import desk_tools
from ivr.web.case_access import reading
from ivr.web.contact_centre import live
from ivr.web.costs import pages as costs
from ivr.web.dashboard import figures
from ivr.web.data_protection import protection
from ivr.web.data_subject_requests import subjects
from ivr.web.directory import directory
from ivr.web.further_languages import further
from ivr.web.health import health
from ivr.web.incidents import marked
from ivr.web.interpreter_bookings import bookings
from ivr.web.macros import macros
from ivr.web.monitoring_page import monitored
from ivr.web.night_answers import night
from ivr.web.password_links import links
from ivr.web.person import person
from ivr.web.prompt_studio import studio
from ivr.web.public_statements import public
from ivr.web.reports import reports
from ivr.web.representatives import representatives
from ivr.web.roster import roster
from ivr.web.settings_pages import pages as settings_pages
from ivr.web.softphone_proxy import softphone
from ivr.web.special_days import special
from ivr.web.supervision import supervision
from ivr.web.tags import tags
from ivr.web.task_by_hand import hand
from ivr.web.team_texts import team_texts
from ivr.web.telephones import telephones
from ivr.web.undoing import undoing
from ivr.web.wall_screen import wall

gc.freeze()
gc.enable()

log = logging.getLogger(__name__)

#: Exit status after which gunicorn does not start the application again.
_NOT_LOADED = 4

#: Guarded by the carrier's signature.
_WEBHOOKS = (
    voice, answers, waiting_callers, legs, rooms, leg_events_of_carrier, texts, staff, duty, last_resort, trial,
    synthetic,
)  # fmt: skip


class IdConverter(IntegerConverter):
    """An integer in an address: ASCII digits, as large as the database's ids; everything else is no address (404)."""

    regex = "[0-9]{1,10}"

    def __init__(self, map: Map, min: int = 0, max: int = LARGEST_ID) -> None:
        super().__init__(map, min=min, max=max)


#: Pages, and what asks for health.
_PAGES = (
    browser_telephone, health, monitored, public, login.login, links, appearance.appearance, kept_forms.kept, account,
    language_actions.desk, reading, desk_tools, hand, side_bar.side_bar, bookings, dates, live, in_call, marked,
    supervision, roster, special, announcing, night, further, directory, studio, figures, costs, reports, subjects,
    administration, settings_pages, telephones, wall, protection, undoing, macros, team_texts, representatives, person,
    tags,
)  # fmt: skip


def create_app() -> Flask:
    """The web application of this process, from the settings."""
    configured = settings()
    _check_prompts()
    # A thread that comes back from the database would wait 5 ms for its turn while another renders a document.
    sys.setswitchinterval(0.0005)
    app = _application()
    outbox.hand_over = job_queue.hand_over
    security_headers.protect(app)
    csrf = form_tokens.install(app)
    Babel(app, locale_selector=login.chosen_language)
    Compress(app)
    login.install(app)
    single_sign_on.install(app)
    authorisation.install_guard(app)
    for part in (
        template_helpers, appearance, side_bar, shared_views, kept_rows, live_channel, contact_labels, forms,
        sealed_values, sent_once, kept_forms, incidents, errors, message_facts, transcript_words, staff_statement,
    ):  # fmt: skip
        part.install(app)
    for webhooks in _WEBHOOKS:
        csrf.exempt(webhooks)
    csrf.exempt(api)  # guarded by bearer tokens, which browsers do not send by themselves
    for blueprint in (*_WEBHOOKS, api, *_PAGES, *((softphone,) if configured.local else ())):
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", _home)
    rate_limits.protect(app)
    return app


def _application() -> Application:
    """An application without pages or webhooks, as the settings want it."""
    app = Application(__name__, frozenset(webhooks.name for webhooks in _WEBHOOKS))
    app.url_map.converters["int"] = IdConverter
    _configure(app)
    if hops := settings().trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _configure(app: Flask) -> None:
    """What Flask and its extensions need of the settings."""
    configured = settings()
    session_keys = crypto.signing_keys(Purpose.WEB_SESSIONS)
    app.config.update(
        LOCAL=configured.local,
        SECRET_KEY=session_keys[0],
        SECRET_KEY_FALLBACKS=session_keys[1:],
        WTF_CSRF_SECRET_KEY=session_keys[::-1],  # itsdangerous signs with the last one
        SESSION_COOKIE_NAME="hotline",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=configured.base_url.startswith("https://"),
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        MAX_CONTENT_LENGTH=security_headers.LARGEST,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_FORM_MEMORY_SIZE=security_headers.LARGEST,
        MAX_FORM_PARTS=2000,
        BABEL_DEFAULT_LOCALE="de",
        BABEL_DEFAULT_TIMEZONE=configured.hours.timezone,
        BABEL_TRANSLATION_DIRECTORIES="translations",
        COMPRESS_MIMETYPES=["text/html", "text/css", "application/javascript", "text/javascript", "application/json"],
    )


def _home() -> Response:
    if not current_user.is_authenticated:
        return redirect(url_for("login.page"))
    return redirect(login.first_page(authorisation.me()))


def serve() -> Flask:
    """The web application of a process of its own: pages, and calls where no process of their own answers them."""
    return _serve(create_app, DatabaseUser.WEB)


def _serve(create: Callable[[], Flask], name: DatabaseUser) -> Flask:
    """An application that answers quickly whatever is away, and writes down later what could not be written at once."""
    private_files.begin()
    log_setup.set_up(settings().log_format, logging.WARNING)
    private_files.mend(settings().var_dir, *settings().private_paths)
    database.be_quick(name)
    settings_store.begin()
    try:
        demo_logins.check()
        app = create()
    except ConfigurationError as error:
        sys.stderr.write(f"\n{error}\n")
        raise SystemExit(_NOT_LOADED) from None
    # Who is put through waits for the carrier alone, and neither for Redis nor for a worker.
    here = at_once.Here({WorkKind.BRING_CALLER: dialer_job.bring_caller}, job_queue.hand_over_soon)
    outbox.hand_over = here.hand_over
    live_events.publish = live_events.publish_soon
    memory_report.begin()
    monitoring.begin(name)
    tracing.begin(name)
    client.around = tracing.span
    threading.Thread(target=_replay_spool, name="spool", daemon=True).start()
    rehearsal.rehearse(app)  # gunicorn takes connections when this returns
    return app


def create_call_app() -> Flask:
    """The application that answers calls, and who asks for health: no pages."""
    _check_prompts()
    sys.setswitchinterval(0.0005)
    app = _application()
    security_headers.protect(app)
    for blueprint in (*_WEBHOOKS, health):
        app.register_blueprint(blueprint)
    return app


def serve_calls() -> Flask:
    """The application of a process that answers calls, and nothing else takes its time."""
    return _serve(create_call_app, DatabaseUser.VOICE)


#: Seconds between two looks at the spool.
_SPOOL_EVERY = 0.5


def _replay_spool() -> None:
    schema.await_current(_saves_memory)
    while not _first_start_is_known():
        spool.save_memory()
        time.sleep(1.0)
    told = 0.0
    while True:
        time.sleep(_SPOOL_EVERY)
        try:
            call_intake.replay_spool()
        except Exception as error:  # the database is still away; the next time will do
            if time.monotonic() - told > 1.0:
                told = time.monotonic()
                log.warning("the spool waits (%s)", type(error).__name__)


def _saves_memory() -> bool:
    spool.save_memory()
    return False


def _first_start_is_known() -> bool:
    """Whether it is written down when this version was first started.

    From then on states of the version before are accepted for some hours.
    """
    try:
        former_version.first_start(utc_now())
    except Exception as error:
        log.warning("the first start of this version is not written down yet (%s)", type(error).__name__)
        return False
    return True


def _check_prompts() -> None:
    """Check that every offered language has every prompt, and that members can be told every concern.

    A language that is unfinished is not offered.

    Raises:
        ConfigurationError: naming each prompt that is missing; also if the settings name an unfinished language.
    """
    agent_announcements.staff_prompts()
    configured = settings()
    named = {*configured.languages, *configured.dialled_languages.values(), DEFAULT_LANGUAGE}
    missing = [f"{language}: {lack}" for language in sorted(named) for lack in unfinished(language)]
    for language in set(configured.enabled_languages) - named:
        for lack in unfinished(language):
            log.warning("the language %s is not offered to callers: %s", language, lack)
    missing += [f"voice_prompts/{language}.toml: {prompt} is missing" for language, prompt in missing_prompts()]
    if missing:
        raise ConfigurationError("The prompts are incomplete:\n  " + "\n  ".join(missing))
