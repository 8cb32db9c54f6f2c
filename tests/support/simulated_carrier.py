"""A carrier in simulated time: it parses and executes the product's real documents, and an hour takes seconds.

    carrier = SimulatedCarrier(hotline, clock, dice)
    carrier.handsets["+4942198765"] = Handset(…)
    carrier.dials_in(caller)
    clock.run(until)

Requests of the product's REST client end here, work of its outbox is run here, and its webhooks are asked in this
process. Of each call it is noted what can be heard, so that silence is seen.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response

from ivr.carrier.call_control import ENDED
from ivr.carrier.webhook_urls import voice_url
from ivr.local_carrier.twiml_parser import Verb, parse
from ivr.platform import database, outbox, write_behind
from ivr.workers import lost_events, runner, scheduler
from tests.support.simulated_calls import Clock, Room, SimulatedCall
from tests.support.simulated_people import Handset
from tests.support.webhook_caller import Hotline

#: A sentence is spoken at so many letters a second.
_LETTERS_A_SECOND = 14
#: The kinds of work that make live calls; transcripts and the like are left alone.
_LIVE_WORK = re.compile("leg|caller|room|interpreter|conversation|tell|duty")
#: Seconds after which the scheduler does its rounds while nobody is in a call.
_IDLE_ROUND = 60.0
#: Seconds for which a person may hear nothing, and be alone in a room; longer is a fault.
_LONGEST = {"silence": 2.0, "alone": 2.0}


class SimulatedCarrier:
    """The carrier, its lines and its conferences."""

    def __init__(
        self, hotline: Hotline, clock: Clock, dice: random.Random, *, loses: float = 0.0, refuses: float = 0.0,
        rounds: bool = True,
    ) -> None:  # fmt: skip
        """`loses`: the share of events that never come; as many come late, and as many twice.

        `refuses`: the share of requests about calls and rooms that fail; half of them are carried out all the same.

        `rounds`: the scheduler does its rounds, which take time.
        """
        self.hotline, self.clock, self.dice, self.loses = hotline, clock, dice, loses
        self.refuses = refuses
        #: The share of events that come twice besides; where there is one, all come in any order.
        self.doubles = 0.0
        self.calls: dict[str, SimulatedCall] = {}
        self.rooms: dict[str, Room] = {}
        self.handsets: dict[str, Handset] = {}
        #: What must not happen, in words.
        self.faults: list[str] = []
        #: Until when the servers are being started anew; whether the events of that time are lost.
        self._back_at, self._lost_meanwhile = datetime.min.replace(tzinfo=UTC), False
        #: Whether a wait address of a conference has a sound.
        self._sounds: dict[str, bool] = {}
        outbox.hand_over = self._take_jobs
        if rounds:
            self._every(3.0, scheduler.distribute)
            self._every(2.0, self._overdue)
            self._every(15.0, scheduler.end_presences)
            self._every(30.0, lost_events.ask_for_lost_events)
            self._every(30.0, lost_events.check_ended_calls)

    def fault(self, text: str) -> None:
        """Note what must not happen."""
        self.faults.append(f"{self.clock.now:%H:%M:%S} {text}")

    def restarts(self, seconds: float, *, loses_events: bool) -> None:
        """The product's servers are started anew: documents and work wait, events wait or are lost."""
        self._back_at, self._lost_meanwhile = self.clock.now + timedelta(seconds=seconds), loses_events

    def _once_back(self, do: Callable[[], None]) -> bool:
        """Whether the servers are away; it is done when they are back."""
        away = (self._back_at - self.clock.now).total_seconds()
        if away > 0:
            self.clock.after(away + self.dice.uniform(0.02, 0.5), do)
        return away > 0

    def _every(self, seconds: float, do: Callable[[], object]) -> None:
        """A round of the scheduler. Where nobody is in a call, hours are passed in long steps."""
        done = self.clock.now

        def again() -> None:
            nonlocal done
            if self.clock.now >= done + timedelta(seconds=_IDLE_ROUND) or any(
                not call.is_over for call in self.calls.values()
            ):
                with suppress(TwilioException, requests.RequestException):  # the scheduler goes on all the same
                    do()
                done = self.clock.now
            self.clock.after(seconds, again)

        self.clock.after(seconds, again)

    # -- work of the outbox ---------------------------------------------------------------------

    def _take_jobs(self, jobs: list[outbox.QueuedJob]) -> None:
        for job in jobs:
            if _LIVE_WORK.search(job.kind):
                self.clock.after(self.dice.uniform(0.02, 0.1), lambda job=job: self._work(job))

    def _work(self, job: outbox.QueuedJob) -> None:
        if not self._once_back(lambda: self._work(job)):
            runner.run(job.work_id)

    def _overdue(self) -> None:
        with database.writing() as session:
            jobs = outbox.overdue(session, self.clock.now)
        self._take_jobs(list(jobs))

    # -- the REST interface ---------------------------------------------------------------------

    def rest(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        """Answer a request of the product's REST client, unless it is lost."""
        if self.refuses and (method == "POST" or "/Conferences" in url) and self.dice.random() < self.refuses:
            if self.dice.random() < 0.5:
                self._rest(method, url, *args, **kwargs)
            raise requests.ReadTimeout
        return self._rest(method, url, *args, **kwargs)

    def _rest(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        **_: object,
    ) -> Response:
        params, data = params or {}, data or {}
        parts = urlsplit(url).path.removesuffix(".json").split("/Accounts/")[1].split("/")[1:]
        match method, parts:
            case "POST", ["Calls"]:
                return _answer(self._place(data), 201)
            case _, ["Calls", sid] if sid not in self.calls or (method == "POST" and self.calls[sid].is_over):
                return _answer({"code": 21220, "message": "is over", "status": 404}, 404)
            case "POST", ["Calls", sid]:
                self._change(self.calls[sid], data)
                return _answer(_call(self.calls[sid]))
            case _, ["Calls", sid]:
                return _answer(_call(self.calls[sid]))
            case _, ["Calls", _, "Notifications"]:
                return _answer({"notifications": []})
            case _, ["Conferences"]:
                found = self.rooms.get(str(params.get("FriendlyName", "")))
                return _answer({"conferences": [{"sid": found.sid, "status": "in-progress"}] if found else []})
            case _, ["Conferences", sid, "Participants"]:
                here = next((room.calls for room in self.rooms.values() if room.sid == sid), [])
                return _answer({"participants": [{"call_sid": call.sid, "conference_sid": sid} for call in here]})
        raise AssertionError(f"the simulated carrier does not know {method} {url}")

    def _place(self, data: Mapping[str, str]) -> dict[str, str]:
        number = data["To"]
        handset = self.handsets[number]
        call = self._new(data["From"], number, handset, inbound=False, status_url=data.get("StatusCallback", ""))
        call.url = data["Url"]
        busy = [other for other in self.calls_of(number) if other is not call]
        if busy and not handset.has_lines:
            self.fault(f"double call: {number} is called while it is in {busy[0].sid}")
            self.clock.after(0.5, lambda: self.ends(call, "busy"))
            return _call(call)
        machine = {"AnsweredBy": "human"} if data.get("MachineDetection") else {}

        def rings() -> None:
            if call.is_over:
                return
            call.status = "ringing"
            self._status(call)
            does, seconds = handset.rings(call, self.dice)
            longest = float(data.get("Timeout", 60))
            if does != "answer" or seconds > longest:
                self._if_same(
                    call, min(seconds, longest), lambda: self.ends(call, does if does in ENDED else "no-answer")
                )
                return
            self._if_same(call, seconds, lambda: self._answered(call, data["Url"], machine))

        self._if_same(call, 0.2, lambda: self._status(call))
        self._if_same(call, self.dice.uniform(0.4, 1.2), rings)
        return _call(call)

    def calls_of(self, number: str) -> list[SimulatedCall]:
        """The calls of a number that are not over."""
        return [call for call in self.calls.values() if not call.is_over and call.handset.number == number]

    def _answered(self, call: SimulatedCall, url: str, form: Mapping[str, str]) -> None:
        call.status = "in-progress"
        self._status(call)
        self.fetch(call, url, form)

    def _change(self, call: SimulatedCall, data: Mapping[str, str]) -> None:
        if data.get("Status") == "completed":
            self.ends(call, "completed" if call.status == "in-progress" else "canceled", by="hotline")
            return
        call.generation += 1
        self._leaves_room(call)
        if call.queue is not None:
            url, verb = call.queue
            call.queue = None
            self._tell(urljoin(url, verb.attributes["action"]), call, QueueResult="redirected")
        self.fetch(call, data["Url"], {})

    # -- calls ----------------------------------------------------------------------------------

    def _new(self, from_: str, to: str, handset: Handset, *, inbound: bool, status_url: str) -> SimulatedCall:
        sid = f"CA{self.dice.getrandbits(128):032x}"
        self.calls[sid] = SimulatedCall(sid, from_, to, handset, inbound, status_url)
        return self.calls[sid]

    def dials_in(self, handset: Handset) -> SimulatedCall:
        """Somebody calls the hotline."""
        number = self.hotline.settings.hotline_number
        call = self._new(handset.number, number, handset, inbound=True, status_url=voice_url("/status"))
        call.status = "in-progress"
        self.fetch(call, voice_url("/incoming"), {})
        return call

    def ends(self, call: SimulatedCall, status: str = "completed", by: str = "carrier") -> None:
        """A call ends, whoever has ended it."""
        if call.is_over:
            return
        call.generation += 1
        call.status, call.ended_by, call.gather = status, by, None
        self.hearing(call, "nothing")
        self._leaves_room(call, "completed")
        if call.queue is not None:
            url, verb = call.queue
            call.queue = None
            self._tell(urljoin(url, verb.attributes["action"]), call, QueueResult="hangup")
        self._status(call)
        call.handset.call_over(call)

    def hangs_up(self, call: SimulatedCall) -> None:
        """A person hangs up."""
        self.ends(call, by="person")

    def _if_same(self, call: SimulatedCall, seconds: float, do: Callable[[], None]) -> None:
        generation = call.generation
        self.clock.after(seconds, lambda: do() if call.generation == generation and not call.is_over else None)

    def hearing(self, call: SimulatedCall, what: str) -> None:
        """Note what a call hears from now on; too long a silence before is a fault."""
        if call.hears == what:
            return
        lasted = (self.clock.now - call.since).total_seconds() if call.since else 0.0
        if lasted > _LONGEST.get(call.hears, lasted):
            self.fault(f"{call.hears} for {lasted:.1f} s: {call.handset.name} after {call.story[-8:]}")
        call.hears, call.since = what, self.clock.now

    # -- documents ------------------------------------------------------------------------------

    def fetch(self, call: SimulatedCall, url: str, form: Mapping[str, str]) -> None:
        """Ask for a document and execute it."""
        call.gather = None
        self.hearing(call, "silence")
        self._if_same(call, self.dice.uniform(0.02, 0.2), lambda: self._execute(call, url, form))

    def _execute(self, call: SimulatedCall, url: str, form: Mapping[str, str]) -> None:
        generation = call.generation
        if self._once_back(lambda: self._execute(call, url, form) if call.generation == generation else None):
            return
        self.hotline.spoken.clear()
        text = self.post(url, call, **form)
        call.handset.prompts = list(self.hotline.spoken)
        call.story.append(f"{self.clock.now:%M:%S} {urlsplit(url).path} {form.get('Digits', '')}".rstrip())
        self._perform(call, url, parse(text.encode()), 0)

    def post(self, url: str, call: SimulatedCall, **form: str) -> str:
        """Send a webhook of a call."""
        known = {"CallSid": call.sid, "From": call.from_, "To": call.to, "CallStatus": call.status}
        answer = self.hotline.post(url, **{**known, **form})
        write_behind.flush()
        return answer

    def _perform(self, call: SimulatedCall, url: str, verbs: tuple[Verb, ...], at: int) -> None:
        if at == len(verbs):
            self._follow(call, url) if call.queue else self.ends(call, by="hotline")
            return
        verb = verbs[at]
        match verb.name:
            case "Say" | "Play" | "Pause":
                self._if_same(call, self._plays(call, verb), lambda: self._played(call, url, verbs, at))
            case "Gather":
                self._gathers(call, url, verb, lambda: self._perform(call, url, verbs, at + 1))
            case "Record":
                self._records(call, url, verb)
            case "Enqueue":
                call.queue = (url, verb)
                self.fetch(call, urljoin(url, verb.attributes["waitUrl"]), {})
            case "Leave":
                (before, entered), call.queue = call.queue or ("", verb), None
                self.fetch(call, urljoin(before, entered.attributes["action"]), {"QueueResult": "leave"})
            case "Dial":
                self._joins_room(call, url, verb)
            case "Redirect":
                self.fetch(call, urljoin(url, verb.text), {})
            case _:
                self.ends(call, by="hotline")

    def _played(self, call: SimulatedCall, url: str, verbs: tuple[Verb, ...], at: int) -> None:
        call.heard_out.append(verbs[at].text)
        self._perform(call, url, verbs, at + 1)

    def _follow(self, call: SimulatedCall, url: str) -> None:
        self.fetch(call, url, {})  # carrier: a wait document that has ended is asked for again

    def _plays(self, call: SimulatedCall, verb: Verb) -> float:
        """Begin to play a verb; how long it lasts."""
        if verb.name == "Pause":
            self.hearing(call, "silence")
            return float(verb.number("length", 1))
        self.hearing(call, "sound")
        call.said.append(verb.text)
        if "/music/" in verb.text:
            return float(self.hotline.settings.announce_seconds)
        return max(1.0, len(verb.text) / _LETTERS_A_SECOND) if verb.name == "Say" else 2.0

    def _gathers(self, call: SimulatedCall, url: str, verb: Verb, otherwise: Callable[[], None]) -> None:
        call.gather = mine = (url, verb)

        def plays(at: int) -> None:
            if call.gather is not mine:
                return
            if at < len(verb.children):
                self._if_same(call, self._plays(call, verb.children[at]), lambda: plays(at + 1))
                return
            self.hearing(call, "question" if verb.children else "silence")
            self._if_same(call, float(verb.number("timeout", 5)), over)

        def over() -> None:
            if call.gather is not mine:
                return
            call.gather = None
            if verb.attributes.get("actionOnEmptyResult") == "true":
                self.fetch(call, urljoin(url, verb.attributes["action"]), {"Digits": ""})
            else:
                otherwise()

        plays(0)
        call.handset.is_asked(call, " ".join(child.text for child in verb.children), self.dice)

    def presses(self, call: SimulatedCall, digits: str) -> None:
        """A person presses keys; nobody may be listening."""
        if call.is_over:
            return
        if call.gather is not None:
            (url, verb), call.gather = call.gather, None
            call.generation += 1
            self.fetch(
                call, urljoin(url, verb.attributes["action"]), {"Digits": digits[: verb.number("numDigits", 99)]}
            )
        elif call.dial is not None and digits == "*" and call.dial[1].attributes.get("hangupOnStar") == "true":
            url, verb = call.dial
            call.generation += 1
            self._leaves_room(call)
            self.fetch(call, urljoin(url, verb.attributes["action"]), {"DialCallStatus": "completed"})

    def _records(self, call: SimulatedCall, url: str, verb: Verb) -> None:
        self.hearing(call, "question")
        told = {"RecordingSid": f"RE{self.dice.getrandbits(128):032x}", "RecordingDuration": "4"}
        event = urljoin(url, verb.attributes["recordingStatusCallback"])

        def spoken() -> None:
            self._tell(event, call, RecordingStatus="completed", **told)
            self.fetch(call, urljoin(url, verb.attributes["action"]), {"Digits": "#", **told})

        self._if_same(call, 4.0, spoken)

    # -- conferences ----------------------------------------------------------------------------

    def _joins_room(self, call: SimulatedCall, url: str, verb: Verb) -> None:
        conference = verb.children[0]
        room = self.rooms.setdefault(conference.text, Room(f"CF{self.dice.getrandbits(128):032x}"))
        room.calls.append(call)
        call.room, call.dial = conference.text, (url, verb)
        self._conference_event(call, room, "participant-join")
        self._room_changed(room)
        call.story.append(f"{self.clock.now:%M:%S} in a room of {len(room.calls)}")
        call.handset.is_in_room(call, self.dice)

    def _leaves_room(self, call: SimulatedCall, status: str = "in-progress") -> None:
        if not call.room:
            return
        room = self.rooms[call.room]
        room.calls.remove(call)
        self._conference_event(call, room, "participant-leave", ParticipantCallStatus=status)
        if not room.calls:
            del self.rooms[call.room]
        call.room, call.dial = "", None
        self._room_changed(room)

    def _room_changed(self, room: Room) -> None:
        for call in room.calls:
            alone = "music" if self._plays_to_who_is_alone(call) else "alone"
            self.hearing(call, "others" if len(room.calls) > 1 else alone)

    def _plays_to_who_is_alone(self, call: SimulatedCall) -> bool:
        """Whether the conference's wait address has a sound. Carrier: without one it plays music of its own."""
        _, verb = call.dial or ("", Verb("", {}, "", ()))
        wait = verb.children[0].attributes.get("waitUrl")
        if wait and wait not in self._sounds:
            with self.hotline.client.get(urlsplit(wait).path) as answer:
                self._sounds[wait] = answer.status_code == 200 and answer.mimetype.startswith("audio/")
        return wait is None or self._sounds.get(wait, False)

    def _conference_event(self, call: SimulatedCall, room: Room, event: str, **more: str) -> None:
        url, verb = call.dial or ("", Verb("", {}, "", ()))
        room.sequence += 1
        told = {"FriendlyName": call.room, "ConferenceSid": room.sid, "StatusCallbackEvent": event}
        told["SequenceNumber"] = str(room.sequence)
        self._tell(urljoin(url, verb.children[0].attributes["statusCallback"]), call, **told, **more)

    # -- events ---------------------------------------------------------------------------------

    def _status(self, call: SimulatedCall) -> None:
        told = {"CallStatus": "initiated" if call.status == "queued" else call.status}
        if call.status_url:
            self._tell(call.status_url, call, SequenceNumber=str(call.events), CallDuration="30", **told)
        call.events += 1

    def _tell(self, url: str, call: SimulatedCall, **form: str) -> None:
        """Send an event: soon, late, or never."""
        chance = self.dice.random()
        if chance < self.loses:
            return
        late = self.dice.uniform(0.02, 3.0) if self.doubles else self.dice.uniform(0.02, 0.4)
        late = self.dice.uniform(1.0, 8.0) if chance < 2 * self.loses else late
        self.clock.after(late, lambda: self._deliver(url, call, form))
        if chance > 1 - max(self.loses, self.doubles):
            self.clock.after(late + self.dice.uniform(0.1, 3.0), lambda: self._deliver(url, call, form))

    def _deliver(self, url: str, call: SimulatedCall, form: dict[str, str]) -> None:
        if self.clock.now < self._back_at and self._lost_meanwhile:
            return
        if self._once_back(lambda: self._deliver(url, call, form)):
            return
        self.post(url, call, **form)


def _call(call: SimulatedCall) -> dict[str, str]:
    return {"sid": call.sid, "status": call.status, "direction": "inbound" if call.inbound else "outbound-api"}


def _answer(content: Mapping[str, object], status: int = 200) -> Response:
    return Response(status, json.dumps(content))
