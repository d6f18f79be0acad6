"""The one reader of the environment: every setting is a `CASELEDGER_*` variable (`caseledger settings` lists them)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Command line options go before the environment."""

    model_config = SettingsConfigDict(env_prefix="CASELEDGER_", extra="ignore")

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
    issuer: str = Field(default="https://caseledger.example", description="`iss` that tokens must name.")
    audience: str = Field(default="caseledger", description="`aud` that tokens must name.")
    jwks_url: str | None = Field(
        default=None,
        description="Where the keys of an identity provider are; without it our own key signs and verifies.",
    )
    token_days: float = Field(default=30, gt=0, description="Days that a token of `caseledger token` is valid.")
