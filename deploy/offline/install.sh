#!/bin/sh
# Installs the hotline from this folder alone: sh install.sh /opt/hotline [PYTHON]. Nothing is fetched.
set -eu
target=${1:?where to, for example /opt/hotline}
python=${2:-python3}
cd "$(dirname "$0")"
sha256sum --quiet --check SHA256SUMS
"$python" -m venv "$target"
"$target/bin/pip" install --quiet --disable-pip-version-check --no-index --require-hashes --find-links wheels --requirement requirements.txt
"$target/bin/pip" install --quiet --disable-pip-version-check --no-index --no-deps wheels/jobcenter_hotline-*.whl
echo "Installed: $("$target/bin/ivr" --version). Speech models: copy models/* to VAR_DIR/models. Next: $target/bin/ivr doctor"
