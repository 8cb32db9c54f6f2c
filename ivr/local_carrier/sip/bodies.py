"""The session description of a message, however the message carries it."""

from __future__ import annotations

from email import message_from_bytes, policy

from aiosipua.message import SipMessage

DESCRIPTION = "application/sdp"


def unwrap(message: SipMessage) -> None:
    """Leave the description alone as the body, where it is one of several parts or its type is written otherwise.

    The library knows a description by the exact text of its type; without one, a call would be answered with an offer.
    """
    written = message.content_type or ""
    kind = written.partition(";")[0].strip().lower()
    if kind == DESCRIPTION:
        message.content_type = DESCRIPTION
    elif kind.startswith("multipart/"):
        head = f"Content-Type: {written}\r\n\r\n".encode()
        for part in message_from_bytes(head + message.body, policy=policy.HTTP).walk():
            if part.get_content_type() == DESCRIPTION:
                body = part.get_payload(decode=True)
                message.body = body if isinstance(body, bytes) else b""
                message.content_type = DESCRIPTION
                return
