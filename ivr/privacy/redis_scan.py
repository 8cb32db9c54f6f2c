"""Searches Redis for callers' data. There should be none."""

from __future__ import annotations

import re
import zlib
from typing import Any

from redis import Redis

#: Telephone numbers and the carrier's ids. Redis should hold ids of our own only.
_OF_CALLERS = re.compile(rb"\+[1-9][0-9]{7,14}|(?:CA|RE|SM)[0-9a-f]{32}")


def values_of_callers(redis: Redis) -> int:
    """The number of keys that contain a telephone number or an id of the carrier.

    Raises:
        RedisError: Redis does not answer.
    """
    found = 0
    for key in redis.scan_iter(count=500):
        values = [key, *_values(redis, key)]
        unpacked = [_unpacked(value) for value in values]
        found += any(_OF_CALLERS.search(value) for value in (*values, *unpacked))
    return found


def _values(redis: Redis, key: bytes) -> list[bytes]:
    kind = redis.type(key)
    found: Any
    if kind == b"hash":
        found = [part for pair in redis.hgetall(key).items() for part in pair]
    elif kind == b"list":
        found = redis.lrange(key, 0, -1)
    elif kind == b"set":
        found = redis.smembers(key)
    elif kind == b"zset":
        found = redis.zrange(key, 0, -1)
    elif kind == b"stream":
        found = [repr(redis.xrange(key)).encode()]
    else:
        found = [redis.get(key) or b""]
    return list(found)


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return b""
