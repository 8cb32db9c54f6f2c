"""The hotline and the local carrier in this process, connected by HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.config.settings import Settings
from ivr.local_carrier.call import CallReport
from ivr.local_carrier.lines import ScriptedLine
from ivr.local_carrier.scripted_caller import ScriptedCaller
from ivr.local_carrier.switch import Switch


@dataclass
class Line:
    """The hotline and the local carrier, both in this process."""

    settings: Settings
    switch: Switch

    def rings(self, *keys: str, number: str = "+4915112345678", at: str = "closed", **script: object) -> CallReport:
        """A caller follows a script, outside opening hours unless told otherwise."""
        caller = ScriptedCaller(keys=keys, **script)
        return self.switch.call(ScriptedLine(caller), number, {"SipHeader_X-Hotline-At": at})
