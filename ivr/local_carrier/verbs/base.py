"""What all verbs share: the request for the next document, and the ways in which a verb can end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
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


class CallVerb(ABC):
    """A verb of the document at `url`, on a call."""

    #: The rules of the carrier's page about the verb that are kept here. Each has a test of its name.
    RULES: ClassVar[tuple[str, ...]]

    def __init__(self, execution: Execution, url: str, verb: Verb) -> None:
        self.execution = execution
        self.url = url
        self.verb = verb

    @abstractmethod
    def execute(self) -> Request | None:
        """Execute the verb. Returns the next request, or None if the next verb follows."""

    @property
    def action_url(self) -> str:
        """The URL of the verb's action. Carrier: without `action` the current document is requested again."""
        return urljoin(self.url, self.verb.attributes.get("action", self.url))
