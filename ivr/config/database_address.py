"""The address of a database that runs on several servers, as PostgreSQL's own programs write it.

postgresql://hotline@db1:5432,db2:5432/hotline: whichever of them takes writes is the one that is used.
"""

from __future__ import annotations

import re

_PLACE = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?")
#: Of several servers the primary is asked for, also when it has become another one.
_PRIMARY = "target_session_attrs=read-write"


def of_one_or_several(url: str) -> str:
    """The address with its servers as SQLAlchemy takes them (`?host=db1:5432&host=db2:5432`); of one: as it is.

    Raises:
        ValueError: one of several servers is no host name with an optional port.
    """
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("postgres"):
        return url
    place, _, query = rest.partition("?")
    authority, _, name = place.partition("/")
    user, at, servers = authority.rpartition("@")
    given = query.split("&") if query else []
    if "," in servers:
        for one in servers.split(","):
            if not _PLACE.fullmatch(one):
                raise ValueError(f"{one!r} is no server (a name and a port, such as db1:5432)")
        given = [*(f"host={one}" for one in servers.split(",")), *given]
        authority = f"{user}{at}"
    if sum(part.startswith("host=") for part in given) < 2:
        return url
    if not any(part.startswith("target_session_attrs=") for part in given):
        given.append(_PRIMARY)
    return f"{scheme}://{authority}/{name}?{'&'.join(given)}"
