"""The OpenAPI document of `/api/v1`."""

from __future__ import annotations

from typing import Any

from ivr.domain.routing import CONCERNS


def _nullable(**schema: Any) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


_INSTANT = {"type": "string", "format": "date-time"}
_INSTANT_OR_NULL = _nullable(type="string", format="date-time")
_STRING_OR_NULL = _nullable(type="string")

_WORD = {
    "type": "object",
    "required": ["word", "start", "end", "confidence"],
    "properties": {
        "word": {"type": "string"},
        "start": {"type": "number", "description": "seconds from the beginning"},
        "end": {"type": "number", "description": "seconds from the beginning"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
_TRANSCRIPT = {
    "type": "object",
    "required": ["state", "reason", "text", "confidence", "words"],
    "properties": {
        "state": {"type": "string", "enum": ["pending", "done", "please_listen"]},
        "reason": {**_STRING_OR_NULL, "description": "why a person must listen"},
        "text": _STRING_OR_NULL,
        "confidence": _nullable(type="number", minimum=0, maximum=1),
        "words": {"type": "array", "items": _WORD},
    },
}
_MESSAGE = {
    "type": "object",
    "required": ["recording_sid", "recorded_seconds", "recording_state", "transcript"],
    "properties": {
        "recording_sid": _STRING_OR_NULL,
        "recorded_seconds": _nullable(type="number"),
        "recording_state": _STRING_OR_NULL,
        "transcript": {"$ref": "#/components/schemas/Transcript"},
    },
}
_POSTAL_ORDER = {
    "type": "object",
    "required": ["forms", "customer_number"],
    "properties": {"forms": {"type": "array", "items": {"type": "string"}}, "customer_number": _STRING_OR_NULL},
}
_WISH_PROPERTIES: dict[str, Any] = {
    "mode": {"type": "string", "enum": ["in_person", "telephone", "video"]},
    "reason": _STRING_OR_NULL,
    "companion": {"type": "string", "enum": ["none", "interpreter", "companion"]},
    "impairment": {"type": "boolean", "description": "hearing or speaking is hard"},
    "large_room": {"type": "boolean"},
    "priority_groups": {
        "type": "array",
        "items": {"type": "string", "enum": ["language", "impairment", "under_25_training"]},
    },
    "appointment_at": _INSTANT_OR_NULL,
    "place": _STRING_OR_NULL,
    "refusal_reason": _STRING_OR_NULL,
}


def _or_null(name: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/components/schemas/{name}"}, {"type": "null"}]}


_TASK_PROPERTIES: dict[str, Any] = {
    "id": {"type": "integer"},
    "kind": {"type": "string", "enum": ["callback", "postal_order", "appointment"]},
    "state": {"type": "string", "enum": ["open", "claimed", "closed"]},
    "team": {"type": "string", "description": "key of the responsible team"},
    "language": {"type": "string", "description": "ISO 639 code of the caller's language"},
    "concern": {"type": "string", "enum": list(CONCERNS)},
    "urgency": {"type": "string", "enum": ["normal", "emergency"]},
    "emergency_kind": {**_STRING_OR_NULL, "description": "no_money, power_cut, housing, food_voucher or other"},
    "urgency_words": {
        "type": "array",
        "items": {"type": "string"},
        "description": "words of the transcript that have raised the urgency",
    },
    "office": {**_STRING_OR_NULL, "description": "key of the office, where a postal code was keyed in"},
    "age_group": {**_STRING_OR_NULL, "description": "under_25 or 25_and_over, where it is known"},
    "availability": {**_STRING_OR_NULL, "description": "when to call: morning, afternoon or any_time"},
    "callback_number": {**_STRING_OR_NULL, "description": "E.164; null when withheld and none was entered"},
    "receipt_code": {"type": "string", "pattern": "^[0-9]{8}$"},
    "call_sid": {"type": "string", "description": "the call that opened it"},
    "calls": {"type": "array", "items": {"type": "string"}, "description": "all calls about it, the first one first"},
    "first_contact_at": _INSTANT,
    "due_at": _INSTANT,
    "first_attempt_at": _INSTANT_OR_NULL,
    "breached_at": _INSTANT_OR_NULL,
    "next_attempt_at": {**_INSTANT_OR_NULL, "description": "after an attempt in vain: when to try again"},
    "letter_proposed_at": {**_INSTANT_OR_NULL, "description": "when the attempts were used up"},
    "needs_interpreter": {"type": "boolean", "description": "the caller is dialled only with an interpreter"},
    "claimed_at": _INSTANT_OR_NULL,
    "closed_at": _INSTANT_OR_NULL,
    "outcome": _STRING_OR_NULL,
    "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}},
    "postal_order": _or_null("PostalOrder"),
    "appointment_wish": _or_null("AppointmentWish"),
}


def _answer(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_ERROR = _answer({"$ref": "#/components/schemas/Error"}, "what was wrong")


def _query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


#: A carrier's id of a call.
CALL_SID = "^[A-Za-z0-9_-]{1,64}$"
_ABOUT = (
    "Callback tasks, for reading, with a token of the scope `tasks`. Numbers, words of callers and what is theirs are "
    "null or empty unless the token has the scope `callers` too; then every reading is logged."
)
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Hotline of Jobcenter Bremen", "version": "1", "description": _ABOUT},
    "servers": [{"url": "/api/v1"}],
    "security": [{"token": []}],
    "paths": {
        "/tasks": {
            "get": {
                "operationId": "listTasks",
                "summary": "Callback tasks of all teams, by id",
                "parameters": [
                    _query("limit", "how many at most", type="integer", minimum=1, maximum=1000, default=1000),
                    _query(
                        "after_id",
                        "only tasks with a greater id",
                        type="integer",
                        minimum=0,
                        maximum=2147483647,
                        default=0,
                    ),
                    _query("state", "only tasks in this state", type="string", enum=["open", "claimed", "closed"]),
                    _query("call_sid", "only tasks this call belongs to", type="string", pattern=CALL_SID),
                ],
                "responses": {
                    "200": _answer({"$ref": "#/components/schemas/TaskPage"}, "a page of tasks"),
                    "400": _ERROR,
                    "401": _ERROR,
                    "429": _ERROR,
                },
            }
        },
        "/tasks/{id}": {
            "get": {
                "operationId": "getTask",
                "summary": "One callback task",
                "parameters": [
                    {
                        "name": "id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 0, "maximum": 2147483647},
                    }
                ],
                "responses": {
                    "200": _answer({"$ref": "#/components/schemas/Task"}, "the task"),
                    "400": _ERROR,
                    "401": _ERROR,
                    "404": _ERROR,
                    "429": _ERROR,
                },
            }
        },
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Task": {"type": "object", "required": list(_TASK_PROPERTIES), "properties": _TASK_PROPERTIES},
            "TaskPage": {
                "type": "object",
                "required": ["tasks", "next"],
                "properties": {
                    "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}},
                    "next": {**_STRING_OR_NULL, "description": "address of the next page"},
                },
            },
            "Message": _MESSAGE,
            "PostalOrder": _POSTAL_ORDER,
            "AppointmentWish": {"type": "object", "required": list(_WISH_PROPERTIES), "properties": _WISH_PROPERTIES},
            "Transcript": _TRANSCRIPT,
            "Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}},
        },
    },
}
