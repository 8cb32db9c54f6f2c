"""The prompts (Ansagen): what callers hear, in every language, and in which form they hear it.

`voice_prompts/<language>.toml` holds the texts. A prompt is spoken as text by the carrier's voice, or played as
audio where there is a recording of it or the carrier has no voice for its language. Audio is made of parts: the
texts between a prompt's placeholders, and digits, numbers, days and months.
"""

from ivr.prompts.catalogue import Catalogue, catalogue
from ivr.prompts.parts import Part
from ivr.prompts.speaking import Audio, Piece, Text, spoken, text

__all__ = ["Audio", "Catalogue", "Part", "Piece", "Text", "catalogue", "spoken", "text"]
