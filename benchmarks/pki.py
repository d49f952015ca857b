"""The keys of the bench: as long as those in use, and services that answer in another process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from signing.keys import LiveKey
from signing.revocation import HttpRevocation
from signing.timestamping import HttpTimeStamper
from signing.trust import Trust
from tests.signing import pki, wire

PASSPHRASE = "bench"  # noqa: S105  of a key that lives for one run


@dataclass
class LongKeys(pki.Pki):
    """Root RSA-4096, issuing RSA-3072; whoever signs has RSA-2048."""

    def __post_init__(self) -> None:
        self.root = pki.issue(
            replace(pki.CA, name="CA gốc thử nghiệm", status=(), key=_key(4096)),
            None,
            self.services,
        )
        issuing = replace(pki.CA, name="CA cấp phát thử nghiệm", status=("crl",), key=_key(3072))
        self.issuing = self.issue(issuing, by=self.root)
        self.ocsp = self.issue(replace(pki.OCSP, key=_key()))
        self.tsa = self.issue(replace(pki.TSA, key=_key()))
        self.person = self.issue(replace(pki.Profile(), key=_key()))


@dataclass
class Office:
    """A person's key, where its status and time-stamps are told, and what is trusted."""

    person: LiveKey
    root: bytes
    host: str

    @property
    def tsa_url(self) -> str:
        return f"http://{self.host}/tsa"

    def trust(self) -> Trust:
        """As a worker process sets it up once."""
        return Trust(
            anchors=(self.root,),
            revocation=(HttpRevocation([self.host], [self.root]),),
            timestamper=HttpTimeStamper(self.tsa_url),
        )

    def __getstate__(self) -> tuple[bytes, tuple[bytes, ...], bytes, bytes, str]:
        # Another process may sign, too, and a private key cannot be pickled.
        secret = self.person.private_key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return self.person.certificate, self.person.chain, secret, self.root, self.host

    def __setstate__(self, state: tuple[bytes, tuple[bytes, ...], bytes, bytes, str]) -> None:
        certificate, chain, secret, self.root, self.host = state
        key = serialization.load_der_private_key(secret, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.person = LiveKey(certificate, chain, key)

    def write_keys(self, folder: Path) -> None:
        """What peers read: `person.p12` with the chain, certificates in PEM, the TSA's address."""
        ders = {"person": self.person.certificate, "issuing": self.person.chain[0]}
        certificates = {
            name: x509.load_der_x509_certificate(der)
            for name, der in (ders | {"root": self.root}).items()
        }
        (folder / "tsa-url").write_text(self.tsa_url)
        (folder / "person.p12").write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"person",
                self.person.private_key,
                certificates["person"],
                [certificates["issuing"]],
                # Few rounds: some peers open it for every signature.
                serialization.PrivateFormat.PKCS12.encryption_builder()
                .kdf_rounds(2048)
                .build(PASSPHRASE.encode()),
            )
        )
        for name, certificate in certificates.items():
            pem = certificate.public_bytes(serialization.Encoding.PEM)
            (folder / f"{name}.pem").write_bytes(pem)


@contextmanager
def office() -> Iterator[tuple[Office, Callable[[], int]]]:
    """A PKI whose services answer in a process of their own, so that their CPU is not counted.

    With it, how to learn the number of questions that they were asked so far.
    """
    # Forked processes would inherit and share what the bench measures.
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv(), lambda: _asked(ours)
    finally:
        ours.send("close")
        process.join()


def _asked(services: Connection) -> int:
    services.send("asked")
    asked: int = services.recv()
    return asked


def _serve(asking: Connection) -> None:
    with wire.serving() as services:
        made = LongKeys(services.url)
        services.pki = made
        services.manners = wire.good_manners(made)
        asking.send(Office(made.person, made.root.certificate, services.host))
        while asking.recv() == "asked":
            asking.send(services.asked.total())


def _key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)
