"""The account's auth token is exchanged while people are on the line, and no process is restarted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from ivr.carrier.client import client
from ivr.local_carrier.auth_tokens import AuthTokens
from tests.support.call_queue import SECOND_TOKEN, waits
from tests.support.running_hotline import RunningHotline
from tests.support.waiting import eventually

#: The tokens of other carriers do not sign, and are not exchanged by REST.
pytestmark = pytest.mark.carrier("twilio")


@pytest.fixture
def promote(call_queue_hotline: RunningHotline) -> Iterator[Callable[[], None]]:
    """Promotes the secondary token, by the carrier's own library. Afterwards the account is as before."""
    hotline, switch = call_queue_hotline, call_queue_hotline.switch
    first = hotline.settings.auth_token

    def promoted() -> None:
        assert client().accounts.v1.auth_token_promotion().update().auth_token == SECOND_TOKEN
        assert [log_in(hotline, token) for token in (first, SECOND_TOKEN)] == [401, 200]

    yield promoted
    switch.tokens, switch.webhooks.key = AuthTokens(first, SECOND_TOKEN), first


def log_in(hotline: RunningHotline, token: str) -> int:
    """Whether a token opens the REST interface."""
    account = hotline.settings.account_sid
    address = f"{hotline.settings.exchange_url}/2010-04-01/Accounts/{account}.json"
    return requests.get(address, auth=(account, token), timeout=10).status_code


def test_calls_go_on_when_the_secondary_token_is_promoted(
    call_queue_hotline, caller_at_menu, team, promote, live_tasks_of
) -> None:
    """One caller speaks after the tone, one is at the menu; a third calls afterwards."""
    at_carrier = call_queue_hotline.switch.store.recordings
    mia = team.member("mia")
    at_menu = caller_at_menu()
    speaks = caller_at_menu(at="closed").presses("1").hears("consent").presses("1").hears("speak_now")
    promote()
    speaks.says("Guten Tag, bitte rufen Sie mich zurück.").hears("review").presses("1")
    speaks.can_be_called().hears("receipt").is_sent_off()
    waits(at_menu)
    mia.accepts()  # rung and connected by REST
    at_menu.is_talking().hangs_up()
    assert at_menu.report.errors == []
    mia.has_hung_up()
    team.wraps_up("mia")
    third = caller_at_menu(at="closed").presses("1").hears("consent").presses("1").hears("speak_now")
    third.says("Auch ich bitte um einen Rückruf.", then="hangup")
    assert third.report.errors == []
    for person in (speaks, third):
        (task,) = live_tasks_of(person.call_sid)
        assert len(task["messages"]) == 1
        # Fetched by the worker, and deleted at the carrier.
        eventually(lambda person=person: not list(at_carrier(person.call_sid)), 30)
