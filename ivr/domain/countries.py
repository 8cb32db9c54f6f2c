"""Countries whose numbers are called and texted unless the settings say otherwise."""

from __future__ import annotations

#: Germany, the EU and the EEA, Switzerland, the United Kingdom, Turkey and Ukraine: where the Jobcenter's people and
#: their families have telephones. Elsewhere a minute costs up to some euros, and networks share in what a call costs:
#: who has a hotline call numbers of their own there earns money with it.
USUAL = (
    "DE", "AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "CH", "GB", "TR", "UA",
)  # fmt: skip

#: What has letters of its own in ISO 3166 and is called as a part of a country: Åland, Svalbard, the Vatican. Its
#: numbers have the country's code, its prices and its permissions at the carrier.
PART_OF = {"AX": "FI", "SJ": "NO", "VA": "IT"}
