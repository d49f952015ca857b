"""Trust in a test PKI whose services answer in this process, as long as they are told to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from pyhanko.sign.timestamps import TimeStamper

from signing.errors import TrustUnavailable
from signing.keys import LiveKey
from signing.responders import TimeStampAuthority
from signing.trust import Evidence, Trust
from tests.signing.pki import DER, Pki, loaded


@dataclass
class Status:
    """OCSP for what the issuing CA signed, a CRL for what the root signed, kept until `forget`."""

    pki: Pki
    away: bool = False
    life: timedelta = timedelta(days=1)
    _kept: dict[bytes, Evidence] = field(default_factory=dict)

    def evidence(self, certificates: Sequence[bytes], *, fetch: bool) -> Evidence:
        found = Evidence()
        for der in certificates:
            if der not in self._kept and fetch:
                self._kept[der] = self._answer(x509.load_der_x509_certificate(der))
            found += self._kept.get(der, Evidence())
        return found

    def forget(self) -> None:
        self._kept.clear()

    def _answer(self, certificate: x509.Certificate) -> Evidence:
        if self.away:
            raise TrustUnavailable("Dịch vụ kiểm tra trạng thái chứng thư số")
        issuing, root = loaded(self.pki.issuing), loaded(self.pki.root)
        if certificate.issuer == root.subject:
            return Evidence(crls=(self.pki.crl(self.pki.root),))
        builder = ocsp.OCSPRequestBuilder()
        request = builder.add_certificate(certificate, issuing, hashes.SHA256()).build()
        asked = request.public_bytes(DER)
        return Evidence(ocsps=(self.pki.ocsp_answer(asked, life=self.life),))


class Stamper(TimeStamper):
    """The PKI's time-stamp authority. Like the one over HTTP it remembers its last answer."""

    def __init__(self, key: LiveKey) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.key = key
        self.away = False
        self.asked = 0
        self._last: cms.ContentInfo | None = None

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        if self.away:
            raise TrustUnavailable("Dịch vụ cấp dấu thời gian")
        self.asked += 1
        return await TimeStampAuthority(self.key).async_request_tsa_response(req)

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        self._last = await super().async_timestamp(message_digest, md_algorithm)
        return self._last

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        return self._last or await self.async_timestamp(hashlib.sha256().digest(), md_algorithm)


@dataclass(frozen=True)
class House:
    """A PKI, what it says of its certificates, its stamps, and trust in all of it."""

    pki: Pki
    status: Status
    stamper: Stamper

    @classmethod
    def new(cls) -> House:
        pki = Pki()
        return cls(pki, Status(pki), Stamper(pki.tsa))

    @property
    def trust(self) -> Trust:
        return Trust(
            anchors=(self.pki.root.certificate,),
            revocation=(self.status,),
            timestamper=self.stamper,
        )
