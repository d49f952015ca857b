"""What a verifier asks offline: answered as openssl answers it, and never with a crash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import tsa
from signing.keys import LiveKey
from signing.responders import TimeStampAuthority
from signing.witness import (
    WitnessInvalid,
    certificates_in,
    check_chain,
    check_signature,
    check_stamp,
    expires_at,
)
from tests.signing import openssl, pki
from tests.signing.conftest import Office

TEXT = b"vanthu.example/log\n1\nMHf0LS9FnbrTjshcovNhI4lcktywS2W4Q76aQFw2cbo=\nat 2026\n"
YEAR = timedelta(days=365)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def token(office: Office) -> bytes:
    """A time-stamp over the text, by the development authority."""
    return tsa.time_stamp(hashlib.sha256(TEXT).digest(), trust=office.ca.trust, now=now()).token


@pytest.fixture(scope="module")
def rsa_key(authorities: pki.Pki) -> LiveKey:
    return authorities.issue(pki.Profile(key=pki.rsa_key()))


@pytest.fixture(scope="module")
def authorities() -> pki.Pki:
    return pki.Pki()


def test_a_signature_holds_here_and_for_openssl(
    office: Office, rsa_key: LiveKey, tmp_path: Path
) -> None:
    for key in (office.agency, rsa_key):
        value = key.sign(TEXT, "sha256")
        check_signature(key.certificate, TEXT, value)
        assert openssl.verifies(tmp_path, key.certificate, TEXT, value)
        for data, wrong in (
            (TEXT + b"\n", value),
            (TEXT[:-1], value),
            (TEXT, value[:-1] + bytes([value[-1] ^ 1])),
            (TEXT, value + b"\0"),
            (TEXT, b""),
            (TEXT, key.sign(TEXT, "sha512")),
            (TEXT, office.person.sign(TEXT, "sha256")),
        ):
            with pytest.raises(WitnessInvalid):
                check_signature(key.certificate, data, wrong)
    with pytest.raises(WitnessInvalid):
        check_signature(office.person.certificate, TEXT, office.agency.sign(TEXT, "sha256"))


def test_a_weak_key_convinces_nobody(authorities: pki.Pki) -> None:
    weak = authorities.issue(pki.Profile(key=pki.rsa_key(1024)))
    with pytest.raises(WitnessInvalid, match="weak"):
        check_signature(weak.certificate, TEXT, weak.sign(TEXT, "sha256"))


def test_a_stamp_tells_its_time_and_whose_it_is(office: Office, token: bytes) -> None:
    anchors = [office.ca.root.certificate]
    stamp = check_stamp(token, TEXT, anchors)
    assert abs(now() - stamp.at) < timedelta(minutes=5)
    assert stamp.trusted
    # Whoever trusts another root, or none, learns the same without the trust.
    for others in ([], [pki.Pki().root.certificate]):
        assert check_stamp(token, TEXT, others) == replace(stamp, trusted=False)
    with pytest.raises(WitnessInvalid, match="other data"):
        check_stamp(token, TEXT + b"\n", anchors)


def test_openssl_takes_the_same_stamp(office: Office, token: bytes, tmp_path: Path) -> None:
    program = shutil.which("openssl") or pytest.skip("no openssl: apt-get install openssl")
    (tmp_path / "stamp.der").write_bytes(token)
    (tmp_path / "text").write_bytes(TEXT)
    for path, der in (("root", office.ca.root), ("issuing", office.ca.issuing)):
        certificate = load_der_x509_certificate(der.certificate)
        (tmp_path / path).write_bytes(certificate.public_bytes(pki.serialization.Encoding.PEM))
    command = [program, "ts", "-verify", "-in", "stamp.der", "-token_in", "-data", "text"]
    trusted = ["-CAfile", "root", "-untrusted", "issuing"]
    for data, expected in ((TEXT, 0), (TEXT + b"\n", 1)):
        (tmp_path / "text").write_bytes(data)
        done = subprocess.run([*command, *trusted], cwd=tmp_path, capture_output=True)
        assert done.returncode == expected, done.stderr


def test_a_stamp_by_somebody_who_may_not_stamp_is_not_trusted(authorities: pki.Pki) -> None:
    """A subscriber of a trusted authority makes a token: intact, and nobody's time."""
    anchors = [authorities.root.certificate]
    person = authorities.issue(pki.Profile())
    for key, trusted in ((person, False), (authorities.tsa, True)):
        stamper = TimeStampAuthority(key)
        token = tsa.settled(stamper.async_timestamp(hashlib.sha256(TEXT).digest(), "sha256"))
        assert check_stamp(token.dump(), TEXT, anchors).trusted is trusted


def changed(token: bytes, change: Callable[[cms.SignedData], object]) -> bytes:
    content = cms.ContentInfo.load(token)
    change(content["content"])
    dumped: bytes = content.dump(force=True)
    return dumped


def _later(data: cms.SignedData) -> None:
    info = data["encap_content_info"]["content"].parsed
    info["gen_time"] = info["gen_time"].native + YEAR


def _unnamed(data: cms.SignedData) -> None:
    (signer,) = data["signer_infos"]
    kept = [one for one in signer["signed_attrs"] if "signing" not in one["type"].native]
    signer["signed_attrs"] = kept


@pytest.mark.parametrize(
    "change",
    [
        _later,
        _unnamed,
        lambda data: data.__setitem__("certificates", []),
        lambda data: data.__setitem__("signer_infos", []),
        lambda data: data.__setitem__("signer_infos", [*data["signer_infos"]] * 2),
        lambda data: data["signer_infos"][0].__setitem__("signature", b"\0" * 70),
        lambda data: data["signer_infos"][0].__setitem__("digest_algorithm", {"algorithm": "sha1"}),
        lambda data: data.__setitem__("certificates", [*data["certificates"]] * 20),
    ],
)
def test_a_stamp_that_was_changed_is_none(
    office: Office, token: bytes, change: Callable[[cms.SignedData], object]
) -> None:
    with pytest.raises(WitnessInvalid):
        check_stamp(changed(token, change), TEXT, [office.ca.root.certificate])


def test_a_stamp_that_names_no_certificate_is_none(authorities: pki.Pki) -> None:
    """RFC 3161 §2.4.1: or another certificate of the same key could be put in its place."""
    stamper, anchors = TimeStampAuthority(authorities.tsa), [authorities.root.certificate]
    made = tsa.settled(stamper.async_timestamp(hashlib.sha256(TEXT).digest(), "sha256"))

    def unnamed(data: cms.SignedData) -> None:
        _unnamed(data)
        (signer,) = data["signer_infos"]
        signed = signer["signed_attrs"].untag().dump(force=True)
        signer["signature"] = authorities.tsa.sign(signed, "sha256")

    assert check_stamp(made.dump(), TEXT, anchors).trusted
    with pytest.raises(WitnessInvalid, match="name its certificate"):
        check_stamp(changed(made.dump(), unnamed), TEXT, anchors)


def test_a_certificate_leads_to_an_anchor_at_a_time(office: Office, authorities: pki.Pki) -> None:
    key, root = office.agency, office.ca.root.certificate
    assert check_chain(key.certificate, key.chain, [root], now())
    assert check_chain(key.certificate, [root, *key.chain, *key.chain], [root], now())
    assert not check_chain(key.certificate, [], [root], now())
    assert not check_chain(key.certificate, key.chain, [], now())
    assert not check_chain(key.certificate, key.chain, [authorities.root.certificate], now())
    for late in (now() - YEAR, now() + 30 * YEAR, expires_at(key.certificate) + timedelta(1)):
        assert not check_chain(key.certificate, key.chain, [root], late)
    # Pinned: whoever was handed the certificate itself needs no authority above it.
    assert check_chain(key.certificate, [], [key.certificate], now())
    # An authority's own and a time-stamper's are not to sign texts with.
    for other in (authorities.issuing, authorities.tsa):
        chain = [*other.chain, authorities.issuing.certificate]
        assert not check_chain(other.certificate, chain, [authorities.root.certificate], now())


def test_a_chain_is_taken_apart(office: Office) -> None:
    chain = [office.agency.certificate, office.ca.issuing.certificate, office.ca.root.certificate]
    assert certificates_in(b"".join(chain)) == chain
    assert certificates_in(b"") == []
    for wrong in (chain[0][:-1], chain[0] + b"\0", b"0", b"\x30\x03abc", chain[0] * 17):
        with pytest.raises(WitnessInvalid):
            certificates_in(wrong)


def everything(data: bytes, office: Office) -> None:
    """Every question, with these bytes for what a stranger hands over."""
    anchors = [office.ca.root.certificate]
    value = office.agency.sign(TEXT, "sha256")
    for ask in (
        lambda: check_signature(data, TEXT, value),
        lambda: check_signature(office.agency.certificate, TEXT, data),
        lambda: check_stamp(data, TEXT, anchors),
        lambda: check_stamp(data, TEXT, [data]),
        lambda: check_chain(data, [], anchors, now()),
        lambda: check_chain(office.agency.certificate, [data, data], anchors, now()),
        lambda: certificates_in(data),
        lambda: expires_at(data),
    ):
        with suppress(WitnessInvalid):
            ask()


@settings(max_examples=60)
@given(data=st.binary(max_size=300))
def test_strange_bytes_are_invalid_and_no_more(office: Office, data: bytes) -> None:
    everything(data, office)


@settings(max_examples=120)
@given(st.data())
def test_broken_tokens_are_invalid_and_no_more(
    office: Office, token: bytes, data: st.DataObject
) -> None:
    broken = bytearray(data.draw(st.sampled_from([token, office.agency.certificate])))
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] ^= data.draw(st.integers(1, 255))
    del broken[data.draw(st.integers(1, len(broken))) :]
    everything(bytes(broken), office)
    try:
        found = check_stamp(bytes(broken), TEXT, [office.ca.root.certificate])
    except WitnessInvalid:
        return
    # What is still believed says the same: a byte that nobody signed was changed, if any.
    honest = check_stamp(token, TEXT, [office.ca.root.certificate])
    assert (found.at, found.authority_sha256) == (honest.at, honest.authority_sha256)


def test_what_is_too_large_is_not_read(office: Office, token: bytes) -> None:
    with pytest.raises(WitnessInvalid):
        check_stamp(token + b"\0" * (1 << 20), TEXT, [])
    with pytest.raises(WitnessInvalid):
        check_signature(b"\x30" * ((1 << 20) + 1), TEXT, b"")
