"""Answers held against the OpenAPI document: they are as described, and have nothing that is not described."""

from __future__ import annotations

import re
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

Schema = dict[str, Any]


class Contract:
    """The document of a served desk."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.seen = set[tuple[str, str, str]]()
        """Method, path and status of each answer that was checked."""
        strict = _closed(document["components"])
        self._components = {name: strict[name] for name in ("schemas", "responses", "headers")}
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+" if "tlog" not in path else ".+", path)), path, item)
            for path, item in sorted(document["paths"].items(), key=lambda each: each[0].count("{"))
        ]

    def check(self, answer: httpx.Response) -> httpx.Response:
        """Hold an answer against the operation that gave it. Returns it."""
        method, address = answer.request.method.lower(), answer.request.url.path
        path, item = next(
            (path, item) for pattern, path, item in self._paths if pattern.fullmatch(address) and method in item
        )
        responses = item[method]["responses"]
        assert str(answer.status_code) in responses, (method, path, answer.status_code, answer.text)
        self.seen.add((method, path, str(answer.status_code)))
        described = self._resolved(responses[str(answer.status_code)])
        for name, header in described.get("headers", {}).items():
            known = self._resolved(header)
            assert name in answer.headers or not known["required"], (method, path, name)
        self._check_body(answer, described, f"{method} {path}")
        return answer

    def _check_body(self, answer: httpx.Response, described: Schema, where: str) -> None:
        content = described.get("content")
        if content is None:
            assert answer.content == b"", where
            return
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in content, (where, kind, sorted(content))
        if kind.endswith("json"):
            schema = {**_closed(content[kind]["schema"]), "components": self._components}
            validator = Draft202012Validator(schema, format_checker=FormatChecker())
            wrong = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(answer.json())]
            assert not wrong, (where, wrong)

    def _resolved(self, part: Schema) -> Schema:
        if "$ref" not in part:
            return part
        found: Any = self.document
        for step in part["$ref"][2:].split("/"):
            found = found[step]
        resolved: Schema = found
        return resolved


def _closed(part: Any) -> Any:
    """The same schemas without room for what they do not name. Those of requests have their own rule."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(each) for name, each in part.items()}
    if "properties" in part and part.get("type") == "object" and "additionalProperties" not in part:
        closed["additionalProperties"] = False
    return closed
