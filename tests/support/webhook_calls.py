"""Calls without a carrier: webhooks are asked one after the other, as documents lead from one to the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from xml.etree import ElementTree

from flask.testing import FlaskClient

from ivr.config.settings import settings
from ivr.local_carrier.dialects import DIALECTS
from tests.support.signing import signed

#: A caller who speaks after the tone instead of pressing a key.
SPEAKS = "speaks"


@dataclass
class WebhookCall:
    """One call. `keys` answer the questions in their order; then the caller stays silent."""

    client: FlaskClient
    keys: Sequence[str]
    number: str = "+4915112345678"
    #: Is told before each webhook: the number of the turn from 0, and the path.
    before: Callable[[int, str], None] = lambda turn, path: None
    #: Speaks at every tone, whatever is in `keys`.
    speaks_anyway: bool = False
    call_sid: str = field(default_factory=lambda: DIALECTS[settings().carrier].new_call_id())
    #: The text of each document.
    documents: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def to_its_end(self, limit: int = 40) -> WebhookCall:
        """Ask until the hotline hangs up; then tell that the call is over."""
        keys = iter(self.keys)
        following: tuple[str, dict[str, str]] | None = ("/voice/incoming", {})
        while following is not None and len(self.documents) < limit:
            path, form = following
            answer = self._post(path, form)
            self.documents.append(answer)
            following = self._after(answer, keys)
        assert following is None, "the call does not end"
        self._post("/voice/status", {"CallStatus": "completed"})
        return self

    def _post(self, path: str, form: dict[str, str]) -> str:
        self.before(len(self.documents), path)
        form = {"CallSid": self.call_sid, "AccountSid": settings().account_sid, "From": self.number} | form
        form["SipHeader_X-Hotline-At"] = "closed"
        url = f"{settings().calls_url}{path}"
        answer = self.client.post(path, **signed(settings(), url, form))
        self.statuses.append(answer.status_code)
        return answer.text

    def _after(self, document: str, keys: Iterator[str]) -> tuple[str, dict[str, str]] | None:
        """What the carrier asks for next, and with what."""
        for verb in ElementTree.fromstring(document):
            if verb.tag == "Gather" and "early=1" not in verb.attrib["action"]:  # nobody presses keys early
                return _path(verb.attrib["action"]), {"Digits": next(keys, "")}
            if verb.tag == "Record":
                assert self.speaks_anyway or next(keys, "") == SPEAKS, "the caller did not expect the tone"
                recorded = {"RecordingSid": DIALECTS[settings().carrier].new_recording_id(), "RecordingDuration": "4"}
                told = _path(verb.attrib["recordingStatusCallback"])
                self._post(told, {**recorded, "RecordingStatus": "completed"})
                return _path(verb.attrib["action"]), {**recorded, "Digits": "#"}
            if verb.tag == "Redirect":
                return _path(unescape(verb.text or "")), {}
            if verb.tag == "Hangup":
                return None
        raise AssertionError(f"the document leads nowhere: {document}")

    def languages_from(self, turn: int) -> set[str]:
        """The languages that are spoken from a turn on."""
        return set(re.findall(r'<Say language="([\w-]+)"', "".join(self.documents[turn:])))


def _path(url: str) -> str:
    return url.removeprefix(settings().calls_url).partition("#")[0]
