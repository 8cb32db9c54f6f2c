"""Supervisors record prompts in the studio."""

from __future__ import annotations

from dataclasses import replace

from ivr.audio.synthesis import speak


def test_only_supervisors_enter_the_studio(desk) -> None:
    assert desk("mia").get("/studio/").status_code == 404
    assert desk("mia").post("/studio/de/goodbye/revert").status_code == 404
    lena = desk("lena")
    assert "muttersprachlich" in lena.get("/studio/").text
    persian = lena.get("/studio/fa").text
    assert 'lang="fa" dir="rtl"' in persian
    assert lena.get("/studio/fa/goodbye.wav").mimetype == "audio/wav"
    assert lena.get("/studio/flow.svg").mimetype == "image/svg+xml"
    assert lena.get("/studio/flow").status_code == 200
    for nowhere in ("/studio/xx", "/studio/de/nothing.wav"):
        assert lena.get(nowhere).status_code == 404


def test_a_supervisor_sees_which_translations_the_german_text_has_left_behind(desk, monkeypatch) -> None:
    from ivr.prompts import catalogue
    from ivr.web import prompt_studio

    stale = replace(catalogue("tr"), stale=frozenset({"goodbye", "consent"}))
    monkeypatch.setattr(prompt_studio, "catalogue", lambda code: stale if code == "tr" else catalogue(code))
    lena = desk("lena")
    assert lena.get("/studio/").text.count("2 Übersetzungen veraltet") == 1
    turkish = lena.get("/studio/tr").text
    assert "2 Übersetzungen veraltet" in turkish
    assert turkish.count("Übersetzung veraltet: der deutsche Text wurde geändert") == 2
    assert "veraltet" not in lena.get("/studio/pl").text


def test_a_supervisor_records_a_prompt_and_reverts_it(desk) -> None:
    from io import BytesIO

    from ivr import prompts
    from ivr.audio.wav import write_wav

    lena = desk("lena")

    def upload(data: bytes) -> str:
        form = {"audio": (BytesIO(data), "goodbye.wav")}
        return lena.post("/studio/de/goodbye/recording", data=form, follow_redirects=True).text

    assert "keine WAV-Datei" in upload(b"nonsense")
    assert "hören Anrufende ab jetzt" in upload(write_wav(speak("Auf Wiederhören.", "de")))
    assert isinstance(prompts.spoken("goodbye", "de", {})[0], prompts.Audio)
    assert "aufgenommen am" in lena.get("/studio/de").text
    reverted = lena.post("/studio/de/goodbye/revert", data={"recording": "1"}, follow_redirects=True)
    assert "nicht mehr verwendet" in reverted.text
    assert isinstance(prompts.spoken("goodbye", "de", {})[0], prompts.Text)
