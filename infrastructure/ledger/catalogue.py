from dataclasses import dataclass
from typing import Any


@dataclass
class C:
    findings: list
    warnings: list
    facts: int


def check_catalogue(connection: Any) -> Any:
    return C([], [], 0)
