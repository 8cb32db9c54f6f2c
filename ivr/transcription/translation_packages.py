"""Installs packages that translate, from a file or from the index of the Argos project."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import requests

from ivr.config.settings import settings
from ivr.transcription.model_download import FetchFailed
from ivr.transcription.translation import is_installed, package

_CONNECT, _READ = 4.0, 60.0
#: What a package holds that is used: its model, and what cuts words into the model's pieces.
_PIECES = "sentencepiece.model"
#: A package unpacks to at most so many bytes.
_LARGEST = 2 * 2**30


def fetch(pair: str, file: Path | None = None) -> Path:
    """Install the package of a pair of languages (`ar-de`), unless it is installed; `file`: from there.

    Raises:
        FetchFailed: there is no such package, no network, not enough space, or it is a package of another kind.
    """
    if file is None and is_installed(pair):
        return package(pair)
    try:
        settings().translations.mkdir(parents=True, exist_ok=True)
        if file is not None:
            return _install(pair, file)
        with tempfile.TemporaryDirectory(dir=settings().translations) as folder:
            return _install(pair, _download(_address(pair), Path(folder) / "package"))
    except requests.RequestException as error:
        raise FetchFailed(f"{settings().argos_index_url} cannot be reached ({type(error).__name__})") from error
    except OSError as error:
        raise FetchFailed(f"the package could not be written: {error.strerror}") from error


def _address(pair: str) -> str:
    """Where the newest package of a pair is.

    Raises:
        FetchFailed: the index has none.
    """
    response = requests.get(settings().argos_index_url, timeout=(_CONNECT, _READ))
    response.raise_for_status()
    try:
        offers = [
            (tuple(map(int, str(one["package_version"]).split("."))), str(link))
            for one in response.json()
            if f"{one['from_code']}-{one['to_code']}" == pair
            for link in one["links"]
            if str(link).startswith("https://")
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise FetchFailed(f"{settings().argos_index_url} is no index of packages") from error
    if not offers:
        raise FetchFailed(f"the index has no package {pair}; by way of English: {_by_english(pair)}")
    return max(offers)[1]


def _by_english(pair: str) -> str:
    source, _, target = pair.partition("-")
    return f"models fetch translate {source}-en en-{target}"


def _download(address: str, path: Path) -> Path:
    with requests.get(address, timeout=(_CONNECT, _READ), stream=True) as response:
        response.raise_for_status()
        with path.open("wb") as file:
            for chunk in response.iter_content(1 << 16):
                file.write(chunk)
    return path


def _install(pair: str, archive: Path) -> Path:
    target, draft = package(pair), package(pair).with_name(f".{pair}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as files:
            _check(pair, _description(files), files)
            root = _root(files)
            for item in files.infolist():
                inner = PurePosixPath(item.filename).relative_to(root)
                if inner.parts[:1] == ("model",) or str(inner) in (_PIECES, "metadata.json"):
                    files.extract(item, draft)
    except (zipfile.BadZipFile, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FetchFailed(f"{archive.name} is no package of Argos") from error
    shutil.rmtree(target, ignore_errors=True)
    (draft / root).rename(target)
    shutil.rmtree(draft, ignore_errors=True)
    return target


def _root(files: zipfile.ZipFile) -> str:
    """The one directory in which everything of a package is.

    Raises:
        FetchFailed: there is none.
    """
    roots = {PurePosixPath(name).parts[0] for name in files.namelist()}
    if len(roots) != 1 or not (root := roots.pop()).strip("./"):
        raise FetchFailed("the package has not one directory with everything in it")
    return root


def _description(files: zipfile.ZipFile) -> Mapping[str, Any]:
    try:
        found = json.loads(files.read(f"{_root(files)}/metadata.json").decode())
    except KeyError as error:
        raise FetchFailed("the package does not say which languages it translates") from error
    return found if isinstance(found, dict) else {}


def _check(pair: str, described: Mapping[str, Any], files: zipfile.ZipFile) -> None:
    """See that a package can be used.

    Raises:
        FetchFailed: it is of another pair, of another kind, or too large.
    """
    found = f"{described.get('from_code')}-{described.get('to_code')}"
    root, names = _root(files), set(files.namelist())
    if found != pair:
        raise FetchFailed(f"the package translates {found}, not {pair}")
    if described.get("target_prefix"):
        raise FetchFailed("packages of several target languages cannot be used")
    if f"{root}/{_PIECES}" not in names or f"{root}/model/model.bin" not in names:
        raise FetchFailed("the package has no model for CTranslate2 with SentencePiece")
    if sum(item.file_size for item in files.infolist()) > _LARGEST:
        raise FetchFailed("the package is too large")
