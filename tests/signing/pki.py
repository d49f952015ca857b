"""A PKI for the tests, declared: certificates as they should be, and as they should not."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing.keys import LiveKey

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DER = serialization.Encoding.DER
SIGNING = ("digital_signature", "content_commitment")

_serials = itertools.count(0x5EA1_0000)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@cache
def rsa_key(bits: int = 2048, ordinal: int = 0) -> rsa.RSAPrivateKey:
    """One key for the whole run: making RSA-2048 takes up to 200 ms."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True)
class Profile:
    """What a certificate says; the defaults are those of a subscriber who may sign.

    `valid` is in days from now. `status` names where its status is told: `ocsp`, `crl`.
    """

    name: str = "Nguyễn Văn Ước"
    key: PrivateKey | None = None  # a fresh P-256
    valid: tuple[float, float] = (-1, 365)
    usage: Sequence[str] = SIGNING
    purposes: Sequence[x509.ObjectIdentifier] = ()
    purposes_critical: bool = False
    authority: bool = False
    no_check: bool = False
    status: Sequence[str] = ("ocsp",)


CA = Profile(usage=("key_cert_sign", "crl_sign"), authority=True, valid=(-2, 3650))
OCSP = Profile(
    "OCSP thử nghiệm",
    usage=("digital_signature",),
    purposes=(ExtendedKeyUsageOID.OCSP_SIGNING,),
    no_check=True,
    status=(),
)
TSA = Profile(
    "TSA thử nghiệm",
    usage=("digital_signature",),
    purposes=(ExtendedKeyUsageOID.TIME_STAMPING,),
    purposes_critical=True,
)


@dataclass
class Pki:
    """Root, issuing CA, OCSP responder and TSA; `services` is the address in its certificates."""

    services: str = "http://status.invalid"
    revoked: dict[int, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = issue(replace(CA, name="CA gốc thử nghiệm", status=()), None, self.services)
        self.issuing = self.issue(
            replace(CA, name="CA cấp phát thử nghiệm", status=("crl",)), by=self.root
        )
        self.ocsp = self.issue(OCSP)
        self.tsa = self.issue(TSA)

    def issue(self, profile: Profile, by: LiveKey | None = None) -> LiveKey:
        """A certificate by the issuing CA, or by another."""
        issuer = by or self.issuing
        chain = () if issuer is self.root else (issuer.certificate, *issuer.chain)
        return issue(profile, issuer, self.services, chain)

    def revoke(self, key: LiveKey, at: datetime | None = None) -> None:
        self.revoked[loaded(key).serial_number] = at or now() - timedelta(hours=1)

    def ocsp_answer(
        self,
        request: bytes,
        *,
        signer: LiveKey | None = None,
        serial: int | None = None,
        this_update: datetime | None = None,
        life: timedelta | None = timedelta(days=1),
        status: ocsp.OCSPCertStatus | None = None,
    ) -> bytes:
        """What the responder says, or what another one says, or about another certificate."""
        asked = ocsp.load_der_ocsp_request(request)
        responder, updated = signer or self.ocsp, this_update or now()
        revoked_at = self.revoked.get(asked.serial_number)
        good = ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED
        certificate = loaded(responder)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash,
                issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number if serial is None else serial,
                algorithm=asked.hash_algorithm,
                cert_status=status or good,
                this_update=updated,
                next_update=None if life is None else updated + life,
                revocation_time=revoked_at,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
            .certificates([certificate])
            .sign(responder.private_key, hashes.SHA256())
        )
        return response.public_bytes(DER)

    def crl(
        self, issuer: LiveKey, *, extra: int = 0, life: timedelta = timedelta(days=30)
    ) -> bytes:
        """The list of what `issuer` revoked, with `extra` entries nobody here knows."""
        serials = [*self.revoked, *range(1 << 64, (1 << 64) + extra)]
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(loaded(issuer).subject)
            .last_update(now() - timedelta(days=1))
            .next_update(now() - timedelta(days=1) + life)
        )
        for serial in serials:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(self.revoked.get(serial, now()))
                .build()
            )
        return builder.sign(issuer.private_key, hashes.SHA256()).public_bytes(DER)


def issue(
    profile: Profile, issuer: LiveKey | None, services: str, chain: tuple[bytes, ...] = ()
) -> LiveKey:
    """A certificate as the profile says, by `issuer`, or by itself."""
    subject, key = name(profile.name), profile.key or ec.generate_private_key(ec.SECP256R1())
    above = None if issuer is None else loaded(issuer)
    by = key if issuer is None else issuer.private_key
    start, end = (now() + timedelta(days=days) for days in profile.valid)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if above is None else above.subject)
        .public_key(key.public_key())
        .serial_number(next(_serials))
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
        .add_extension(x509.BasicConstraints(profile.authority, None), True)
        .add_extension(key_usage(profile.usage), True)
    )
    if profile.purposes:
        purposes = x509.ExtendedKeyUsage(profile.purposes)
        builder = builder.add_extension(purposes, profile.purposes_critical)
    if profile.no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), False)
    place = "root" if not chain else "issuing"
    if "ocsp" in profile.status:
        access = x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(f"{services}/ocsp")
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([access]), False)
    if "crl" in profile.status:
        address = x509.UniformResourceIdentifier(f"{services}/crl/{place}")
        point = x509.DistributionPoint([address], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
    certificate = builder.sign(by, hashes.SHA256()).public_bytes(DER)
    return LiveKey(certificate, chain, key)


def signed_with_sha1(key: LiveKey, issuer: LiveKey) -> LiveKey:
    """The same certificate, signed by an elliptic-curve issuer over SHA-1."""
    assert isinstance(issuer.private_key, ec.EllipticCurvePrivateKey)
    certificate = asn1_x509.Certificate.load(key.certificate)
    tbs = certificate["tbs_certificate"]
    tbs["signature"] = certificate["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}
    digest = hashlib.sha1(tbs.dump(force=True)).digest()  # noqa: S324  what must be refused
    certificate["signature_value"] = issuer.private_key.sign(
        digest,
        ec.ECDSA(Prehashed(hashes.SHA1())),  # noqa: S303
    )
    return replace(key, certificate=certificate.dump(force=True))


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "UBND xã Tân Hòa"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(granted: Sequence[str]) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
        " key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{each: each in granted for each in names.split()})


def loaded(key: LiveKey) -> x509.Certificate:
    return x509.load_der_x509_certificate(key.certificate)
