"""Packages that translate: installed from a file, refused where they are of no use, and never believed too much.

No package of a real language is at hand here: a tiny model with weights of chance stands for one. It shows that files,
pieces and engine fit together; how well a real one translates it does not.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from ivr.cli.models import models
from ivr.transcription import engines, gist, gist_job, transcribe_job, translation, translation_packages
from ivr.transcription.gist import Gist
from ivr.transcription.model_download import FetchFailed
from ivr.transcription.result import NoModel, TranscriptionResult
from ivr.transcription.translation import Translated
from tests.support.speech import human_speech
from tests.support.transcription import a_message, set_up, store, transcript_of

TEXTS = ["please call me back about the letter", "bitte rufen sie mich wegen des briefes zurück", "guten tag"]


@pytest.fixture(scope="module")
def tiny_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny model that translates English into nonsense."""
    import ctranslate2
    import sentencepiece

    here = tmp_path_factory.mktemp("package")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20), model_prefix=str(here / "sentencepiece"), vocab_size=60,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(here / "sentencepiece.model"))
    vocabulary = ["<blank>", *(pieces.id_to_piece(number) for number in range(pieces.get_piece_size()))]
    spec = ctranslate2.specs.TransformerSpec.from_config(num_layers=1, num_heads=2)
    dice = np.random.default_rng(1)

    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    _fill(spec, len(vocabulary), dice)
    (here / "model").mkdir()
    spec.validate()
    spec.save(str(here / "model"))
    return packed(here, "en", "de")


def _fill(spec: object, vocabulary: int, dice: np.random.Generator, depth: int = 8) -> None:
    """Weights of chance for every part of a transformer."""
    encoder, decoder = spec.encoder, spec.decoder
    weights = lambda *shape: dice.normal(0, 0.5, shape).astype(np.float32)  # noqa: E731
    for embedding in (*encoder.embeddings, decoder.embeddings):
        embedding.weight = weights(vocabulary, depth)
    decoder.projection.weight, decoder.projection.bias = weights(vocabulary, depth), weights(vocabulary)
    for side in (encoder, decoder):
        side.layer_norm.gamma, side.layer_norm.beta = np.ones(depth, np.float32), np.zeros(depth, np.float32)
        for layer in side.layer:
            linears = [(layer.ffn.linear_0, 16, depth), (layer.ffn.linear_1, depth, 16)]
            norms = [layer.ffn.layer_norm]
            linears += [
                (layer.self_attention.linear[0], 3 * depth, depth),
                (layer.self_attention.linear[1], depth, depth),
            ]
            norms.append(layer.self_attention.layer_norm)
            if side is decoder:
                attention = layer.attention
                linears += [
                    (attention.linear[0], depth, depth), (attention.linear[1], 2 * depth, depth),
                    (attention.linear[2], depth, depth),
                ]  # fmt: skip
                norms.append(attention.layer_norm)
            for linear, rows, columns in linears:
                linear.weight, linear.bias = weights(rows, columns), weights(rows)
            for norm in norms:
                norm.gamma, norm.beta = np.ones(depth, np.float32), np.zeros(depth, np.float32)


def packed(here: Path, source: str, target: str) -> Path:
    """A package as the Argos project makes them."""
    archive = here / "made.argosmodel"
    with zipfile.ZipFile(archive, "w") as files:
        root = f"translate-{source}_{target}-1_0"
        files.writestr(f"{root}/metadata.json", json.dumps({"from_code": source, "to_code": target}))
        files.writestr(f"{root}/stanza/unused.pt", b"x" * 100)
        for path in (here / "sentencepiece.model", *(here / "model").glob("*")):
            files.write(path, f"{root}/{path.relative_to(here)}")
    return archive


@pytest.fixture
def installed(empty_database, tiny_package: Path, monkeypatch, tmp_path: Path) -> Path:
    set_up(monkeypatch, TRANSLATION_DIR=str(tmp_path / "translations"))
    return translation_packages.fetch("en-de", tiny_package)


def test_a_package_of_a_file_translates_and_what_it_is_unsure_of_is_refused(installed: Path, monkeypatch) -> None:
    assert sorted(path.name for path in installed.iterdir()) == ["metadata.json", "model", "sentencepiece.model"]
    assert translation.route("en", "de") == ("en-de",)
    assert translation.route("ar", "de") == ()
    assert translation.translate(TEXTS[:1], ("en-de",)).text is None, "a model of chance is never sure"
    monkeypatch.setattr(translation, "_LEAST_SURE", 0.0)
    made = translation.translate(TEXTS[:1], ("en-de",))
    assert made.text
    assert made.engine == "argos en-de"


def test_two_packages_lead_by_way_of_english(installed: Path, monkeypatch) -> None:
    monkeypatch.setattr(translation, "is_installed", {"ar-en", "en-de", "tr-de"}.__contains__)
    assert translation.route("ar", "de") == ("ar-en", "en-de")
    assert translation.route("tr", "de") == ("tr-de",)
    assert translation.route("fa", "de") == translation.route("de", "de") == ()


def test_a_transcript_is_cut_at_pauses_and_full_stops() -> None:
    words = [
        {"word": word, "start": start, "end": start + 0.3}
        for word, start in (("guten", 0.0), ("Tag.", 0.4), ("ich", 0.8), ("rufe", 1.2), ("an", 3.0))
    ]
    assert translation.parts(words) == ["guten Tag.", "ich rufe", "an"]
    assert len(translation.parts([{"word": "ja", "start": 0, "end": 0}] * 70)) == 3


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"translate/metadata.json": '{"from_code": "tr", "to_code": "de"}'}, "translates tr-de"),
        ({"translate/metadata.json": '{"from_code": "en", "to_code": "de"}'}, "no model"),
        ({"translate/metadata.json": "{"}, "no package of Argos"),
        ({"a/metadata.json": "{}", "../b/metadata.json": "{}"}, "one directory"),
        ({"translate/readme": ""}, "does not say which languages"),
    ],
)
def test_what_is_no_such_package_is_refused(empty_database, monkeypatch, tmp_path: Path, members, said: str) -> None:
    set_up(monkeypatch, TRANSLATION_DIR=str(tmp_path / "translations"))
    archive = tmp_path / "some.argosmodel"
    with zipfile.ZipFile(archive, "w") as files:
        for name, text in members.items():
            files.writestr(name, text)
    with pytest.raises(FetchFailed, match=said):
        translation_packages.fetch("en-de", archive)
    told = CliRunner().invoke(models, ["fetch", "translate", "en-de", "--file", str(archive)])
    assert told.exit_code == 1
    assert said in told.output
    assert not translation.is_installed("en-de")


def test_the_command_says_what_it_needs(empty_database, tmp_path: Path) -> None:
    for arguments in (["translate"], ["translate", "deutsch"], ["xx"], ["de", "--file", __file__]):
        told = CliRunner().invoke(models, ["fetch", *arguments])
        assert told.exit_code == 2, told.output


@pytest.mark.parametrize("english", [None, "Please call me back about the letter."])
def test_the_german_gist_stands_first_and_is_made_of_what_there_is(desk, monkeypatch, english: str | None) -> None:
    def render(sound: object, language: str, said: str) -> Gist:
        if english is None:
            raise NoModel("whisper")
        return Gist(english, "whisper base")

    def translated(texts: list[str], way: tuple[str, ...]) -> Translated:
        asked.append((texts, way))
        return Translated("Bitte rufen Sie zurück.", f"argos {way[0]}")

    asked: list[object] = []
    set_up(monkeypatch, GIST_LANGUAGES='["ar"]')
    word = {"word": "اتصل بي", "start": 0, "end": 1, "confidence": 0.9}
    heard = TranscriptionResult("اتصل بي", 0.9, [word], "vosk ar")
    monkeypatch.setattr(engines, "transcribe", lambda sound, language, phrases=(): heard)
    monkeypatch.setattr(gist, "english", render)
    monkeypatch.setattr(translation, "translate", translated)
    packages = {"ar-de"} if english is None else {"en-de"}
    monkeypatch.setattr(translation, "is_installed", packages.__contains__)
    recording_id = a_message("ar")
    store(recording_id, human_speech(2))
    transcribe_job.transcribe(recording_id)
    gist_job.render(recording_id)
    assert asked == [([english or "اتصل بي"], tuple(packages))]
    transcript = transcript_of(recording_id)
    assert transcript.gist["german"]["text"] == "Bitte rufen Sie zurück."
    assert transcript.text == "اتصل بي"
    member, task = desk("mia"), transcript_task(recording_id)
    member.post(f"/desk/tasks/{task}/claim")
    page = member.get(f"/desk/tasks/{task}").text
    assert "Maschinelle Übersetzung, bitte anhören" in page
    assert "nicht sicher genug" not in page
    assert (english or "") in page[page.index("Bitte rufen Sie zurück.") :]


@pytest.mark.parametrize(
    ("packages", "german", "shown"),
    [
        ({"ar-de"}, "Ich habe das Geld bekommen.", None),
        ({"ar-de"}, "Ich habe kein Geld bekommen.", "Ich habe kein Geld bekommen."),
        ({"en-de"}, "Ich habe das Geld bekommen.", None),
        ({"en-de"}, "Ich habe kein Geld bekommen.", "Ich habe kein Geld bekommen."),
    ],
)
def test_a_german_gist_that_loses_a_denial_is_refused(monkeypatch, packages: set[str], german: str, shown: str) -> None:
    monkeypatch.setattr(translation, "is_installed", packages.__contains__)
    monkeypatch.setattr(translation, "translate", lambda texts, way: Translated(german, "argos"))
    words = [{"word": word, "start": at, "end": at + 1} for at, word in enumerate(["لم", "أستلم", "المال"])]
    made = gist_job._german("ar", words, Gist("I did not receive money.", "whisper base"))
    assert made is not None
    assert made.text == shown


def transcript_task(recording_id: int) -> int:
    from ivr.models.voicebox import Recording
    from ivr.platform import database

    with database.reading() as session:
        return session.get_one(Recording, recording_id).message.task_id
