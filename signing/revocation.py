"""OCSP answers and CRLs from the hosts an operator listed, about our own certificates only.

NĐ 68/2024 Đ29, Đ31: whoever signs first makes sure, by OCSP or CRL, that the certificate is active.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from threading import Lock

import urllib3.util
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from signing.errors import TrustUnavailable
from signing.trust import Evidence, Trust, issued_by
from signing.wire import WireFault, ask

#: What a clerk is told does not answer.
SERVICE = "Dịch vụ kiểm tra trạng thái chứng thư số"
#: How old an answer may be when somebody signs, even if its own next update is days away.
MAX_AGE = timedelta(minutes=10)
#: A list of 20,000 entries costs 288 ms and half a megabyte in every document that carries it.
CRL_MAX_BYTES = 512 * 1024

_OCSP_MAX_BYTES = 64 * 1024
_MOST_KEPT = 256
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DER = serialization.Encoding.DER

log = logging.getLogger("vanthu.signing")


@dataclass(frozen=True)
class _Answer:
    """What a service said about a certificate: it counts before signing until `fresh_until`."""

    url: str
    evidence: Evidence
    fresh_until: datetime


class HttpRevocation:
    """A RevocationSource that asks OCSP first, then CRLs, and keeps what it was told.

    Only `hosts` are asked: `host` for the default port of http or https, `host:port` for another.
    Only certificates that lead by key to one of `issuers` (DER) are asked about, and an answer
    counts only when certvalidator accepts it for that certificate. Thread-safe.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        issuers: Sequence[bytes],
        *,
        timeout_seconds: float = 10,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._issuers = tuple(x509.load_der_x509_certificate(der) for der in issuers)
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._answers: dict[bytes, _Answer] = {}
        self._lock = Lock()

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        """What is known about these certificates; with `fetch`, not older than MAX_AGE.

        Nothing about those without a listed address, or out of their validity. With `fetch` it
        takes the timeout at most, for all questions together.

        Raises TrustUnavailable when no service gave an answer that can be used.
        """
        if fetch:
            self._refresh(certificates)
        with self._lock:
            known = [self._answers[der] for der in certificates if der in self._answers]
        return Evidence(
            tuple(dict.fromkeys(chain.from_iterable(item.evidence.ocsps for item in known))),
            tuple(dict.fromkeys(chain.from_iterable(item.evidence.crls for item in known))),
        )

    def _refresh(self, certificates: Sequence[bytes]) -> None:
        now = self._now()
        with self._lock:
            fresh = {der for der, answer in self._answers.items() if now < answer.fresh_until}
        missing = [der for der in certificates if der not in fresh and any(self._listed(der))]
        if not missing:
            return
        ends_at = time.monotonic() + self._timeout_seconds
        for certificate, issuer in _lineage(certificates, self._issuers):
            der = certificate.public_bytes(_DER)
            valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
            if der in missing and valid:
                self._keep(der, self._ask(certificate, issuer, ends_at))

    def _listed(self, der: bytes) -> tuple[list[str], list[str]]:
        """The addresses in a certificate that may be asked: for OCSP, for CRLs."""
        responders, lists = _addresses(der)
        return list(filter(self._may_ask, responders)), list(filter(self._may_ask, lists))

    def _may_ask(self, url: str) -> bool:
        try:
            # With the parser of the client that will connect: two parsers may read two hosts.
            parts = urllib3.util.parse_url(url)
        except urllib3.exceptions.LocationParseError:
            return False
        default = _DEFAULT_PORTS.get(parts.scheme or "")
        if default is None or parts.auth is not None or not parts.host:
            return False
        port = parts.port or default
        return f"{parts.host}:{port}" in self._hosts or (
            port == default and parts.host in self._hosts
        )

    def _ask(
        self, certificate: x509.Certificate, issuer: x509.Certificate, ends_at: float
    ) -> _Answer:
        responders, lists = self._listed(certificate.public_bytes(_DER))
        questions = [(self._ask_responder, url) for url in responders]
        questions += [(self._ask_list, url) for url in lists]
        for question, url in questions:
            # Half of what is left: a silent responder leaves time for the list.
            seconds = max((ends_at - time.monotonic()) / 2, 0.001)
            try:
                return question(url, certificate, issuer, seconds)
            except WireFault as fault:
                host = urllib3.util.parse_url(url).netloc
                log.warning("status of %x at %s: %s", certificate.serial_number, host, fault)
        raise TrustUnavailable(SERVICE)

    def _ask_responder(
        self,
        url: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        seconds: float,
    ) -> _Answer:
        # RFC 5019 responders know SHA-1 names only (RFC 9919 adds SHA-256). The name picks the
        # question; what vouches for the answer is its signature. POST, because a cache on the way
        # may answer a GET with what was true before.
        request = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303  see above
            .build()
        )
        der = ask(
            "POST",
            url,
            body=request.public_bytes(_DER),
            headers={
                "Content-Type": "application/ocsp-request",
                "Accept": "application/ocsp-response",
            },
            answer_type="application/ocsp-response",
            answer_max_bytes=_OCSP_MAX_BYTES,
            timeout_seconds=seconds,
        )
        try:
            response = ocsp.load_der_ocsp_response(der)
            if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise WireFault(f"it answered {response.response_status.name}")
            updates = [item.next_update_utc for item in response.responses]
        except (ValueError, TypeError) as fault:
            raise WireFault(f"it answered no OCSP: {fault}") from fault
        return self._answer(url, Evidence(ocsps=(der,)), updates, certificate, issuer)

    def _ask_list(
        self,
        url: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        seconds: float,
    ) -> _Answer:
        now = self._now()
        with self._lock:
            # One list speaks of many certificates: it is fetched and held once.
            held = (item for item in self._answers.values() if item.url == url)
            crls = next((item.evidence.crls for item in held if now < item.fresh_until), ())
        if not crls:
            crls = (ask("GET", url, answer_max_bytes=CRL_MAX_BYTES, timeout_seconds=seconds),)
        try:
            updates = [x509.load_der_x509_crl(crls[0]).next_update_utc]
        except (ValueError, TypeError) as fault:
            raise WireFault(f"it answered no CRL: {fault}") from fault
        return self._answer(url, Evidence(crls=crls), updates, certificate, issuer)

    def _answer(
        self,
        url: str,
        evidence: Evidence,
        updates: Iterable[datetime | None],
        certificate: x509.Certificate,
        issuer: x509.Certificate,
    ) -> _Answer:
        with ThreadPoolExecutor(1) as own:  # the caller's thread may be inside an event loop
            own.submit(asyncio.run, _accept(certificate, issuer, evidence)).result()
        return _Answer(url, evidence, min(filter(None, (*updates, self._now() + MAX_AGE))))

    def _keep(self, der: bytes, answer: _Answer) -> None:
        with self._lock:
            self._answers.pop(der, None)
            self._answers[der] = answer
            while len(self._answers) > _MOST_KEPT:
                del self._answers[next(iter(self._answers))]


async def _accept(
    certificate: x509.Certificate, issuer: x509.Certificate, evidence: Evidence
) -> None:
    """Refuse an answer that certvalidator would not use: of another certificate, stale, not signed
    by the issuer or its responder. "Revoked" is an answer.

    Raises WireFault.
    """
    above, leaf = (
        asn1_x509.Certificate.load(item.public_bytes(_DER)) for item in (issuer, certificate)
    )
    context = Trust(anchors=(above.dump(),)).validation_context(
        certificates=[leaf], evidence=evidence
    )
    path = ValidationPath(CertTrustAnchor(above), [], leaf)
    try:
        if evidence.ocsps:
            await verify_ocsp_response(leaf, path, context)
        else:
            await verify_crl(leaf, path, context)
    except RevokedError:
        return
    except Exception as fault:  # a malformed answer makes its parser raise anything
        detail = "; ".join(str(item[0]) for item in getattr(fault, "failures", ()))
        raise WireFault(f"its answer cannot be used: {detail or fault}") from fault


def _lineage(
    certificates: Iterable[bytes], issuers: Iterable[x509.Certificate]
) -> Iterator[tuple[x509.Certificate, x509.Certificate]]:
    """Those of the certificates that lead by key to one of `issuers`, each with its issuer."""
    known = list(issuers)
    waiting = [x509.load_der_x509_certificate(der) for der in dict.fromkeys(certificates)]
    while known:
        found: list[x509.Certificate] = []
        for certificate in waiting:
            issuer = next((above for above in known if issued_by(certificate, above)), None)
            if issuer is not None and certificate != issuer:  # an anchor vouches for itself
                found.append(certificate)
                yield certificate, issuer
        known = found
        waiting = [certificate for certificate in waiting if certificate not in found]


@lru_cache(maxsize=_MOST_KEPT)
def _addresses(der: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a certificate says its status is told: OCSP responders, CRLs."""
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
    except ValueError:
        return (), ()
    responders: list[str] = []
    lists: list[str] = []
    for extension in extensions:
        match extension.value:
            case x509.AuthorityInformationAccess() as access:
                responders += [
                    item.access_location.value
                    for item in access
                    if item.access_method == AuthorityInformationAccessOID.OCSP
                    and isinstance(item.access_location, x509.UniformResourceIdentifier)
                ]
            case x509.CRLDistributionPoints() as points:
                lists += [
                    name.value
                    for point in points
                    for name in point.full_name or ()
                    if isinstance(name, x509.UniformResourceIdentifier)
                ]
    return tuple(responders), tuple(lists)
