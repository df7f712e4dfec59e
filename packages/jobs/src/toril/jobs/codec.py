"""The values of one type as JSON text and back: what is written is proven readable.

This is the hot path: Pydantic's compiled functions are looked up once a type, bytes stay bytes, and they are
searched with `find`, which takes half as long as `in`.
"""

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from pydantic import TypeAdapter
from pydantic_core import from_json

from toril.jobs.errors import InvalidData, Problem
from toril.jobs.problems import Unwritable, describe, is_finite, not_finite

T = TypeVar("T")

Refuse = Callable[[tuple[Problem, ...], int], InvalidData]

LARGEST_VALUE = 64 * 1024 * 1024
"""In bytes of JSON: what is larger belongs elsewhere, with a reference to it here."""

_MASKED = b'"**********"'


class Codec(Generic[T]):
    """Writes and reads the values of one type.

    Args:
        adapter: the type's own.
        refuse: makes the error that is raised for a value that does not fit.
    """

    __slots__ = ("_refuse", "_to_json", "_to_python", "_validate_json", "adapter")

    def __init__(self, adapter: TypeAdapter[T], refuse: Refuse) -> None:
        self.adapter = adapter
        self._to_json = adapter.serializer.to_json
        self._to_python = adapter.serializer.to_python
        self._validate_json: Callable[[bytes], T] = adapter.validator.validate_json
        self._refuse = refuse

    # A refusal is raised outside the handler that found it: Pydantic's own errors hold the value, which must
    # not reach a log as a refusal's context. Other errors are faults of a user's validator, and stay visible.

    def write(self, value: T) -> bytes:
        """The value as JSON.

        Raises:
            InvalidData: it could not be read again, holds NaN or infinity, or is larger than 64 MiB.
        """
        try:
            data = self._to_json(value, by_alias=True, warnings=False)
            if len(data) > LARGEST_VALUE:
                _refuse_size(len(data))
            # Pydantic may write a number that is not finite in any of these ways, as each model has it.
            if value is not None and (
                data.find(b"null") >= 0 or data.find(b"NaN") >= 0 or data.find(b"Infinity") >= 0
            ):
                self._check_finite(value)
            readable = self._validate_json(data)
            if data.find(_MASKED) >= 0:
                _check_unmasked(value, readable)
        except ValueError as error:
            refusal = self._refuse(*describe(error))
        except Exception as error:
            raise self._refuse((_blame(error),), 0) from error
        else:
            return data
        raise refusal

    def read(self, data: bytes | str) -> T:
        """The value that stands in a JSON text.

        Raises:
            InvalidData: it does not fit, or is not JSON.
        """
        try:
            text = data.encode() if isinstance(data, str) else data
            if text.find(b"NaN") >= 0 or text.find(b"Infinity") >= 0:
                # Pydantic would read them as numbers where they do not stand in quotes.
                from_json(text, allow_inf_nan=False)
            return self._validate_json(text)
        except ValueError as error:
            refusal = self._refuse(*describe(error))
        except Exception as error:
            raise self._refuse((_blame(error),), 0) from error
        raise refusal

    def _check_finite(self, value: T) -> None:
        written = self._to_python(value, by_alias=True, warnings=False)
        if not is_finite(written):
            raise Unwritable("NaN and infinity are not JSON", list(not_finite(written)))


def _refuse_size(size: int) -> NoReturn:
    raise Unwritable(f"{size:,} bytes of JSON are more than {LARGEST_VALUE:,}")


def _check_unmasked(value: object, readable: object) -> None:
    if readable != value:
        raise Unwritable("a secret is written as asterisks: give its field a serializer, or send a reference")


def _blame(error: Exception) -> Problem:
    return Problem("", f"a validator or serializer raised {type(error).__name__}")
