"""What somebody has chosen for their desk holds in every browser in which they log in, and in nobody else's."""

from __future__ import annotations

import re


def _chosen(browser) -> dict[str, str]:
    page = browser.get("/desk/").text
    return {name: re.search(rf'<body[^>]* data-{name}="(\w+)"', page)[1] for name in ("alerts", "single-keys")}


def test_sounds_and_keys_are_ones_own_in_every_browser(desk) -> None:
    here, elsewhere, nils = desk("mia"), desk("mia"), desk("nils")
    usual = {"alerts": "off", "single-keys": "on"}
    assert _chosen(here) == usual
    assert here.post("/account/choices", data={"alerts": "on"}).status_code == 204
    assert here.post("/account/choices", data={"single_keys": "off"}).status_code == 204
    assert _chosen(elsewhere) == _chosen(here) == {"alerts": "on", "single-keys": "off"}
    assert _chosen(nils) == usual
    assert 'aria-pressed="true"' in here.get("/desk/").text


def test_a_switch_that_was_not_moved_stays(desk) -> None:
    mia = desk("mia")
    mia.post("/account/choices", data={"single_keys": "off"})
    mia.post("/account/choices", data={"alerts": "on"})
    assert _chosen(mia) == {"alerts": "on", "single-keys": "off"}
    assert mia.post("/account/choices", data={"alerts": "perhaps"}).status_code != 204
    assert _chosen(mia) == {"alerts": "on", "single-keys": "off"}


def test_the_window_of_the_telephone_knows_it_too(desk) -> None:
    mia = desk("mia")
    mia.post("/account/choices", data={"single_keys": "off"})
    page = mia.get("/desk/telephone/").text
    assert 'data-single-keys="off"' in page
