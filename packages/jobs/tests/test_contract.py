"""What is written under a contract can be read under it; what cannot is refused, without its value."""

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, JsonValue, PlainSerializer, SecretStr, TypeAdapter, field_validator

from toril.jobs import InvalidData, InvalidPayload, InvalidResult, Job, JobsError, Problem, Queue
from toril.jobs import errors as errors_module

queue = Queue("test-contract")

NAN, INFINITY = float("nan"), float("inf")


class Passage(BaseModel):
    text: str
    score: float | None = None


@dataclass
class Point:
    x: float


class Embedded(BaseModel):
    passages: list[Passage]


class EmbedDocument(Job[Embedded], queue=queue, name="embed-document"):
    path: Annotated[str, Field(alias="filePath")]
    pages: Annotated[int, Field(ge=1)] = 1
    weight: float | None = None
    anything: Any = None
    passage: Passage | None = None
    point: Point | None = None


class Loose(Job[JsonValue], queue=queue, name="loose"):
    value: JsonValue


class Opening(BaseModel):
    kind: Literal["opening"]


class Closing(BaseModel):
    kind: Literal["closing"]


class Small(Job[None], queue=queue, name="small", size_limit=14):
    word: str


class Validated(Job[None], queue=queue, name="validated"):
    token: str
    kind: Annotated[Opening | Closing | None, Field(discriminator="kind")] = None

    @field_validator("token")
    @classmethod
    def check(cls, token: str) -> str:
        if token.startswith("key"):
            return token
        if token.startswith("fault"):
            raise KeyError(token)
        raise ValueError(f"token {token} does not begin with key")


class Secretive(Job[None], queue=queue, name="secretive"):
    token: SecretStr | None = None
    note: str = ""


embed, loose, validated = EmbedDocument.contract(), Loose.contract(), Validated.contract()


def test_a_payload_is_written_under_its_aliases_and_read_again() -> None:
    job = EmbedDocument(filePath="a.md", pages=3)
    data = embed.encode(job)
    assert b'"filePath":"a.md"' in data
    assert embed.decode(data) == embed.decode(data.decode()) == job


def test_a_result_is_written_and_read_again() -> None:
    result = Embedded(passages=[Passage(text="one", score=0.5)])
    data = embed.encode_result(result)
    assert data == b'{"passages":[{"text":"one","score":0.5}]}'
    assert embed.decode_result(data) == embed.decode_result(data.decode()) == result


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (None, None),
        (int, 3),
        (list[int], [1, 2]),
        (int | str | None, "three"),
        (tuple[int, ...], (1, 2)),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC)),
        (bytes, b"bytes"),
        (dict[str, set[int]], {"a": {1}}),
        (Point, Point(1.5)),
        (list[Passage], [Passage(text="one")]),
    ],
)
def test_a_result_may_be_of_any_type_that_pydantic_writes(kind: Any, value: Any) -> None:
    class Anything(Job[kind], queue=queue, name="anything"):
        pass

    contract: Any = Anything.contract()
    assert contract.decode_result(contract.encode_result(value)) == value


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats()
        | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_every_json_value_comes_back_or_is_refused_for_a_number_that_is_not_finite(value: Any) -> None:
    for write, read in (
        (lambda: loose.encode(Loose(value=value)), lambda data: loose.decode(data).value),
        (lambda: loose.encode_result(value), loose.decode_result),
    ):
        if _holds_not_finite(value):
            with pytest.raises(InvalidData, match="NaN and infinity are not JSON"):
                write()
        else:
            assert read(write()) == value


def _holds_not_finite(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_holds_not_finite, parts))


@pytest.mark.parametrize("number", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (lambda number: {"weight": number}, "weight"),
        (lambda number: {"anything": number}, "anything"),
        (lambda number: {"anything": {"deep": [1.0, {"er": number}]}}, "anything.deep.1.er"),
        (lambda number: {"anything": {number: 1}}, None),
        (lambda number: {"anything": (1, {number})}, "anything.1.0"),
        (lambda number: {"passage": Passage(text="one", score=number)}, "passage.score"),
        (lambda number: {"anything": Passage(text="one", score=number)}, "anything.score"),
        (lambda number: {"point": Point(number)}, "point.x"),
        (lambda number: {"anything": [Point(number)]}, "anything.0.x"),
    ],
)
def test_a_number_that_is_not_finite_is_refused_wherever_it_stands(
    number: float, fields: Callable[[float], dict[str, Any]], path: str | None
) -> None:
    job = EmbedDocument(filePath="a.md", **fields(number))
    with pytest.raises(InvalidPayload, match="NaN and infinity are not JSON") as caught:
        embed.encode(job)
    if path is not None:
        assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize("style", ["null", "constants", "strings"])
def test_a_model_that_writes_nan_in_a_way_of_its_own_is_refused_too(style: Any) -> None:
    class Styled(Job[None], queue=queue, name="styled", ser_json_inf_nan=style):
        weight: float | None
        others: tuple[float, ...] = ()

    contract = Styled.contract()
    for job in (Styled(weight=NAN), Styled(weight=1.0, others=(0.0, -INFINITY))):
        with pytest.raises(InvalidPayload, match="NaN and infinity"):
            contract.encode(job)
    assert contract.decode(contract.encode(Styled(weight=None))) == Styled(weight=None)


def test_words_that_look_like_nan_are_no_numbers() -> None:
    job = EmbedDocument(filePath="NaN, Infinity and null")
    assert embed.decode(embed.encode(job)) == job


def test_a_result_that_is_not_finite_is_refused() -> None:
    with pytest.raises(InvalidResult) as caught:
        embed.encode_result(Embedded(passages=[Passage(text="one", score=NAN)]))
    assert caught.value.problems == (Problem("passages.0.score", "NaN and infinity are not JSON"),)
    with pytest.raises(InvalidResult, match=r"\(whole\): NaN and infinity"):
        loose.encode_result(NAN)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"nonsense", b"\xff", "\ud800", b'{"value": 1} 2', b"[" * 100_000]
)
def test_what_is_not_json_is_refused(data: bytes | str) -> None:
    with pytest.raises(InvalidPayload):
        loose.decode(data)
    with pytest.raises(InvalidResult):
        loose.decode_result(data)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_not_json_are_refused_as_they_are_read(number: str) -> None:
    with pytest.raises(InvalidPayload, match="Invalid JSON"):
        embed.decode(f'{{"filePath": "a.md", "weight": {number}}}')
    with pytest.raises(InvalidResult, match="Invalid JSON"):
        embed.decode_result(f'{{"passages": [{{"text": "one", "score": {number}}}]}}'.encode())


def test_a_payload_that_does_not_fit_tells_each_field() -> None:
    with pytest.raises(InvalidPayload) as caught:
        embed.decode(b'{"pages": 0, "passage": {"text": 5}}')
    assert (caught.value.queue, caught.value.name) == (queue.name, "embed-document")
    assert caught.value.problems == (
        Problem("filePath", "Field required"),
        Problem("pages", "Input should be greater than or equal to 1"),
        Problem("passage.text", "Input should be a valid string"),
    )
    assert str(caught.value).splitlines() == [
        "the payload of job 'embed-document' in queue 'test-contract' does not fit its contract",
        "  filePath: Field required",
        "  pages: Input should be greater than or equal to 1",
        "  passage.text: Input should be a valid string",
    ]


def test_what_was_changed_is_checked_again() -> None:
    job = EmbedDocument(filePath="a.md")
    job.pages = 0
    with pytest.raises(InvalidPayload, match="pages: Input should be greater"):
        embed.encode(job)


def test_what_was_made_without_validation_is_checked() -> None:
    with pytest.raises(InvalidPayload, match="filePath: Field required"):
        embed.encode(EmbedDocument.model_construct(pages=2))
    with pytest.raises(InvalidResult, match="passages: Input should be a valid array"):
        embed.encode_result(Embedded.model_construct(passages="none"))


def test_a_job_of_another_contract_is_refused() -> None:
    other: Any = Loose(value=1)
    with pytest.raises(InvalidPayload, match="a EmbedDocument is wanted, not a Loose"):
        embed.encode(other)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "Unable to serialize unknown type: <class 'object'>"),
        (b"\xff", "invalid utf-8 sequence"),
    ],
)
def test_what_cannot_be_written_is_refused(value: object, reason: str) -> None:
    with pytest.raises(InvalidPayload) as caught:
        embed.encode(EmbedDocument(filePath="a.md", anything=value))
    assert caught.value.problems == (Problem("", reason),)


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidPayload, match="Circular reference detected"):
        embed.encode(EmbedDocument(filePath="a.md", anything=endless))


def test_a_secret_that_would_arrive_as_asterisks_is_refused() -> None:
    contract = Secretive.contract()
    with pytest.raises(InvalidPayload, match="a secret is written as asterisks"):
        contract.encode(Secretive(token=SecretStr("hidden")))
    stars = Secretive(note="*" * 10)
    assert contract.decode(contract.encode(stars)) == stars


def test_a_secret_with_a_serializer_travels() -> None:
    def reveal(secret: SecretStr) -> str:
        return secret.get_secret_value()

    class Revealing(Job[None], queue=queue, name="revealing"):
        token: Annotated[SecretStr, PlainSerializer(reveal, return_type=str)]

    contract = Revealing.contract()
    job = Revealing(token=SecretStr("hidden"))
    assert contract.decode(contract.encode(job)) == job


@pytest.mark.parametrize(
    "data",
    [
        b'{"token": "hush-hush"}',
        b'{"token": "key", "kind": {"kind": "hush-hush"}}',
        b'{"token": ["hush-hush"]}',
        b'{"token": "hush-hush',
    ],
)
def test_neither_the_message_nor_the_traceback_holds_the_value(data: bytes) -> None:
    with pytest.raises(InvalidPayload) as caught:
        validated.decode(data)
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_validator_s_own_words_are_told_without_the_value() -> None:
    with pytest.raises(InvalidPayload) as caught:
        validated.decode(b'{"token": "hush-hush"}')
    assert caught.value.problems == (Problem("token", "Value error, token … does not begin with key"),)


def test_a_short_value_costs_no_word_its_letters() -> None:
    with pytest.raises(InvalidPayload) as caught:
        validated.decode(b'{"token": "o"}')
    assert caught.value.problems[0].reason == "Value error, token … does not begin with key"


def test_a_faulty_validator_makes_the_payload_invalid_and_stays_visible() -> None:
    with pytest.raises(InvalidPayload, match="a validator or serializer raised KeyError") as caught:
        validated.decode(b'{"token": "fault"}')
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_long_list_of_problems_is_cut() -> None:
    values = ["x" * 5000] * 500

    class Many(Job[list[int]], queue=queue, name="many"):
        numbers: dict[str, int]

    contract = Many.contract()
    with pytest.raises(InvalidResult) as of_result:
        contract.decode_result(TypeAdapter(list[str]).dump_json(values))
    assert (len(of_result.value.problems), of_result.value.omitted) == (20, 480)
    assert str(of_result.value).endswith("and 480 more")
    with pytest.raises(InvalidPayload) as of_payload:
        contract.decode(
            TypeAdapter(Any).dump_json({"numbers": {f"{at}{'k' * 5000}": "x" for at in range(500)}})
        )
    assert len(str(of_payload.value)) < 20_000


ERRORS = [
    errors_module.InvalidPolicy("timeout", 0, "seconds"),
    errors_module.InvalidContract("module.Name", "file.py:3", "no"),
    errors_module.DuplicateContract("queue", "name", ("one", "two"), ("a:1", "b:2")),
    errors_module.NotAContract("module.Name"),
    InvalidPayload("queue", "name", (Problem("path", "wrong"),), 3),
    InvalidResult("queue", "name", (Problem("", "wrong"),)),
    errors_module.InvalidReference("nonsense"),
    errors_module.UnknownModule("module"),
    errors_module.NoContracts("module"),
    errors_module.UnknownContract("queue/name", iter(["a/b"])),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("travel", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301 - our own
def test_errors_survive_the_way_between_processes(error: JobsError, travel: Callable[[Any], Any]) -> None:
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_a_contract_does_not_change() -> None:
    changeable: Any = embed
    with pytest.raises(AttributeError):
        changeable.name = "other"


def test_jobs_survive_the_way_between_processes() -> None:
    job = EmbedDocument(filePath="a.md", passage=Passage(text="one"))
    assert pickle.loads(pickle.dumps(job)) == job  # noqa: S301 - our own


def test_a_payload_larger_than_its_contract_allows_is_refused_in_bytes() -> None:
    assert Small.contract().encode(Small(word="you")) == b'{"word":"you"}'
    with pytest.raises(InvalidPayload, match=r"15 bytes of JSON are more than its size_limit, 14"):
        Small.contract().encode(Small(word="yoü"))


def test_a_large_payload_that_another_release_added_is_still_read() -> None:
    assert Small.contract().decode(b'{"word":"much longer"}') == Small(word="much longer")
