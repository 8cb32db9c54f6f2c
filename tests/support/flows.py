"""The call script with answers that tests decide."""

from __future__ import annotations

from ivr.domain.languages import LANGUAGES
from ivr.flows.hotline import hotline

FORMS = ("form_main_application", "form_change")


FLOW = hotline(("de", "en", "ko"), FORMS)


WHOLE = hotline(tuple(LANGUAGES), FORMS)
