"""Names of the same voices at other carriers: all speak Amazon's voices, and each has a way to say the others."""

from __future__ import annotations

from ivr.domain.enums import CarrierName

#: Voices for which Telnyx has another provider than Google.
_TELNYX = {
    "Google.uk-UA-Standard-A": "Azure.uk-UA-PolinaNeural",
    "Google.bg-BG-Standard-A": "Azure.bg-BG-KalinaNeural",
}


def at_carrier(carrier: CarrierName, voice: str) -> str:
    """The name by which a carrier knows one of Twilio's voices."""
    if carrier == CarrierName.SIGNALWIRE and voice.startswith("Google."):
        return "gcloud." + voice.removeprefix("Google.")
    if carrier == CarrierName.TELNYX:
        return _TELNYX.get(voice, voice)
    return voice
