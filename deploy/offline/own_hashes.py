"""Adds the hashes of wheels that were built here, of a verified source, to a list of requirements.

    python own_hashes.py requirements.txt wheels > offline/requirements.txt

A package without a wheel of its makers (srt) is built by `make offline`; the host without a way to the internet then
takes that wheel and no other.
"""

import hashlib
import re
import sys
from pathlib import Path


def with_own(requirements: str, wheels: Path) -> str:
    """The requirements, in which every wheel of the directory is known by its hash."""
    for wheel in sorted(wheels.glob("*.whl")):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest in requirements:
            continue
        name, version = wheel.name.split("-")[:2]
        named = name.replace("_", "[-_.]")
        line = rf"(?im)^({named}=={re.escape(version)}(?: *;[^\\\n]*)?) *\\$"
        requirements, found = re.subn(line, rf"\1 \\\n    --hash=sha256:{digest} \\", requirements)
        if not found:
            raise SystemExit(f"{wheel.name} is not among the requirements")
    return requirements


if __name__ == "__main__":
    sys.stdout.write(with_own(Path(sys.argv[1]).read_text(), Path(sys.argv[2])))
