"""Seals the operator's keys for several people, of whom any two together can open them, and none alone.

    sealed, codes = key_escrow.seal({"SECRET_KEY": …}, ["Ada", "Ben", "Cem"])
    key_escrow.recover(sealed, codes["Ada"], codes["Cem"])

Each person has a code of 184 random bits on paper. For each pair the file holds the keys once, sealed with a key that
is derived of both codes: with one of them nothing can be told or tried of the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations, permutations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from ivr.config.settings import Settings
from ivr.platform.column_types import insert
from ivr.platform.work_models import Checkpoint

_FORM = "jobcenter-hotline escrow 1"
#: Bytes of a code: random ones, and those that tell a mistyped code. In base32 both are 40 characters.
_RANDOM, _CHECK = 23, 2
_SALT, _NONCE, _KEY = 16, 12, 32
_GROUP = 4


class NotOpened(ValueError):
    """The codes do not open the file; the text says why."""


def keys_of(configured: Settings) -> dict[str, str]:
    """The keys of the settings that cannot be made again, by the names of their variables."""
    former = ",".join(configured.secret_key_previous)
    found = {"SECRET_KEY": configured.secret_key, "AUDIO_MASTER_KEYS": configured.audio_master_keys}
    return {name: value for name, value in {**found, "SECRET_KEY_PREVIOUS": former}.items() if value}


def seal(keys: Mapping[str, str], people: Sequence[str]) -> tuple[bytes, dict[str, str]]:
    """The file, and the code of each person.

    Raises:
        ValueError: there are fewer than two people, or a name occurs twice.
    """
    if len(set(people)) != len(people) or len(people) < 2:
        raise ValueError("two people or more, each by a name of their own")
    codes = {name: secrets.token_bytes(_RANDOM) for name in people}
    salt = secrets.token_bytes(_SALT)
    content = json.dumps(dict(keys)).encode()
    pairs = []
    for pair in combinations(people, 2):
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(_key([codes[name] for name in pair], salt)).encrypt(nonce, content, _FORM.encode())
        pairs.append({"of": pair, "sealed": base64.b64encode(nonce + sealed).decode()})
    described = {"form": _FORM, "salt": base64.b64encode(salt).decode(), "pairs": pairs}
    return json.dumps(described, indent=1, ensure_ascii=False).encode(), {n: _written(c) for n, c in codes.items()}


def recover(sealed: bytes, *codes: str) -> dict[str, str]:
    """The keys in a file, by the codes of two people.

    Raises:
        NotOpened: it is no such file, a code is mistyped, or the two are not of this file.
    """
    try:
        described = json.loads(sealed)
        salt, pairs = base64.b64decode(described["salt"]), described["pairs"]
        closed = [base64.b64decode(pair["sealed"]) for pair in pairs]
        if described["form"] != _FORM:
            raise NotOpened("the file is of another version")
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise error if isinstance(error, NotOpened) else NotOpened("this is no file of `keys escrow`") from None
    read = [_read(code, number) for number, code in enumerate(codes, 1)]
    for order in permutations(read):
        opener = AESGCM(_key(order, salt))
        for one in closed:
            try:
                found: dict[str, str] = json.loads(opener.decrypt(one[:_NONCE], one[_NONCE:], _FORM.encode()))
            except (InvalidTag, ValueError):  # of other people, or damaged
                continue
            return found
    raise NotOpened("the two codes are not those of two different people of this file")


def _key(codes: Sequence[bytes], salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY, salt=salt, info=_FORM.encode()).derive(b"".join(codes))


def _written(code: bytes) -> str:
    text = base64.b32encode(code + hashlib.sha256(code).digest()[:_CHECK]).decode()
    return " ".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _read(text: str, number: int) -> bytes:
    try:
        # Nothing else looks like these digits: base32 has neither.
        plain = "".join(text.split()).replace("-", "").upper().replace("0", "O").replace("1", "I").replace("8", "B")
        whole = base64.b32decode(plain)
    except ValueError:  # other letters than those of a code
        whole = b""
    code, check = whole[:_RANDOM], whole[_RANDOM:]
    if len(whole) != _RANDOM + _CHECK or hashlib.sha256(code).digest()[:_CHECK] != check:
        raise NotOpened(f"code {number} is mistyped: it has ten groups of four letters and digits")
    return code


def checkpoint(keys: Mapping[str, str]) -> str:
    """The name under which it is noted that these keys are in escrow. Nothing of random keys can be told by it."""
    return "escrow " + hashlib.sha256(json.dumps(dict(keys), sort_keys=True).encode()).hexdigest()[:32]


def note(session: Session, keys: Mapping[str, str], now: datetime) -> None:
    """Note that these keys are in escrow now."""
    new = insert(session.get_bind().dialect, Checkpoint).values(name=checkpoint(keys), at=now)
    session.execute(new.on_conflict_do_update(index_elements=[Checkpoint.name], set_={"at": now}))


def is_noted(session: Session, keys: Mapping[str, str]) -> bool:
    """Whether these keys, and no others, were put into escrow."""
    return session.get(Checkpoint, checkpoint(keys)) is not None
