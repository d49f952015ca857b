"""A value that comes later: prepared here, made elsewhere, completed if everything still holds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from signing import fields, pades
from signing.errors import SigningRefused, TrustUnavailable
from signing.fields import SignatureField
from signing.keys import LiveKey
from signing.pades import Prepared
from signing.report import Level
from signing.revision import Room
from signing.validation import validate
from tests.signing import judges, pdfs
from tests.signing.pki import TSA, Profile, now, rsa_key
from tests.signing.trusted import House

LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")


@pytest.fixture
def house() -> House:
    return House.new()


@pytest.fixture
def key(house: House) -> LiveKey:
    return house.pki.issue(Profile(key=rsa_key()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A document as it is handed out: number, date, a person's place and the seal's."""
    fields.prepare(
        pdfs.plain(tmp_path / "plain.pdf"),
        tmp_path / "source.pdf",
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[
            SignatureField("person1", pdfs.PERSON_BOX),
            SignatureField("agency", locks=True),
        ],
    )
    (tmp_path / "plain.pdf").unlink()
    return tmp_path / "source.pdf"


def prepare(
    house: House, key: LiveKey, source: Path, level: Level = "B-LT", **options: object
) -> Prepared:
    asked: dict[str, object] = {"field": "person1"}
    return pades.prepare(
        source,
        certificate=key.certificate,
        chain=key.chain,
        level=level,
        trust=house.trust,
        **(asked | options),  # type: ignore[arg-type]
    )


def refused_code(house: House, source: Path, prepared: Prepared, signature: bytes) -> str:
    """Complete in vain: no target, the source untouched."""
    before, target = source.read_bytes(), source.with_name("target.pdf")
    with pytest.raises(SigningRefused) as refused:
        pades.complete(source, target, prepared, signature, trust=house.trust)
    assert source.read_bytes() == before
    assert list(source.parent.iterdir()) == [source]
    return refused.value.code


_SIGN_ELSEWHERE = """
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from signing.pending import Prepared
secret, stored = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
key = serialization.load_der_private_key(secret, None)
attributes = Prepared.from_bytes(stored).attributes
sys.stdout.buffer.write(key.sign(attributes, padding.PKCS1v15(), hashes.SHA256()))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_prepared_here_signed_elsewhere_completed_later(
    house: House, key: LiveKey, source: Path, level: Level
) -> None:
    prepared = prepare(house, key, source, level)
    assert list(source.parent.iterdir()) == [source]
    assert prepared.base_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert len(prepared.to_bytes()) < 50_000

    secret, stored = source.with_name("secret"), source.with_name("stored")
    serialised = key.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    secret.write_bytes(serialised)
    stored.write_bytes(prepared.to_bytes())
    signature = subprocess.run(
        [sys.executable, "-c", _SIGN_ELSEWHERE, secret, stored], capture_output=True, check=True
    ).stdout

    target = source.with_name("target.pdf")
    kept = Prepared.from_bytes(stored.read_bytes())
    assert kept == prepared
    revision = pades.complete(source, target, kept, signature, trust=house.trust)
    assert (revision.level, revision.sha256) == (
        level,
        hashlib.sha256(target.read_bytes()).hexdigest(),
    )
    report = validate(target, trust=house.trust)
    assert (report.verdict, report.signatures[0].level) == ("HOP_LE", level)
    judges.by_pyhanko(target, "person1", house.pki.root.certificate)


def test_number_date_and_seal_may_be_deferred_too(house: House, key: LiveKey, source: Path) -> None:
    signed, sealed = source.with_name("signed.pdf"), source.with_name("sealed.pdf")
    pades.sign(source, signed, key=key, field="person1", level="B-LT", trust=house.trust)
    prepared = prepare(house, key, signed, field="agency", lock=True, fill=pdfs.FILL)
    signature = key.sign(prepared.attributes, "sha256")
    pades.complete(signed, sealed, prepared, signature, trust=house.trust)
    report = validate(sealed, trust=house.trust, expected_fill=pdfs.FILL)
    assert (report.verdict, [item.locks for item in report.signatures]) == (
        "HOP_LE",
        [False, True],
    )


def test_a_wrong_value_is_refused_before_any_file_is_touched(
    house: House, key: LiveKey, source: Path
) -> None:
    prepared, other = prepare(house, key, source), house.pki.issue(Profile())
    nowhere = source.with_name("there is no such file")
    for signature in (
        other.sign(prepared.attributes, "sha256"),
        key.sign(prepared.attributes, "sha384"),
        key.sign(prepared.document_digest, "sha256"),
        key.sign(prepare(house, key, source).attributes + b"\0", "sha256"),
        bytes(256),
        b"",
    ):
        with pytest.raises(SigningRefused) as refused:
            pades.complete(nowhere, nowhere, prepared, signature, trust=house.trust)
        assert refused.value.code == "wrong_signature"
    assert house.stamper.asked == 1  # while preparing


def test_a_value_for_an_earlier_preparation_does_not_fit_the_next(
    house: House, key: LiveKey, source: Path
) -> None:
    first, second = prepare(house, key, source), prepare(house, key, source)
    signature = key.sign(first.attributes, "sha256")
    assert refused_code(house, source, second, signature) == "wrong_signature"


def test_what_changed_in_between_is_refused(house: House, key: LiveKey, source: Path) -> None:
    prepared = prepare(house, key, source)
    signature = key.sign(prepared.attributes, "sha256")

    # The document: by a byte, by a revision.
    content = source.read_bytes()
    for changed in (content[:-1] + b" ", content + b"\n", content[:-1]):
        source.write_bytes(changed)
        assert refused_code(house, source, prepared, signature) == "base_changed"
    source.write_bytes(content)

    # The time-stamp authority, whose validation data were prepared.
    genuine, house.stamper.key = house.stamper.key, house.pki.issue(TSA)
    assert refused_code(house, source, prepared, signature) == "authority_changed"
    again = prepare(house, key, source)
    assert refused_code(house, source, again, signature) == "wrong_signature"
    house.stamper.key = genuine

    # The certificate.
    house.pki.revoke(key)
    house.status.forget()
    assert refused_code(house, source, prepared, signature) == "certificate_revoked"


def test_a_service_that_is_away_postpones_and_loses_nothing(
    house: House, key: LiveKey, source: Path
) -> None:
    prepared = prepare(house, key, source)
    signature, target = key.sign(prepared.attributes, "sha256"), source.with_name("target.pdf")
    house.stamper.away = True
    with pytest.raises(TrustUnavailable):
        pades.complete(source, target, prepared, signature, trust=house.trust)
    assert list(source.parent.iterdir()) == [source]
    house.stamper.away = False
    pades.complete(source, target, prepared, signature, trust=house.trust)
    assert validate(target, trust=house.trust).verdict == "HOP_LE"


def test_evidence_that_lapsed_must_be_gathered_again(
    house: House, key: LiveKey, source: Path
) -> None:
    """B-LT says that it holds at the time of the stamp: old evidence would not say so."""
    prepared = prepare(house, key, source)
    lapsed = replace(prepared, evidence_until=now() - timedelta(seconds=1))
    signature = key.sign(prepared.attributes, "sha256")
    assert refused_code(house, source, lapsed, signature) == "evidence_lapsed"
    assert prepared.evidence_until is not None
    assert prepared.evidence_until - now() <= house.status.life


@given(data=st.data())
def test_any_change_of_what_was_stored_is_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(STORED)))
    end = data.draw(st.integers(start, min(len(STORED), start + 30)))
    changed = STORED[:start] + data.draw(st.binary(max_size=30)) + STORED[end:]
    if changed == STORED:
        assert Prepared.from_bytes(changed) == PREPARED
        return
    with pytest.raises(SigningRefused) as refused:
        Prepared.from_bytes(changed)
    assert refused.value.code == "prepared_altered"


def test_every_flipped_byte_of_what_was_stored_is_refused() -> None:
    for place in range(0, len(STORED), 13):
        changed = bytearray(STORED)
        changed[place] ^= 1
        with pytest.raises(SigningRefused):
            Prepared.from_bytes(bytes(changed))


def reworded(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Another preparation, with a checksum that fits: what somebody with the code could store."""
    values = json.loads(STORED)
    del values["sha256"]
    change(values)
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":")).encode()
    values["sha256"] = hashlib.sha256(canonical).hexdigest()
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def test_another_version_is_not_guessed_at() -> None:
    assert Prepared.from_bytes(reworded(lambda _values: None)) == PREPARED
    for change in (
        lambda values: values.update(version=2),
        lambda values: values.update(more=1),
        lambda values: values.pop("room"),
        lambda values: values.update(room=[1, 2]),
        lambda values: values.update(tail="not base64!"),
    ):
        with pytest.raises(SigningRefused):
            Prepared.from_bytes(reworded(change))


def test_a_tail_that_the_key_did_not_sign_is_refused(
    house: House, key: LiveKey, source: Path
) -> None:
    """Whoever can write a checksum still cannot make a value for another tail."""
    prepared = prepare(house, key, source)
    signature, other = key.sign(prepared.attributes, "sha256"), house.pki.issue(Profile())
    room = prepared.room
    swapped = prepared.tail.replace(b"/Type /Sig", b"/Type /Sog", 1)
    assert swapped != prepared.tail
    for altered in (
        replace(prepared, tail=swapped),
        replace(prepared, room=replace(room, start=room.start - 1)),
        replace(prepared, room=replace(room, end=room.end + 10)),
        replace(prepared, room=replace(room, covered_bytes=room.covered_bytes - 1)),
        replace(prepared, document_digest=bytes(32)),
    ):
        assert refused_code(house, source, altered, signature) == "prepared_altered"
    for altered in (
        replace(prepared, attributes=prepared.attributes + b"\0"),
        replace(prepared, certificate=other.certificate),
    ):
        assert refused_code(house, source, altered, signature) == "wrong_signature"


PREPARED = Prepared(
    base_sha256="ab" * 32,
    base_bytes=1000,
    tail=bytes(range(256)) * 4,
    room=Room(1100, 1300, 2024),
    document_digest=bytes(32),
    attributes=b"attributes",
    certificate=b"certificate",
    chain=(b"issuer", b"its issuer"),
    level="B-LT",
    field="person1",
    authority=b"authority",
    evidence_until=now(),
)
STORED = PREPARED.to_bytes()
