"""Makes the virtual environment on a machine that has nothing of ours, then goes on inside it.

Standard library only, and no syntax newer than Python 3.7: this file must be able to say "too old".

    python -m ivr.launcher.bootstrap test     installs what `make test` needs as well
    python -m ivr.launcher.bootstrap bench    and what `make bench` needs
    python -m ivr.launcher.bootstrap audit    and what `make audit` and `make sbom` need
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ivr.launcher import python_builds

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
_ROOM_MB = 1500
#: Debian packages that the tests need: a browser without windows (a third less work), people's voices from telephone
#: prompts, Korean letters, the other database and its pooler, the proxies before the hotline, what judges units and
#: rules of alerts, two telephones that are not ours.
_TEST_PACKAGES = [
    "chromium-headless-shell", "asterisk-core-sounds-en-wav", "fonts-nanum", "postgresql", "nginx", "haproxy",
    "pgbouncer", "systemd", "prometheus", "sip-tester", "baresip-core",
]  # fmt: skip


#: What the command line that ships with Vosk needs, to be measured against.
_BENCH_PACKAGES = ["ffmpeg"]


def fail(sentence: str) -> None:
    """Say what is wrong and how to mend it, and stop."""
    sys.stderr.write("\n" + sentence + "\n")
    raise SystemExit(1)


def ensure() -> None:
    """Return if this Python has what we need; otherwise set `.venv` up and start again inside it."""
    if sys.version_info < OLDEST:
        fail(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: the hotline needs Python 3.11 or newer. "
            "Install one and name it, for example: make run PYTHON=python3.11"
        )
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if not inside and importlib.util.find_spec("flask") and importlib.util.find_spec("vosk"):
        return  # the operator's own environment, for example a container
    _install(ROOT / "requirements.txt")
    if not inside:
        _go_on_inside()


def _go_on_inside() -> None:
    python = str(VENV / "bin" / "python")
    sys.stdout.flush()
    os.execv(python, [python, *_arguments()])  # noqa: S606 - the same program, inside its environment


def _arguments() -> list[str]:
    module = sys.modules["__main__"].__spec__
    name = module.name if module else "ivr"
    return ["-m", name[: -len(".__main__")] if name.endswith(".__main__") else name, *sys.argv[1:]]


def _install(requirements: Path) -> None:
    stamp = VENV / f"installed-{requirements.parent.name}.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with _alone():
        if stamp.exists() and stamp.read_text() == wanted:
            return
        room = shutil.disk_usage(ROOT).free // 1024 // 1024
        if room < _ROOM_MB:
            fail(f"The disk is nearly full: {room} MB are free in {ROOT}, {_ROOM_MB} MB are needed. Free some space.")
        if not (VENV / "bin" / "python").exists() or not (VENV / "bin" / "pip").exists():
            _make_venv()
        _pip_install(requirements)
        stamp.write_text(wanted)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (ROOT / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        _apt_install([f"python{version}-venv"])
    # `make run PYTHON=...` names one: then it is that one.
    python = sys.executable if os.environ.get("PYTHON_NAMED") else python_builds.quickest()
    print(f"Making a virtual environment in .venv with {python} ...", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([python, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if done.returncode:
        fail(f"The virtual environment could not be made: {(done.stderr or done.stdout).strip()[-400:]}")


def _pip_install(requirements: Path) -> None:
    pinned = [line for line in requirements.read_text().splitlines() if "==" in line]
    print(f"Installing {len(pinned)} Python packages (once; some minutes on a slow line) ...", flush=True)
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "-r", str(requirements)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=str(ROOT))
    seen = 0
    tail: list[str] = []
    for line in process.stdout or ():
        tail = [*tail[-30:], line.rstrip()]
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            seen += 1
            name = (
                line.split(":", 1)[-1].replace("Collecting ", "").split("==")[0].split(" ")[0 if ":" not in line else 1]
            )
            if sys.stdout.isatty():
                print(f"\r  {min(seen, len(pinned))}/{len(pinned)} {name:<40.40}", end="", flush=True)
            elif seen % 20 == 0:
                print(f"  {min(seen, len(pinned))}/{len(pinned)}", flush=True)
        elif line.startswith("Installing collected packages") and sys.stdout.isatty():
            print(f"\r  unpacking {'':<50}", end="", flush=True)
    print("\r  done" + " " * 50, flush=True)
    if process.wait():
        text = "\n".join(tail)
        if "No space left" in text:
            fail(f"The disk is full. Free some space in {ROOT} and run it again.")
        errors = [line for line in tail if line.startswith("ERROR")] or tail[-3:]
        fail("The Python packages could not be installed: " + " ".join(errors)[:600])


def _apt_install(packages: list[str]) -> None:
    missing = [name for name in packages if not _is_installed(name)]
    if not missing:
        return
    command = "apt-get update && apt-get install -y --no-install-recommends " + " ".join(missing)
    if not shutil.which("apt-get"):
        fail(f"Please install these with your system's package manager and run it again: {', '.join(missing)}")
    if os.geteuid() != 0:
        fail(f"System packages are missing. Please run this and try again:\n\n  sudo sh -c '{command}'")
    print(f"Installing system packages: {', '.join(missing)} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment)
    if done.returncode:
        fail(f"`{command}` failed: {done.stderr.strip()[-400:]}")


def _is_installed(package: str) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def prepare_tests() -> None:
    """What `make test` needs: the packages of the tests, a browser and recorded voices."""
    if sys.version_info < OLDEST:
        ensure()
    _apt_install(_TEST_PACKAGES)
    _install(ROOT / "requirements.txt")
    _install(ROOT / "tests" / "requirements.txt")


if __name__ == "__main__":
    if sys.argv[1:] == ["test"]:
        prepare_tests()
    elif sys.argv[1:] == ["audit"]:
        prepare_tests()
        _install(ROOT / ".ci" / "requirements.txt")
    elif sys.argv[1:] == ["bench"]:
        prepare_tests()
        _apt_install(_BENCH_PACKAGES)
    else:
        _install(ROOT / "requirements.txt")
