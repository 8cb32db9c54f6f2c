"""A caller made of webhooks alone: no process, no sound, only the carrier's signed requests and our documents.

Every prompt that a document speaks is noted, with the call's state at that moment.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import Settings
from ivr.domain.carrier_ids import call_id
from ivr.flows.state import CallState
from ivr.local_carrier.dialects import DIALECTS
from ivr.local_carrier.twiml_parser import parse
from ivr.platform import write_behind
from ivr.telephony import spoken_lines
from ivr.telephony.state_token import unseal
from ivr.web.app import create_app
from tests.support.signing import signed


@dataclass
class Hotline:
    """The hotline's webhooks, and the prompts of the document that was asked for last.

    Each document is read as strictly as the carrier reads it, with its voices.
    """

    client: FlaskClient
    settings: Settings
    spoken: list[str] = field(default_factory=list)

    def post(self, url: str, **form: str) -> str:
        """What a signed request of the carrier is answered with."""
        form = {"AccountSid": self.settings.account_sid, **form}
        asked = urljoin(voice_url("/"), url).partition("#")[0]  # how often to try again is for the carrier
        path = asked.removeprefix(urljoin(asked, "/").rstrip("/"))
        answer = self.client.post(path, **signed(self.settings, asked, form))
        carrier = DIALECTS[self.settings.carrier]
        assert answer.status_code in (200, 204), f"{path}: {answer.status_code}"
        assert answer.status_code in carrier.taken, f"{path}: {answer.status_code} is a failure to {carrier.name}"
        if answer.mimetype == "text/xml":
            parse(answer.data, carrier.voices)
        return answer.text


@contextmanager
def hotline_of_webhooks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hotline]:
    """The hotline of this process."""
    hotline = Hotline(create_app().test_client(), settings)
    for name, place in (("rendered", 0), ("speak", 1)):
        monkeypatch.setattr(spoken_lines, name, _noted(hotline, getattr(spoken_lines, name), place))
    yield hotline


def _noted(hotline: Hotline, speaks: Callable[..., Any], place: int) -> Callable[..., Any]:
    """The function that speaks lines (its argument at `place`, the languages behind it); each is noted."""

    def noted(*given: Any) -> Any:
        hotline.spoken += [line.prompt for line, _ in spoken_lines._different(*given[place : place + 2])]
        return speaks(*given)

    return noted


class WebhookCaller:
    """One call."""

    def __init__(self, hotline: Hotline, number: str = "", at: str = "closed") -> None:
        self.hotline = hotline
        self.number = number or f"+4917{secrets.randbelow(10**9):09d}"
        self._dialect = DIALECTS[hotline.settings.carrier]
        self.sid = self._dialect.new_call_id()
        self.at = at
        #: Every prompt heard so far, and those of the last document.
        self.heard: list[str] = []
        self.last: list[str] = []
        #: All that the last document says, and the names of its verbs.
        self.text = ""
        self.tags: list[str] = []
        self.verb, self.address, self.is_over = "", "", False
        #: In the call queue: what the carrier asks again and again, and what it asks after the last key.
        self.wait_address = self.asked_again = ""
        self.silence_leads_to = self.early = self.word_leads_to = self.word_event = ""
        self.state: CallState | None = None
        #: Is called when a document has been heard, before the carrier tells anything more of the call.
        self.has_heard: Callable[[], None] = lambda: None

    def dials(self) -> WebhookCaller:
        extra = {"SipHeader_X-Hotline-At": self.at} if self.at != "clock" else {}
        self._request("/voice/incoming", To=self.hotline.settings.hotline_number, **extra)
        return self

    def presses(self, *keys: str) -> WebhookCaller:
        """Answer questions one after the other; an empty text is silence."""
        for pressed in keys:
            assert self.verb == "Gather", f"the hotline waits for {self.verb or 'nothing'}; heard {self.last}"
            if pressed == "" and self.silence_leads_to:
                self._request(self.silence_leads_to)
            else:
                self._request(self.address, Digits=pressed)
        return self

    def presses_early(self, key: str) -> WebhookCaller:
        """Press a key during what is said before the question or the tone."""
        assert self.early, f"nothing is said before the {self.verb}; heard {self.last}"
        self._request(self.early, Digits=key)
        return self

    def speaks(self, seconds: float = 4.0, *, hangs_up: bool = False, ended_by: str = "#") -> WebhookCaller:
        """Speak after the tone (0 seconds: say nothing); no key ends it where silence or the limit does."""
        assert self.verb == "Record", (self.verb, self.last, self.heard)
        if not seconds:
            self._request(self.silence_leads_to)
            return self
        told = {"RecordingSid": self._dialect.new_recording_id(), "RecordingDuration": f"{seconds:g}"}
        if hangs_up:
            state = {"url": self.address.replace("/voice/answer", "/voice/recording")}
            self._event(state["url"], RecordingStatus="in-progress", **told)
            return self.hangs_up()
        self._request(self.address, Digits=ended_by, **told)
        return self

    def tells_recording(self, status: str, seconds: float = 4.0) -> WebhookCaller:
        """The carrier tells of the recording that is due, before it asks what follows."""
        told = {"RecordingSid": self._dialect.new_recording_id(), "RecordingDuration": f"{seconds:g}"}
        self._event(self.address.replace("/voice/answer", "/voice/recording"), RecordingStatus=status, **told)
        return self

    def says_word(self, ended_by: str = "") -> str:
        """Answer a question by a word after the tone, or by a key while it is recorded; the recording's id."""
        assert self.word_leads_to, f"no word is awaited; heard {self.last}"
        recording = self._dialect.new_recording_id()
        self._request(self.word_leads_to, RecordingSid=recording, RecordingDuration="2", Digits=ended_by)
        return recording

    def waits(self, key: str = "", meanwhile: Callable[[], None] = lambda: None) -> WebhookCaller:
        """Hear the queue's announcement, and perhaps press a key. `meanwhile`: what happens before the key."""
        assert self.verb == "Enqueue"
        action, wait = self.address, self.wait_address
        self.hotline.spoken.clear()
        document = ElementTree.fromstring(self._post(wait))
        self._note()
        meanwhile()
        if key and (gather := document.find("Gather")) is not None:
            document = ElementTree.fromstring(self._post(gather.get("action"), Digits=key))
        self._queue_has_answered(document, action)
        return self

    def _queue_has_answered(self, document: ElementTree.Element, action: str) -> None:
        """Out of the queue, or what the carrier asks for next."""
        if document.find("Leave") is not None:
            self._request(action, QueueResult="leave", QueueTime="5")
        self.asked_again = document.findtext("Redirect") or ""

    def presses_again(self) -> WebhookCaller:
        """The carrier follows the redirect that the last key was answered with."""
        self._queue_has_answered(ElementTree.fromstring(self._post(self.asked_again)), self.address)
        return self

    def leaves_queue(self, result: str) -> WebhookCaller:
        """The carrier's queue lets them go."""
        self._request(self.address, QueueResult=result, QueueTime="5")
        return self

    def goes_on(self) -> WebhookCaller:
        """Nothing is expected of the caller: the carrier asks for the next document."""
        self._request(self.silence_leads_to or self.address)
        return self

    def conversation_ends(self) -> WebhookCaller:
        """The member has left the room, and the caller goes on in the script."""
        self._request(self.address, DialCallStatus="completed")
        return self

    def hangs_up(self) -> WebhookCaller:
        self._event("/voice/status", CallStatus="completed", CallDuration="30")
        self.is_over = True
        write_behind.flush()
        return self

    def hears(self, prompt: str) -> WebhookCaller:
        assert prompt in self.last, f"{prompt} is not among {self.last}"
        return self

    def does_not_hear(self, prompt: str) -> WebhookCaller:
        assert prompt not in self.heard
        return self

    def _event(self, url: str, **form: str) -> None:
        self._post(url, **form)

    def _post(self, url: str, **form: str) -> str:
        return self.hotline.post(url, CallSid=self.sid, From=self.number, **form)

    def _note(self) -> None:
        self.last = list(self.hotline.spoken)
        self.heard += self.last

    def _request(self, url: str, **form: str) -> None:
        self.hotline.spoken.clear()
        document = ElementTree.fromstring(self._post(url, **form))
        self._note()
        self.text, self.tags = " ".join(document.itertext()), [verb.tag for verb in document]
        self.verb = self.address = self.silence_leads_to = self.early = self.word_leads_to = self.word_event = ""
        is_last = False
        for verb in document:
            if verb.tag == "Gather" and "early=1" in verb.get("action", ""):
                self.early = verb.get("action", "")
            elif verb.tag in ("Gather", "Record", "Enqueue", "Dial") and not self.verb:
                self.verb, self.address = verb.tag, verb.get("action", "")
                self.wait_address = verb.get("waitUrl", "")
            elif verb.tag == "Record":
                self.word_leads_to = verb.get("action", "")
                self.word_event = verb.get("recordingStatusCallback", "")
            elif verb.tag == "Redirect":
                self.silence_leads_to = verb.text or ""
            elif verb.tag == "Hangup":
                is_last = True
        if self.verb == "Gather" and document.findall("Gather")[-1].get("actionOnEmptyResult") == "true":
            self.silence_leads_to = ""
        if (address := self.address or self.silence_leads_to) and (
            token := parse_qs(urlsplit(address).query).get("state")
        ):
            self.state = unseal(token[0], call_id(self.sid))
        self.has_heard()
        if is_last:
            self.hangs_up()
