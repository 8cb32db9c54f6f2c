"""A real SMTP server that keeps what it gets."""

from __future__ import annotations

from email import message_from_bytes, policy

from tests.support.servers import free_port


class Mailbox:
    """A real SMTP server that keeps what it gets."""

    def __init__(self, port: int = 0) -> None:
        from aiosmtpd.controller import Controller

        self.mails: list = []
        self.controller = Controller(self, hostname="127.0.0.1", port=port or free_port())
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}"

    def stop(self) -> None:
        """Refuse connections from now on."""
        self.controller.stop()
