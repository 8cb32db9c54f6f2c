"""Types that all verbs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ivr.local_carrier.twiml_parser import Verb

if TYPE_CHECKING:
    from ivr.local_carrier.twiml_executor import Execution


class CallEnded(Exception):
    """A document or an error has ended the call."""


class LeftQueue(Exception):
    """The wait document has taken the caller out of the call queue."""


@dataclass(frozen=True)
class Request:
    """A request for a document: its URL and the form fields beside the standard ones."""

    url: str
    form: Mapping[str, str] = field(default_factory=dict)


#: Executes a verb of the document at the URL. Returns the next request, or None if the next verb follows.
VerbFunction = Callable[["Execution", str, Verb], Request | None]


def action_url(url: str, verb: Verb) -> str:
    """The URL of a verb's action. Carrier: without `action` the current document is requested again."""
    return urljoin(url, verb.attributes.get("action", url))
