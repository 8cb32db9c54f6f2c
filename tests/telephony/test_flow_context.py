"""What the call script asks, in local mode at the hour that a caller simulates."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ivr.domain.enums import RequestStatus
from ivr.domain.timestamps import utc_now
from ivr.flows.state import CallState
from ivr.telephony.flow_context import FlowContext
from tests.support.people import a_task, the_task


def test_the_status_of_a_request_is_that_of_the_simulated_hour(empty_database) -> None:
    code, now = the_task(a_task()).receipt_code, utc_now()
    state = replace(CallState("find_request", "de", began_at=now), asked_code=code)
    context = FlowContext("CA1", lambda: None, now)
    assert context.request_status(state).status == RequestStatus.OPEN
    later = replace(state, simulated_time=now + timedelta(days=9))
    assert context.request_status(later).status == RequestStatus.LATE
