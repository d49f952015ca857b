"""What OCSP responses and CRLs say of a certificate (RFC 6960, RFC 5280 §6.3).

An answer counts only when the key of the certificate's issuer vouches for it: it signed the answer,
or the certificate of whoever did. Responders are never known by name, serial number or signature
bytes: those can be copied into a certificate with another key.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from signing.algorithms import strong_key, strong_signature, verifies
from signing.certificates import UNREADABLE, extension
from signing.policy import WITHOUT_NEXT_UPDATE
from signing.trust import Evidence, issued_by

# A genuine response carries one responder, and its chain at most.
_MOST_RESPONDERS = 4
_MOST_SINGLE_ANSWERS = 64
# About one certificate, and from one authority: what is beyond is not looked at.
_MOST_RESPONSES, _MOST_LISTS = 32, 8
# A responder without ocsp-nocheck is itself asked about, by another one's answer or a list.
_DEEPEST = 2


@dataclass(frozen=True)
class Answer:
    """One answer about one certificate; `der` is the response or list that holds it."""

    kind: Literal["ocsp", "crl"]
    der: bytes
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    held: bool = False  # revoked for the time being only
    responder: x509.Certificate | None = None  # who answered for the issuer

    def counts_at(self, moment: datetime) -> bool:
        """Whether it speaks of `moment`, and be it given later; what is revoked is so for good."""
        if self.revoked_at is not None and not self.held:
            return True
        return moment <= (self.next_update or self.this_update + WITHOUT_NEXT_UPDATE)


_Response = tuple[ocsp.OCSPResponse, bytes, ocsp.OCSPSingleResponse]
_List = tuple[x509.CertificateRevocationList, bytes]


class Answers:
    """Every answer known, indexed when it is read and verified when it is first needed.

    `known` are certificates that may have signed an answer which came without its signer's.
    """

    def __init__(self, evidence: Evidence, known: Iterable[x509.Certificate] = ()) -> None:
        self._signers: dict[bytes | x509.Name, list[x509.Certificate]] = defaultdict(list)
        for one in known:
            with suppress(*UNREADABLE):
                self._signers[one.subject].append(one)
                self._signers[_hashes(one, "sha1")[1]].append(one)
        self._responses: dict[int, list[_Response]] = defaultdict(list)
        self._lists: dict[x509.Name, list[_List]] = defaultdict(list)
        self._found: dict[tuple[x509.Certificate, x509.Certificate], tuple[Answer, ...]] = {}
        #: Why answers were not used, for a log.
        self.refused: dict[str, None] = {}
        for der in dict.fromkeys(evidence.ocsps):
            with suppress(*UNREADABLE):  # what cannot be read convinces nobody
                response = ocsp.load_der_ocsp_response(der)
                for single, _ in zip(response.responses, range(_MOST_SINGLE_ANSWERS), strict=False):
                    self._responses[single.serial_number].append((response, der, single))
        for der in dict.fromkeys(evidence.crls):
            with suppress(*UNREADABLE):
                listed = x509.load_der_x509_crl(der)
                self._lists[listed.issuer].append((listed, der))

    def status(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        moment: datetime,
        only: Evidence | None = None,
    ) -> Answer | None:
        """The freshest answer that says what the certificate was at `moment`; None: unknown.

        `issuer` issued it, by key. `only` leaves out whatever is not in it. A certificate that was
        revoked after `moment` was good then (EN 319 102-1 §5.2.5).
        """
        return self._status(certificate, issuer, moment, only, 0)

    def _status(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        moment: datetime,
        only: Evidence | None,
        depth: int,
    ) -> Answer | None:
        for answer in self._verified(certificate, issuer):
            if only is not None and answer.der not in (*only.ocsps, *only.crls):
                continue
            with self._noting():
                if not answer.counts_at(moment):
                    raise _Unusable("it is not recent enough")
                if answer.responder is not None:
                    self._check_responder(answer.responder, issuer, answer, moment, depth)
                return answer
        return None

    def _check_responder(
        self,
        responder: x509.Certificate,
        issuer: x509.Certificate,
        answer: Answer,
        moment: datetime,
        depth: int,
    ) -> None:
        """A delegated responder was within its validity, and not revoked itself."""
        latest = max(moment, answer.this_update)
        if not (
            responder.not_valid_before_utc <= answer.this_update
            and latest <= responder.not_valid_after_utc
        ):
            raise _Unusable("its responder is expired or not yet valid")
        if extension(responder, x509.OCSPNoCheck) is not None:  # RFC 6960 §4.2.2.2.1
            return
        own = None
        if depth < _DEEPEST:
            own = self._status(responder, issuer, latest, None, depth + 1)
        if own is None or (own.revoked_at is not None and own.revoked_at <= latest):
            raise _Unusable("its responder is revoked or of unknown status")

    def _verified(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[Answer, ...]:
        """Answers about the certificate for which its issuer's key vouches, the freshest first."""
        pair = (certificate, issuer)
        if pair not in self._found:
            found: list[Answer] = []
            for response in self._responses[certificate.serial_number][:_MOST_RESPONSES]:
                with self._noting():
                    found.append(self._of_response(certificate, issuer, *response))
            for listed in self._lists[issuer.subject][:_MOST_LISTS]:
                with self._noting():
                    found.append(_of_list(certificate, issuer, *listed))
            # Of two answers of the same second, the one that says "revoked".
            found.sort(key=lambda answer: answer.revoked_at is None)
            found.sort(key=lambda answer: answer.this_update, reverse=True)
            self._found[pair] = tuple(found)
        return self._found[pair]

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except _Unusable as fault:
            self.refused[str(fault)] = None
        except UNREADABLE:
            self.refused["it cannot be read"] = None

    def _of_response(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        response: ocsp.OCSPResponse,
        der: bytes,
        single: ocsp.OCSPSingleResponse,
    ) -> Answer:
        named = single.issuer_name_hash, single.issuer_key_hash
        if named != _hashes(issuer, single.hash_algorithm.name):
            raise _Unusable("it is about another issuer's certificate")
        revoked_at = single.revocation_time_utc
        if revoked_at is None and single.certificate_status is not ocsp.OCSPCertStatus.GOOD:
            raise _Unusable("it says that the certificate is unknown")
        _check_remembered(certificate, revoked_at, single.this_update_utc)
        return Answer(
            kind="ocsp",
            der=der,
            this_update=single.this_update_utc,
            next_update=single.next_update_utc,
            revoked_at=revoked_at,
            held=single.revocation_reason is x509.ReasonFlags.certificate_hold,
            responder=self._responder(response, issuer),
        )

    def _responder(
        self, response: ocsp.OCSPResponse, issuer: x509.Certificate
    ) -> x509.Certificate | None:
        """Who signed a response for the issuer; None when it was the issuer itself."""
        if not strong_signature(response):
            raise _Unusable("it is signed over a weak digest")
        if _is_named(issuer, response) and _signed(response, issuer):
            return None
        name = response.responder_name or response.responder_key_hash or b""
        carried = [item for item in response.certificates if _is_named(item, response)]
        named: dict[x509.Certificate, None] = dict.fromkeys(
            [*carried[:_MOST_RESPONDERS], *self._signers.get(name, ())]
        )
        for responder in list(named)[:_MOST_RESPONDERS]:
            purposes = extension(responder, x509.ExtendedKeyUsage)
            if (
                purposes is not None
                and ExtendedKeyUsageOID.OCSP_SIGNING in purposes
                and strong_key(responder)
                and strong_signature(responder)
                and _signed(response, responder)
                and issued_by(responder, issuer)
            ):
                return responder
        raise _Unusable("neither the issuer nor a responder of the issuer's signed it")


class _Unusable(Exception):  # noqa: N818  about an answer, not about this program
    """An answer that decides nothing; says why."""


def _of_list(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    listed: x509.CertificateRevocationList,
    der: bytes,
) -> Answer:
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise _Unusable("the issuer may not sign lists")
    if not _covers(listed, certificate):
        raise _Unusable("the list does not speak of all such certificates")
    if not strong_signature(listed):
        raise _Unusable("it is signed over a weak digest")
    row = listed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    revoked_at = None if row is None else row.revocation_date_utc
    _check_remembered(certificate, revoked_at, listed.last_update_utc)
    if not listed.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
        raise _Unusable("the issuer did not sign it")
    return Answer(
        kind="crl",
        der=der,
        this_update=listed.last_update_utc,
        next_update=listed.next_update_utc,
        revoked_at=revoked_at,
        held=row is not None and _is_hold(row),
    )


def _check_remembered(
    certificate: x509.Certificate, revoked_at: datetime | None, this_update: datetime
) -> None:
    """An authority may forget what it revoked once that has expired (RFC 5280 §3.3)."""
    if revoked_at is None and this_update > certificate.not_valid_after_utc:
        raise _Unusable("it was given after the certificate had expired")


def _is_named(certificate: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    if response.responder_name is not None:
        return certificate.subject == response.responder_name
    with suppress(*UNREADABLE):
        return _hashes(certificate, "sha1")[1] == response.responder_key_hash
    return False


def _signed(response: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    pss = response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
    digest = response.signature_hash_algorithm
    return verifies(by, response.signature, response.tbs_response_bytes, digest, pss=pss)


@lru_cache(maxsize=256)
def _hashes(issuer: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """How a response names an issuer (RFC 6960 §4.1.1): digests of its name and of its key."""
    key = issuer.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parts = issuer.subject.public_bytes(), bytes(PublicKeyInfo.load(key)["public_key"])
    name, bits = (hashlib.new(algorithm.replace("-", "_"), part).digest() for part in parts)
    return name, bits


def _covers(listed: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether a list speaks of this certificate in full (RFC 5280 §5.2.5, §6.3.3)."""
    point: x509.IssuingDistributionPoint | None = None
    for item in listed.extensions:
        if isinstance(item.value, x509.IssuingDistributionPoint):
            point = item.value
        elif item.critical:
            return False  # a delta above all
    if point is None:
        return True
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs:
        return False
    constraints = extension(certificate, x509.BasicConstraints)
    authority = constraints is not None and constraints.ca
    if (point.only_contains_user_certs and authority) or (
        point.only_contains_ca_certs and not authority
    ):
        return False
    named = extension(certificate, x509.CRLDistributionPoints)
    if point.full_name is None:
        return point.relative_name is None
    return named is not None and any(
        name in point.full_name for place in named for name in place.full_name or ()
    )


def _is_hold(row: x509.RevokedCertificate) -> bool:
    with suppress(x509.ExtensionNotFound, *UNREADABLE):
        reason = row.extensions.get_extension_for_class(x509.CRLReason).value.reason
        return reason is x509.ReasonFlags.certificate_hold
    return False
