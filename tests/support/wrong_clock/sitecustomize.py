"""Read by every Python process with this directory in PYTHONPATH: its clock is ahead by CLOCK_AHEAD seconds.

The time that is measured (`time.monotonic`) stays right.
"""

from __future__ import annotations

import os
import time

_AHEAD = int(os.environ.get("CLOCK_AHEAD", "0"))
if _AHEAD:
    import time_machine

    time_machine.travel(time.time() + _AHEAD, tick=True).start()
