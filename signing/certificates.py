"""Certificates that strangers made, read without surprises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

Kind = TypeVar("Kind", bound=x509.ExtensionType)

#: What parsers of a certificate or an answer raise.
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


def readable(ders: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """The certificates that a strict parser can read, names and extensions included."""
    for der in ders:
        try:
            certificate = x509.load_der_x509_certificate(der)
            hash((certificate.subject, certificate.issuer))
        except UNREADABLE:
            continue
        yield certificate


def extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """An extension's value; None when it is absent or cannot be read."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None
