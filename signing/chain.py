"""Whether a certificate may be relied on at a moment: chain by key, validity, revocation, usage.

RFC 5280 §6.1, from the certificate upwards: an issuer is whoever's key signed it, so that what a
stranger put into a file is looked at only where it may lead to an anchor. A constraint that few
authorities use, on names or policies, is left to certvalidator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import pairwise

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    AcceptAllAlgorithms,
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.validate import async_validate_path

from signing.algorithms import strong_key, strong_signature
from signing.answers import Answer, Answers
from signing.certificates import UNREADABLE, extension, readable
from signing.paths import Path, Paths
from signing.policy import OTHER_PURPOSES
from signing.settled import settled
from signing.trust import Evidence, Trust

_UNDERSTOOD = (
    x509.AuthorityInformationAccess,
    x509.AuthorityKeyIdentifier,
    x509.BasicConstraints,
    x509.CertificatePolicies,
    x509.CRLDistributionPoints,
    x509.ExtendedKeyUsage,
    x509.FreshestCRL,
    x509.IssuerAlternativeName,
    x509.KeyUsage,
    x509.OCSPNoCheck,
    x509.SubjectAlternativeName,
    x509.SubjectKeyIdentifier,
)
_CONSTRAINTS = (
    x509.InhibitAnyPolicy,
    x509.NameConstraints,
    x509.PolicyConstraints,
)
# Qualified statements, which EN 319 412-5 has uncritical and some authorities do not; and policy
# mappings, which matter under a constraint only.
_UNDERSTOOD_BY_NUMBER = {"1.3.6.1.5.5.7.1.3", "2.5.29.33"}


_BROKEN = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
_DER = Encoding.DER


class Usage(Enum):
    """What a certificate is to have been issued for."""

    SIGNING = "signing documents"
    TIME_STAMPING = "time-stamping"


SIGNING, TIME_STAMPING = Usage.SIGNING, Usage.TIME_STAMPING


@dataclass(frozen=True)
class ChainVerdict:
    """`sub_indication` (EN 319 102-1) is None when the certificate may be relied on.

    `path` runs from the anchor down, as far as one was found; `answers` are those that told the
    status of the certificates on it.
    """

    sub_indication: str | None
    path: tuple[x509.Certificate, ...] = ()
    revoked_at: datetime | None = None
    answers: tuple[Answer, ...] = ()

    @property
    def trusted(self) -> bool:
        return self.sub_indication is None


def judge(
    certificate: bytes,
    others: Iterable[bytes],
    usage: Usage,
    *,
    trust: Trust,
    evidence: Evidence,
    moment: datetime,
) -> ChainVerdict:
    """Judge one certificate (DER) by one set of evidence."""
    chains = Chains(trust, [certificate, *others])
    chains.learn(evidence)
    return chains.judge(certificate, usage, moment)


class Chains:
    """Certificates of one file and what is known of them; each question is answered once.

    `certificates` (DER) are whatever came along, in order of preference; none is trusted for it.
    """

    def __init__(self, trust: Trust, certificates: Iterable[bytes]) -> None:
        self._paths = Paths(trust, certificates)
        self._answers = Answers(Evidence())
        self._flaws: dict[tuple[Path, Usage], str | None] = {}
        self._verdicts: dict[object, ChainVerdict] = {}

    def learn(self, evidence: Evidence) -> None:
        """Judge by this evidence from now on."""
        self._answers = Answers(evidence, self._paths.known)
        self._verdicts.clear()

    def above(self, certificates: Iterable[bytes]) -> list[bytes]:
        """All that lie on a path from one of these to an anchor, the anchors left out (DER)."""
        found: dict[x509.Certificate, None] = {}
        for leaf in readable(certificates):
            for path in self._paths.to(leaf):
                found |= dict.fromkeys(path[1:])
        return [one.public_bytes(_DER) for one in found]

    def judge(
        self, certificate: bytes, usage: Usage, moment: datetime, only: Evidence | None = None
    ) -> ChainVerdict:
        """Judge a certificate (DER) at `moment`, by what was learned, or only a part of it."""
        question = (certificate, usage, moment, only)
        if question not in self._verdicts:
            self._verdicts[question] = self._judge(certificate, usage, moment, only)
        return self._verdicts[question]

    def _judge(
        self, certificate: bytes, usage: Usage, moment: datetime, only: Evidence | None
    ) -> ChainVerdict:
        read = readable([certificate])
        if not read:
            return ChainVerdict(_BROKEN)
        leaf = read[0]
        verdicts: list[ChainVerdict] = []
        for path in self._paths.to(leaf):
            verdict = self._judged(path, usage, moment, only)
            if verdict.trusted:
                return verdict
            verdicts.append(verdict)
        # Of several ways up, the one that may still come to hold.
        verdicts.sort(key=lambda one: one.sub_indication != "TRY_LATER")
        return verdicts[0] if verdicts else ChainVerdict("NO_CERTIFICATE_CHAIN_FOUND")

    def _judged(
        self, path: Path, usage: Usage, moment: datetime, only: Evidence | None
    ) -> ChainVerdict:
        """What is wrong for good goes before what another moment or more evidence may change."""
        if (path, usage) not in self._flaws:
            self._flaws[path, usage] = _flaw(path, usage)
        flaw = self._flaws[path, usage]
        leaf = path[-1]
        told = {
            one: self._answers.status(one, issuer, moment, only) for issuer, one in pairwise(path)
        }
        answers = tuple(answer for answer in told.values() if answer is not None)
        verdict = ChainVerdict(flaw, path, None, answers)
        if flaw is not None:
            return verdict
        for one, answer in reversed(told.items()):
            if answer and answer.revoked_at is not None and answer.revoked_at <= moment:
                sub = "REVOKED_NO_POE" if one == leaf else "REVOKED_CA_NO_POE"
                return replace(verdict, sub_indication=sub, revoked_at=answer.revoked_at)
        # An anchor is believed for being one, as long as the operator has it; used as a
        # signer's own it is a certificate like any other.
        for one in path[1:] or path:
            if not one.not_valid_before_utc <= moment <= one.not_valid_after_utc:
                late = "OUT_OF_BOUNDS_NO_POE"
                return replace(verdict, sub_indication=late if one == leaf else _BROKEN)
        if None in told.values():
            return replace(verdict, sub_indication="TRY_LATER")
        if any(map(_constrains, path[1:-1])) and not _within_constraints(path, moment):
            return replace(verdict, sub_indication=_BROKEN)
        return verdict


def _flaw(path: Path, usage: Usage) -> str | None:
    """What is wrong with a path at any time; None when nothing is."""
    if any(_critical_unknown(one) for one in path[1:]):
        return _BROKEN
    below = 0  # authorities below, those not counted that name themselves (RFC 5280 §4.2.1.9)
    for one in reversed(path[1:-1]):
        if not _may_issue(one, below):
            return _BROKEN
        below += one.subject != one.issuer
    if not all(map(strong_signature, path[1:])) or not all(map(strong_key, path)):
        return "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    return None if _is_for(path[-1], usage) else "CHAIN_CONSTRAINTS_FAILURE"


def _critical_unknown(certificate: x509.Certificate) -> bool:
    try:
        return any(
            item.critical
            and not isinstance(item.value, (*_UNDERSTOOD, *_CONSTRAINTS))
            and item.oid.dotted_string not in _UNDERSTOOD_BY_NUMBER
            for item in certificate.extensions
        )
    except UNREADABLE:
        return True


def _may_issue(authority: x509.Certificate, below: int) -> bool:
    """Whether it is an authority, and one that may have this many more below it."""
    constraints = extension(authority, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and below > constraints.path_length:
        return False
    usage = extension(authority, x509.KeyUsage)
    return usage is None or usage.key_cert_sign


def _is_for(certificate: x509.Certificate, usage: Usage) -> bool:
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    if usage is Usage.TIME_STAMPING:  # RFC 3161 §2.3
        return purposes is not None and ExtendedKeyUsageOID.TIME_STAMPING in purposes
    granted = extension(certificate, x509.KeyUsage)
    # Either signs documents: seals often carry digitalSignature only (rulebook R3.2.8).
    return (
        granted is not None
        and (granted.digital_signature or granted.content_commitment)
        and (purposes is None or not is_for_others(purposes))
    )


def is_for_others(purposes: x509.ExtendedKeyUsage) -> bool:
    """Whether a certificate was issued for nothing but what is not signing documents."""
    return {purpose.dotted_string for purpose in purposes} <= OTHER_PURPOSES


def _constrains(authority: x509.Certificate) -> bool:
    return any(extension(authority, kind) is not None for kind in _CONSTRAINTS)


def _within_constraints(path: Path, moment: datetime) -> bool:
    """Names and policies by RFC 5280 §6.1; revocation has been asked for already."""
    anchor, *below, leaf = (asn1_x509.Certificate.load(one.public_bytes(_DER)) for one in path)
    unasked = RevocationCheckingPolicy(
        RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK
    )
    context = ValidationContext(
        trust_roots=[anchor],
        moment=moment,
        revinfo_policy=CertRevTrustPolicy(unasked),
        algorithm_usage_policy=AcceptAllAlgorithms(),
    )
    way = ValidationPath(CertTrustAnchor(anchor), below, leaf)
    try:
        settled(async_validate_path(context, way))
    except (PathError, ValidationError):
        return False
    return True
