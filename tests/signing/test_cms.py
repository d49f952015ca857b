"""The CMS made of DER parts is what an ASN.1 library makes of the same values."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import algos, core, x509
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute

from signing import cms
from signing.errors import SigningRefused
from signing.keys import LiveKey
from signing.responders import TimeStampAuthority
from signing.settled import settled
from tests.signing import judges
from tests.signing.pki import Pki, Profile, rsa_key

DIGESTS = ("sha256", "sha384", "sha512")


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


@pytest.fixture(
    scope="module", params=["rsa-2048", "rsa-3072", "p-256", "p-384"], ids=lambda kind: kind
)
def key(request: pytest.FixtureRequest, pki: Pki) -> LiveKey:
    made = {
        "rsa-2048": lambda: rsa_key(2048),
        "rsa-3072": lambda: rsa_key(3072),
        "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    }
    return pki.issue(Profile(key=made[request.param]()))


def by_library(
    key: LiveKey, document_digest: bytes, digest: str, token: asn1_cms.ContentInfo | None
) -> tuple[bytes, asn1_cms.ContentInfo]:
    """The same signed attributes and content, as pyHanko and asn1crypto make them."""
    certificate = x509.Certificate.load(key.certificate)
    attributes = asn1_cms.CMSAttributes(
        [
            simple_cms_attribute("content_type", "data"),
            simple_cms_attribute("message_digest", document_digest),
            simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(certificate)),
        ]
    )
    signature = key.sign(attributes.dump(), digest)
    algorithm = {"algorithm": f"{digest}_{key.algorithm}"}
    unsigned = [] if token is None else [simple_cms_attribute("signature_time_stamp_token", token)]
    signer = asn1_cms.SignerInfo(
        {
            "version": "v1",
            "sid": asn1_cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": {
                        "issuer": certificate.issuer,
                        "serial_number": certificate.serial_number,
                    }
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm(algorithm),
            "signed_attrs": attributes,
            "signature": signature,
            **({"unsigned_attrs": unsigned} if unsigned else {}),
        }
    )
    signed = asn1_cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": digest}],
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate, *map(x509.Certificate.load, key.chain)],
            "signer_infos": [signer],
        }
    )
    return attributes.dump(), asn1_cms.ContentInfo(
        {"content_type": "signed_data", "content": signed}
    )


@pytest.mark.parametrize("stamped", [False, True])
@pytest.mark.parametrize("digest", DIGESTS)
def test_the_bytes_are_those_of_a_library(
    pki: Pki, key: LiveKey, digest: str, stamped: bool
) -> None:
    document_digest = hashlib.new(digest, b"document").digest()
    token = settled(
        TimeStampAuthority(pki.tsa).async_timestamp(hashlib.sha256(b"value").digest(), "sha256")
    )
    attributes, content = by_library(key, document_digest, digest, token if stamped else None)
    signature = content["content"]["signer_infos"][0]["signature"].native

    assert cms.signed_attributes(document_digest, key.certificate, digest) == attributes
    made = cms.signed_data(
        attributes,
        signature,
        key.certificate,
        key.chain,
        token.dump() if stamped else None,
        digest,
    )
    # asn1crypto writes NULL parameters beside SHA-2 digests, RFC 5754 §2 leaves them out.
    oid = core.ObjectIdentifier(algos.DigestAlgorithmId.unmap(digest)).dump()
    plain, with_null = b"\x30\x0b" + oid, b"\x30\x0d" + oid + b"\x05\x00"
    parsed = asn1_cms.ContentInfo.load(made, strict=True)
    assert made.count(plain) >= 2
    assert with_null not in made.replace(token.dump(), b"")
    signer = parsed["content"]["signer_infos"][0]
    expected = content["content"]["signer_infos"][0]
    for name in ("version", "sid", "signature_algorithm", "signed_attrs", "signature"):
        assert signer[name].dump() == expected[name].dump(), name
    assert signer["digest_algorithm"].native == expected["digest_algorithm"].native
    assert signer["unsigned_attrs"].dump() == expected["unsigned_attrs"].dump()
    for name in ("version", "encap_content_info", "certificates"):
        assert parsed["content"][name].dump() == content["content"][name].dump(), name


@pytest.mark.parametrize("digest", DIGESTS)
def test_openssl_verifies_it(pki: Pki, key: LiveKey, digest: str, tmp_path: Path) -> None:
    content = b"document" * 1000
    attributes = cms.signed_attributes(
        hashlib.new(digest, content).digest(), key.certificate, digest
    )
    signature = key.sign(attributes, digest)
    made = cms.signed_data(
        attributes, signature, key.certificate, key.chain, digest_algorithm=digest
    )
    paths = {name: tmp_path / name for name in ("cms", "content", "anchor")}
    root = load_der_x509_certificate(pki.root.certificate)
    paths["cms"].write_bytes(made)
    paths["content"].write_bytes(content)
    paths["anchor"].write_bytes(root.public_bytes(Encoding.PEM))
    command = [judges.program("openssl", "openssl"), "cms", "-verify", "-cades", "-binary"]
    command += ["-inform", "DER", "-in", paths["cms"], "-content", paths["content"]]
    command += ["-CAfile", paths["anchor"], "-purpose", "any", "-out", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    # The certificate is bound: another of the same key, names and number does not fit.
    twin = pki.issue(Profile(key=key.private_key))
    renumbered = replace_serial(twin, key)
    paths["cms"].write_bytes(made.replace(key.certificate, renumbered))
    assert subprocess.run(command, capture_output=True).returncode != 0


def replace_serial(twin: LiveKey, like: LiveKey) -> bytes:
    """A certificate with another's serial number; its own signature no longer fits."""
    changed = x509.Certificate.load(twin.certificate)
    serial = x509.Certificate.load(like.certificate).serial_number
    changed["tbs_certificate"]["serial_number"] = serial
    encoded: bytes = changed.dump(force=True)
    return encoded


def test_a_value_is_the_keys_over_these_attributes_or_refused(pki: Pki, key: LiveKey) -> None:
    attributes = cms.signed_attributes(bytes(32), key.certificate)
    signature = key.sign(attributes, "sha256")
    cms.verify_value(key.certificate, attributes, signature)
    other = pki.issue(Profile())
    rest = replace(key, certificate=other.certificate)
    for certificate, signed, value in (
        (other.certificate, attributes, signature),
        (key.certificate, cms.signed_attributes(b"1" * 32, key.certificate), signature),
        (key.certificate, attributes, signature[:-1] + bytes([signature[-1] ^ 1])),
        (key.certificate, attributes, b""),
        (key.certificate, attributes, rest.sign(attributes, "sha384")),
    ):
        with pytest.raises(SigningRefused) as refused:
            cms.verify_value(certificate, signed, value)
        assert refused.value.code == "wrong_signature"


def test_room_for_the_largest_value(key: LiveKey) -> None:
    values = [key.sign(bytes([n]), "sha256") for n in range(20)]
    assert max(map(len, values)) <= cms.value_bytes(key.certificate) <= key.signature_bytes


def certified(pki: Pki, public_key: bytes) -> bytes:
    """A certificate over a public key (DER) that no key here signs for."""
    changed = x509.Certificate.load(pki.issue(Profile()).certificate)
    changed["tbs_certificate"]["subject_public_key_info"] = public_key
    encoded: bytes = changed.dump(force=True)
    return encoded


def test_keys_that_cannot_sign_so_are_refused(pki: Pki) -> None:
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    of_rsa: rsa.RSAPublicKey = rsa_key(2048).public_key()
    spki = PublicFormat.SubjectPublicKeyInfo
    pss = x509.PublicKeyInfo.load(of_rsa.public_bytes(Encoding.DER, spki))
    pss["algorithm"] = {"algorithm": "rsassa_pss"}
    for public_key in (edwards.public_bytes(Encoding.DER, spki), pss.dump(force=True)):
        with pytest.raises(SigningRefused) as refused:
            cms.signed_attributes(bytes(32), certified(pki, x509.PublicKeyInfo.load(public_key)))
        assert refused.value.code == "key_unsupported"
    with pytest.raises(SigningRefused) as refused:
        cms.signed_attributes(bytes(32), b"no certificate")
    assert refused.value.code == "certificate_malformed"


@given(
    chain=st.lists(st.binary(min_size=1, max_size=300), max_size=4),
    token=st.binary(max_size=70_000),
)
def test_lengths_of_every_size_are_der(chain: list[bytes], token: bytes) -> None:
    """What is put in comes out, wherever the encoding of lengths changes (127, 255, 65,535)."""
    certificate = SAMPLE.certificate
    wrapped = [core.OctetString(item).dump() for item in chain]
    value = core.OctetString(token).dump()
    made = cms.signed_data(
        cms.signed_attributes(bytes(32), certificate), bytes(70), certificate, tuple(wrapped), value
    )
    signed = asn1_cms.ContentInfo.load(made, strict=True)["content"]
    carried = core.SetOf.load(b"\x31" + signed["certificates"].dump()[1:], spec=core.Any)
    ders = [item.dump() for item in carried]
    assert ders == sorted({certificate, *wrapped})
    assert made.endswith(value)


SAMPLE = Pki().issue(Profile())
