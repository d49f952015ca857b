"""Whom we trust: anchors, revocation evidence, a time-stamping authority.

Validation fetches nothing: an address inside a certificate is the sender's, and following it would
let a stranger choose whom this server talks to. Only about our own certificates, before signing,
may a configured source ask outside. Without evidence nothing is valid (NĐ 68/2024 Đ31,
TT 15/2025/TT-BKHCN).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from asn1crypto import cms, pem, x509
from asn1crypto.keys import PublicKeyInfo
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.policy_decl import (
    AlgorithmUsageConstraint,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
    NonRevokedStatusAssertion,
    RevocationCheckingPolicy,
)
from pyhanko_certvalidator.registry import CertificateRegistry
from pyhanko_certvalidator.revinfo.archival import (
    process_legacy_crl_input,
    process_legacy_ocsp_input,
)
from pyhanko_certvalidator.revinfo.manager import RevinfoManager

#: What a new signature may be over (TT 15/2025/TT-BKHCN: SHA-256 or stronger).
STRONG_DIGESTS = frozenset(
    {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "shake256"}
)

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

        With `fetch` it may ask outside, which is for our own certificates before signing. Without,
        it tells what it already knows: a stranger's certificate must not make this server talk.

        Raises TrustUnavailable when it was to ask and got no answer that can be used.
        """
        ...


@dataclass(frozen=True)
class Trust:
    """What an office trusts. Frozen; every job builds its own validation context from it.

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

    def validation_context(
        self,
        moment: datetime | None = None,
        *,
        certificates: Iterable[x509.Certificate] = (),
        evidence: Evidence = Evidence(),
        assertions: Iterable[NonRevokedStatusAssertion] = (),
    ) -> ValidationContext:
        """A context for one job at `moment` (None = now): it freezes its time and caches its paths.

        Revocation is required of every certificate below the anchor. For a past moment, evidence
        issued since then counts too: that is what EN 319 102-1 §5.2.5 prefers. `assertions` stand
        in for evidence that was judged before.
        """
        anchors = [x509.Certificate.load(anchor) for anchor in self.anchors]
        intermediates = map(x509.Certificate.load, self.intermediates)
        registry = CertificateRegistry.build([*anchors, *intermediates, *certificates])
        return ValidationContext(
            trust_roots=anchors,
            certificate_registry=registry,
            revinfo_manager=RevinfoManager(
                certificate_registry=registry,
                poe_manager=POEManager(),
                crls=process_legacy_crl_input(evidence.crls),
                ocsps=process_legacy_ocsp_input(evidence.ocsps),
                assertions=assertions,
            ),
            moment=moment,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(
                RevocationCheckingPolicy.from_legacy("require"),
                retroactive_revinfo=moment is not None,
            ),
            algorithm_usage_policy=AlgorithmPolicy(),
        )


def long_enough(key: PublicKeyInfo) -> bool:
    """Whether a key has the length that TT 15/2025/TT-BKHCN demands; other kinds have but one."""
    shortest = {"rsa": 2048, "rsassa_pss": 2048, "ec": 256}.get(key.algorithm)
    return shortest is None or int(key.bit_size) >= shortest


def strongly_digested(signer: cms.SignerInfo) -> bool:
    """Whether a signature is over SHA-256 or stronger, in both places that say so."""
    stated = {signer["digest_algorithm"]["algorithm"].native}
    with suppress(ValueError):  # such as rsassa_pkcs1v15, which leaves it to the former
        stated.add(signer["signature_algorithm"].hash_algo)
    return stated <= STRONG_DIGESTS


class AlgorithmPolicy(DisallowWeakAlgorithmsPolicy):
    """RSA of 2048 bits or more, EC of 256 or more, SHA-256 or stronger (TT 15/2025/TT-BKHCN)."""

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            weak_hash_algos=frozenset({"md2", "md5", "sha1"})
        )

    def signature_algorithm_allowed(
        self, algo: object, moment: datetime | None, public_key: object
    ) -> AlgorithmUsageConstraint:
        """Whether a signature algorithm, with this public key, may be relied on."""
        if isinstance(public_key, PublicKeyInfo) and not long_enough(public_key):
            return AlgorithmUsageConstraint(False, failure_reason="the key is too short")
        return super().signature_algorithm_allowed(algo, moment, public_key)


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


def is_development(name: x509.Name) -> bool:
    """Whether a subject says that its certificate has no legal value (see `signing.devca`)."""
    units = name.native.get("organizational_unit_name", ())
    return DEVELOPMENT_MARKER in ([units] if isinstance(units, str) else units)
