"""The OpenAPI document of `/api/v1`: SpecTree makes it from the routes of :mod:`ivr.web.api` and their models."""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from pydantic import ValidationError
from spectree import SecurityScheme, SpecTree
from spectree.model_adapter.protocol import SchemaMode
from spectree.model_adapter.pydantic_adapter import PydanticModelAdapter
from spectree.models import SecureType, SecuritySchemeData, Server

from ivr.web.api_models import Error

_ROOT = "/api/v1"
_ABOUT = (
    "Callback tasks, for reading, with a token of the scope `tasks`. Numbers, words of callers and what is theirs are "
    "null or empty unless the token has the scope `callers` too; then every reading is logged. With the scope "
    "`changes`, tasks are merged and split, and changes by receipt code are decided; every change is logged. What "
    "callers are told today is read with any token, and changed or previewed with the scope `notices`, which needs no "
    "other one; every change is logged. The directory and the pools of interpreters are read and changed with the "
    "scope `directory`, which needs no other one; every change is logged. Bookings of interpreters are read with the "
    "scope `tasks`, and made and canceled with `changes`."
)
#: Problems that one answer names.
_MOST_NAMED = 3


def _name(model: Any) -> str:
    return str(model.__name__)


def _explain(_request: Any, response: Any, error: Exception | None, *_: Any) -> None:
    """Say in our own form what is wrong with a request."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_context=False, include_input=False)
        said = [f"{'.'.join(map(str, one['loc']))[:40]}: {one['msg']}" for one in found[:_MOST_NAMED]]
        response.set_data(Error(error="; ".join(said)).model_dump_json())


class _SchemasOnDemand(PydanticModelAdapter):
    """Makes the schemas of models when the document is asked for, not while routes are declared at a start."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, tuple[Any, str, SchemaMode]] = {}

    def json_schema(self, model: Any, *, ref_template: str, mode: SchemaMode = "validation") -> dict[str, Any]:
        self._asked[_name(model)] = (model, ref_template, mode)
        return {}

    def made(self) -> dict[str, dict[str, Any]]:
        """The schemas of all models that were asked for, by name."""
        return {
            name: super(_SchemasOnDemand, self).json_schema(model, ref_template=template, mode=mode)
            for name, (model, template, mode) in self._asked.items()
        }


_schemas = _SchemasOnDemand()
spec = SpecTree(
    "flask",
    mode="strict",
    title="Hotline of Jobcenter Bremen",
    version="1",
    description=_ABOUT,
    servers=[Server(url=_ROOT)],
    security_schemes=[SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))],
    security=[{"token": []}],
    page_templates={},
    naming_strategy=_name,
    nested_naming_strategy=lambda _parent, child: child,
    validation_error_status=400,
    validation_error_model=Error,
    before=_explain,
    model_adapter=cast(Any, _schemas),
)


@cache
def document() -> dict[str, Any]:
    """The document, with paths below the server's address, and when to ask again after too many requests."""
    spec.models.update(_schemas.made())
    made: dict[str, Any] = dict(spec.spec)
    made["paths"] = {path.removeprefix(_ROOT): operations for path, operations in made["paths"].items()}
    wait = {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 0}}
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"]["429"]["headers"] = {"Retry-After": wait}
    return made
