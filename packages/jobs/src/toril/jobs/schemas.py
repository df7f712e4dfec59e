"""Job: payload, result and policy in one class."""

from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from pydantic_core import CoreSchema

from toril.jobs.codec import Codec
from toril.jobs.contract import Contract
from toril.jobs.declaration import Declaration, check_declaration, settings
from toril.jobs.errors import InvalidPayload, InvalidResult, NotAContract
from toril.jobs.fitness import fault_of_model, fault_of_type, first_line
from toril.jobs.places import full_name, place_of_class_statement, refusal
from toril.jobs.policy import Retry
from toril.jobs.problems import describe
from toril.jobs.registry import register
from toril.jobs.results import argument_of, is_open

Result = TypeVar("Result", covariant=True)


class Job(BaseModel, Generic[Result]):
    """A job's contract: the fields are its payload, `Result` is what its handler returns.

        class EmbedDocument(Job[Embedded], queue=documents, name="embed-document", timeout=60.0):
            path: str

    The keywords are those of `Declaration`. What a class does not say comes from its bases, then from its
    queue. A class without a name is no contract: a base for shared fields and policy.

    Raises (as a class is made):
        InvalidContract: a keyword, a field or the result is not fit for a contract.
        DuplicateContract: another class has this name in this queue.
    """

    __declaration__: ClassVar[Declaration] = {}
    __contract__: ClassVar[Contract[Any, Any] | None] = None

    def __init_subclass__(cls, **declaration: Unpack[Declaration]) -> None:
        super().__init_subclass__()
        check_declaration(cls, declaration)
        cls.__declaration__ = declaration
        cls.__contract__ = None

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        # Pydantic calls this once it knows the fields.
        if "name" in cls.__declaration__:
            cls.__contract__ = _declared(cls)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        try:
            return handler(source)
        except PydanticSchemaGenerationError as error:
            raise refusal(cls, first_line(error)) from error

    @classmethod
    def contract(cls) -> Contract[Self, Result]:
        """What producers and workers need to know of this class's jobs.

        Raises:
            NotAContract: the class has no name.
        """
        if cls.__contract__ is None:
            raise NotAContract(full_name(cls))
        return cls.__contract__


def _declared(job_type: type[Job[Any]]) -> Contract[Any, Any]:
    """The contract of a class whose statement is being executed."""
    found = settings(job_type)
    queue, name = found["queue"], found["name"]
    result = _result_of(job_type)
    if "contract" in job_type.model_fields:
        raise refusal(job_type, "field 'contract' hides Job.contract(): call it otherwise, with an alias")
    if fault := fault_of_model(job_type):
        raise refusal(job_type, f"its payload cannot travel as JSON: {fault}")
    contract: Contract[Any, Any] = Contract(
        queue=queue,
        name=name,
        version=found.get("version", 1),
        retry=found.get("retry", Retry(attempts=1)),
        timeout=found.get("timeout"),
        keep_completed=found.get("keep_completed"),
        keep_failed=found.get("keep_failed"),
        size_limit=found.get("size_limit"),
        log_limit=found.get("log_limit"),
        stack_trace_limit=found.get("stack_trace_limit"),
        schedule=found.get("schedule"),
        job_type=job_type,
        place=place_of_class_statement(),
        payload_codec=Codec(
            TypeAdapter(job_type),
            lambda problems, omitted: InvalidPayload(queue.name, name, problems, omitted),
        ),
        result_codec=Codec(
            result,
            lambda problems, omitted: InvalidResult(queue.name, name, problems, omitted),
        ),
    )
    if contract.schedule is not None:
        _check_template(contract)
    register(contract)
    return contract


def _check_template(contract: Contract[Any, Any]) -> None:
    try:
        contract.encode(contract.job_type())
    except (ValidationError, InvalidPayload) as error:
        problems = error.problems if isinstance(error, InvalidPayload) else describe(error)[0]
        faults = ", ".join(map(str, problems))
        rule = f"it has a schedule, so its payload must be one that can be made without arguments: {faults}"
        raise refusal(contract.job_type, rule) from error


def _result_of(job_type: type[Job[Any]]) -> TypeAdapter[Any]:
    kind = argument_of(job_type, Result)
    if is_open(kind):
        raise refusal(job_type, "its result is not given: derive it from Job[Result], or Job[None]")
    if fault := fault_of_type(kind):
        raise refusal(job_type, f"its result cannot travel as JSON: {fault}")
    return TypeAdapter(kind)
