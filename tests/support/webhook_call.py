"""A call of which only the webhooks are there: the carrier's requests, one after the other, in this process."""

from __future__ import annotations

import html
import re
import secrets
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from ivr.carrier.webhook_urls import voice_url
from ivr.config.settings import settings
from ivr.prompts.catalogue import catalogue
from ivr.web.app import create_app
from tests.support.signing import signed


def carrier() -> FlaskClient:
    """Posts to the hotline."""
    return create_app().test_client()


class WebhookCall:
    """Somebody rings; `heard` is what they heard last, and `form` what the carrier says of the call."""

    #: How often the carrier delivers each request: it repeats one whose answer has not come in time.
    deliveries = 1

    def __init__(self, client: FlaskClient, from_: str = "anonymous", at: str = "closed", **form: str) -> None:
        self._client = client
        self.call_sid = f"CA{secrets.token_hex(16)}"
        self.form = {
            "CallSid": self.call_sid,
            "AccountSid": settings().account_sid,
            "From": from_,
            "To": settings().hotline_number,
            "SipHeader_X-Hotline-At": at,
            **form,
        }
        self.document = ""

    def rings(self) -> WebhookCall:
        return self._asked(voice_url("/incoming"))

    def presses(self, *entries: str) -> WebhookCall:
        """Keys for each question; `-` is silence."""
        for keys in entries:
            digits = {} if keys == "-" else {"Digits": keys}
            self._asked(self._next(), **digits)
        return self

    def speaks(self) -> WebhookCall:
        """Some seconds after the tone, ended by the hash key."""
        recorded = {"RecordingSid": f"RE{secrets.token_hex(16)}", "RecordingDuration": "4", "Digits": "#"}
        return self._asked(self._next(), **recorded)

    def ends(self) -> WebhookCall:
        self._post(voice_url("/status"), CallStatus="completed")
        return self

    def hears(self, *names: str) -> WebhookCall:
        """The prompts were spoken (German, without values), in any order."""
        for name in names:
            pattern = re.sub(r"\\\{[a-z_]+\\\}", ".+?", re.escape(catalogue("de")[name]))
            assert re.search(pattern, self.heard), f"{name!r} was not among {self.heard!r}"
        return self

    def does_not_hear(self, *names: str) -> WebhookCall:
        for name in names:
            pattern = re.sub(r"\\\{[a-z_]+\\\}", ".+?", re.escape(catalogue("de")[name]))
            assert not re.search(pattern, self.heard), f"{name!r} was among {self.heard!r}"
        return self

    @property
    def heard(self) -> str:
        return " ".join(html.unescape(said) for said in re.findall(r"<Say[^>]*>([^<]*)</Say>", self.document))

    def _next(self) -> str:
        found = re.search(r'(?:action="|<Redirect[^>]*>)((?!\S+early=1)[^"<]+)', self.document)
        assert found, f"the call is over: {self.heard!r}"
        return html.unescape(found[1])

    def _asked(self, url: str, **form: str) -> WebhookCall:
        self.document = self._post(url, **form)
        return self

    def _post(self, url: str, **more: str) -> str:
        form = {**self.form, **more}
        target = urlsplit(url)
        for _ in range(self.deliveries):
            answer = self._client.post(f"{target.path}?{target.query}".rstrip("?"), **signed(settings(), url, form))
        assert answer.status_code < 300, f"{target.path}: {answer.status_code}"
        return answer.text
