"""Certificates that strangers made, read without surprises."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign import general

Kind = TypeVar("Kind", bound=x509.ExtensionType)

#: What parsers of a certificate or an answer raise.
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


_prepared_alike = asn1_x509.Name.__eq__


def _same_name(one: asn1_x509.Name, other: object) -> bool:
    """RFC 5280 §7.1, the usual case first: to the byte.

    asn1crypto prepares each part of both names for every comparison: a millisecond for two.
    """
    # Without their tags: the same name stands under several.
    alike = isinstance(other, asn1_x509.Name) and (
        one.chosen.untag().dump() == other.chosen.untag().dump()
    )
    return alike or bool(_prepared_alike(one, other))


asn1_x509.Name.__eq__ = _same_name


_matching = general.match_issuer_serial


def _match_issuer_serial(
    expected_issuer_serial: cms.IssuerAndSerialNumber | tsp.IssuerSerial,
    cert: asn1_x509.Certificate,
) -> bool:
    """Whether a certificate has this serial number, and then this issuer: names take longer."""
    same = expected_issuer_serial["serial_number"] == cert["tbs_certificate"]["serial_number"]
    return bool(same and _matching(expected_issuer_serial, cert))


general.match_issuer_serial = _match_issuer_serial


def readable(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """The certificates that a strict parser can read, names and extensions included."""
    return [found for der in ders if (found := _read(der)) is not None]


@lru_cache(maxsize=512)
def _read(der: bytes) -> x509.Certificate | None:
    with warnings.catch_warnings(), suppress(*UNREADABLE):
        warnings.simplefilter("ignore")  # what others encoded a little wrong is theirs
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
