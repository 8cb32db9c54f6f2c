"""What is installed is pinned by the hashes of its files, on every version of Python that the hotline runs on."""

from __future__ import annotations

import hashlib
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.environment import ROOT

LISTS = ("requirements.txt", "tests/requirements.txt", ".ci/requirements.txt")


def pins(name: str) -> dict[str, str]:
    """Of each package what its pin says besides the version: a marker, and hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return {found[1]: found[0] for found in re.finditer(r"^([a-z0-9._-]+)==.*$", text, re.MULTILINE)}


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_has_hashes(name: str) -> None:
    without = [package for package, pin in pins(name).items() if "--hash=sha256:" not in pin]
    assert pins(name)
    assert not without


def test_the_three_lists_agree() -> None:
    """One version of a package for all: an environment has all three."""
    product = pins(LISTS[0])
    for name in LISTS[1:]:
        other = pins(name)
        differ = [
            one for one in product if other.get(one, product[one]).split("--hash")[0] != product[one].split("--hash")[0]
        ]
        assert not differ


def test_what_some_versions_of_python_alone_need_is_pinned_for_them() -> None:
    product = pins(LISTS[0])
    assert 'python_version < "3.14"' in product["backports-zstd"], "3.14 has it already, and there is no file for it"
    assert "async-timeout" in product, "before 3.11.3"


def test_a_wheel_that_was_built_here_is_the_only_other_one(tmp_path: Path) -> None:
    """`make offline`: a package that comes as source is built, and installed by the hash of what was built."""
    wheels, wanted = tmp_path / "wheels", tmp_path / "requirements.txt"
    wheels.mkdir()
    wheel = wheels / "our_part-1.0-py3-none-any.whl"
    info = "our_part-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("our_part.py", "")
        content.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: our-part\nVersion: 1.0\n")
        content.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        content.writestr(f"{info}/RECORD", "")
    source = f"our-part==1.0 \\\n    --hash=sha256:{'0' * 64}\n"
    with_own = runpy.run_path(str(ROOT / "deploy/offline/own_hashes.py"))["with_own"]

    def installs(requirements: str) -> subprocess.CompletedProcess[str]:
        wanted.write_text(requirements)
        options = [
            "--no-index",
            "--no-deps",
            "--require-hashes",
            "--find-links",
            str(wheels),
            "--target",
            str(tmp_path / "to"),
        ]
        command = [sys.executable, "-m", "pip", "install", "--quiet", *options, "-r", str(wanted)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    refused = installs(source)
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert installs(with_own(source, wheels)).returncode == 0
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in wanted.read_text()
    (wheels / "stranger-2.0-py3-none-any.whl").write_bytes(b"")
    with pytest.raises(SystemExit, match="stranger"):
        with_own(source, wheels)
