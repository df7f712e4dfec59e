"""Whether a type can travel as JSON: asked once, as its class is made, and not with the first job."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from pydantic import AliasChoices, AliasPath, BaseModel, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind

_MODES: tuple[Literal["validation", "serialization"], ...] = ("validation", "serialization")


class _Silent(GenerateJsonSchema):
    """Says only whether there is a JSON schema: nobody reads it here."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """A default that JSON cannot hold is no fault: it is never sent."""


def fault_of_model(model: type[BaseModel]) -> str | None:
    """Why a model cannot be written as JSON and read again, or None if it can."""
    fault = _fault(lambda: model.model_rebuild(_types_namespace={})) or _fault_of_schema(
        model.model_json_schema
    )
    if fault is None:
        return _fault_of_aliases(model)
    for name, field in model.model_fields.items():
        if fault_of_type(field.annotation):
            return f"field {name!r}: {fault}"
    return fault


def fault_of_type(kind: Any) -> str | None:
    """Why a type's values cannot be written as JSON and read again, or None if they can."""
    fault = _fault(lambda: TypeAdapter(kind)) or _fault_of_schema(TypeAdapter(kind).json_schema)
    if fault is None and isinstance(kind, type) and issubclass(kind, BaseModel):
        return _fault_of_aliases(kind)
    return fault


def first_line(error: Exception) -> str:
    """What Pydantic says, without its advice and its links."""
    return str(error).partition("\n")[0]


def _fault_of_schema(json_schema: Callable[..., object]) -> str | None:
    for mode in _MODES:
        fault = _fault(partial(json_schema, mode=mode, schema_generator=_Silent))
        if fault:
            return fault
    return None


def _fault(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        return first_line(error)
    return None


def _fault_of_aliases(model: type[BaseModel]) -> str | None:
    for name, field in model.model_fields.items():
        written = field.serialization_alias or name
        if not field.exclude and written not in _readable_names(name, field, model):
            return f"field {name!r} is written as {written!r} but not read by that name"
    return None


def _readable_names(name: str, field: FieldInfo, model: type[BaseModel]) -> set[str | int]:
    config = model.model_config
    alias = field.validation_alias
    names: set[str | int] = set()
    if alias is None or config.get("validate_by_name") or config.get("populate_by_name"):
        names.add(name)
    if alias is not None and config.get("validate_by_alias", True):
        for choice in alias.choices if isinstance(alias, AliasChoices) else (alias,):
            path = choice.path if isinstance(choice, AliasPath) else [choice]
            if len(path) == 1:
                names.add(path[0])
    return names
