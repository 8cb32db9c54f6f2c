"""What may be told to somebody who calls for another person (§ 13 SGB X, § 35 SGB I)."""

from __future__ import annotations

from datetime import date

from ivr.domain.enums import Authority, Disclosure


def may_be_told(authority: Authority, valid_until: date | None, today: date, *, proved: bool) -> Disclosure:
    """What may be told, by the authority, whether it was proved, and the last day on which it counts.

    An adviser (Beistand, § 13 (4) SGB X) speaks beside the person and never instead of them. Everybody else needs a
    proof: a written power of attorney, a certificate of the guardianship court, a birth certificate or a decision on
    custody. What somebody tells us may always be taken down.
    """
    if authority == Authority.NONE or (valid_until is not None and valid_until < today):
        return Disclosure.NOTHING
    if authority == Authority.ADVISER:
        return Disclosure.TOGETHER
    return Disclosure.EVERYTHING if proved else Disclosure.NOTHING
