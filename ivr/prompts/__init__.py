"""The prompts (Ansagen): their texts in every language, their audio, and the form in which a caller hears them.

`voice_prompts/<language>.toml` holds the texts. The carrier's voice speaks a prompt as text. If the prompt was
recorded, or the carrier has no voice for its language, audio is played instead. Audio consists of parts: the texts
between a prompt's placeholders, and digits, numbers, days and months. Which prompt is said when belongs to `ivr.flows`.
"""

from ivr.prompts.catalogue import Catalogue, catalogue
from ivr.prompts.parts import Part
from ivr.prompts.speaking import Audio, Piece, Text, spoken, text

__all__ = ["Audio", "Catalogue", "Part", "Piece", "Text", "catalogue", "spoken", "text"]
