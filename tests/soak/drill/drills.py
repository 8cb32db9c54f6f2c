"""What is lost, and how long that may be felt."""

from __future__ import annotations

from collections.abc import Mapping

from tests.soak.drill.scene import Drill
from tests.soak.drill.site import Site


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


DRILLS: Mapping[str, Drill] = {
    "host": Drill("host lost", _host_lost, lasts=40, callers_lost=3, heal=_host_back),
    "primary": Drill(
        "primary lost, replica promoted", _primary_lost, lasts=40, desk_waits=45,
        heal=lambda site: site.databases.heal(),
    ),
    "redis": Drill("Redis lost", _redis_lost, lasts=40),
}  # fmt: skip
