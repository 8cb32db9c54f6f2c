"""Compares our documents and REST requests with what the carrier has published, which knows nothing of our code.

The tables are made by `tests.carrier.published.generate`. An answer of the local carrier is compared too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict

_TABLES = Path(__file__).parents[1] / "carrier" / "published"
#: What was wrong with the documents and REST requests of a test, as far as a local carrier that is watched has them.
FAULTS: list[str] = []
#: How many documents and REST requests were compared in this process.
COMPARED = Counter[str]()
_METHODS = ("GET", "POST")
#: What the types call a string, and the documentation restricts: attribute -> pattern.
_STRINGS = {
    "finishOnKey": r"[0-9*#]{0,12}",
    **dict.fromkeys(
        ("action", "statusCallback", "recordingStatusCallback", "partialResultCallback", "url", "waitUrl"),
        r"(https?://|/|)[!-~]{0,4000}",
    ),
}
#: Verbs that say, play or name what stands in them, and verbs in which no text has a meaning.
_NEED_TEXT = ("Say", "Redirect", "Number", "Conference", "Enqueue", "Queue")
_NO_TEXT = ("Response", "Gather", "Record", "Pause", "Hangup", "Leave", "Reject")
#: Arguments of every list, which the descriptions name for some lists only.
_PAGING = {"Page", "PageToken"}


@lru_cache
def _table(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_TABLES / f"{name}.json").read_text())
    return found


def document_faults(document: bytes | str) -> list[str]:
    """What of a document the types of the carrier's library do not allow."""
    root = ElementTree.fromstring(document)
    return _element_faults(root, "Response") if root.tag == "Response" else [f"<{root.tag}> is no document"]


def _element_faults(element: ElementTree.Element, name: str) -> list[str]:
    verb, faults = _table("documents")["verbs"][name], []
    for attribute, value in element.attrib.items():
        if (kind := verb["attributes"].get(attribute)) is None:
            faults.append(f"<{name}> has no attribute {attribute}")
        elif not _fits(kind, attribute, value):
            faults.append(f'<{name} {attribute}="{value}"> is no {kind}')
    written = "".join(element.itertext()).strip()
    if name in _NEED_TEXT and not written and not (name == "Enqueue" and "workflowSid" in element.attrib):
        faults.append(f"<{name}> says nothing")
    if name in _NO_TEXT and "".join([element.text or "", *(child.tail or "" for child in element)]).strip():
        faults.append(f"<{name}> has text that nobody hears")
    for child in element:
        if child.tag in verb["inside"]:
            faults += _element_faults(child, child.tag)
        else:
            faults.append(f"<{child.tag}> cannot stand in <{name}>")
    return faults


def _fits(kind: str, attribute: str, value: str) -> bool:
    if kind == "boolean":
        return value in ("true", "false")
    if kind == "number":
        return re.fullmatch(r"\d+", value, re.ASCII) is not None
    if kind == "string":
        if attribute.lower().endswith("method"):
            return value in _METHODS
        return attribute not in _STRINGS or re.fullmatch(_STRINGS[attribute], value) is not None
    allowed = _table("documents")["enumerations"][kind.removesuffix("[]")]
    return set(value.split()) <= set(allowed) if kind.endswith("[]") else value in allowed


def request_faults(method: str, path: str, query: MultiDict[str, str], form: MultiDict[str, str]) -> list[str]:
    """What of a REST request the carrier's descriptions do not allow."""
    operation = _operation(method, path)
    if operation is None:
        return [f"{method} {path} is not described"]
    allowed = {"query": operation["query"], "form": operation["form"]}
    faults = [f"{method} {path}: {name} is missing" for name in operation["required"] if name not in form]
    for place, given in (("query", query), ("form", form)):
        for name, value in given.items(multi=True):
            schema = allowed[place].get(name)
            if schema is None and not (place == "query" and name in _PAGING):
                faults.append(f"{method} {path}: {name} is not known in the {place}")
            elif schema is not None and not _matches(schema, value):
                faults.append(f"{method} {path}: {name}={value!r} does not fit {schema}")
    return faults


def answer_faults(method: str, path: str, answer: object) -> list[str]:
    """Names in an answer that the carrier's description does not know."""
    operation = _operation(method, path)
    if operation is None or not isinstance(answer, dict):
        return []
    return [f"{method} {path}: the answer has no {name}" for name in sorted(set(answer) - set(operation["answer"]))]


@lru_cache(maxsize=1000)
def _operation(method: str, path: str) -> Any:
    for template, methods in _table("rest")["paths"].items():
        if (found := methods.get(method.lower())) is None:
            continue
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(template))
        if matched := re.fullmatch(pattern, path):
            schemas = [found["path"][name] for name in re.findall(r"\{(\w+)\}", template)]
            if all(_matches(schema, value) for schema, value in zip(schemas, matched.groups(), strict=True)):
                return found
    return None


def _matches(schema: dict[str, Any], value: str) -> bool:
    if schema.get("type") == "array":
        return _matches(schema["items"], value)
    if schema.get("type") in ("integer", "number"):
        return re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII) is not None
    if schema.get("type") == "boolean":
        return value.lower() in ("true", "false")
    fits = "pattern" not in schema or re.search(schema["pattern"], value) is not None
    in_time = schema.get("format") not in ("date", "date-time") or re.match(r"\d{4}-\d\d-\d\d", value) is not None
    return fits and in_time and value in schema.get("enum", [value]) and len(value) <= schema.get("maxLength", 10**9)


def compare_document(document: bytes) -> None:
    """Compare a document that a local carrier executes; what is wrong is in :data:`FAULTS`."""
    COMPARED["documents"] += 1
    FAULTS.extend(document_faults(document))


def watch(carrier: Flask) -> None:
    """Compare every REST request that reaches a local carrier; what is wrong is in :data:`FAULTS`."""

    @carrier.after_request
    def compare(response: Response) -> Response:
        if request.path.startswith(("/2010-04-01/", "/v1/", "/v2/")) and not request.path.endswith(".wav"):
            COMPARED["requests"] += 1
            FAULTS.extend(request_faults(request.method, request.path, request.args, request.form))
            if response.is_json and response.status_code < 300:
                FAULTS.extend(answer_faults(request.method, request.path, response.get_json()))
        return response
