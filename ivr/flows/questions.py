"""What a call script may ask of whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from ivr.domain.enums import AnsweredQuestion, CallQueueState, RoutingQuestion
from ivr.flows.protocol import StatusAnswer
from ivr.flows.state import CallState


class Questions(Protocol):
    """What a flow may ask. Answered by whoever runs the flow."""

    def team_is_open(self, state: CallState) -> bool:
        """Whether the team answers calls now."""

    def announcement_runs(self, state: CallState) -> bool:
        """Whether callers are told something today, before the main menu."""

    def has_answer(self, question: AnsweredQuestion, state: CallState) -> bool:
        """Whether the authority has answered a frequent question in the caller's language."""

    def further_languages(self) -> Collection[str]:
        """The keys of languages beyond the menu that the authority has named."""

    def queue_state(self, state: CallState) -> CallQueueState:
        """Whether the caller can wait for the responsible team."""

    def place_is_kept(self, state: CallState) -> bool:
        """Whether a place in the queue of the responsible team is kept for a caller whose telephone showed the same."""

    def recording_is_ready(self, state: CallState) -> bool:
        """Whether the caller's last recording can be played back."""

    def decides(self, question: RoutingQuestion, state: CallState) -> bool:
        """Whether the responsible team depends on the answer to a question."""

    def office_of(self, postal_code: str) -> str | None:
        """The office responsible for a postal code, None outside Bremen."""

    def shown_number(self) -> str:
        """The number (E.164) that the caller's telephone shows, to be compared with those of other calls; or empty."""

    def is_ours(self, number: str) -> bool:
        """Whether a number (E.164) is one of the hotline's own, which nobody is called back at."""

    def may_be_called(self, number: str) -> bool:
        """Whether a number (E.164) is in a country that is called."""

    def may_be_texted(self, number: str) -> bool:
        """Whether a number (E.164) is in a country to which text messages are sent."""

    def texts_are_sent(self) -> bool:
        """Whether text messages are sent at all."""

    def link_can_be_sent(self, number: str) -> bool:
        """Whether a text message with the link can be sent to a number (E.164) in this call."""

    def can_be_called_back(self, state: CallState) -> bool:
        """Whether the caller's telephone shows a number that may be called back; no screened one."""

    def silence_is_answered(self, state: CallState) -> bool:
        """Whether that number is called back though the caller has pressed nothing."""

    def understands(self, language: str) -> bool:
        """Whether a few spoken words of a language can be understood now."""

    def works_in_time(self, state: CallState) -> bool:
        """Whether members work within the time in which callers are usually called back."""

    def request_status(self, state: CallState) -> StatusAnswer:
        """What became of the request whose receipt code was keyed in (slot `asked_code`).

        Counts the try, so that codes cannot be guessed.
        """


#: A condition: of the call's state, and what the flow may ask.
Condition = Callable[[CallState, Questions], bool]
