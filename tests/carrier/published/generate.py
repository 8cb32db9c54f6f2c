"""Writes `documents.json` and `rest.json` anew from two packages that the carrier publishes on npm.

    python -m tests.carrier.published.generate

`twilio` is its library for Node.js, whose types say which verbs, attributes and values there are. `@twilio-alpha/mcp`
carries its OpenAPI descriptions. Needs the command `npm`. What the hotline does not use is left out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIBRARY, DESCRIPTIONS = "twilio@6.3.1", "@twilio-alpha/mcp@0.7.0"
_TYPES = "package/lib/twiml/VoiceResponse.d.ts"
_SPECS = "package/twilio-oai/spec/json/twilio_{}.json"
#: Voices by the thousand: only those of the cheaper kinds, which the hotline can choose among.
_VOICES = re.compile(r"Polly\.[A-Za-z]+|Google\.[a-z]+-[A-Z]+-Standard-[A-Z]|man|woman|alice")
#: Description -> the resources of it that are kept.
_RESOURCES = {
    "api_v2010": r"/2010-04-01/Accounts(/\{Sid\}|/\{AccountSid\}/(Calls|Conferences|Messages|Recordings|Balance|"
    r"IncomingPhoneNumbers|OutgoingCallerIds|Keys|Usage/Records)(/\{\w*Sid\}(/Participants(/\{CallSid\})?|/Notifications)?)?)?\.json",
    "accounts_v1": r"/v1/AuthTokens/Promote",
    "voice_v1": r"/v1/(DialingPermissions/(Countries(/\{IsoCode\})?|BulkCountryUpdates)|Settings)",
    "routes_v2": r"/v2/PhoneNumbers/\{PhoneNumber\}",
    "iam_v1": r"/v1/Keys/\{Sid\}",
    "messaging_v1": r"/v1/Services(/\{Sid\}|/\{ServiceSid\}/(PhoneNumbers|AlphaSenders))?",
    "pricing_v2": r"/v2/Voice/Numbers/\{DestinationNumber\}",
}
_KEPT = ("type", "format", "enum", "maxLength", "pattern", "minimum", "maximum")


def files_of(package: str, wanted: list[str]) -> dict[str, str]:
    """The texts of files in a package of the registry."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, timeout=300)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            found = {name: packed.extractfile(name) for name in wanted}
            return {name: file.read().decode() for name, file in found.items() if file is not None}


def documents(types: str) -> dict[str, Any]:
    """Verb -> the verbs that may stand in it, and its attributes with their types; the enumerations beside them."""
    space = types[types.index("declare namespace VoiceResponse") :]
    enumerations = {
        name: re.findall(r'"([^"]*)"', values) for name, values in re.findall(r"^    type (\w+) = (.*);$", space, re.M)
    }
    enumerations["SayVoice"] = [voice for voice in enumerations["SayVoice"] if _VOICES.fullmatch(voice)]
    attributes = {
        name: dict(re.findall(r"^        (\w+)\?: (.+);$", body, re.M))
        for name, body in re.findall(r"^    export interface (\w+)Attributes \{\n(.*?)^    \}", space, re.M | re.S)
    }
    bodies = dict(re.findall(r"^    export class (\w+) extends TwiML \{\n(.*?)^    \}", space, re.M | re.S))
    verbs = {}
    for name, body in {"Response": types[: types.index("declare namespace")], **bodies}.items():
        inner = sorted(set(re.findall(r"\): VoiceResponse\.(\w+);", body)))
        verbs[name] = {"inside": inner, "attributes": attributes.get(name, {})}
    used = {kind.removesuffix("[]") for verb in verbs.values() for kind in verb["attributes"].values()}
    return {
        "source": LIBRARY,
        "verbs": verbs,
        "enumerations": {name: values for name, values in enumerations.items() if name in used},
    }


def rest(descriptions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Path -> method -> what may stand in its query and in its form, what has to, and the names in its answer."""
    paths: dict[str, Any] = {}
    for name, description in descriptions.items():
        for path, methods in description["paths"].items():
            if re.fullmatch(_RESOURCES[name], path):
                paths[path] = {
                    method: _operation(description, operation)
                    for method, operation in methods.items()
                    if method in ("get", "post", "delete")
                }
    return {"source": DESCRIPTIONS, "paths": dict(sorted(paths.items()))}


def _operation(description: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    given = operation.get("parameters", [])
    form = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {}).get("schema", {})
    return {
        "query": {one["name"]: _schema(description, one["schema"]) for one in given if one["in"] == "query"},
        "path": {one["name"]: _schema(description, one["schema"]) for one in given if one["in"] == "path"},
        "form": {name: _schema(description, one) for name, one in form.get("properties", {}).items()},
        "required": form.get("required", []),
        "answer": sorted(_properties(description, operation)),
    }


def _schema(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        schema = _referred(description, schema["$ref"])
    kept = {name: schema[name] for name in _KEPT if name in schema}
    return kept | ({"items": _schema(description, schema["items"])} if "items" in schema else {})


def _properties(description: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    for status, answer in operation["responses"].items():
        if status.startswith("2") and (content := answer.get("content")):
            schema = next(iter(content.values()))["schema"]
            schema = _referred(description, schema["$ref"]) if "$ref" in schema else schema
            return list(schema.get("properties", {}))
    return []


def _referred(description: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = description
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def main() -> None:
    """Fetch both packages and write the tables."""
    types = files_of(LIBRARY, [_TYPES])[_TYPES]
    specs = {name: _SPECS.format(name) for name in _RESOURCES}
    found = files_of(DESCRIPTIONS, list(specs.values()))
    tables = {
        "documents": documents(types),
        "rest": rest({name: json.loads(found[path]) for name, path in specs.items()}),
    }
    for name, table in tables.items():
        (HERE / f"{name}.json").write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
        sys.stdout.write(f"{name}.json: {(HERE / f'{name}.json').stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
