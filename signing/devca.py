"""A development certification authority in a folder: CAs, OCSP signer, TSA, people, seals.

Everything it issues carries `OU=PHAT TRIEN - KHONG CO GIA TRI PHAP LY` in its subject, the root
too; `signing.trust.is_development` looks for exactly that, so a report always says what such a
signature is worth. Keys are P-256: making one takes 0.02 ms against 40-200 ms for RSA-2048, and an
office of twelve starts at once. They lie unencrypted in files of mode 600; nothing here belongs in
production.

Files: one PEM per identity (key, certificate, chain), written beside its final name and moved there
whole under a lock, so that a reader, a second process or the next start after a crash finds an
identity complete or not at all. `revoked.json` holds what was revoked and when.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import RLock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing.keys import LiveKey
from signing.responders import Responder, Revocation, TimeStampAuthority
from signing.trust import DEVELOPMENT_MARKER, Trust

# NĐ 68/2024 Đ9: a subscriber's certificate lasts at most 5 years, a CA's 20.
_SUBSCRIBER_LIFE = timedelta(days=5 * 365)
_CA_LIFE = timedelta(days=20 * 365)

# The reserved .invalid names (RFC 2606) say that the services exist, without an address to ask:
# the answers come from this process.
_OCSP_URL = "http://ocsp.vanthu.invalid/"
_CRL_URL = "http://crl.vanthu.invalid/root.crl"

_IDENTITY = re.compile(r"(person|agency)/[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class DevelopmentCA:
    """The development authority kept in `folder`, made on first use.

    One instance per process and folder: it keeps every key it has read alive. Threads and other
    processes may work on the same folder at the same time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._threads = RLock()
        self._live: dict[str, LiveKey] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self.root = self._authority("root", "Vanthu Development Root CA", None)
        self.issuing = self._authority("issuing", "Vanthu Development Issuing CA", self.root)
        self._ocsp = self._service("ocsp", "Vanthu Development OCSP")
        self._tsa = self._service("tsa", "Vanthu Development TSA")

    def issue_person(self, identity: str, name: str, organisation_name: str) -> LiveKey:
        """The signing key of a person; made the first time, the same one ever after."""
        return self._subscriber(f"person/{identity}", name, organisation_name)

    def issue_agency(self, identity: str, name: str) -> LiveKey:
        """The key of an agency's electronic seal; made the first time, the same one ever after."""
        return self._subscriber(f"agency/{identity}", name, name)

    def key(self, name: str) -> LiveKey | None:
        """The key of `person/<id>` or `agency/<id>`, None when it was never issued."""
        return self._load(name) if _IDENTITY.fullmatch(name) else None

    def revoke(self, certificate_sha256: str, at: datetime | None = None) -> None:
        """Revoke an issued certificate as of `at` (None: this second); again changes nothing.

        Raises KeyError when no issued certificate has this SHA-256 (hex of the DER).
        """
        for path in sorted(self.folder.glob("*.pem")):
            key = _read(path)
            certificate = x509.load_der_x509_certificate(key.certificate)
            if certificate.fingerprint(hashes.SHA256()).hex() == certificate_sha256:
                break
        else:
            raise KeyError(certificate_sha256)
        with self._lock():
            revoked = {item.serial: item for item in self.revocations()}
            moment = (at or datetime.now(UTC)).replace(microsecond=0)
            revoked.setdefault(
                certificate.serial_number, Revocation(certificate.serial_number, moment)
            )
            text = json.dumps({hex(r.serial): r.revoked_at.isoformat() for r in revoked.values()})
            self._write("revoked.json", text.encode())

    def revocations(self) -> tuple[Revocation, ...]:
        """What is revoked now, read afresh: another process may have revoked meanwhile."""
        try:
            entries = json.loads((self.folder / "revoked.json").read_bytes())
        except FileNotFoundError:
            return ()
        return tuple(
            Revocation(int(serial, 16), datetime.fromisoformat(at))
            for serial, at in entries.items()
        )

    @cached_property
    def trust(self) -> Trust:
        """Trust in this authority: its root, and its OCSP, CRL and TSA answering in process."""
        return Trust(
            anchors=(self.root.certificate,),
            intermediates=(self.issuing.certificate,),
            revocation=(Responder(self.root, self.issuing, self._ocsp, self.revocations),),
            timestamper=TimeStampAuthority(self._tsa),
        )

    def _authority(self, name: str, common_name: str, issuer: LiveKey | None) -> LiveKey:
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        constraints = x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0)
        extensions = [(constraints, True), (usage, True)]
        if issuer is not None:
            extensions.append((_crl_point(), False))
        return self._identity(name, _subject(common_name, "Vanthu"), issuer, _CA_LIFE, extensions)

    def _service(self, name: str, common_name: str) -> LiveKey:
        purpose = {
            "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING,
            "tsa": ExtendedKeyUsageOID.TIME_STAMPING,
        }
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (_key_usage(digital_signature=True), True),
            # RFC 3161 §2.3: the time-stamping purpose is critical and the only one.
            (x509.ExtendedKeyUsage([purpose[name]]), name == "tsa"),
            # RFC 6960 §4.2.2.2.1: nobody could answer for the OCSP signer itself.
            (x509.OCSPNoCheck(), False) if name == "ocsp" else (_ocsp_access(), False),
        ]
        subject = _subject(common_name, "Vanthu")
        return self._identity(name, subject, self.issuing, _SUBSCRIBER_LIFE, extensions)

    def _subscriber(self, identity: str, name: str, organisation: str) -> LiveKey:
        if not _IDENTITY.fullmatch(identity):
            raise ValueError(f"not an identity that can be a file name: {identity!r}")
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (_key_usage(digital_signature=True, content_commitment=True), True),
            (_ocsp_access(), False),
        ]
        subject = _subject(name, organisation, identity)
        return self._identity(identity, subject, self.issuing, _SUBSCRIBER_LIFE, extensions)

    def _identity(
        self,
        name: str,
        subject: x509.Name,
        issuer: LiveKey | None,
        life: timedelta,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> LiveKey:
        existing = self._load(name)
        if existing is not None:
            return existing
        with self._lock():
            # Another process may have made it while this one waited for the lock.
            existing = self._load(name)
            if existing is not None:
                return existing
            private_key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate(private_key, subject, issuer, life, extensions)
            # The root is the relying party's to configure: a signature carries what leads up to it.
            chain: tuple[bytes, ...] = ()
            if issuer is not None and issuer is not self.root:
                chain = (issuer.certificate, *issuer.chain)
            pem = private_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ) + b"".join(
                item.public_bytes(serialization.Encoding.PEM)
                for item in (certificate, *map(x509.load_der_x509_certificate, chain))
            )
            self._write(_file_name(name), pem)
            return self._live.setdefault(name, _read(self.folder / _file_name(name)))

    def _load(self, name: str) -> LiveKey | None:
        if name not in self._live:
            path = self.folder / _file_name(name)
            if not path.exists():
                return None
            self._live.setdefault(name, _read(path))
        return self._live[name]

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer at a time; the kernel lets go of the lock when a process dies."""
        with self._threads, (self.folder / ".lock").open("a") as handle:
            os.fchmod(handle.fileno(), 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _write(self, name: str, content: bytes) -> None:
        # Under the lock there is one writer, so what a killed one left behind is simply replaced.
        draft = self.folder / ".draft"
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(self.folder / name)
        directory = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _file_name(name: str) -> str:
    # An identity holds exactly one slash and "=" never, so the names stay apart.
    return name.replace("/", "=") + ".pem"


def _read(path: Path) -> LiveKey:
    pem = path.read_bytes()
    private_key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path.name} holds no elliptic-curve key")
    certificate, *chain = (
        item.public_bytes(serialization.Encoding.DER)
        for item in x509.load_pem_x509_certificates(pem)
    )
    return LiveKey(certificate, tuple(chain), private_key)


def _subject(common_name: str, organisation: str, identity: str | None = None) -> x509.Name:
    attributes = [
        (NameOID.COUNTRY_NAME, "VN"),
        (NameOID.ORGANIZATION_NAME, organisation[:64]),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, DEVELOPMENT_MARKER),
        (NameOID.COMMON_NAME, common_name[:64]),
    ]
    if identity is not None:
        attributes.append((NameOID.USER_ID, identity))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _certificate(
    private_key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    issuer: LiveKey | None,
    life: timedelta,
    extensions: list[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    # An hour of grace lets two machines of one office disagree about the time.
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    signer = private_key if issuer is None else issuer.private_key
    parent = None if issuer is None else x509.load_der_x509_certificate(issuer.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if parent is None else parent.subject)
        .public_key(private_key.public_key())
        .serial_number(secrets.randbits(127) | 1 << 126)
        .not_valid_before(start)
        .not_valid_after(
            start + life if parent is None else min(start + life, parent.not_valid_after_utc)
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


def _key_usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
        " key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names.split()})


def _ocsp_access() -> x509.AuthorityInformationAccess:
    address = x509.UniformResourceIdentifier(_OCSP_URL)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)]
    )


def _crl_point() -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(_CRL_URL)
    return x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])
