"""The commands of `caseledger`, each imported when it is asked for: most need nothing of the web server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("api.cli.processes.server", "serve"),
    "api": ("api.cli.processes.server", "api"),
    "worker": ("api.cli.processes.workers", "worker"),
    "migrate": ("api.cli.installation", "migrate"),
    "token": ("api.cli.installation", "token"),
    "roles": ("api.cli.installation", "roles"),
    "settings": ("api.cli.installation", "settings"),
    "status": ("api.cli.installation", "status"),
    "report": ("api.cli.reports", "report"),
    "what-if": ("api.cli.what_if", "what_if"),
    "rebuild": ("api.cli.reports", "rebuild"),
    "backup": ("api.cli.backups", "backup"),
    "restore": ("api.cli.backups", "restore"),
    "upgrade-database": ("api.cli.backups", "upgrade_database"),
    "lost": ("api.cli.backups", "lost"),
    "conformance": ("api.cli.conformance", "conformance"),
    "reads": ("api.cli.reads", "reads"),
    "bundle": ("api.cli.bundle", "bundle"),
    "verify-bundle": ("api.cli.bundle", "verify_bundle_command"),
    "replay": ("api.cli.audit", "replay"),
    "verify": ("api.cli.audit", "verify"),
    "attest": ("api.cli.audit", "attest"),
    "erase": ("api.cli.personal_data", "erase"),
    "hold": ("api.cli.personal_data", "hold"),
    "release-hold": ("api.cli.personal_data", "release_hold"),
    "approvals": ("api.cli.approvals", "approvals"),
    "approve": ("api.cli.approvals", "approve"),
    "refuse": ("api.cli.approvals", "refuse"),
    "withdraw": ("api.cli.approvals", "withdraw"),
    "import": ("api.cli.imports", "app"),
    "export": ("api.cli.exports", "app"),
    "demo": ("api.cli.demo", "app"),
    "intake": ("api.cli.monitoring", "intake"),
    "source": ("api.cli.monitoring", "source"),
    "webhooks": ("api.cli.webhooks", "app"),
    "keys": ("api.cli.installation", "keys"),
    "tlog": ("api.cli.tlog", "app"),
}
"""Module of each command or group of commands, and its name there, in the order of `caseledger --help`."""
SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class _OnDemand(Mapping[str, Any]):
    """The commands by name."""

    def __getitem__(self, name: str) -> Any:
        module, attribute = COMMANDS[name]
        given = getattr(import_module(module), attribute)
        if not isinstance(given, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(name, context_settings=SETTINGS)(given)
            return get_command(alone)
        command = get_command(given)
        command.name = name
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = cast("Any", _OnDemand())

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names. It imports none of them."""
        return list(COMMANDS)
