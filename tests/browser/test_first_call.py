"""The pages as people meet them: a real Chromium, a real (fed) microphone, and axe-core."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soxr
from playwright.sync_api import expect

from ivr.audio.wav import Sound, read_wav, write_wav
from tests.support.browser import FLAGS, SCHEMES, accessible, chromium, open_desk, picture, press, reflows
from tests.support.speech import human_speech
from tests.support.waiting import eventually

#: Other stories leave more tasks in the shared hotline than a page shows.
NEWEST = "/desk/?view=open&sort=arrival&order=desc"


def message_left(caller, text: str = "Guten Abend, ich habe eine Frage zu meinem Bescheid.", concern: str = "1"):
    person = caller().dials()
    person.hears("choose_language").presses("1").hears("main").presses(concern).hears("consent").presses("1")
    return person.hears("speak_now").says(text, then="hangup")


def test_a_new_task_appears_in_the_open_queue_by_itself(browser, hotline, people, caller, tasks_of) -> None:
    page = open_desk(browser, hotline)
    page.goto(NEWEST)
    person = message_left(caller)
    (task,) = tasks_of(person.call_sid)
    expect(page.get_by_role("link", name=task["receipt_code"])).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(\d+\) Offen"))
    for concern in "2121":
        message_left(caller, concern=concern)
    page.reload()
    assert page.complaints == []


def test_a_task_from_claim_to_close_by_keyboard_alone(browser, hotline, people, caller, tasks_of) -> None:
    person = message_left(caller)
    (task,) = tasks_of(person.call_sid)
    page = open_desk(browser, hotline)
    page.goto(NEWEST)

    def tab_to(name: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            focused = page.evaluate("[document.activeElement.innerText.trim(), document.activeElement.id]")
            if name in focused:
                outline = page.evaluate(
                    "(s => s.outlineStyle + s.outlineWidth + s.boxShadow)(getComputedStyle(document.activeElement))"
                )
                assert outline != "none0pxnone", f"the focus on {name} cannot be seen"
                return
        raise AssertionError(f"{name} cannot be reached")

    tab_to(task["receipt_code"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Auftrag {task['receipt_code']}")).to_be_visible()
    tab_to("Übernehmen")
    page.keyboard.press("Enter")
    expect(page.locator(".app-flash")).to_contain_text("Auftrag übernommen.")
    press(page, "a")
    expect(page.locator("#close-text")).to_be_focused()
    expect(page.locator("#close-outcome")).to_have_value("reached")
    page.keyboard.type("Bescheid erklärt, alles klar.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Wieder öffnen")).to_be_visible()
    expect(page.locator(".work-history")).to_contain_text("Bescheid erklärt, alles klar.")


def test_a_word_that_is_clicked_is_heard(browser, hotline, people, caller, tasks_of) -> None:
    person = caller().dials()
    person.hears("choose_language").presses("3").speaking("ko").hears("main").presses("1")
    person.hears("consent").presses("1").hears("speak_now").says(human_speech(8), then="hangup")
    eventually(lambda: tasks_of(person.call_sid)[0]["messages"][0]["transcript"]["state"] == "done", 60)
    (task,) = tasks_of(person.call_sid)
    page = open_desk(browser, hotline)
    page.goto(f"/desk/tasks/{task['id']}")
    page.get_by_role("button", name="Übernehmen").click()
    word = page.locator(".app-word").nth(3)
    start = float(word.get_attribute("data-start"))
    word.click()
    expect(word).to_have_attribute("aria-current", "true")
    page.wait_for_function("start => document.querySelector('audio').currentTime >= start", arg=start)
    assert page.complaints == []


@pytest.mark.night
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_pages_are_accessible_and_reflow(browser, hotline, people, caller, tasks_of, scheme: str) -> None:
    person = message_left(caller, concern="2")
    (task,) = tasks_of(person.call_sid)
    page = open_desk(browser, hotline, color_scheme=scheme, viewport={"width": 320, "height": 800})
    for path in ("/desk/", "/desk/?view=closed", f"/desk/tasks/{task['id']}", "/softphone/", "/desk/tasks/0"):
        page.goto(path)
        accessible(page)
        reflows(page, path)
    page.goto(f"/desk/tasks/{task['id']}")
    page.get_by_role("button", name="Übernehmen").click()
    expect(page.locator("#note-text")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Menü").click()  # 320 pixels: the side bar is folded
    accessible(page)
    page.get_by_role("button", name="Abmelden").click()
    expect(page.get_by_label("Passwort")).to_be_visible()
    accessible(page)
    assert [text for text in page.complaints if "404" not in text] == []


def test_without_javascript_a_task_can_be_worked(browser, hotline, people, caller, tasks_of) -> None:
    (task,) = tasks_of(message_left(caller).call_sid)
    page = open_desk(browser, hotline, java_script_enabled=False)
    page.goto(NEWEST)
    page.get_by_role("link", name=task["receipt_code"]).click()
    page.get_by_role("button", name="Übernehmen").click()
    page.locator("summary", has_text="Auftrag abschließen").click()
    page.locator("#close-outcome").select_option("settled_otherwise")
    page.get_by_role("button", name="Auftrag abschließen").click()
    expect(page.get_by_role("button", name="Wieder öffnen")).to_be_visible()


def likenesses(fed: Sound, arrived: Sound) -> list[tuple[float, float]]:
    """Each second of what arrived: the place (seconds) in what was fed that it is most like, and how like it is."""
    a = soxr.resample(fed.samples.astype(np.float64), fed.rate, 8000)
    assert len(arrived.samples) > 4 * 8000, "too little of it arrived"
    energy = np.concatenate(([0.0], np.cumsum(a * a)))
    found = []
    for start in range(0, len(arrived.samples) - 8000 + 1, 8000):
        b = arrived.samples[start : start + 8000].astype(np.float64)
        size = 1 << (len(a) + len(b) - 1).bit_length()
        correlation = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)[: len(a) - 8000]
        norms = np.sqrt((energy[8000 : len(a)] - energy[: len(a) - 8000]) * np.dot(b, b))
        likeness = correlation / np.maximum(norms, 1.0)
        place = int(np.argmax(likeness))
        found.append((place / 8000, float(likeness[place])))
    return found


def test_somebody_rings_with_their_own_microphone(playwright, hotline, tmp_path: Path, api) -> None:
    """The whole way by hand: softphone, keys, tone, voice, hang-up; and what arrives is what was said."""

    spoken = human_speech(75)
    fed = Sound(soxr.resample(spoken.samples, 8000, 48000), 48000)
    (tmp_path / "voice.wav").write_bytes(write_wav(fed))
    flags = [*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += [
        f"--use-file-for-fake-audio-capture={tmp_path / 'voice.wav'}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
    page = browser.new_context(base_url=hotline.url, permissions=["microphone"]).new_page()
    before = {task["id"] for task in api("/tasks")["tasks"]}
    page.goto("/softphone/")
    page.get_by_label("Ihre Nummer").fill("+4917655555555")
    page.get_by_label("Öffnungszeit").select_option("closed")
    page.get_by_role("button", name=re.compile("anrufen")).click()
    said = page.locator("[data-talk]")
    expect(said).to_contain_text("Deutsch eins.", timeout=10000)
    page.get_by_role("button", name="1", exact=True).click()
    expect(said).to_contain_text("Geld eins.")
    page.keyboard.press("2")
    expect(said).to_contain_text("Einverstanden: eins.", timeout=20000)
    page.keyboard.press("1")
    status = page.locator("[data-status]")
    expect(status).to_contain_text("Sie werden aufgenommen", timeout=20000)
    picture(page, "softphone")
    page.wait_for_timeout(6000)
    page.get_by_role("button", name="Auflegen").click()
    expect(status).to_contain_text("Der Anruf ist beendet", timeout=5000)

    def new_task() -> dict | None:
        tasks = [task for task in api("/tasks")["tasks"] if task["id"] not in before]
        return tasks[0] if tasks and tasks[0]["messages"] else None

    task = eventually(new_task, 5)
    assert (task["callback_number"], task["concern"]) == ("+4917655555555", "work")
    eventually(lambda: api(f"/tasks/{task['id']}")["messages"][0]["recording_state"] == "stored", 10)
    from ivr.voicebox import audio_store

    arrived = read_wav(audio_store.load(task["messages"][0]["recording_sid"]))
    seconds = likenesses(fed, arrived)
    # A browser on a busy machine may lose some milliseconds once; the seconds around them are the voice itself.
    clear = [likeness for _, likeness in seconds if likeness >= 0.97]
    assert len(clear) >= len(seconds) * 2 / 3, seconds
    places = [place for place, likeness in seconds if likeness >= 0.97]
    assert places == sorted(places), "it arrived in the order in which it was said"
    browser.close()


def test_the_prompt_studio_records_with_the_microphone(playwright, hotline, people, tmp_path: Path) -> None:
    """A supervisor listens, records a prompt, hears that callers get it, and takes it back."""
    spoken = human_speech(20)
    (tmp_path / "voice.wav").write_bytes(write_wav(Sound(soxr.resample(spoken.samples, 8000, 48000), 48000)))
    flags = [*FLAGS, "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags += [f"--use-file-for-fake-audio-capture={tmp_path / 'voice.wav'}%noloop"]
    browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
    page = open_desk(browser, hotline, "lena", permissions=["microphone"])
    page.get_by_role("link", name="Ansagen").click()
    accessible(page)
    page.get_by_role("link", name="Persisch").click()
    expect(page.locator("#goodbye .studio-text")).to_have_attribute("dir", "rtl")
    accessible(page)
    prompt = page.locator("#goodbye")
    prompt.get_by_text("Aufnehmen oder hochladen").click()
    prompt.get_by_role("button", name="Mit dem Mikrofon aufnehmen").click()
    page.wait_for_timeout(3500)
    prompt.get_by_role("button", name="Stoppen und verwenden").click()
    expect(page.locator(".app-flash").first).to_contain_text("hören Anrufende ab jetzt")
    expect(prompt).to_contain_text("aufgenommen am")
    prompt.get_by_text("Aufnehmen oder hochladen").click()
    prompt.get_by_role("button", name="zurücknehmen").click()
    expect(prompt).not_to_contain_text("aufgenommen am")
    page.set_viewport_size({"width": 320, "height": 800})
    for path in ("/studio/", "/studio/fa", "/studio/flow"):
        page.goto(path)
        accessible(page)
        reflows(page, path)
    assert page.complaints == []
    browser.close()
