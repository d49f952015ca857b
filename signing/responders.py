"""OCSP, CRL and time-stamp answers of the development CA, given in process without a socket."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.timestamps import TimeStamper

from signing.keys import LiveKey
from signing.trust import Evidence, issued_by

_OCSP_LIFE = timedelta(days=7)
_CRL_LIFE = timedelta(days=30)
_GIVEN_AGAIN = timedelta(minutes=1)

# A policy identifier of the arc for examples (joint-iso-itu-t(2) uuid(25)); a TSA must name one.
_TSA_POLICY = "2.25.329800735698586629295641978511506172918"
_DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Revocation:
    """A certificate's serial number and the instant from which it counts as revoked."""

    serial: int
    revoked_at: datetime


@dataclass(frozen=True)
class Responder:
    """OCSP for what the issuing CA signed, a CRL for what the root signed."""

    root: LiveKey
    issuing: LiveKey
    signer: LiveKey
    revocations: Callable[[], Sequence[Revocation]]
    _given: dict[object, tuple[datetime, bytes]] = field(default_factory=dict, compare=False)

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:  # noqa: ARG002
        """Status of every certificate (DER) issued by this authority; others are skipped.

        It answers from this process, so `fetch` makes no difference. An answer is given again for
        a minute, unless something was revoked meanwhile.
        """
        issuer = x509.load_der_x509_certificate(self.issuing.certificate)
        revoked = {item.serial: item.revoked_at for item in self.revocations()}
        responses = []
        for der in certificates:
            certificate = x509.load_der_x509_certificate(der)
            if issued_by(certificate, issuer):
                moment = revoked.get(certificate.serial_number)
                responses.append(
                    self._again((der, moment), partial(self._response, certificate, issuer, moment))
                )
        listed = self._again(tuple(revoked.items()), partial(self._crl, revoked))
        return Evidence(tuple(responses), (listed,))

    def _again(self, about: object, answer: Callable[[], bytes]) -> bytes:
        now = datetime.now(UTC)
        given = self._given.get(about)
        if given is None or now - given[0] > _GIVEN_AGAIN:
            self._given[about] = given = now, answer()
        return given[1]

    def _response(
        self, certificate: x509.Certificate, issuer: x509.Certificate, revoked_at: datetime | None
    ) -> bytes:
        now = datetime.now(UTC).replace(microsecond=0)
        good = revoked_at is None
        responder = x509.load_der_x509_certificate(self.signer.certificate)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=certificate,
                issuer=issuer,
                algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.GOOD if good else ocsp.OCSPCertStatus.REVOKED,
                this_update=now,
                next_update=now + _OCSP_LIFE,
                revocation_time=revoked_at,
                revocation_reason=None if good else x509.ReasonFlags.cessation_of_operation,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
            .sign(self.signer.private_key, hashes.SHA256())
        )
        return response.public_bytes(_DER)

    def _crl(self, revoked: dict[int, datetime]) -> bytes:
        now = datetime.now(UTC).replace(microsecond=0)
        root = x509.load_der_x509_certificate(self.root.certificate)
        issuing = x509.load_der_x509_certificate(self.issuing.certificate)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(root.subject)
            .last_update(now)
            .next_update(now + _CRL_LIFE)
            .add_extension(x509.CRLNumber(int(now.timestamp())), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.root.private_key.public_key()
                ),
                False,
            )
        )
        if issuing.serial_number in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(issuing.serial_number)
                .revocation_date(revoked[issuing.serial_number])
                .build()
            )
        return builder.sign(self.root.private_key, hashes.SHA256()).public_bytes(_DER)


class TimeStampAuthority(TimeStamper):
    """RFC 3161 tokens from a live key, by this machine's clock or another."""

    def __init__(
        self, key: LiveKey, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._key = key
        self._now = now
        self._certificate = asn1_x509.Certificate.load(key.certificate)
        self._chain = [asn1_x509.Certificate.load(der) for der in key.chain]

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        """Answer a request with a token over its imprint (RFC 3161 §2.4)."""
        token_info: dict[str, object] = {
            "version": "v1",
            "policy": _TSA_POLICY,
            "message_imprint": req["message_imprint"],
            "serial_number": secrets.randbits(63),
            "gen_time": self._now().replace(microsecond=0),
        }
        if req["nonce"].native is not None:
            token_info["nonce"] = req["nonce"]
        content = tsp.TSTInfo(token_info).dump()
        return tsp.TimeStampResp(
            {
                "status": {"status": "granted"},
                "time_stamp_token": cms.ContentInfo(
                    {"content_type": "signed_data", "content": self._signed_data(content)}
                ),
            }
        )

    def _signed_data(self, content: bytes) -> cms.SignedData:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(content)
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("message_digest", digest.finalize()),
                simple_cms_attribute(
                    "signing_certificate_v2", as_signing_certificate_v2(self._certificate)
                ),
            ]
        )
        signer = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    {
                        "issuer_and_serial_number": {
                            "issuer": self._certificate.issuer,
                            "serial_number": self._certificate.serial_number,
                        }
                    }
                ),
                "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                "signature_algorithm": {"algorithm": f"sha256_{self._key.algorithm}"},
                "signed_attrs": attributes,
                "signature": self._key.sign(attributes.dump(), "sha256"),
            }
        )
        return cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(content),
                },
                "certificates": [self._certificate, *self._chain],
                "signer_infos": [signer],
            }
        )
