"""Archiving: evidence and a time-stamp over everything, added to what is signed, and renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signing import pades
from signing.archive import append_time_stamp
from signing.errors import SigningRefused, TrustUnavailable
from signing.keys import LiveKey
from signing.report import Level
from signing.revision import Base
from signing.security_store import store
from signing.trust import Trust
from tests.signing import pdfs
from tests.signing.pki import TSA, Profile, loaded, now, rsa_key
from tests.signing.test_pades_levels import LEVELS, code, levels, sign
from tests.signing.trusted import House, Stamper


@pytest.fixture
def house() -> House:
    return House.new()


@pytest.fixture
def key(house: House) -> LiveKey:
    return house.pki.issue(Profile(key=rsa_key()))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return pdfs.plain(tmp_path / "plain.pdf", pages=2)


@pytest.mark.parametrize("level", LEVELS)
def test_archive_raises_and_renews(house: House, key: LiveKey, plain: Path, level: Level) -> None:
    signed, first, second = (plain.with_name(f"{name}.pdf") for name in ("signed", "one", "two"))
    sign(house, key, plain, level)
    successor = house.pki.issue(replace(TSA, valid=(-1, 4000)))

    once = pades.archive(signed, first, trust=house.trust)
    assert levels(first, house.trust) == ["B-LTA"]
    house.stamper.key = successor
    assert once.archive_expires_at == loaded(house.pki.tsa).not_valid_after_utc
    again = pades.archive(first, second, trust=house.trust)
    assert again.archive_expires_at == loaded(successor).not_valid_after_utc
    assert again.level == "B-LTA"
    assert levels(second, house.trust) == ["B-LTA"]
    content = second.read_bytes()
    assert content.startswith(first.read_bytes())
    assert first.read_bytes().startswith(signed.read_bytes())
    # All that is needed later is in the file.
    assert levels(second, Trust(house.trust.anchors)) == ["B-LTA"]


def test_archive_refuses_what_it_cannot_preserve(house: House, key: LiveKey, plain: Path) -> None:
    signed, target = plain.with_name("signed.pdf"), plain.with_name("archived.pdf")
    with pytest.raises(SigningRefused) as refused:
        pades.archive(plain, target, trust=house.trust)
    assert code(refused) == "unsigned"

    sign(house, key, plain, "B-B")
    sound = signed.read_bytes()
    pdfs.revise(signed, pdfs.change_page)
    with pytest.raises(SigningRefused) as refused:
        pades.archive(signed, target, trust=house.trust)
    assert code(refused) == "not_intact"

    signed.write_bytes(sound)
    house.stamper.away = True
    with pytest.raises(TrustUnavailable):
        pades.archive(signed, target, trust=replace(house.trust, timestamper=silent()))

    # Without any time proven, a revocation is before the signature for all anybody knows.
    house.stamper.away = False
    house.pki.revoke(key)
    house.status.forget()
    with pytest.raises(SigningRefused) as refused:
        pades.archive(signed, target, trust=house.trust)
    assert code(refused) == "archive_insufficient"
    assert "thu hồi" in str(refused.value)
    assert not target.exists()
    assert signed.read_bytes() == sound


def silent() -> Stamper:
    stamper = Stamper(House.new().pki.tsa)
    stamper.away = True
    return stamper


def test_what_was_proven_in_time_is_preserved_after_a_revocation(
    house: House, key: LiveKey, plain: Path
) -> None:
    sign(house, key, plain, "B-LT")
    house.pki.revoke(key, now() + timedelta(minutes=1))
    house.status.forget()
    archived = plain.with_name("archived.pdf")
    pades.archive(plain.with_name("signed.pdf"), archived, trust=house.trust)
    assert levels(archived, house.trust) == ["B-LTA"]


def test_evidence_that_came_after_the_time_stamp_is_not_preserved_by_it(
    house: House, key: LiveKey, plain: Path
) -> None:
    sign(house, key, plain, "B-B")
    signed = plain.with_name("signed.pdf")
    with signed.open("r+b") as stream:
        append_time_stamp(stream, Base.of(stream), trust=house.trust, now=now())
    assert levels(signed, house.trust) == ["B-T"]
    evidence = house.status.evidence((key.certificate, *key.chain), fetch=True)
    pdfs.revise(signed, lambda writer: store(writer, (key.certificate, *key.chain), evidence))
    assert levels(signed, house.trust) == ["B-LT"]
    pades.archive(signed, plain, trust=house.trust)
    assert levels(plain, house.trust) == ["B-LTA"]
