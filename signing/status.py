"""One question about the status of one certificate, and whether its answer can be used.

Who may be asked is `signing.revocation`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from signing.answers import Answers
from signing.peers import Peers
from signing.trust import Evidence, Trust, issued_by
from signing.wire import WireFault, ask

#: A list of 20,000 entries costs 288 ms and half a megabyte in every document that carries it.
CRL_MAX_BYTES = 512 * 1024
_OCSP_MAX_BYTES = 64 * 1024

_CLOCKS_DIFFER = timedelta(seconds=1)

_DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Subject:
    """A certificate whose status is wanted, and its issuer by key."""

    certificate: x509.Certificate
    issuer: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(_DER)


def ask_responder(url: str, subject: Subject, seconds: float, peers: Peers) -> bytes:
    """A DER OCSP response that says "successful" (RFC 6960). Raises WireFault."""
    # RFC 5019 responders know SHA-1 names only; RFC 9919 adds SHA-256. The name picks the question,
    # what vouches for the answer is its signature. POST, because a cache on the way may answer a
    # GET with what was true before.
    request = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(subject.certificate, subject.issuer, hashes.SHA1())  # noqa: S303
        .build()
    )
    answer = ask(
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
        peers=peers,
    )
    try:
        status = ocsp.load_der_ocsp_response(answer).response_status
    except (ValueError, TypeError) as fault:
        raise WireFault(f"it answered no OCSP: {fault}") from fault
    if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise WireFault(f"it answered {status.name}")
    return answer


def ask_list(url: str, seconds: float, peers: Peers) -> bytes:
    """A DER CRL (RFC 5280 §5) of CRL_MAX_BYTES at most. Raises WireFault."""
    answer = ask("GET", url, answer_max_bytes=CRL_MAX_BYTES, timeout_seconds=seconds, peers=peers)
    try:
        x509.load_der_x509_crl(answer)
    except (ValueError, TypeError) as fault:
        raise WireFault(f"it answered no CRL: {fault}") from fault
    return answer


def next_update(evidence: Evidence) -> datetime | None:
    """When the first piece of evidence says that there will be news."""
    updates = [x509.load_der_x509_crl(der).next_update_utc for der in evidence.crls]
    for der in evidence.ocsps:
        updates += [item.next_update_utc for item in ocsp.load_der_ocsp_response(der).responses]
    return min(filter(None, updates), default=None)


def accept(subject: Subject, others: Iterable[bytes], evidence: Evidence, trust: Trust) -> None:
    """Refuse an answer that our own validation would not use for this certificate.

    One about another certificate, one that is stale, one that neither the issuer nor a responder
    of the issuer's signed. "Revoked" is an answer. `others` are DER of what may stand in between.

    Raises WireFault.
    """
    known = [x509.load_der_x509_certificate(der) for der in (*others, *trust.anchors)]
    now = datetime.now(UTC)
    answers = Answers(evidence, known)
    answer = answers.status(subject.certificate, subject.issuer, now)
    if answer is None:
        why = "; ".join(answers.refused) or "it is about another certificate"
        raise WireFault(f"its answer cannot be used: {why}")
    if answer.this_update > now + _CLOCKS_DIFFER:
        raise WireFault("its answer cannot be used: it is too recent")


def lineage(certificates: Iterable[bytes], trust: Trust, now: datetime) -> Iterator[Subject]:
    """Those of the certificates (DER) that lead by key to an anchor, from above.

    Only over authorities, and as far as all are within their validity: where a chain is broken
    anyway, no answer would mend it.
    """
    known = [x509.load_der_x509_certificate(der) for der in trust.anchors]
    waiting = [x509.load_der_x509_certificate(der) for der in dict.fromkeys(certificates)]
    while known:
        found: list[x509.Certificate] = []
        for certificate in waiting:
            issuer = next((above for above in known if issued_by(certificate, above)), None)
            if issuer is None or issuer == certificate:  # an anchor vouches for itself
                continue
            if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                found.append(certificate)
                yield Subject(certificate, issuer)
        waiting = [certificate for certificate in waiting if certificate not in found]
        known = list(filter(_is_authority, found))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


@lru_cache(maxsize=512)
def addresses(certificate: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a DER certificate says that its status is told: OCSP responders, CRLs."""
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
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
