"""Who signed is on the record, and what was stamped is what there is: `verify`'s checks of keys and timestamps."""

from __future__ import annotations

from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.administration.catalogue import OPERATOR
from infrastructure.transparency.formats.note import Signer
from infrastructure.transparency.log_reader import LogReader
from infrastructure.transparency.publication.http_client import HttpClient
from infrastructure.transparency.publication.replies import PublicationStore
from infrastructure.transparency.publication.timestamps import TimestampAuthority, trusted_certificates
from tests.application.cases import log
from tests.blocking import BlockingDesk, because
from tests.infrastructure.transparency.outsiders import OpensslAuthority, http_site
from tests.infrastructure.transparency.sealed import ORIGIN, SealedDesk


def test_a_key_that_nothing_introduced_is_named(desk: BlockingDesk, audited: SealedDesk) -> None:
    key = Ed25519PrivateKey.generate()
    audited.folder.add_key(key)
    log(desk)
    audited.seal()
    audited.project()
    (finding,) = audited.verify().findings
    verifier = Signer(ORIGIN, key).verifier
    assert finding.check == "keys"
    assert verifier.key_id.hex() in finding.message
    desk.log.introduce_key(ORIGIN, str(verifier), because(OPERATOR, "late"))
    audited.project()
    assert audited.verify().findings == []


def test_a_key_that_was_retired_and_still_signs_is_a_warning(desk: BlockingDesk, audited: SealedDesk) -> None:
    (vkey,) = audited.folder.verifiers()
    desk.log.retire_key(ORIGIN, str(vkey), because(OPERATOR, "stolen"))
    audited.seal()
    audited.project()
    found = audited.verify()
    assert found.findings == []
    assert [warning.check for warning in found.warnings] == ["keys"]


def test_a_timestamp_is_of_the_checkpoint_it_stands_by_and_of_an_authority_that_is_trusted(
    desk: BlockingDesk, audited: SealedDesk, authority: OpensslAuthority
) -> None:
    trusted = trusted_certificates(authority.ca)
    store = PublicationStore(
        partial(audited.database.connect, "sealer"), lambda connection, number: LogReader(connection, number).hashes
    )
    with http_site(authority.answer) as site:
        client = TimestampAuthority(site.url, trusted, HttpClient().post)
        for _ in range(2):
            store.keep_timestamp(audited.signed(), site.url, client.stamp(audited.folder.last_note() or ""))
            log(desk)
            audited.seal()
    store.close()
    audited.project()
    found = audited.verify(trusted=trusted)
    assert (found.findings, found.checked["timestamps"]) == ([], 2)
    assert [warning.check for warning in audited.verify().warnings] == ["timestamps"]
    with audited.attack() as superuser:
        superuser.execute(
            "UPDATE tlog.timestamps SET reply = (SELECT reply FROM tlog.timestamps ORDER BY size DESC LIMIT 1)"
        )
    (finding,) = audited.verify(trusted=trusted).findings
    assert "the digest differs" in finding.message


def test_a_timestamp_by_somebody_else_is_named(
    audited: SealedDesk, authority: OpensslAuthority, impostor: OpensslAuthority
) -> None:
    store = PublicationStore(
        partial(audited.database.connect, "sealer"), lambda connection, number: LogReader(connection, number).hashes
    )
    with http_site(impostor.answer) as site:
        reply = TimestampAuthority(site.url, (), HttpClient().post).stamp(audited.folder.last_note() or "")
        store.keep_timestamp(audited.signed(), site.url, reply)
    store.close()
    (finding,) = audited.verify(trusted=trusted_certificates(authority.ca)).findings
    assert "certificate" in finding.message
