"""A person can place a call whose number the network has checked (`python -m ivr call --checked …`)."""

from __future__ import annotations

import base64
import json

import pytest

from ivr.config.settings import settings
from ivr.local_carrier.app import create_app


@pytest.mark.parametrize(
    ("checked", "verdict"),
    [("failed", "TN-Validation-Failed-A"), ("B", "TN-Validation-Passed-B"), ("none", "No-TN-Validation"), ("", None)],
)
def test_a_checked_call_says_so_in_every_webhook(ring, other, checked: str, verdict: str | None) -> None:
    """ "StirVerstat": the verdict; "StirPassportToken": the statement itself. Calls that nobody checks have neither."""
    other.documents |= {"in": "<Redirect>/second</Redirect>"}
    client = create_app(settings(), ring.switch).test_client()
    script = json.dumps({"from": "+4915112345678", "checked": checked})
    assert "report" in client.post("/softphone/scripts", data={"script": script}).text
    for path in ("in", "second"):
        form = other.form(path)
        assert form.get("StirVerstat") == verdict
        assert ("StirPassportToken" in form) is (checked in ("failed", "B"))
    if checked == "B":
        header, claims, _ = (part + "==" for part in other.form("in")["StirPassportToken"].split("."))
        assert json.loads(base64.urlsafe_b64decode(header))["ppt"] == "shaken"
        said = json.loads(base64.urlsafe_b64decode(claims))
        assert (said["attest"], said["orig"]) == ("B", {"tn": "4915112345678"})
