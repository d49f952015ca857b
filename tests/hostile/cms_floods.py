"""Envelopes that hold too much: certificates, attributes, tokens, algorithms in crowds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from asn1crypto import core

from signing.keys import LiveKey
from tests.hostile.cases import INTACT, NOT_INTACT, REFUSED, Cases, Desk
from tests.hostile.cms_encodings import stamped
from tests.hostile.envelopes import Envelope, attribute, usual
from tests.hostile.paper import Paper
from tests.signing.pki import CA, Profile, issue

CASES = Cases("flood")

_MANY = "nobody needs so many, and building paths through them takes for ever"


def signed(
    desk: Desk, made: Envelope, key: LiveKey | None = None, room_bytes: int = 30_000
) -> bytes:
    return Paper.page().end().sign(key or desk.person, cms=made, room_bytes=room_bytes).contents


@cache
def authorities(number: int) -> tuple[LiveKey, ...]:
    return tuple(
        issue(replace(CA, name=f"CA {ordinal}", status=()), None, "http://status.invalid")
        for ordinal in range(number)
    )


def crossed(number: int) -> tuple[LiveKey, list[bytes]]:
    """A signer below authorities that have all certified each other, and their certificates."""
    roots = authorities(number)
    certificates = [
        issue(
            replace(CA, name=f"CA {subject}", key=roots[subject].private_key, status=()),
            roots[issuer],
            "http://status.invalid",
        ).certificate
        for subject in range(number)
        for issuer in range(number)
        if subject != issuer
    ]
    return issue(Profile(status=()), roots[0], "http://status.invalid"), certificates


for _number in (3, 5):

    @CASES.file(_MANY, INTACT | REFUSED, name=f"{_number} authorities that certified each other")
    def crossed_authorities(desk: Desk, number: int = _number) -> bytes:
        key, certificates = crossed(number)
        return signed(
            desk, Envelope(certificates=lambda key: (key.certificate, *certificates)), key
        )


def crowd(number: int) -> Sequence[bytes]:
    return [authority.certificate for authority in authorities(number)]


@CASES.file(_MANY)
def two_hundred_certificates(desk: Desk) -> bytes:
    others = [crowd(20)[ordinal % 20] for ordinal in range(199)]
    return signed(
        desk, Envelope(certificates=lambda key: (key.certificate, *others)), room_bytes=150_000
    )


@CASES.file(_MANY)
def twenty_certificates(desk: Desk) -> bytes:
    return signed(desk, Envelope(certificates=lambda key: (key.certificate, *crowd(20))))


@CASES.file("a dozen certificates are many, and within bounds", INTACT)
def ten_certificates(desk: Desk) -> bytes:
    return signed(desk, Envelope(certificates=lambda key: (key.certificate, *crowd(10))))


@CASES.file(_MANY)
def the_same_certificate_a_hundred_times(desk: Desk) -> bytes:
    return signed(
        desk, Envelope(certificates=lambda key: (key.certificate,) * 100), room_bytes=80_000
    )


@CASES.file("ISO 32000-2 §12.8.3.3: exactly one signer")
def five_hundred_signers(desk: Desk) -> bytes:
    return signed(desk, Envelope(signers=500), room_bytes=200_000)


def attributes(number: int) -> Envelope:
    """Attributes nobody knows; they are signed, and they mean nothing here."""

    def listed(digest: bytes, key: LiveKey) -> list[bytes]:
        unknown = [
            attribute(f"2.25.{ordinal}", core.OctetString(b"x")) for ordinal in range(number)
        ]
        return [*usual(digest, key), *unknown]

    return Envelope(listed)


@CASES.file("attributes nobody knows are allowed", INTACT)
def five_unknown_attributes(desk: Desk) -> bytes:
    return signed(desk, attributes(5))


@CASES.file("attributes in thousands: an answer, whatever it is", INTACT | NOT_INTACT)
def five_thousand_attributes(desk: Desk) -> bytes:
    return signed(desk, attributes(5000), room_bytes=150_000)


@CASES.file("tokens by the dozen: an answer, whatever it is", INTACT | REFUSED)
def forty_time_stamps(desk: Desk) -> bytes:
    return signed(
        desk,
        Envelope(unsigned=lambda value: [stamped(desk, value) for _ in range(40)]),
        room_bytes=100_000,
    )


@CASES.file("the same token by the hundred: an answer, whatever it is", INTACT | REFUSED)
def one_time_stamp_two_hundred_times(desk: Desk) -> bytes:
    return signed(
        desk, Envelope(unsigned=lambda value: [stamped(desk, value)] * 100), room_bytes=250_000
    )


@CASES.file("unsigned attributes are nobody's, and change nothing", INTACT | REFUSED)
def a_large_unsigned_attribute(desk: Desk) -> bytes:
    blob = attribute("2.25.1", core.OctetString(bytes(300_000)))
    return signed(desk, Envelope(unsigned=lambda _value: [blob]), room_bytes=310_000)
