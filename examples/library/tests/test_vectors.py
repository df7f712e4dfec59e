"""How an embedding travels."""

import math
from base64 import b64encode

import pytest
from pydantic import BaseModel, ValidationError

from examples.library.vectors import BYTES, DIMENSIONS, TEXT_LENGTH, Vector, pack, unpack

NUMBERS = [number / 256 for number in range(DIMENSIONS)]


class Holder(BaseModel):
    vector: Vector


def test_a_vector_survives_the_way_through_json():
    sent = Holder(vector=pack(NUMBERS))

    received = Holder.model_validate_json(sent.model_dump_json())

    assert received == sent
    assert list(unpack(received.vector)) == NUMBERS


def test_a_vector_is_validated_the_same_from_parsed_json():
    sent = Holder(vector=pack(NUMBERS))

    assert Holder.model_validate(sent.model_dump(mode="json")) == sent


def test_on_the_wire_it_is_little_endian_float32_in_base64():
    text = Holder(vector=pack([1.0] + [0.0] * 255)).model_dump(mode="json")["vector"]

    assert text == b64encode(b"\x00\x00\x80\x3f" + bytes(1020)).decode()
    assert len(text) == TEXT_LENGTH


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b64encode(bytes(BYTES - 4)).decode(), f"{TEXT_LENGTH} characters of base64"),
        ("*" * TEXT_LENGTH, "base64"),
        (bytes(BYTES + 4), f"{BYTES} bytes"),
        (pack([math.nan] * DIMENSIONS), "finite"),
        (b64encode(pack([math.inf] * DIMENSIONS)).decode(), "finite"),
        (NUMBERS, "not list"),
    ],
)
def test_anything_else_is_refused_with_the_reason(value: object, reason: str):
    with pytest.raises(ValidationError, match=reason):
        Holder.model_validate({"vector": value})


def test_a_list_of_another_length_is_no_vector():
    with pytest.raises(ValueError, match="256 numbers, this one 3"):
        pack([1.0, 2.0, 3.0])


def test_its_schema_says_how_long_its_text_is():
    schema = Holder.model_json_schema()["properties"]["vector"]

    assert schema["type"] == "string"
    assert schema["minLength"] == schema["maxLength"] == TEXT_LENGTH
