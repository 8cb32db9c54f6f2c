"""The one codec of call states and of what is kept for later: derived from the fields of a dataclass, with a version.

    CALL_STATES = Codec(CallState, version=1)
    CALL_STATES.decode(CALL_STATES.encode(state)) == state

Fields that have their default value take no room. A change of a field changes :attr:`Codec.schema`; a test pins the
schema of every version, so that such a change is noticed and gets a new version.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from ivr.flows.state import CallState

#: Bytes that an encoded value may have when it is unpacked. The longest call state has some 30,000.
_LONGEST = 256 * 1024
_RAW_DEFLATE = -15
#: Compression of a few hundred bytes: a window of 4 kB, so that a sixth of the time goes into getting memory ready.
_SMALL_DEFLATE, _SMALL_MEMORY = -12, 5
#: Bytes up to which compression takes longer than a few more characters in an address.
_NOT_COMPRESSED = 256
#: How a last block of deflate begins that is not compressed (RFC 1951, 3.2.4).
_STORED = b"\x01"
T = TypeVar("T")


class Undecodable(ValueError):
    """The bytes are no value of this codec, or of a version that is not known here."""


class Codec(Generic[T]):
    """Turns values of a frozen dataclass into bytes and back. Carries all fields, those of nested dataclasses too."""

    def __init__(self, type_: type[T], version: int) -> None:
        """`version`: a number from 0 to 255; values of another version are refused."""
        self.version = version
        self._type = type_

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        """Made when it is needed first: in a server, by the call that it rehearses."""
        return TypeAdapter(self._type)

    def encode(self, value: T) -> bytes:
        """The version in one byte, then the fields: compressed, or, if they are short, as they are (both deflate)."""
        return bytes([self.version]) + _deflated(self.to_json(value))

    def decode(self, data: bytes) -> T:
        """The value in encoded bytes.

        Raises:
            Undecodable: for anything else.
        """
        if not data or data[0] != self.version:
            raise Undecodable(f"version {data[0] if data else 'none'} instead of {self.version}")
        try:
            unpacker = zlib.decompressobj(_RAW_DEFLATE)
            content = unpacker.decompress(data[1:], _LONGEST)
        except zlib.error as error:
            raise Undecodable("damaged") from error
        if not unpacker.eof:
            raise Undecodable("too long, or cut off")
        return self.from_json(content)

    def to_json(self, value: T) -> bytes:
        """The fields that are not default, as JSON."""
        return self._adapter.serializer.to_json(value, exclude_defaults=True)

    def from_json(self, content: bytes | str) -> T:
        """The value in JSON.

        Raises:
            Undecodable: a field is unknown, is missing, or does not fit its type.
        """
        try:
            value: T = self._adapter.validator.validate_json(content, strict=True, extra="forbid")
        except ValidationError as error:
            # The text of the error holds what the caller said; it goes into no log.
            where = ", ".join(".".join(map(str, found["loc"])) for found in error.errors(include_input=False)[:5])
            raise Undecodable(f"does not fit: {where}") from None
        return value

    @property
    def schema(self) -> str:
        """A short fingerprint of all field names, types and defaults. The wording of docstrings does not count."""
        schema = json.dumps(_without_wording(self._adapter.json_schema()), sort_keys=True)
        return hashlib.sha256(schema.encode()).hexdigest()[:16]


def _deflated(content: bytes) -> bytes:
    if len(content) <= _NOT_COMPRESSED:
        return _STORED + len(content).to_bytes(2, "little") + (len(content) ^ 0xFFFF).to_bytes(2, "little") + content
    packer = zlib.compressobj(6, zlib.DEFLATED, _SMALL_DEFLATE, _SMALL_MEMORY)
    return packer.compress(content) + packer.flush()


def _without_wording(schema: Any) -> Any:
    if isinstance(schema, dict):
        kept = {name: part for name, part in schema.items() if not (name == "description" and isinstance(part, str))}
        return {name: _without_wording(part) for name, part in kept.items()}
    return [_without_wording(part) for part in schema] if isinstance(schema, list) else schema


CALL_STATES = Codec(CallState, version=1)
