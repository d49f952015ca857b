"""Certificates that strangers made, read without surprises."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning

Kind = TypeVar("Kind", bound=x509.ExtensionType)

#: What parsers of a certificate or an answer raise.
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


def readable(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """The certificates that a strict parser can read, names and extensions included."""
    return [found for der in ders if (found := _read(der)) is not None]


@lru_cache(maxsize=512)
def _read(der: bytes) -> x509.Certificate | None:
    with warnings.catch_warnings(), suppress(*UNREADABLE):
        # What others encoded a little wrong is theirs.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        certificate = x509.load_der_x509_certificate(der)
        hash((certificate.subject, certificate.issuer, certificate.extensions))
        return certificate
    return None


def extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """An extension's value; None when it is absent or cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None
