"""The real mails of `data/mail`, read from their archives and never unpacked: whatever is attached to them is hostile."""

from __future__ import annotations

import tarfile
from functools import cache

import pytest

from tests.conftest import DATA

ARCHIVES = ("mikel-mail.tar.gz", "sisimai-set-of-emails.tar.gz")
_PREFIXES = ("mikel+mail/spec/fixtures/emails/", "sisimai+set-of-emails/")


@cache
def corpus() -> dict[str, bytes]:
    """Every file by its name. Raises FileNotFoundError."""
    found: dict[str, bytes] = {}
    for archive in ARCHIVES:
        with tarfile.open(DATA / "mail" / archive) as tar:
            for member in tar:
                if (file := tar.extractfile(member)) is not None:
                    name = member.name.removeprefix("./")
                    for prefix in _PREFIXES:
                        name = name.removeprefix(prefix)
                    found[f"{archive.partition('-')[0]}/{name}"] = file.read()
    return dict(sorted(found.items()))


needs_corpus = pytest.mark.skipif(
    not all((DATA / "mail" / archive).exists() for archive in ARCHIVES),
    reason=f"the real mails ({', '.join(ARCHIVES)}) are not beside this checkout",
)
