"""The languages callers can choose, each with its own name and its German one."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale


@dataclass(frozen=True)
class Language:
    """A language of the hotline.

    `code` is ISO 639, `direction` of its writing ltr or rtl, and `carrier_voice` the carrier's language tag and
    voice; None where the carrier has none, so that its prompts are always played (source: its table of voices).
    """

    code: str
    own_name: str
    german_name: str
    english_name: str
    carrier_voice: tuple[str, str] | None
    direction: str = "ltr"


LANGUAGES = {
    language.code: language
    for language in (
        Language("de", "Deutsch", "Deutsch", "German", ("de-DE", "Polly.Vicki")),
        Language("en", "English", "Englisch", "English", ("en-GB", "Polly.Amy")),
        Language("tr", "Türkçe", "Türkisch", "Turkish", ("tr-TR", "Polly.Filiz")),
        Language("ar", "العربية", "Arabisch", "Arabic", ("arb", "Polly.Zeina"), "rtl"),
        Language("ru", "Русский", "Russisch", "Russian", ("ru-RU", "Polly.Tatyana")),
        Language("uk", "Українська", "Ukrainisch", "Ukrainian", ("uk-UA", "Google.uk-UA-Standard-A")),
        Language("fa", "فارسی", "Persisch", "Persian", None, "rtl"),
        Language("kmr", "Kurmancî", "Kurmandschi", "Kurmanji", None),
        Language("pl", "Polski", "Polnisch", "Polish", ("pl-PL", "Polly.Ewa")),
        Language("bg", "Български", "Bulgarisch", "Bulgarian", ("bg-BG", "Google.bg-BG-Standard-A")),
        Language("ro", "Română", "Rumänisch", "Romanian", ("ro-RO", "Polly.Carmen")),
        Language("fr", "Français", "Französisch", "French", ("fr-FR", "Polly.Lea")),
        Language("ko", "한국어", "Koreanisch", "Korean", ("ko-KR", "Polly.Seoyeon")),
    )
}

#: Silence in the language menu ends here; what it says is the original of all prompts.
DEFAULT_LANGUAGE = "de"
#: ISO 639 code of a language that nobody knows yet.
UNKNOWN_LANGUAGE = "und"


def name_in(code: str, reader: str) -> str:
    """What a reader of a language (`de`, or English) calls a language: one of the hotline, or any other with a code.

    A code that nothing is known of is its own name.
    """
    ours = LANGUAGES.get(code)
    if ours is not None:
        return ours.german_name if reader == "de" else ours.english_name
    return str(Locale("de" if reader == "de" else "en").languages.get(code) or code)


def addressed_in(code: str) -> str:
    """The language in which the hotline writes to somebody who speaks a language: German where it has no texts."""
    return code if code in LANGUAGES else DEFAULT_LANGUAGE
