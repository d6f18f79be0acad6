"""The one reader of the environment: every setting is a `CASELEDGER_*` variable (`caseledger settings` lists them)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infrastructure.transparency.publication.http_client import web_address
from infrastructure.transparency.publication.witnesses import parse_witnesses

_PREFIX = "CASELEDGER_"
_ALIKE, _SLIP = 0.6, 0.85
"""How like a setting's name another must be for the setting to be suggested, and for it to be a slip of the pen."""
_LISTEN = r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):\d{1,5}$"


class Settings(BaseSettings):
    """What an operator may set. Command line options go before the environment."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore")

    data_dir: Path = Field(
        default=Path(".data"), description="Keys, and the embedded server's data. Created when missing."
    )
    database_url: str | None = Field(
        default=None,
        description="A PostgreSQL 17+ to use instead of the embedded one, as a libpq URL naming the database.",
    )
    pg_bin: Path | None = Field(default=None, description="Folder of PostgreSQL binaries for the embedded server.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    reports_per_hour: int = Field(
        default=20,
        ge=0,
        description="Reports an hour that one network address may send by self service without an identity; 0 for none. "
        "Each API process counts for itself.",
    )
    upload_seconds: float = Field(
        default=120, gt=0, description="Seconds within which an attachment must have come: a bound on slow senders."
    )
    issuer: str = Field(default="https://caseledger.example", description="`iss` that tokens must name.")
    audience: str = Field(default="caseledger", description="`aud` that tokens must name.")
    jwks_url: str | None = Field(
        default=None,
        description="Where the keys of an identity provider are; without it our own key signs and verifies.",
    )
    token_days: float = Field(default=30, gt=0, description="Days that a token of `caseledger token` is valid.")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        pattern=r"^https?://[^\s?#]+$",
        description="Where customers reach this desk: links in mails start with it.",
    )
    mail_from: str = Field(
        default="service-desk@caseledger.example",
        pattern=r"^[!-?A-~]{1,22}@[0-9A-Za-z.-]+$",
        description="The desk's mailbox: mails come from it, and replies and what cannot be delivered go back to it, "
        "with a signed part behind a plus sign. At most 22 characters before the @.",
    )
    smtp_host: str | None = Field(
        default=None, description="Mail server that letters are handed to; without it they wait in the outbox."
    )
    smtp_port: int = Field(default=25, ge=1, le=65535, description="Its port.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="none", description="Encryption: none, starttls (usually port 587) or tls from the start (465)."
    )
    smtp_user: str | None = Field(
        default=None,
        description="User to log in as; with CASELEDGER_SMTP_TLS none, he and his password go in the clear.",
    )
    smtp_password: SecretStr | None = Field(default=None, description="His password.")
    smtp_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) to trust instead of the machine's authorities when talking to the mail server.",
    )
    smtp_listen: str | None = Field(
        default=None,
        pattern=_LISTEN,
        description="`host:port` where mail servers deliver mail for CASELEDGER_MAIL_FROM by SMTP; `[::1]:25` for IPv6.",
    )
    lmtp_listen: str | None = Field(
        default=None, pattern=_LISTEN, description="The same by LMTP: for a mail server of your own, beside it."
    )
    smtp_cert_file: Path | None = Field(
        default=None, description="Certificate chain (PEM) that STARTTLS is offered with where mail is delivered."
    )
    smtp_key_file: Path | None = Field(default=None, description="Its private key, where it is in a file of its own.")
    imap_host: str | None = Field(
        default=None, description="Mail server with a mailbox that is read by IMAP, where nothing can deliver to us."
    )
    imap_port: int = Field(default=993, ge=1, le=65535, description="Its port.")
    imap_tls: Literal["none", "starttls", "tls"] = Field(
        default="tls", description="Encryption: tls from the start (993), starttls or none (143)."
    )
    imap_user: str = Field(default="", description="User to log in as.")
    imap_password: SecretStr | None = Field(default=None, description="His password.")
    imap_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) to trust instead of the machine's authorities."
    )
    imap_folder: str = Field(default="INBOX", description="The mailbox.")
    imap_moved_to: str | None = Field(
        default=None, description="Mailbox where messages go once they are on the record; else they are marked as read."
    )
    imap_interval: float = Field(default=60, gt=0, description="Seconds between two looks at the mailbox.")
    sealer_dir: Path | None = Field(
        default=None,
        description="The sealer's own folder, for its keys and for what it signed last: best on another machine than the "
        "database. Default: `sealer` in the data directory.",
    )
    log_origin: str | None = Field(
        default=None,
        pattern=r"^[^\s+]*[^\s+/0-9]$",
        max_length=200,
        description="Name of the transparency log where it is begun, such as desk.agency.example/log; a random one unless "
        "set. It ends in no digit: a log begun after a restore is told apart by one.",
    )
    witnesses: str = Field(
        default="",
        description="Witnesses (C2SP tlog-witness) that each checkpoint is shown to, as `vkey@url` with spaces between: "
        "`witness.example/w1+1a2b3c4d+BA...=@https://witness.example`, where `/add-checkpoint` is put behind the URL.",
    )
    tsa_url: str | None = Field(
        default=None, description="A timestamp authority (RFC 3161) that stamps the current checkpoint, hourly at most."
    )
    tsa_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM), the root's among them, that its signatures are checked with; "
        "without it a timestamp is kept as it comes.",
    )
    held_dir: Path | None = Field(
        default=None,
        description="A directory on another disk that the current checkpoint is written to, each minute at most. "
        "Never created: a disk that is not mounted shall be missed.",
    )
    tries: int = Field(
        default=5,
        ge=1,
        description="Tries after which a message or a closure that always fails is set aside, so that the others go on: "
        "`caseledger status` shows it.",
    )
    intake_at_once: int = Field(
        default=16,
        ge=0,
        description="Messages of monitoring systems that one process takes in at once, by each protocol; those beyond are "
        "told to come again.",
    )
    streams_at_once: int = Field(
        default=64,
        ge=0,
        description="Readers that one API process lets follow the feed of events at once; those beyond are told to come again.",
    )
    clock_ahead: float = Field(
        default=0,
        description="Hours that this process's clock runs ahead, to see what the timers will do. For demonstrations: "
        "what it records says so by its `occurred_at`.",
    )

    @property
    def sealer_folder(self) -> Path:
        """Where the sealer's folder is."""
        return self.sealer_dir or self.data_dir / "sealer"

    @property
    def log_name(self) -> str:
        """The name of a log that is begun now."""
        return self.log_origin or f"caseledger.example/{secrets.token_hex(4)}"

    @field_validator("witnesses")
    @classmethod
    def _witnesses_are_such(cls, text: str) -> str:
        parse_witnesses(text)
        return text

    @field_validator("tsa_url")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        if url is not None:
            web_address(url)
        return url

    def as_environment(self) -> dict[str, str]:
        """What of them a process of ours must be told: all that differs from the defaults."""
        told = {name: getattr(self, name) for name in type(self).model_fields}
        plain = {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in told.items()}
        return {
            f"{self.model_config['env_prefix']}{name.upper()}": str(value)
            for name, value in plain.items()
            if value is not None and told[name] != type(self).model_fields[name].default
        }


@dataclass(frozen=True)
class Misspelt:
    """A variable that looks like a setting and is none."""

    variable: str
    nearest: str | None
    """The setting that it may have been meant for."""
    slip: bool
    """Whether it differs from that by so little that nothing else can be meant."""

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.variable} is no setting, and changes nothing{hint}"


def misspelt(variables: Iterable[str] | None = None) -> list[Misspelt]:
    """The `CASELEDGER_*` variables of the environment that no setting reads, by name."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    given = {name for name in (os.environ if variables is None else variables) if name.upper().startswith(_PREFIX)}
    return [_misspelt(name, known) for name in sorted(given) if name.upper() not in known]


def _misspelt(variable: str, known: Iterable[str]) -> Misspelt:
    name = variable.upper().removeprefix(_PREFIX)
    likeness, nearest = max((SequenceMatcher(None, name, k.removeprefix(_PREFIX)).ratio(), k) for k in known)
    return Misspelt(variable, nearest if likeness >= _ALIKE else None, likeness >= _SLIP)
