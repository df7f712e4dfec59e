"""A class of jobs is checked as it is made."""

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from toril.jobs import (
    DuplicateContract,
    InvalidContract,
    Job,
    Keep,
    NotAContract,
    Queue,
    Retry,
    Schedule,
    exponential,
)

T = TypeVar("T")


class Embedded(BaseModel):
    passages: list[str]


def _line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_contract_says_what_its_class_says(queue: Queue) -> None:
    line = _line() + 2

    class EmbedDocument(
        Job[Embedded],
        queue=queue,
        name="embed-document",
        retry=Retry(attempts=5, backoff=exponential(1.0, jitter=0.5)),
        timeout=60.0,
        keep_completed=Keep(count=10),
        keep_failed=Keep(age=3600.0),
        size_limit=1_000_000,
        log_limit=100,
        stack_trace_limit=3,
        version=2,
    ):
        path: str

    contract = EmbedDocument.contract()
    assert contract.key == (queue.name, "embed-document")
    assert contract.queue is queue
    assert contract.retry == Retry(attempts=5, backoff=exponential(1.0, jitter=0.5))
    assert (contract.timeout, contract.version) == (60.0, 2)
    assert (contract.keep_completed, contract.keep_failed) == (Keep(count=10), Keep(age=3600.0))
    assert (contract.size_limit, contract.log_limit, contract.stack_trace_limit) == (1_000_000, 100, 3)
    assert contract.job_type is EmbedDocument
    assert contract.place == f"{__file__}:{line}"
    assert EmbedDocument.contract() is contract
    assert EmbedDocument(path="a.md").contract() is contract


def test_a_contract_that_says_nothing_is_tried_once_and_has_no_timeout(queue: Queue) -> None:
    class Plain(Job[None], queue=queue, name="plain"):
        pass

    contract = Plain.contract()
    assert (contract.retry, contract.timeout, contract.version) == (Retry(attempts=1), None, 1)
    assert (contract.keep_completed, contract.keep_failed) == (None, None)
    assert (contract.size_limit, contract.log_limit, contract.stack_trace_limit) == (None, None, None)


def test_a_contract_inherits_from_its_queue_what_it_does_not_say() -> None:
    patient = Queue(
        "patient", retry=Retry(attempts=7), timeout=10.0, keep_completed=Keep(count=0), log_limit=5
    )

    class Inheriting(Job[None], queue=patient, name="inheriting"):
        pass

    class Unbounded(Job[None], queue=patient, name="unbounded", timeout=None, keep_completed=None):
        pass

    assert Inheriting.contract().retry == Retry(attempts=7)
    assert Inheriting.contract().timeout == 10.0
    assert Inheriting.contract().keep_completed == Keep(count=0)
    assert Inheriting.contract().log_limit == 5
    assert Unbounded.contract().timeout is None
    assert Unbounded.contract().keep_completed is None
    assert Unbounded.contract().retry == Retry(attempts=7)


def test_a_class_without_a_name_is_a_base_for_fields_and_policy(queue: Queue) -> None:
    class DocumentJob(Job[T], Generic[T], retry=Retry(attempts=3), timeout=5.0):
        path: str

    class Count(DocumentJob[int], queue=queue, name="count"):
        pass

    class Read(DocumentJob[list[str]], queue=queue, name="read", timeout=9.0):
        encoding: str = "utf-8"

    assert Count.contract().retry == Read.contract().retry == Retry(attempts=3)
    assert (Count.contract().timeout, Read.contract().timeout) == (5.0, 9.0)
    assert Count.contract().decode_result(b"3") == 3
    assert Read.contract().decode_result(b'["a"]') == ["a"]
    assert Read.contract().decode(b'{"path": "a.md"}') == Read(path="a.md")
    for base in (DocumentJob, DocumentJob[int], Job, Job[int]):
        with pytest.raises(NotAContract, match="is a base for contracts"):
            base.contract()


def test_a_mixin_of_fields_may_be_any_model(queue: Queue) -> None:
    class Located(BaseModel):
        path: str

    class Remove(Located, Job[None], queue=queue, name="remove"):
        pass

    assert Remove.contract().encode(Remove(path="a.md")) == b'{"path":"a.md"}'


def test_a_subclass_of_a_contract_is_another_contract_with_its_queue_and_policy(queue: Queue) -> None:
    class First(Job[int], queue=queue, name="first", timeout=5.0, version=3):
        pass

    class Second(First, name="second"):
        pass

    class Nameless(First):
        pass

    assert Second.contract().key == (queue.name, "second")
    assert (Second.contract().timeout, Second.contract().version) == (5.0, 1)
    with pytest.raises(NotAContract):
        Nameless.contract()


def test_a_generic_result_is_followed_through_its_bases(queue: Queue) -> None:
    class Listing(Job[list[T]], Generic[T]):
        pass

    class Optional(Listing[T | None], Generic[T]):  # pyright: ignore[reportInvalidTypeArguments]
        pass

    class Numbers(Optional[int], queue=queue, name="numbers"):
        pass

    assert Numbers.contract().decode_result(b"[1, null]") == [1, None]


def test_pydantic_s_own_keywords_keep_their_meaning(queue: Queue) -> None:
    class Strict(Job[None], queue=queue, name="strict", frozen=True, extra="forbid"):
        path: str

    job = Strict(path="a.md")
    with pytest.raises(ValidationError):
        job.path = "b.md"
    with pytest.raises(ValidationError):
        Strict.model_validate({"path": "a.md", "other": 1})


class Unserializable:
    pass


def _declare(**keywords: Any) -> Callable[[], Any]:
    def declare() -> type[Job[None]]:
        class Wrong(Job[None], **keywords):
            pass

        return Wrong

    return declare


@pytest.mark.parametrize(
    ("keywords", "fault"),
    [
        ({"name": "wrong"}, "no queue"),
        ({"queue": Queue("wrong")}, "no name"),
        ({"queue": Queue("wrong"), "name": ""}, "name=''"),
        ({"queue": Queue("wrong"), "name": 5}, "name=5"),
        ({"queue": "wrong", "name": "wrong"}, "is not a Queue"),
        ({"queue": Queue("wrong"), "name": "wrong", "timeout": 0}, "timeout=0"),
        ({"queue": Queue("wrong"), "name": "wrong", "timeout": float("nan")}, "timeout=nan"),
        ({"queue": Queue("wrong"), "name": "wrong", "retry": 5}, "retry=5"),
        ({"queue": Queue("wrong"), "name": "wrong", "retry": None}, "retry=None"),
        ({"queue": Queue("wrong"), "name": "wrong", "keep_failed": 5}, "keep_failed=5"),
        ({"queue": Queue("wrong"), "name": "wrong", "version": 0}, "version=0"),
        ({"queue": Queue("wrong"), "name": "wrong", "size_limit": 0}, "size_limit=0"),
        ({"queue": Queue("wrong"), "name": "wrong", "log_limit": 0}, "log_limit=0"),
        ({"queue": Queue("wrong"), "name": "wrong", "stack_trace_limit": -1}, "stack_trace_limit=-1"),
        ({"queue": Queue("wrong"), "name": "wrong", "retries": 5}, "no keyword retries"),
        ({"timeout": -1}, "timeout=-1"),
    ],
)
def test_a_wrong_keyword_names_the_class_and_its_place(keywords: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidContract) as caught:
        _declare(**keywords)()
    assert fault in str(caught.value)
    assert caught.value.contract.endswith("Wrong")
    assert caught.value.place.startswith(f"{__file__}:")
    assert caught.value.place in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        (Unserializable, "Unserializable"),
        (Callable[[], int], "Callable"),
        (list[Callable[[], int]], "Callable"),
        ("Undefined", "Undefined"),
    ],
)
def test_a_field_that_cannot_be_json_is_refused(queue: Queue, kind: Any, fault: str) -> None:
    with pytest.raises(InvalidContract, match=fault) as caught:
        type(Job)(
            "Wrong",
            (Job[None],),
            {"__annotations__": {"path": str, "wrong": kind}, "__module__": __name__},
            queue=queue,
            name="wrong",
        )
    assert "Wrong" in caught.value.contract


def test_a_field_of_an_arbitrary_type_is_named(queue: Queue) -> None:
    with pytest.raises(InvalidContract, match=r"field 'wrong'.*Unserializable"):

        class Wrong(Job[None], queue=queue, name="wrong", arbitrary_types_allowed=True):
            path: str
            wrong: Unserializable


@pytest.mark.parametrize("result", [Unserializable, Callable[[], int], "Undefined"])
def test_a_result_that_cannot_be_json_is_refused(queue: Queue, result: Any) -> None:
    with pytest.raises(InvalidContract, match=r"its result"):

        class Wrong(Job[result], queue=queue, name="wrong"):
            pass


def test_a_result_must_be_given(queue: Queue) -> None:
    with pytest.raises(InvalidContract, match="its result is not given"):

        class Wrong(Job, queue=queue, name="wrong"):  # pyright: ignore[reportMissingTypeArgument]
            pass

    with pytest.raises(InvalidContract, match="its result is not given"):

        class Open(Job[list[T]], Generic[T], queue=queue, name="open"):
            pass


@pytest.mark.parametrize(
    "field",
    [
        Field(validation_alias="read", serialization_alias="written"),
        Field(default="", validation_alias=AliasChoices("read", "known")),
        Field(default="", serialization_alias="written"),
    ],
)
def test_a_field_that_is_not_read_by_the_name_it_is_written_by_is_refused(queue: Queue, field: Any) -> None:
    with pytest.raises(InvalidContract, match="field 'path' is written as"):

        class Wrong(Job[None], queue=queue, name="wrong"):
            path: str = field


@pytest.mark.parametrize(
    "field",
    [
        Field(alias="filePath"),
        Field(validation_alias=AliasChoices("file_path", "filePath"), serialization_alias="filePath"),
        Field(default="", exclude=True),
    ],
)
def test_a_field_that_is_read_by_the_name_it_is_written_by_is_fine(queue: Queue, field: Any) -> None:
    class Right(Job[None], queue=queue, name="right"):
        path: str = field

    assert Right.contract().name == "right"


@pytest.mark.filterwarnings("ignore:Field name")
def test_a_field_that_hides_contract_is_refused(queue: Queue) -> None:
    with pytest.raises(InvalidContract, match="field 'contract' hides"):

        class Wrong(Job[None], queue=queue, name="wrong"):
            contract: str  # pyright: ignore[reportIncompatibleMethodOverride]


def test_fields_may_refer_to_what_is_defined_later_as_long_as_it_is_there(queue: Queue) -> None:
    class Tree(Job[None], queue=queue, name="tree"):
        branches: "list[Tree]"
        counted: ClassVar[int] = 0

    job = Tree(branches=[Tree(branches=[])])
    assert Tree.contract().decode(Tree.contract().encode(job)) == job


def test_a_duplicate_names_both_places(queue: Queue) -> None:
    first = _line() + 2

    class First(Job[None], queue=queue, name="same"):
        pass

    second = _line() + 3
    with pytest.raises(DuplicateContract) as caught:

        class Second(Job[None], queue=queue, name="same"):
            pass

    assert caught.value.places == (f"{__file__}:{first}", f"{__file__}:{second}")
    for told in ("First", "Second", *caught.value.places):
        assert told in str(caught.value)


def test_one_name_in_two_queues_is_no_duplicate(queue: Queue) -> None:
    class First(Job[None], queue=queue, name="same"):
        pass

    class Second(Job[None], queue=Queue(f"{queue.name}-other"), name="same"):
        pass

    assert First.contract().name == Second.contract().name


def test_a_contract_may_say_when_its_jobs_run_by_themselves(queue: Queue) -> None:
    daily = Schedule.cron("0 3 * * *", tz="Europe/Berlin")

    class Sweep(Job[None], queue=queue, name="sweep", schedule=daily):
        rooms: int = 3

    class Mop(Sweep, name="mop"):
        pass

    assert Sweep.contract().schedule == daily
    assert Mop.contract().schedule is None


def test_a_schedule_needs_a_payload_that_can_be_made_without_arguments(queue: Queue) -> None:
    with pytest.raises(InvalidContract, match="without arguments: rooms: Field required"):

        class Sweep(Job[None], queue=queue, name="sweep", schedule=Schedule.every(60.0)):
            rooms: int


def test_a_schedule_is_no_text(queue: Queue) -> None:
    with pytest.raises(InvalidContract, match="not a Schedule"):

        class Sweep(Job[None], queue=queue, name="sweep", schedule="@daily"):  # pyright: ignore[reportArgumentType]
            pass
