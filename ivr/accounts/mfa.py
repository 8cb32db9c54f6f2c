"""Second factors.

An authenticator app (TOTP, RFC 6238), security keys (WebAuthn), and recovery codes for who has lost them.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.config.settings import settings
from ivr.domain.digits import is_digits
from ivr.models.accounts import RecoveryCode, SecurityKey, User
from ivr.platform import envelope_encryption
from ivr.platform.column_types import rows
from ivr.platform.crypto import CannotOpen, Purpose
from ivr.platform.keyed_hash import keyed_hash, keyed_hashes

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

#: How many recovery codes are made at once, and their letters: none is mistaken for another.
RECOVERY_CODES = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_STEP = 30


class Wrong(Exception):
    """It is not the right code or key."""


def has_any(session: Session, user: User) -> bool:
    """Whether somebody has to show a second factor."""
    return user.totp_confirmed_at is not None or bool(keys_of(session, user))


def required_of(user: User) -> bool:
    """Whether somebody must have one (setting `require_second_factor`); single sign-on brings its own."""
    return user.sso_subject is None and user.role in settings().second_factor_roles


# -- the authenticator app --------------------------------------------------------------------------


def propose_totp(user: User) -> str:
    """A new secret for the app; it counts once a code of it was shown. The secret in base32."""
    import pyotp

    secret = pyotp.random_base32()
    user.totp_secret = "|".join(envelope_encryption.wrap(secret.encode(), f"totp {user.id}"))
    user.totp_confirmed_at = user.totp_step = None
    return secret


def totp_uri(user: User, secret: str) -> str:
    """What the app reads (`otpauth://`)."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Jobcenter Bremen Hotline")


def qr_code(text: str) -> str:
    """A text as a QR code (SVG)."""
    import segno

    code = segno.make(text, micro=False)
    return code.svg_inline(scale=5, dark="#000", light="#fff", title="QR")


def secret_of(user: User) -> str | None:
    """The app's secret; None where there is none.

    Raises:
        CannotOpen: it was changed, or its master key is not here.
    """
    if not user.totp_secret:
        return None
    master, _, wrapped = user.totp_secret.partition("|")
    try:
        return envelope_encryption.unwrap(master, wrapped, f"totp {user.id}").decode()
    except (envelope_encryption.Unreadable, ValueError) as error:
        why = "it was changed" if master in envelope_encryption.masters() else _no_master(master)
        raise CannotOpen(f"the authenticator app's secret of user {user.id}", why) from error


def _no_master(name: str) -> str:
    return f"the master key {name!r} is not in AUDIO_MASTER_KEYS"


def check_totp(session: Session, user: User, code: str, now: datetime) -> None:
    """Take a code of the app, of this half minute or the ones beside it; each once.

    Raises:
        Wrong: it is none, or was used.
        CannotOpen: the app's secret cannot be opened here.
    """
    import pyotp

    secret, digits = secret_of(user), "".join(code.split())
    if secret is None or not is_digits(digits):
        raise Wrong
    present = int(now.timestamp()) // _STEP
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(pyotp.TOTP(secret).at(step * _STEP), digits):
            used = update(User).where(User.id == user.id, (User.totp_step.is_(None)) | (User.totp_step < step))
            if rows(session.execute(used.values(totp_step=step))) != 1:
                break
            return
    raise Wrong


def confirm_totp(session: Session, user: User, code: str, now: datetime) -> list[str]:
    """The app works; gives new recovery codes.

    Raises:
        Wrong: the code is not of the proposed secret.
    """
    check_totp(session, user, code, now)
    user.totp_confirmed_at = now
    return new_recovery_codes(session, user, now)


# -- recovery codes ---------------------------------------------------------------------------------


def new_recovery_codes(session: Session, user: User, now: datetime) -> list[str]:
    """New recovery codes; the old ones count no more. Shown once."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(code_hash=keyed_hash(Purpose.RECOVERY_CODES, f"{user.id}:{code}"), user_id=user.id, made_at=now)
        for code in codes
    )
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def check_recovery_code(session: Session, user: User, code: str) -> None:
    """Use a recovery code up.

    Raises:
        Wrong: it is none, or was used.
    """
    plain = "".join(letter for letter in code.upper() if letter in _LETTERS)
    hashes = keyed_hashes(Purpose.RECOVERY_CODES, f"{user.id}:{plain}")
    used = delete(RecoveryCode).where(RecoveryCode.code_hash.in_(hashes), RecoveryCode.user_id == user.id)
    if rows(session.execute(used)) != 1:
        raise Wrong


def recovery_codes_left(session: Session, user: User) -> int:
    """How many recovery codes are unused."""
    return session.scalar(select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)) or 0


# -- security keys ----------------------------------------------------------------------------------


def keys_of(session: Session, user: User) -> Sequence[SecurityKey]:
    """Somebody's security keys."""
    return session.scalars(select(SecurityKey).where(SecurityKey.user_id == user.id).order_by(SecurityKey.id)).all()


def registration(session: Session, user: User, site: str) -> tuple[dict[str, Any], str]:
    """What the browser is asked for to register a key for a site (its host name), and the challenge (base64url)."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url, options_to_json

    options = webauthn.generate_registration_options(
        rp_id=site, rp_name="Jobcenter Bremen Hotline", user_id=f"hotline {user.id}".encode(), user_name=user.username,
        user_display_name=user.name, exclude_credentials=_described(keys_of(session, user)),
    )  # fmt: skip
    return json.loads(options_to_json(options)), bytes_to_base64url(options.challenge)


def register(
    session: Session, user: User, name: str, answer: str, challenge: str, site: str, origin: str, now: datetime
) -> None:
    """Keep a new key.

    Raises:
        Wrong: the browser's answer does not fit.
    """
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

    try:
        verified = webauthn.verify_registration_response(
            credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=site,
            expected_origin=origin,
        )  # fmt: skip
    except Exception as error:  # what a browser sends can be anything
        raise Wrong from error
    session.add(
        SecurityKey(
            user_id=user.id,
            name=" ".join(name.split())[:60] or "Security key",
            credential_id=bytes_to_base64url(verified.credential_id),
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            added_at=now,
        )
    )
    session.flush()


def authentication(session: Session, user: User, site: str) -> tuple[dict[str, Any], str]:
    """What the browser is asked for to use a key, and the challenge (base64url)."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=site, allow_credentials=_described(keys_of(session, user)),
        user_verification=UserVerificationRequirement.PREFERRED,
    )  # fmt: skip
    return json.loads(options_to_json(options)), bytes_to_base64url(options.challenge)


def check_key(session: Session, user: User, answer: str, challenge: str, site: str, origin: str, now: datetime) -> None:
    """Use a key.

    Raises:
        Wrong: it is nobody's, somebody else's, or a copy (its counter has gone back).
    """
    import webauthn
    from webauthn.helpers import base64url_to_bytes

    try:
        credential_id = str(json.loads(answer)["id"]).replace("\0", "")
        known = session.scalar(
            select(SecurityKey).where(SecurityKey.credential_id == credential_id, SecurityKey.user_id == user.id)
        )
        if known is None:
            raise Wrong
        verified = webauthn.verify_authentication_response(
            credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=site,
            expected_origin=origin, credential_public_key=base64url_to_bytes(known.public_key),
            credential_current_sign_count=known.sign_count,
        )  # fmt: skip
    except SQLAlchemyError:
        raise
    except Exception as error:  # what a browser sends can be anything
        raise Wrong from error
    known.sign_count, known.used_at = verified.new_sign_count, now


def _described(keys: Sequence[SecurityKey]) -> list[PublicKeyCredentialDescriptor]:
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in keys]


# -- losing them ------------------------------------------------------------------------------------


def drop_unconfirmed(user: User) -> None:
    """A secret that was proposed and never used does not wait for somebody else to confirm it."""
    if user.totp_confirmed_at is None:
        user.totp_secret = user.totp_step = None


def remove_totp(user: User) -> None:
    """The app counts no more."""
    user.totp_secret = user.totp_confirmed_at = user.totp_step = None


def remove_key(session: Session, user: User, key_id: int) -> None:
    """A key counts no more."""
    session.execute(delete(SecurityKey).where(SecurityKey.id == key_id, SecurityKey.user_id == user.id))


def remove_all(session: Session, user: User) -> None:
    """Somebody has lost everything: an administrator lets them begin anew."""
    remove_totp(user)
    session.execute(delete(SecurityKey).where(SecurityKey.user_id == user.id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def rewrap(session: Session, user: User) -> bool:
    """Wrap the secret of somebody's app with the present master key; False if it was so already.

    Raises:
        CannotOpen: its master key is not here.
    """
    secret = secret_of(user)
    if secret is None or (user.totp_secret or "").partition("|")[0] == next(iter(envelope_encryption.masters())):
        return False
    wrapped = "|".join(envelope_encryption.wrap(secret.encode(), f"totp {user.id}"))
    same = update(User).where(User.id == user.id, User.totp_secret == user.totp_secret)
    return rows(session.execute(same.values(totp_secret=wrapped).execution_options(synchronize_session=False))) == 1
