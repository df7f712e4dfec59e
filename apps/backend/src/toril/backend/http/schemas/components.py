"""The schemas of the contracts, beside the gateway's own, in one set of names."""

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, cast

from pydantic import BaseModel, PydanticInvalidForJsonSchema, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from toril.backend.http.problems import Problem
from toril.backend.http.schemas.batch import BatchLine, BatchResult
from toril.backend.http.schemas.events import EventView, Gap, Standing
from toril.jobs import Contract

Schema = dict[str, Any]
AnyContract = Contract[Any, Any]

COMPONENTS = "#/components/schemas/"
# FastAPI knows those that stand in the answers of routes.
_OTHERS: tuple[type[BaseModel], ...] = (Problem, BatchLine, BatchResult, EventView, Gap, Standing)


class ContractSchemas:
    """What is known of each contract, as references into the components.

    Args:
        found: schemas by contract and by mode: `validation` of a payload, `serialization` of a result.
    """

    def __init__(self, contracts: Iterable[AnyContract], found: Mapping[tuple[Any, str], Schema]) -> None:
        self._contracts = tuple(contracts)
        self._found = found
        self._titles: dict[AnyContract, str] = {}
        for contract in self._contracts:
            title = re.sub(r"\W", "_", contract.job_type.__name__)
            taken = title in self._titles.values()
            self._titles[contract] = f"{title}_{len(self._titles)}" if taken else title

    def title(self, contract: AnyContract) -> str:
        """A word for a contract that no other has."""
        return self._titles[contract]

    def payload(self, contract: AnyContract) -> Schema:
        return self._found.get((contract.key, "validation"), {})

    def result(self, contract: AnyContract) -> Schema:
        return self._found.get((contract.key, "serialization"), {})

    def results(self) -> list[Schema]:
        """Each once."""
        return list({json.dumps(found): found for found in map(self.result, self._contracts)}.values())

    def records(self) -> list[Schema]:
        """References to what `add_records` adds."""
        return [{"$ref": f"{COMPONENTS}{title}Record"} for title in self._titles.values()]

    def add_records(self, components: Schema) -> None:
        """Adds a job's record for each contract, with its payload and its result."""
        for contract, title in self._titles.items():
            own = {
                "queue": {"const": contract.queue.name},
                "name": {"const": contract.name},
                "data": self.payload(contract),
                "result": {"anyOf": [self.result(contract), {"type": "null"}]},
            }
            components[f"{title}Record"] = {
                "title": f"{title}Record",
                "allOf": [{"$ref": COMPONENTS + "JobView"}, {"type": "object", "properties": own}],
            }


def components_of(
    contracts: Iterable[AnyContract], known: Mapping[str, Schema]
) -> tuple[Schema, ContractSchemas]:
    """All components: those that are known already, the gateway's other ones and those of the contracts."""
    wanted = tuple(contracts)
    _, others = TypeAdapter.json_schemas(
        [(each.__name__, _mode(each), TypeAdapter(each)) for each in _OTHERS],
        ref_template=COMPONENTS + "{model}",
    )
    components: Schema = others.get("$defs", {}) | dict(known)
    found, more = TypeAdapter.json_schemas(
        [each for contract in wanted for each in _inputs(contract)], ref_template=COMPONENTS + "{model}"
    )
    definitions: Schema = more.get("$defs", {})
    # A model of a contract may have the name of one of the gateway's, and be another.
    names = {
        name: f"contract.{name}"
        for name, definition in definitions.items()
        if components.get(name, definition) != definition
    }
    schemas = ContractSchemas(wanted, {key: _renamed(schema, names) for key, schema in found.items()})
    components |= {
        names.get(name, name): _renamed(definition, names) for name, definition in definitions.items()
    }
    schemas.add_records(components)
    return components, schemas


def _inputs(contract: AnyContract) -> Iterable[tuple[tuple[str, str], JsonSchemaMode, TypeAdapter[Any]]]:
    """What its schemas are made from; none for a type that only says in code what it takes."""
    sides: tuple[tuple[JsonSchemaMode, TypeAdapter[Any]], ...] = (
        ("validation", contract.payload_codec.adapter),
        ("serialization", contract.result_codec.adapter),
    )
    for mode, adapter in sides:
        with suppress(PydanticInvalidForJsonSchema):
            adapter.json_schema(mode=mode)
            yield contract.key, mode, adapter


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A schema whose references follow their targets to other names."""
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in cast("Schema", value).items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith(COMPONENTS):
        name = value.removeprefix(COMPONENTS)
        return COMPONENTS + names.get(name, name)
    return value


def _mode(model: type[BaseModel]) -> JsonSchemaMode:
    return "validation" if model is BatchLine else "serialization"
