"""The laws are those of the network: their values are the standard's, not only each other's inverse."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.local_carrier.sip.g711 import A_LAW, MU_LAW, Law


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        (A_LAW, 0xD5, 8), (A_LAW, 0x55, -8), (A_LAW, 0x00, -5504), (A_LAW, 0x80, 5504), (A_LAW, 0x2A, -32256),
        (A_LAW, 0xAA, 32256), (A_LAW, 0xE6, 1248), (MU_LAW, 0xFF, 0), (MU_LAW, 0x00, -32124),
        (MU_LAW, 0x80, 32124), (MU_LAW, 0xFD, 16), (MU_LAW, 0x5C, -492),
    ],
)  # fmt: skip
def test_values_of_the_standard(law: Law, code: int, value: int) -> None:
    assert np.frombuffer(law.decode(bytes([code])), "<i2")[0] == value


@pytest.mark.parametrize("law", [A_LAW, MU_LAW])
def test_every_value_is_written_as_itself_and_every_other_as_a_neighbour(law: Law) -> None:
    codes = bytes(range(256))
    assert law.decode(law.encode(law.decode(codes))) == law.decode(codes)
    samples = np.arange(-32768, 32768, 7).astype("<i2")
    kept = np.frombuffer(law.decode(law.encode(samples.tobytes())), "<i2").astype(int)
    assert (np.abs(kept - samples) <= np.abs(samples.astype(int)) / 16 + 16).all()
    assert law.encode(bytes(2)) == bytes([law.silence])
