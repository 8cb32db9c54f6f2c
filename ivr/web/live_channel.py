"""The live channel: a stream of server-sent events that tells a desk what of its own has changed, by ids alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from flask import Blueprint, Flask, Response, g, request
from flask_login import current_user
from markupsafe import Markup

from ivr.accounts import login_sessions
from ivr.domain.timestamps import utc_now
from ivr.platform import database, live_events, live_feed
from ivr.web.addresses import asked_by_the_page
from ivr.web.held_streams import HeldStreams, Reader
from ivr.web.outgoing import Outgoing

live_channel = Blueprint("live_channel", __name__, url_prefix="/desk")

#: Seconds for which a first stream waits until the feed of its process follows Redis, and a request for an event.
_FEED_SECONDS, _EVENT_SECONDS = 1.5, 0.3
#: Seconds after which a browser may try again for which there was no room, and for which there were no events.
_LATER = {429: "60", 503: "15"}


@live_channel.get("/events")
def events() -> Response:
    """The stream. Where there can be none, a status that makes the page ask by itself: 429 or 503."""
    out = request.environ.get("gunicorn.socket")
    if request.method != "GET" or not isinstance(out, Outgoing) or out.streams is None:
        return _none(503)
    streams: HeldStreams = out.streams
    _follow(streams.feed)
    if not streams.feed.is_up_to((0, 0), _FEED_SECONDS):
        return _none(503)
    streams.check = still_count
    token = str(current_user.get_id())
    with database.reading() as session:
        reader = _readers(login_sessions.standing(session, [login_sessions.hash_of(token)], utc_now()))
    if not reader:
        return Response(status=401)
    chunked = request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
    held = streams.reserve(next(iter(reader.values())), chunked=chunked)
    if held is None:
        return _none(429)
    out.held = held
    answer = Response(iter([streams.hello()]), mimetype="text/event-stream")
    # Proxies hand every event on at once.
    answer.headers.update({"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
    return answer


def _none(status: int) -> Response:
    return Response(status=status, headers={"Retry-After": _LATER[status]})


def still_count(readers: Collection[Reader]) -> Mapping[str, Reader]:
    """Of readers whose log-ins have not ended, who they are now."""
    with database.reading() as session:
        return _readers(login_sessions.standing(session, [reader.log_in for reader in readers], utc_now()))


def _readers(standing: Iterable[login_sessions.Standing]) -> dict[str, Reader]:
    return {one.log_in: Reader(one.log_in, one.user_id, one.teams, one.role) for one in standing}


def _follow(feed: live_feed.Feed) -> None:
    """Begin to hear what others change, and what this process does."""
    live_events.changed_here = feed.note
    feed.start()


def feed() -> live_feed.Feed | None:
    """The feed of this process, if it has one that has heard everything the asking page has been told of."""
    out = request.environ.get("gunicorn.socket")
    if not isinstance(out, Outgoing) or out.streams is None:
        return None
    _follow(out.streams.feed)
    told = live_feed.position_of(request.headers.get("Live-Event", ""))
    found: live_feed.Feed = out.streams.feed
    return found if found.is_up_to(told, _EVENT_SECONDS if found.alive else 0.0) else None


def _note_position() -> None:
    """Remember until where a page shows everything, before it asks the database."""
    if request.method == "GET" and not asked_by_the_page():
        found = feed()
        g.live_at = live_feed.text_of(found.last) if found is not None else ""


def refreshed_by(topics: str, every: int = 0, alone: int = 0) -> Markup:
    """Attributes of a part of a page that asks for itself anew when one of these topics changes (js/live.js).

    `every`: also after so many seconds, because it shows times. `alone`: seconds between two requests while there is no
    stream, where the usual ten are too long.
    """
    clock = Markup(' data-live-every="{}"').format(every) if every else Markup("")
    clock += Markup(' data-live-alone="{}"').format(alone) if alone else Markup("")
    return Markup('data-live="{}"{} hx-trigger="live" hx-swap="outerMorph"').format(topics, clock)


def install(app: Flask) -> None:
    """Add the stream; let the templates say what refreshes a part, and until where a page shows everything."""
    app.register_blueprint(live_channel)
    app.before_request(_note_position)
    app.jinja_env.globals.update(refreshed_by=refreshed_by, live_at=lambda: g.get("live_at", ""))
