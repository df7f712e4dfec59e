"""What a worker and its child processes tell each other.

worker ──► child    Begin, once; Run; Cancel; Answer or Refusal to each call
child ──► worker    calls: Progress, Log, Save, ReadChildren, WaitForChildren
                    how a run ended: Returned, Failed, Signalled, Cancelled
"""

import json
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from toril.bull.children import EndedChild
from toril.bull.intake import TakenJob
from toril.worker.isolation.references import HandlerReference


class _Message(BaseModel):
    """`body` travels beside the JSON, as the bytes that it is."""

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    body: bytes = Field(default=b"", exclude=True, repr=False)


class Begin(_Message):
    """Where the child is to look for modules, and whether the database is kept out of its reach."""

    kind: Literal["begin"] = "begin"
    path: list[str]
    has_wall: bool = False


class Run(_Message):
    """Run a job; the body is its payload."""

    kind: Literal["run"] = "run"
    handler: HandlerReference
    job: TakenJob


class Cancel(_Message):
    """End the present run."""

    kind: Literal["cancel"] = "cancel"


class Answer(_Message):
    """A call was carried out."""

    kind: Literal["answer"] = "answer"
    children: list[EndedChild] | None = None


class RaisedError(BaseModel):
    """An error that both sides know, as what it is made from."""

    model_config = ConfigDict(frozen=True)

    name: str
    arguments: tuple[str | float, ...]


class Refusal(_Message):
    """A call could not be carried out."""

    kind: Literal["refusal"] = "refusal"
    error: RaisedError


class Progress(_Message):
    """Note how far the job is."""

    kind: Literal["progress"] = "progress"
    fraction: float
    note: str | None


class Log(_Message):
    """Add a line to the job's log."""

    kind: Literal["log"] = "log"
    line: str


class Save(_Message):
    """Replace the job's payload by the body."""

    kind: Literal["save"] = "save"


class ReadChildren(_Message):
    """Tell what came of the job's children."""

    kind: Literal["read children"] = "read children"


class WaitForChildren(_Message):
    """End the run if a child is left to wait for."""

    kind: Literal["wait for children"] = "wait for children"


class Returned(_Message):
    """The handler returned; the body is its result."""

    kind: Literal["returned"] = "returned"


class Failed(_Message):
    """The handler raised; see `RaisedInChild`."""

    kind: Literal["failed"] = "failed"
    reason: str
    trace: str
    is_hopeless: bool


class Signalled(_Message):
    """The handler ended its run by a signal."""

    kind: Literal["signalled"] = "signalled"
    signal: RaisedError


class Cancelled(_Message):
    """The run was cancelled, and the handler gave way."""

    kind: Literal["cancelled"] = "cancelled"


Call = Progress | Log | Save | ReadChildren | WaitForChildren
Ended = Returned | Failed | Signalled | Cancelled
Message = Begin | Run | Cancel | Answer | Refusal | Call | Ended

_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def encode(message: Message) -> tuple[bytes, bytes]:
    """A message as JSON, and its body. Lone surrogates, which UTF-8 has no bytes for, are escaped."""
    return json.dumps(message.model_dump(mode="json")).encode(), message.body


def decode(header: bytes, body: bytes) -> Message:
    """The message that JSON and a body hold.

    Raises:
        ValueError: they hold none.
    """
    fields = json.loads(header)
    if not isinstance(fields, dict):
        raise ValueError(f"{header[:100]!r} is no message")  # noqa: TRY004 - it is data, and no argument
    return _ADAPTER.validate_python({**cast(dict[str, object], fields), "body": body})
