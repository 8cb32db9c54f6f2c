"""What the network says of a caller's number (SHAKEN/STIR): the fields of a call that was checked.

Carrier: calls of networks that do not take part, as the German ones, have none of these fields.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

#: The carrier's verdict for each thing a person can ask for. A, B, C: how well the caller's network knows the caller.
VERDICTS: Mapping[str, str] = {
    "A": "TN-Validation-Passed-A",
    "B": "TN-Validation-Passed-B",
    "C": "TN-Validation-Passed-C",
    "failed": "TN-Validation-Failed-A",
    "none": "No-TN-Validation",
}
_KEY = ec.generate_private_key(ec.SECP256R1())


def fields(checked: str, from_: str, to: str) -> dict[str, str]:
    """The fields of a call's webhooks; none if it was not checked."""
    if checked not in VERDICTS:
        return {}
    verdict = {"StirVerstat": VERDICTS[checked]}
    return verdict if checked == "none" else verdict | {"StirPassportToken": _token(checked, from_, to)}


def _token(checked: str, from_: str, to: str) -> str:
    """The statement of the caller's network (RFC 8588), signed with a key that nobody knows here."""
    header = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": "https://certificates.invalid/shaken.pem"}
    claims = {
        "attest": checked if checked in "ABC" else "A",
        "dest": {"tn": [to.removeprefix("+")]},
        "iat": int(time.time()),
        "orig": {"tn": from_.removeprefix("+")},
        "origid": str(uuid.uuid4()),
    }
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    r, s = utils.decode_dss_signature(_KEY.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
