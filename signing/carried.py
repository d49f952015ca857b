"""Certificates that a file brings along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from asn1crypto import cms, x509

from signing.examination import Examination, Examined
from signing.integrity import certificates
from signing.security_store import stored
from signing.timestamps import signer_of, tokens


def certificates_in(examination: Examination) -> list[x509.Certificate]:
    """All that a file brings along: in its signatures and their time-stamps, then in its store."""
    return [*carried(examination), *stored(examination.reader.root).certificates]


def carried(examination: Examination) -> list[x509.Certificate]:
    """The certificates in the signatures of a file and in the time-stamps on them."""
    found: list[x509.Certificate] = []
    for source in _signed_data(examination.signatures):
        with suppress(Exception):  # its own assessment will say that it is malformed
            found += certificates(source)
    return found


def signers_in(examination: Examination) -> Iterator[x509.Certificate]:
    """The certificates that signatures and tokens are under."""
    for source in _signed_data(examination.signatures):
        with suppress(Exception):
            yield signer_of(source)


def _signed_data(examined: Iterable[Examined]) -> Iterator[cms.SignedData]:
    """Of every signature, and of the tokens on it."""
    for item in examined:
        if item.embedded is not None:
            yield item.embedded.signed_data
            with suppress(Exception):
                yield from [token["content"] for token in tokens(item.embedded.signer_info)]
