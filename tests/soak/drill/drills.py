"""What is lost, and how long that may be felt."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import timedelta

from tests.soak.drill.scene import Drill
from tests.soak.drill.site import Site

#: Seconds after which the callers of a drill have put their receivers down.
_ALL_HUNG_UP = 70.0


def _host_lost(site: Site) -> None:
    site.hosts[1].lose()


def _host_back(site: Site) -> None:
    site.hosts[1].start()


def _primary_lost(site: Site) -> None:
    """Somebody, or a program, notices it and promotes the replica."""
    site.databases.primary.kill()
    site.wait(5)
    site.databases.take_over()


def _redis_lost(site: Site) -> None:
    """Nothing of it is left, and another one begins empty."""
    site.redis.kill()
    site.wait(12)
    site.empty_redis()
    site.redis.start()
    site.wait(10, site.redis_answers)


def _storage_frozen(site: Site) -> None:
    """It takes connections, and answers nobody."""
    site.signal("s3", signal.SIGSTOP)
    site.wait(60)
    site.signal("s3", signal.SIGCONT)


def _certificate_expired(site: Site) -> None:
    """Nobody has renewed it; somebody notices after twenty seconds. The carrier reaches no host meanwhile."""
    site.use_certificate(-timedelta(hours=1))
    site.wait(20)
    site.use_certificate(timedelta(days=1))


def _clock_wrong(site: Site) -> None:
    """One host begins ten minutes ahead of all others; somebody sets its clock right later."""
    site.hosts[1].set_clock(600)
    site.wait(40)
    site.hosts[1].set_clock(0)


def _disks_full(site: Site) -> None:
    for host in site.hosts:
        host.disk.fill()
    site.wait(20)
    for host in site.hosts:
        host.disk.free()


def _all_lost(site: Site) -> None:
    """After the last call a backup is made. Then hosts, database, Redis and storage are gone; empty ones take over."""
    site.wait(_ALL_HUNG_UP)
    site.back_up()
    site.lose_everything()
    site.restore()


def _upgraded(site: Site) -> None:
    """Each host is ended in order, and begins again, while the other one serves; as an upgrade does."""
    for host in site.hosts:
        host.stop()
        host.start()
        site.wait(60, host.is_ready)


DRILLS: Mapping[str, Drill] = {
    "host": Drill("host lost", _host_lost, lasts=40, callers_lost=3, heal=_host_back),
    "primary": Drill(
        "primary lost, replica promoted", _primary_lost, lasts=40, desk_waits=45,
        heal=lambda site: site.databases.heal(),
    ),
    "redis": Drill("Redis lost", _redis_lost, lasts=40),
    "storage": Drill("storage frozen for a minute", _storage_frozen, lasts=75),
    # All who ring meanwhile are lost: the addresses for the worst case are behind the same certificate here.
    "certificate": Drill(
        "certificate expired", _certificate_expired, lasts=40, callers_lost=24, callers_wait=40, desk_waits=40
    ),
    "clock": Drill("clock of a host wrong", _clock_wrong, lasts=60),
    "upgrade": Drill("both hosts restarted in turn", _upgraded, lasts=60, callers_wait=3, desk_waits=5),
    "disk": Drill("disks full", _disks_full, lasts=40),
    "restore": Drill("all lost, restored from the backup", _all_lost, lasts=20, callers_wait=400, desk_waits=400),
}  # fmt: skip
