"""What the OpenAPI document says, and that the gateway keeps to it whatever it is asked."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from httpx2 import AsyncClient
from pydantic import BaseModel

from support.gateway import gateway_client, served
from support.jobs import paint
from support.workshop import running_worker
from toril.backend.http import GatewaySettings
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
TESTS = Path(__file__).parents[1]
# Short waits, as most jobs here never end.
SETTINGS = GatewaySettings(longest_wait=0.2, heartbeat=0.2)


class Accepted(BaseModel):
    """The gateway has a model of this name, too."""

    other: int


class Clash(Job[Accepted], queue=paint, name="clash"):
    """Its result is such a model."""


async def test_every_contract_has_a_route_of_its_own_with_its_schemas(client: AsyncClient):
    document = (await client.get("/openapi.json")).json()
    adding = document["paths"]["/jobs/paint/paint"]["post"]

    assert document["openapi"].startswith("3.1")
    assert "/jobs/{queue}/{name}" not in document["paths"]
    assert adding["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Paint"
    }
    assert _answer(adding, "200") == {"$ref": "#/components/schemas/Painted"}
    assert _answer(adding, "202") == {"$ref": "#/components/schemas/Accepted"}
    assert _answer(adding, "424") == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["schemas"]["Paint"]["properties"]["colour"]["maxLength"] == 100
    assert adding["summary"] == "Paints something, after as many failures as asked for."
    records = _answer(document["paths"]["/jobs/{queue}/{job_id}"]["get"], "200")["anyOf"]
    assert {"$ref": "#/components/schemas/PaintRecord"} in records


@pytest.mark.timeout(400)
async def test_no_request_is_answered_otherwise_than_the_document_says(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path
):
    async with (
        served(broker.url, prefix, settings=SETTINGS) as gateway,
        running_worker(broker.url, prefix),
    ):
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            "run",
            f"{gateway.url}/openapi.json",
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1"),
            # A queue's stream has no end.
            *("--exclude-path", "/queues/{queue}/events", "--request-timeout", "20"),
            # No schema says that a job must not expire before its delay is over. Pydantic takes some things
            # for others that a schema tells apart, as False for 0.
            *("--exclude-checks", "positive_data_acceptance,negative_data_rejection"),
            *("--no-color", "--generation-database", "none"),
            cwd=tmp_path,  # where it keeps what it has found
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "support.ndjson_serializer", "PYTHONPATH": str(TESTS)},
        )
        said, _ = await process.communicate()

    assert process.returncode == 0, said.decode()


def _answer(operation: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]], status: str) -> object:
    [content] = operation["responses"][status]["content"].values()
    return content["schema"]


async def test_models_of_one_name_are_told_apart(broker: EmbeddedBroker, prefix: str):
    async with gateway_client(broker.url, prefix, contracts=[Clash.contract()]) as client:
        document = (await client.get("/openapi.json")).json()
    adding = document["paths"]["/jobs/paint/clash"]["post"]

    assert _answer(adding, "200") == {"$ref": "#/components/schemas/contract.Accepted"}
    assert _answer(adding, "202") == {"$ref": "#/components/schemas/Accepted"}
    assert document["components"]["schemas"]["contract.Accepted"]["properties"].keys() == {"other"}
