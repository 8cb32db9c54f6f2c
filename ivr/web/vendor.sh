#!/usr/bin/env bash
# Fetches the browser assets we ship (and their licences) at pinned versions: `make vendor`.
set -euo pipefail
cd "$(dirname "$0")/static/vendor"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unpack() { # name version
  (cd "$work" && npm pack --silent "$1@$2" >/dev/null && mkdir -p "$1" && tar xzf ./*.tgz -C "$1" --strip-components=1 && rm ./*.tgz)
}

unpack @kern-ux/native 2.7.2
rm -rf kern && mkdir -p kern/fira-sans
cp "$work/@kern-ux/native/dist/kern.min.css" "$work/@kern-ux/native/LICENSE.md" kern/
for weight in Regular Italic SemiBold; do
  cp "$work/@kern-ux/native/dist/fonts/fira-sans/FiraSans-$weight.woff2" kern/fira-sans/
done
cat > kern/fira-sans.css <<'CSS'
@font-face { font-family: "Fira Sans"; src: url("fira-sans/FiraSans-Regular.woff2") format("woff2"); font-weight: 400; font-style: normal; font-display: swap; }
@font-face { font-family: "Fira Sans"; src: url("fira-sans/FiraSans-Italic.woff2") format("woff2"); font-weight: 400; font-style: italic; font-display: swap; }
@font-face { font-family: "Fira Sans"; src: url("fira-sans/FiraSans-SemiBold.woff2") format("woff2"); font-weight: 600; font-style: normal; font-display: swap; }
CSS

# The same letters for PDF files, in the form their compiler reads.
python3 -m venv "$work/tools" && "$work/tools/bin/pip" install -q fonttools brotli
"$work/tools/bin/python" - <<'PYTHON'
from fontTools.ttLib import TTFont
for weight in ("Regular", "SemiBold"):
    font = TTFont(f"kern/fira-sans/FiraSans-{weight}.woff2")
    font.flavor = None
    font.save(f"../../../reporting/fonts/FiraSans-{weight}.ttf")
PYTHON

unpack htmx.org 4.0.1
rm -rf htmx && mkdir htmx
cp "$work/htmx.org/dist/htmx.min.js" "$work/htmx.org/LICENSE" htmx/

# Only the telephone window of members loads it, and only with an account at Twilio.
unpack @twilio/voice-sdk 2.18.5
rm -rf twilio-voice && mkdir twilio-voice
cp "$work/@twilio/voice-sdk/dist/twilio.min.js" "$work/@twilio/voice-sdk/LICENSE.md" twilio-voice/

unpack axe-core 4.14.1
rm -rf ../../../../tests/vendor/axe-core && mkdir -p ../../../../tests/vendor/axe-core
cp "$work/axe-core/axe.min.js" "$work/axe-core/LICENSE" ../../../../tests/vendor/axe-core/
