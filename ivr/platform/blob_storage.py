"""Storage of blobs: a local directory, or an S3-compatible bucket. Other modules need not know which.

A blob is written as a whole or not at all. It is durable when :meth:`Objects.put` has returned.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from ivr.config.settings import settings


class Missing(Exception):
    """There is no such blob."""


class Objects(Protocol):
    """A storage of blobs. Names are paths with `/`, contents are bytes."""

    def put(self, name: str, content: bytes) -> None:
        """Write a blob, or replace it.

        Raises:
            OSError: it could not be written, and nothing is left behind.
        """

    def get(self, name: str) -> bytes:
        """Read a blob.

        Raises:
            Missing: it does not exist.
            OSError: it could not be read.
        """

    def delete(self, name: str) -> None:
        """Delete a blob. Nothing happens if it does not exist."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names that begin with a prefix, in no particular order."""

    def check(self) -> None:
        """Look whether the storage is there and answers.

        Raises:
            OSError: it is not, or does not.
        """


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable (fsync)."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Directory:
    """Files under a directory. A file is written under another name, synced and renamed; the directory is synced."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, name: str, content: bytes) -> None:
        """See :class:`Objects`."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        for directory in (path.parent, path.parent.parent):
            sync_directory(directory)

    def get(self, name: str) -> bytes:
        """See :class:`Objects`."""
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError as error:
            raise Missing(name) from error

    def delete(self, name: str) -> None:
        """See :class:`Objects`."""
        (self._root / name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Iterator[str]:
        """See :class:`Objects`."""
        folder = prefix.rpartition("/")[0]
        for path in (self._root / folder).rglob("*"):
            name = path.relative_to(self._root).as_posix()
            if not path.name.startswith(".") and name.startswith(prefix) and path.is_file():
                yield name

    def check(self) -> None:
        """See :class:`Objects`. A directory that is missing is made when it is needed."""
        there = next(one for one in (self._root, *self._root.parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


class Bucket:
    """An S3-compatible bucket through boto3, which finds its credentials as AWS documents (`AWS_ACCESS_KEY_ID` …)."""

    def __init__(self, bucket: str, prefix: str, endpoint: str) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        patience = Config(
            connect_timeout=5, read_timeout=30, retries={"max_attempts": 3}, s3={"addressing_style": "path"}
        )
        self._client: Any = boto3.client("s3", endpoint_url=endpoint or None, config=patience)

    def put(self, name: str, content: bytes) -> None:
        """See :class:`Objects`. The service verifies the content's checksum."""
        with _as_os_error(name):
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + name, Body=content, ChecksumAlgorithm="SHA256"
            )

    def get(self, name: str) -> bytes:
        """See :class:`Objects`."""
        with _as_os_error(name):
            content: bytes = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
            return content

    def delete(self, name: str) -> None:
        """See :class:`Objects`."""
        with _as_os_error(name):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)

    def names(self, prefix: str) -> Iterator[str]:
        """See :class:`Objects`."""
        with _as_os_error(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for item in page.get("Contents", ()):
                    yield item["Key"].removeprefix(self._prefix)

    def check(self) -> None:
        """See :class:`Objects`."""
        try:
            with _as_os_error(""):
                self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        except Missing as error:
            raise FileNotFoundError(errno.ENOENT, f"there is no bucket {self._bucket}") from error


class _as_os_error:  # noqa: N801 - reads as a statement
    """Turns the library's errors into those that :class:`Objects` documents."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        if isinstance(error, ClientError) and error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise Missing(self._name) from error
        if isinstance(error, ClientError | BotoCoreError):
            raise OSError(f"the bucket refused the request: {error}") from error


def store() -> Objects:
    """The storage of the settings: `AUDIO_STORE`, else a directory under `var_dir`."""
    configured = settings()
    return _store(configured.audio_store, configured.audio_s3_endpoint, configured.audio_dir)


@lru_cache(maxsize=4)
def _store(place: str, endpoint: str, directory: Path) -> Objects:
    if not place:
        return Directory(directory)
    url = urlsplit(place)
    return Bucket(url.netloc, url.path, endpoint)
