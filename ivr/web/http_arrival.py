"""How much of an HTTP request has arrived: enough to look at it, or so that it can never become one of ours.

The parser of gunicorn checks it afterwards. Here only its length is found out.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any

#: Bytes of a request line with all headers, and of a body. The pages refuse smaller ones (1 MB, recordings 4 MB).
LONGEST_HEAD, LONGEST_BODY = 64 * 1024, 8 * 1024 * 1024
#: Digits that a length may have, without zeros before them: of more it is not counted how much they are.
_DIGITS = 18
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*0*(\d+)[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:")
_EXPECTS = re.compile(rb"(?im)^expect:[ \t]*100-continue[ \t]*\r?$")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Arrival(Enum):
    """What is to be done with the bytes that have arrived."""

    UNFINISHED = auto()
    WHOLE = auto()
    HEAD_TOO_LONG = auto()
    BODY_TOO_LONG = auto()
    LENGTH_UNKNOWN = auto()


def _refusal(status: str) -> bytes:
    head = "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(status) + 1}\r\n\r\n{status}\n".encode()


#: The answer to each request that is refused before anybody has looked at it.
REFUSALS = {
    Arrival.HEAD_TOO_LONG: _refusal("431 Request Header Fields Too Large"),
    Arrival.BODY_TOO_LONG: _refusal("413 Content Too Large"),
    Arrival.LENGTH_UNKNOWN: _refusal("411 Length Required"),
}


def judge(received: bytearray, answers: Any) -> Arrival:
    """Judge what has arrived. A client that asks whether it may send its body is told so through `answers.sendall`."""
    end = received.find(b"\r\n\r\n", 0, LONGEST_HEAD)
    if end < 0:
        return Arrival.HEAD_TOO_LONG if len(received) >= LONGEST_HEAD else Arrival.UNFINISHED
    head = bytes(received[:end])
    if _CHUNKED.search(head):
        return Arrival.LENGTH_UNKNOWN
    stated = _LENGTH.search(head)
    digits = stated[1] if stated else b"0"
    if len(digits) > _DIGITS or int(digits) > LONGEST_BODY:
        return Arrival.BODY_TOO_LONG
    length = int(digits)
    if len(received) >= end + 4 + length:
        return Arrival.WHOLE
    if len(received) == end + 4 and _EXPECTS.search(head):
        answers.sendall(_CONTINUE)
    return Arrival.UNFINISHED
