"""Settings of what callers meet: number, languages, opening hours, forms, limits."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from ivr.config.carrier import Carrier
from ivr.config.sections import FORMS, VoiceSettings
from ivr.config.transcription import Transcription
from ivr.domain import opening_hours
from ivr.domain.carrier_voices import at_carrier
from ivr.domain.languages import LANGUAGES
from ivr.domain.opening_hours import Hours
from ivr.domain.setting_types import PhoneNumber, Place, TrunkNumber


class Callers(Transcription, Carrier):
    """What callers meet."""

    hotline_number: PhoneNumber = Field("+494211782666", description="The number of the hotline in E.164.")
    languages: tuple[str, ...] = Field(
        (),
        max_length=16,
        description="Languages of the menu in its order, the first eight with one key. Empty: all. `ko` is offered "
        "only where its model is installed.",
    )
    dialled_languages: dict[PhoneNumber, str] = Field(
        {}, description="Number that was dialled -> language in which its callers are greeted."
    )
    trunk_numbers: tuple[TrunkNumber, ...] = Field(
        (),
        description="Numbers that telephone systems show for everybody who calls through them (E.164; `+49421361*`: "
        "all that begin so). Such a call counts as one with a withheld number, and so does one from a number of the "
        "hotline's own.",
    )
    remember_language_days: int = Field(
        180,
        ge=0,
        le=3650,
        description="Days for which a caller's language is remembered, under a keyed hash of the number. 0: not at "
        "all.",
    )
    spoken_answers: tuple[str, ...] = Field(
        (),
        description="Languages whose callers may say some answers in place of pressing keys, after they have agreed to "
        "be recorded and then pressed nothing. `settings check` refuses one without a speech model. Empty: none; see "
        "decision 046 before you name one.",
    )
    voices: dict[str, VoiceSettings] = Field({}, description="Language -> carrier's voice other than the usual one.")
    piper_voice_dir: Place = Field(
        Path("var/voices"),
        description="Directory of Piper voices for what this machine speaks (`<language>.onnx`), where `piper` "
        "is installed.",
    )
    hours: Hours = Field(Hours(), description="When the hotline is answered by people.")
    forms: tuple[str, ...] = Field(
        FORMS,
        min_length=1,
        max_length=6,
        description="Forms that can be ordered by telephone; each needs a prompt `form_<name>` in every language.",
    )
    online_services_url: str = Field(
        "https://www.jobcenter.digital", description="Link to the online services that callers get as a text message."
    )
    message_seconds: int = Field(
        180,
        ge=10,
        le=600,
        description="Seconds that one recording may last; who is still speaking then goes on in a further one, twice "
        "at most.",
    )
    doubled_key_ms: int = Field(
        400,
        ge=0,
        le=2000,
        description="Milliseconds within which the same key, pressed again, counts once where one key is awaited. 0: "
        "every press counts.",
    )
    calls_a_minute: int = Field(
        10, ge=3, le=1000, description="Calls a minute from one number after which it is asked to wait."
    )
    withheld_calls_a_minute: int = Field(
        600,
        ge=10,
        description="Calls a minute of all callers with a withheld number; of more, only their requests are stored.",
    )
    hold_off_minutes: int = Field(5, ge=1, le=10, description="Minutes for which a number is asked to wait.")
    silent_callers_a_day: int = Field(
        50,
        ge=0,
        description="Callers a day who press nothing and are called back once, where their number is shown. 0: none.",
    )
    code_tries: int = Field(
        5,
        ge=1,
        description="Wrong receipt codes in a call after which none is looked up in it; and an hour from one number, "
        "after which each of its calls has one try.",
    )
    code_tries_withheld: int = Field(
        30,
        ge=1,
        description="Wrong receipt codes an hour of all callers with a withheld number after which each of their calls "
        "has one try. The house is told (alert `guessing`).",
    )
    code_tries_overall: int = Field(
        100,
        ge=1,
        description="Wrong receipt codes, or PINs, an hour in all after which every call has one try, and the house is "
        "told.",
    )

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: Hours) -> Hours:
        return opening_hours.checked(value)

    @field_validator("languages")
    @classmethod
    def _languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for language in value:
            if language not in LANGUAGES:
                raise ValueError(f"{language!r} is not one of {', '.join(LANGUAGES)}")
        if len(set(value)) != len(value):
            raise ValueError("a language is named twice")
        return value

    @field_validator("spoken_answers")
    @classmethod
    def _spoken_answers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(value) - set(LANGUAGES):
            raise ValueError(f"{sorted(unknown)[0]!r} is not one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("forms")
    @classmethod
    def _forms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a form is named twice")
        return value

    @field_validator("voices")
    @classmethod
    def _voices(cls, value: dict[str, VoiceSettings]) -> dict[str, VoiceSettings]:
        if unknown := set(value) - set(LANGUAGES):
            raise ValueError(f"{sorted(unknown)[0]!r} is not one of {', '.join(LANGUAGES)}")
        return value

    @property
    def enabled_languages(self) -> tuple[str, ...]:
        """Languages of the menu.

        Korean is offered only where its model is installed and it is named (or, in local mode, nothing is named
        at all), because it is there to try the real recogniser.
        """
        chosen = self.languages or (tuple(LANGUAGES) if self.local else tuple(c for c in LANGUAGES if c != "ko"))
        return tuple(code for code in chosen if code != "ko" or (self.model_dir / "ko").is_dir()) or ("de",)

    def carrier_voice(self, language: str) -> tuple[str, str] | None:
        """The carrier's language tag and voice; None where its prompts have to be played."""
        if voice := self.voices.get(language):
            return voice.language, voice.voice
        usual = LANGUAGES[language].carrier_voice
        return usual and (usual[0], at_carrier(self.carrier, usual[1]))

    def check_dialled_languages(self) -> None:
        """See that callers are greeted in a language of the menu.

        Raises:
            ValueError: naming the number.
        """
        for number, language in self.dialled_languages.items():
            if language not in self.enabled_languages:
                raise ValueError(f"dialled_languages.{number}: {language!r} is not in the language menu")
