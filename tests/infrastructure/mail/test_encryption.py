"""Letters over TLS and with a login: what the operator got wrong is theirs to mend, and costs no letter."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from application.mail_out.letters import Deferred
from infrastructure.mail.catcher import mail_catcher, smtp_server
from infrastructure.settings import Settings
from tests.infrastructure.mail.letters import a_letter
from tests.infrastructure.mail.mail_servers import Refusing, a_certificate, deliver, postman


@pytest.fixture(autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    """What a delivery forgot to close warns when it is collected, and warnings are errors."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1, signed by itself, with its key."""
    return a_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_starttls_is_used_and_the_certificate_checked(certificate: Path, tls: ssl.SSLContext) -> None:
    with smtp_server(Refusing(), tls_context=tls, require_starttls=True) as port:
        assert deliver(postman(port, tls="starttls", ca_file=certificate), a_letter()).reply.startswith("250")
        with pytest.raises(Deferred, match="certificate verify failed"):
            deliver(postman(port, tls="starttls"), a_letter())
        with pytest.raises(Deferred, match="STARTTLS"):
            deliver(postman(port), a_letter())


def test_tls_from_the_start_is_used_and_the_certificate_checked(certificate: Path, tls: ssl.SSLContext) -> None:
    with smtp_server(Refusing(), tls=tls) as port:
        assert deliver(postman(port, tls="tls", ca_file=certificate), a_letter()).reply.startswith("250")
        with pytest.raises(Deferred, match="certificate verify failed"):
            deliver(postman(port, tls="tls"), a_letter())
        with pytest.raises(Deferred):
            deliver(postman(port, tls="none", timeout=0.2), a_letter())


def test_a_certificate_of_another_host_defers(certificate: Path, tls: ssl.SSLContext) -> None:
    with smtp_server(Refusing(), host="localhost", tls=tls) as port, pytest.raises(Deferred, match="localhost"):
        deliver(postman(port, host="localhost", tls="tls", ca_file=certificate), a_letter())


def test_a_server_without_the_encryption_asked_for_gets_nothing(certificate: Path) -> None:
    with mail_catcher() as catcher:
        with pytest.raises(Deferred, match="STARTTLS"):
            deliver(postman(catcher.port, tls="starttls", ca_file=certificate), a_letter())
        with pytest.raises(Deferred, match="SSL"):
            deliver(postman(catcher.port, tls="tls", ca_file=certificate), a_letter())
        assert catcher.messages() == []


def test_a_certificate_file_that_is_missing_or_broken_defers(tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("certificate", encoding="ascii")
    for name in ("missing.pem", "broken.pem"):
        with pytest.raises(Deferred):
            deliver(postman(1, tls="tls", ca_file=tmp_path / name), a_letter())


def _let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=(given.login, given.password) == (b"desk", b"s3cret"), handled=False)


def test_who_must_log_in_does(certificate: Path, tls: ssl.SSLContext) -> None:
    trusting = postman(1, tls="starttls", ca_file=certificate)
    with smtp_server(Refusing(), tls_context=tls, auth_required=True, authenticator=_let_in) as port:
        known = replace(trusting, port=port, user="desk", password="s3cret")
        assert deliver(known, a_letter()).reply.startswith("250")
        with pytest.raises(Deferred, match="535") as wrong:
            deliver(replace(known, password="guess"), a_letter())
        with pytest.raises(Deferred, match="530"):
            deliver(replace(known, user=None), a_letter())
    assert "guess" not in str(wrong.value)
    assert "s3cret" not in repr(known)


def test_a_login_where_none_is_offered_defers() -> None:
    with mail_catcher() as catcher, pytest.raises(Deferred, match="AUTH"):
        deliver(postman(catcher.port, user="desk", password="s3cret"), a_letter())


def test_the_settings_do_not_tell_the_password() -> None:
    settings = Settings.model_validate({"smtp_user": "desk", "smtp_password": "s3cret"})
    assert "s3cret" not in f"{settings} {settings!r} {settings.smtp_password}"
