"""The OpenAPI document: what FastAPI knows of the routes, and what the contracts say of their jobs."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI

from toril.backend.http.gateway import Gateway
from toril.backend.http.problems import described
from toril.backend.http.responses import JSON
from toril.backend.http.schemas.components import COMPONENTS, ContractSchemas, Schema, components_of
from toril.jobs import Contract

_ADDING = "enqueue_job"
_OF_ALL = (406, 421, 429, 500, 503)
_WITH_KEYS = (401, 403)
_WITHOUT_KEY = ("is_alive", "is_ready")
_LINKED = ("read_job", "read_result", "follow_job", "cancel_job")


def describe(app: FastAPI, gateway: Gateway, names: Iterable[str]) -> None:
    """Has an application's OpenAPI document say what the gateway's routes do, once it is made.

    Args:
        names: of the gateway's routes.
    """
    undescribed, own = app.openapi, frozenset(names)

    def openapi() -> Schema:
        # FastAPI keeps what it has made.
        if app.openapi_schema is None:
            app.openapi_schema = _described(undescribed(), gateway, own)
        return app.openapi_schema

    app.openapi = openapi


def _described(document: Schema, gateway: Gateway, own: frozenset[str]) -> Schema:
    components: Schema = document.setdefault("components", {})
    components["schemas"], contracts = components_of(gateway.catalog, components.get("schemas", {}))
    if gateway.keys:
        components.setdefault("securitySchemes", {})["key"] = {"type": "http", "scheme": "bearer"}
    paths: Schema = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get("operationId") in own:
                _complete(operation, gateway, contracts)
            if operation.get("operationId") == _ADDING:
                for contract in gateway.catalog:
                    paths[_path(path, contract)] = {method: _adding(operation, contract, contracts, own)}
            else:
                paths.setdefault(path, {})[method] = operation
    return document | {"paths": paths}


def _complete(operation: Schema, gateway: Gateway, contracts: ContractSchemas) -> None:
    """What holds for each of the gateway's routes, and for those whose answers the contracts describe."""
    name, responses = operation["operationId"], operation["responses"]
    needs_key = gateway.keys and name not in _WITHOUT_KEY
    for status in (*_OF_ALL, *(_WITH_KEYS if needs_key else ()), *(s for s in (422,) if "422" in responses)):
        responses[str(status)] = described(status)
    if needs_key:
        operation["security"] = [{"key": []}]
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "queue":
            parameter["schema"]["enum"] = list(gateway.queue_names)
    if name == "read_job":
        responses["200"]["content"] = _json({"anyOf": [*contracts.records(), _view("JobView")]})
    if name == "read_result":
        responses["200"]["content"] = _json({"anyOf": [*contracts.results(), {}]})


def _adding(
    operation: Schema, contract: Contract[Any, Any], contracts: ContractSchemas, own: frozenset[str]
) -> Schema:
    """Adding a job of one contract."""
    queue, name = contract.key
    text = (contract.job_type.__doc__ or "").strip()
    responses = dict(operation["responses"])
    links = {each: _link(each, queue) for each in _LINKED if each in own}
    responses["200"] = {
        "description": "The job's result, as it came in time.",
        "content": _json(contracts.result(contract)),
    }
    responses["202"] = responses["202"] | {"links": links}
    return operation | {
        "operationId": f"enqueue_{contracts.title(contract)}",
        "summary": text.partition("\n")[0] or f"Add {name} to {queue}",
        "description": "\n\n".join(filter(None, (text, operation.get("description")))),
        "tags": [queue],
        "parameters": [each for each in operation["parameters"] if each["in"] != "path"],
        "requestBody": {"required": True, "content": _json(contracts.payload(contract))},
        "responses": responses,
    }


def _link(name: str, queue: str) -> Schema:
    return {"operationId": name, "parameters": {"queue": queue, "job_id": "$response.body#/id"}}


def _path(path: str, contract: Contract[Any, Any]) -> str:
    queue, name = (quote(each, safe="") for each in contract.key)
    return path.replace("{queue}", queue).replace("{name}", name)


def _json(schema: Schema) -> Schema:
    return {JSON: {"schema": schema}}


def _view(name: str) -> Schema:
    return {"$ref": COMPONENTS + name}
