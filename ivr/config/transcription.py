"""Settings of speech recognition."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from ivr.config.installation import Installation
from ivr.domain.setting_types import Place


class Transcription(Installation):
    """Models, the hosts that transcribe, and which words are urgent."""

    vosk_model_dir: Place | None = Field(
        None,
        description="Directory of the speech models, one subdirectory a language. Unset: `models` under `var_dir`.",
    )
    vosk_model_url: str = Field(
        "https://alphacephei.com/vosk/models",
        description="Where `models fetch` finds Vosk's `model-list.json` and the archives it names.",
    )
    transcribers: int = Field(0, ge=0, le=64, description="Processes that decode speech. 0: one for each core.")
    transcription_pools: dict[str, tuple[str, ...]] = Field(
        {},
        description="Pools of hosts that transcribe, by name, and the languages of each. Empty: every host "
        "transcribes every language it has a model of.",
    )
    transcription_pool: str = Field("", description="The pool this host belongs to.")
    model_memory_mb: int = Field(
        0, ge=0, description="Memory (MiB) for speech models. 0: 70 % of what is available when the worker starts."
    )
    recogniser_memory_mb: int = Field(
        250,
        ge=50,
        description="Growth (MiB) of a decoding process, beyond its models, at which it drops its recognisers.",
    )
    low_confidence: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Mean confidence of a transcript below which a person is asked to listen. 0: no words are "
        "doubted, not even those that nobody can have said.",
    )
    whisper_model: Place | None = Field(
        None, description="Directory of a Whisper model (CTranslate2), for languages without a Vosk model."
    )
    whisper_languages: tuple[str, ...] = Field((), description="Languages that Whisper transcribes.")
    transcription_engines: dict[str, tuple[Literal["vosk", "whisper"], ...]] = Field(
        {},
        description="Language -> engines in order. The first one with a model here writes the transcript. Others: "
        "`vosk`, then `whisper` for `whisper_languages`.",
    )
    both_engines: tuple[str, ...] = Field(
        (),
        description="Languages whose messages the next engine of the order hears as well, after the transcript is "
        "stored. Where the two differ, the desk marks the words.",
    )
    recognition_phrases: dict[str, tuple[str, ...]] = Field(
        {},
        description="Team -> words and names that its callers say. Whisper is told to expect them; Vosk cannot be.",
    )
    check_spoken_language: bool = Field(
        False,
        description="Check with the model of `whisper_model` which language is spoken in each message, after its "
        "transcript is stored. A process of its own listens, at lower priority.",
    )
    gist_languages: tuple[str, ...] = Field(
        (),
        description="Languages whose messages are also rendered into English, by the model of `whisper_model`, and "
        "into German, where there are packages that translate. Labelled as a machine's; shown for the hotline's "
        "languages, Spanish and Italian, of which words can be compared.",
    )
    translation_dir: Place | None = Field(
        None,
        description="Directory of the packages that translate, one subdirectory a pair (`ar-de`). Unset: "
        "`translations` under `var_dir`.",
    )
    argos_index_url: str = Field(
        "https://raw.githubusercontent.com/argosopentech/argospm-index/main/index.json",
        description="Where `models fetch translate` finds the list of packages.",
    )
    urgency_words: dict[str, tuple[str, ...]] = Field(
        {},
        description="Language -> words that make a task urgent, in place of the usual ones; a star stands for any "
        "ending.",
    )

    crisis_service: str = Field(
        "TelefonSeelsorge, 0800 1110111",
        max_length=200,
        description="Name and number of the crisis service that members name to a caller in danger of suicide.",
    )

    @field_validator("urgency_words")
    @classmethod
    def _urgency_words(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for language, phrases in value.items():
            for phrase in phrases:
                if not all(word.rstrip("*") for word in phrase.split()) or not phrase.split():
                    raise ValueError(f"{language}: {phrase!r} has no word to look for")
        return value

    @cached_property
    def model_dir(self) -> Path:
        """Directory with one Vosk model per language code."""
        return self.vosk_model_dir or self.var_dir / "models"

    @cached_property
    def translations(self) -> Path:
        """Directory with one package for each pair of languages."""
        return self.translation_dir or self.var_dir / "translations"

    @property
    def listens(self) -> bool:
        """Whether a process listens to messages after their transcript."""
        return self.check_spoken_language or bool(self.gist_languages or self.both_engines)

    def engine_order(self, language: str) -> tuple[str, ...]:
        """The engines of a language, the one of the first transcript first."""
        usual = ("vosk", "whisper") if language in self.whisper_languages else ("vosk",)
        return self.transcription_engines.get(language) or usual

    @property
    def pools(self) -> tuple[str, ...]:
        """Names of the pools of hosts that transcribe; one without a name where there are none."""
        return tuple(self.transcription_pools) or ("",)

    def pool_of(self, language: str) -> str:
        """The pool that transcribes a language; the first one where none names it."""
        return next(
            (name for name, languages in self.transcription_pools.items() if language in languages), self.pools[0]
        )

    @property
    def pool_languages(self) -> tuple[str, ...] | None:
        """Languages this host transcribes; None for all. A host without workers needs to name no pool."""
        return self.transcription_pools.get(self.transcription_pool) if self.transcription_pool else None

    @property
    def languages_elsewhere(self) -> tuple[str, ...] | None:
        """The languages of the other pools, if this host's pool is the first: it takes those that none names."""
        if not self.transcription_pool or self.transcription_pool != self.pools[0]:
            return None
        others = [languages for name, languages in self.transcription_pools.items() if name != self.transcription_pool]
        return tuple(language for languages in others for language in languages)

    def check_pools(self) -> None:
        """See that this host's pool exists.

        Raises:
            ValueError: it does not.
        """
        if self.transcription_pool and self.transcription_pool not in self.transcription_pools:
            raise ValueError(f"transcription_pool: {self.transcription_pool!r} is not one of transcription_pools")
