"""Settings of stored recordings."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from pydantic import Field, field_validator

from ivr.config.installation import Installation
from ivr.domain import master_keys


class Audio(Installation):
    """Where recordings are, and the keys they are sealed with."""

    audio_store: str = Field(
        "",
        pattern=r"^(s3://[a-z0-9.-]+(/.*)?)?$",
        description="Where recordings are kept: `s3://bucket/prefix`. Empty: a directory under `var_dir`.",
    )
    audio_s3_endpoint: str = Field(
        "", pattern=r"^(https?://.+)?$", description="Address of the S3 service, where it is not Amazon's."
    )
    audio_master_keys: str = Field(
        "",
        description="Master keys, `name:base64` separated by commas, the present one first (`python -m ivr keys "
        "new`). Needed in production.",
    )

    @field_validator("audio_master_keys")
    @classmethod
    def _master_keys(cls, value: str) -> str:
        master_keys.parse(value)
        return value

    @cached_property
    def audio_dir(self) -> Path:
        """Directory of stored recordings."""
        return self.var_dir / "audio"

    @cached_property
    def master_keys(self) -> dict[str, bytes]:
        """Master keys of stored audio by name, the present one first; local mode makes one for itself."""
        return master_keys.parse(self.audio_master_keys) or master_keys.of_secret(
            self._local_secret("audio_master_key")
        )
