"""Examples: a field's own, and those that follow from the fields of an object."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


class Examples:
    """Finds and completes the examples of schemas that refer to each other by name."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def complete(self) -> None:
        """Give an example to every field, and to every object."""
        for schema in self._schemas.values():
            for field in schema.get("properties", {}).values():
                self._complete_field(field)
        for schema in self._schemas.values():
            if "properties" in schema:
                schema.setdefault("examples", [self.of(schema)])

    def _complete_field(self, field: Schema) -> None:
        for part in field.get("properties", {}).values():
            self._complete_field(part)
        if "examples" not in field:
            field["examples"] = [self.of(field)]
        for option in field.get("anyOf", ()):
            option.pop("examples", None)

    def of(self, schema: Schema) -> Any:
        """The example of a schema. Raises LookupError where it has none, nor parts that have."""
        match schema:
            case {"examples": [example, *_]} | {"enum": [example, *_]} | {"const": example}:
                return example
            case {"$ref": str(reference)}:
                return self.of(self._schemas[reference.rsplit("/", 1)[-1]])
            case {"anyOf": [part, *_]} | {"oneOf": [part, *_]} | {"allOf": [part, *_]}:
                return self.of(part)
            case {"properties": dict(fields)}:
                return {name: self.of(field) for name, field in fields.items()}
            case {"items": dict(item)}:
                return [self.of(item)]
            case {"type": "null"}:
                return None
        raise LookupError(f"no example in {schema}")
