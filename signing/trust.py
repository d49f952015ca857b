"""Whom we trust: anchors, revocation evidence, a time-stamping authority.

Validation fetches nothing: an address inside a certificate is the sender's, and following it would
let a stranger choose whom this server talks to. A configured source may ask outside about our own
certificates before signing, and, in a job of its own, about those of a file that came in.
Without evidence nothing is valid (NĐ 68/2024 Đ31,
TT 15/2025/TT-BKHCN).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from asn1crypto import pem, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate
from cryptography.x509.oid import NameOID
from pyhanko.sign.timestamps import TimeStamper

DEVELOPMENT_MARKER = "PHAT TRIEN - KHONG CO GIA TRI PHAP LY"


@dataclass(frozen=True)
class Evidence:
    """Revocation evidence: DER of OCSP responses and of CRLs."""

    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(self.ocsps + other.ocsps, self.crls + other.crls)


class RevocationSource(Protocol):
    """Where revocation evidence comes from: in process, a cache, or allow-listed hosts."""

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        """What is known about these certificates (DER); nothing about those of others.

        With `fetch` it may ask outside, which is for signing and for the job that asks. Without,
        it tells what it already knows: a stranger's certificate must not make this server talk.

        Raises TrustUnavailable when it was to ask and got no answer that can be used.
        """
        ...


@dataclass(frozen=True)
class Trust:
    """What an office trusts. Frozen.

    `anchors` and `intermediates` are DER certificates: a chain must end, by key, at an anchor.
    """

    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    revocation: tuple[RevocationSource, ...] = ()
    timestamper: TimeStamper | None = None

    def joined(self, other: Trust) -> Trust:
        """Trust in what either trusts; the first time-stamper wins."""
        return Trust(
            anchors=self.anchors + other.anchors,
            intermediates=self.intermediates + other.intermediates,
            revocation=self.revocation + other.revocation,
            timestamper=self.timestamper or other.timestamper,
        )

    @property
    def anchors_sha256(self) -> str:
        """Names the set of anchors in a report: SHA-256 over their sorted fingerprints."""
        prints = sorted(hashlib.sha256(anchor).digest() for anchor in self.anchors)
        return hashlib.sha256(b"".join(prints)).hexdigest()

    def evidence(self, certificates: Iterable[x509.Certificate], *, fetch: bool) -> Evidence:
        """Evidence about these certificates from every source; malformed ones are skipped.

        `fetch` as in `RevocationSource.evidence`. Raises TrustUnavailable.
        """
        ders = tuple(dict.fromkeys(filter(well_formed, (item.dump() for item in certificates))))
        return sum((source.evidence(ders, fetch=fetch) for source in self.revocation), Evidence())


def load_anchors(folder: Path) -> Trust:
    """Trust in every certificate (PEM or DER: .pem, .crt, .cer, .der) of a folder, or of one file.

    Raises ValueError naming the file that holds no certificate.
    """
    found: list[bytes] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else [folder]:
        if path.suffix.lower() not in {".pem", ".crt", ".cer", ".der"}:
            continue
        content = path.read_bytes()
        try:
            parts = [content]
            if pem.detect(content):
                parts = [der for _, _, der in pem.unarmor(content, multiple=True)]
            found.extend(x509.Certificate.load(der, strict=True).dump() for der in parts)
        except (ValueError, TypeError) as fault:
            raise ValueError(f"{path.name}: {fault}") from fault
    return Trust(anchors=tuple(found))


def well_formed(der: bytes) -> bool:
    """Whether a strict parser accepts a certificate; asn1crypto parses lazily and forgives much."""
    try:
        load_der_x509_certificate(der)
    except ValueError:
        return False
    return True


def issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """By key, never by name alone: a look-alike issuer must not get a "good" out of us."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def is_development(certificate: Certificate) -> bool:
    """Whether a certificate, or whoever issued it, has no legal value (see `signing.devca`)."""
    return any(
        unit.value == DEVELOPMENT_MARKER
        for name in (certificate.subject, certificate.issuer)
        for unit in name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    )
