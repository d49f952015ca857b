"""Envelopes that say something else than they should, and genuine ones of other makers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from asn1crypto import cms, core

from signing.keys import LiveKey
from tests.hostile.cases import INTACT, REFUSED, Cases, Desk
from tests.hostile.envelopes import Envelope, attribute, bound, der, usual
from tests.hostile.paper import Cms, Paper, token
from tests.signing.pki import Profile, rsa_key

CASES = Cases("CMS")

OLDER = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached"
WRONG = b"\1" * 32


def signed(desk: Desk, made: Cms, **how: object) -> bytes:
    return Paper.page().end().sign(desk.person, cms=made, **how).contents


def replaced(place: int, made: Callable[[bytes, LiveKey], bytes]) -> Callable[..., list[bytes]]:
    """The usual attributes, one of them another."""

    def attributes(digest: bytes, key: LiveKey) -> list[bytes]:
        listed = usual(digest, key)
        listed[place : place + 1] = [made(digest, key)]
        return listed

    return attributes


def more(made: Callable[[bytes, LiveKey], bytes]) -> Callable[..., list[bytes]]:
    """The usual attributes and another one."""
    return lambda digest, key: [*usual(digest, key), made(digest, key)]


def octets(data: bytes) -> core.OctetString:
    return core.OctetString(data)


def digest_twice(digest: bytes, first: bool) -> bytes:
    values = (octets(digest), octets(WRONG)) if first else (octets(WRONG), octets(digest))
    return attribute("message_digest", *values)


def spoilt(value: bytes) -> bytes:
    return value[:-1] + bytes((value[-1] ^ 1,))


ODD: dict[str, tuple[Envelope, str]] = {
    "attributes unordered": (
        Envelope(lambda d, k: sorted(usual(d, k), reverse=True), ordered=False),
        "RFC 5652 §5.4: what is signed is the DER, a set in ascending order",
    ),
    "attributes unordered, and signed so": (
        Envelope(
            lambda d, k: sorted(usual(d, k), reverse=True), ordered=False, signed_ordered=False
        ),
        "RFC 5652 §5.4: what is signed is the DER, a set in ascending order",
    ),
    "digest of something else": (
        Envelope(replaced(1, lambda _d, _k: attribute("message_digest", octets(WRONG)))),
        "the digest is not the file's",
    ),
    "digest cut short": (
        Envelope(replaced(1, lambda d, _k: attribute("message_digest", octets(d[:16])))),
        "the digest is not the file's",
    ),
    "digest missing": (
        Envelope(lambda d, k: [usual(d, k)[0], usual(d, k)[2]]),
        "RFC 5652 §11.2: the attribute must be there",
    ),
    "digest with two values, right one first": (
        Envelope(replaced(1, lambda d, _k: digest_twice(d, True))),
        "RFC 5652 §11.2: exactly one value",
    ),
    "digest with two values, right one last": (
        Envelope(replaced(1, lambda d, _k: digest_twice(d, False))),
        "RFC 5652 §11.2: exactly one value",
    ),
    "digest attribute twice": (
        Envelope(more(lambda _d, _k: attribute("message_digest", octets(WRONG)))),
        "RFC 5652 §11.2: exactly one instance",
    ),
    "content type missing": (
        Envelope(lambda d, k: usual(d, k)[1:]),
        "RFC 5652 §11.1: the attribute must be there",
    ),
    "content type of a time-stamp": (
        Envelope(
            replaced(0, lambda _d, _k: attribute("content_type", cms.ContentType("tst_info")))
        ),
        "what is signed is data",
    ),
    "content type twice": (
        Envelope(more(lambda _d, _k: attribute("content_type", cms.ContentType("tst_info")))),
        "RFC 5652 §11.1: exactly one instance",
    ),
    "certificate of another": (
        Envelope(replaced(2, lambda _d, k: bound(k.chain[0]))),
        "RFC 5035 §5: the certificate named is not the one that verifies",
    ),
    "certificate not named": (
        Envelope(lambda d, k: usual(d, k)[:2]),
        "EN 319 142-1 §6.3: PAdES names the certificate",
    ),
    "certificate named twice": (
        Envelope(more(lambda _d, k: bound(k.chain[0]))),
        "two certificates are named in two instances of one attribute",
    ),
    "certificates missing": (
        Envelope(certificates=lambda _k: ()),
        "nobody knows whose signature it is",
    ),
    "certificate of the signer missing": (
        Envelope(certificates=lambda k: k.chain),
        "nobody knows whose signature it is",
    ),
    "value spoilt": (Envelope(value=spoilt), "the value does not verify"),
    "value empty": (Envelope(value=lambda _v: b""), "the value does not verify"),
    "value zero": (Envelope(value=lambda _v: der(0x30, b"\2\1\0\2\1\0")), "zero is no signature"),
    "signed by nobody": (Envelope(signers=0), "there is no signer in it"),
    "signed by two": (Envelope(signers=2), "ISO 32000-2 §12.8.3.3: exactly one signer"),
    "content inside": (
        Envelope(content=b"Pay 1 000 VND"),
        "ISO 32000-2 §12.8.3.3: no data is encapsulated",
    ),
    "empty content inside": (
        Envelope(content=b""),
        "ISO 32000-2 §12.8.3.3: no data is encapsulated",
    ),
    "algorithms that differ": (
        Envelope(algorithm="sha256", stated="sha512"),
        "the digest's algorithm is not the one stated",
    ),
    "bytes behind": (Envelope(tail=b"\1\2\3"), "the room behind holds zeros only"),
    "another envelope behind": (Envelope(tail=b"\x30\x03\x02\x01\x01"), "zeros only"),
}
for _name, (_made, _why) in ODD.items():
    CASES.add(_name, lambda desk, made=_made: signed(desk, made), REFUSED, _why)


@CASES.file("the certificate says another key than the one that signed")
def signed_by_another_key(desk: Desk) -> bytes:
    theirs = desk.person
    return signed(
        desk,
        lambda covered, _: Envelope()(
            covered, LiveKey(theirs.certificate, theirs.chain, desk.stranger.private_key)
        ),
    )


@CASES.file("a time-stamp token is no signature of a person")
def token_for_a_signature(desk: Desk) -> bytes:
    return Paper.page().end().sign(desk.tsa, cms=token).contents


@CASES.file("a signature is no time-stamp")
def signature_for_a_time_stamp(desk: Desk) -> bytes:
    about = b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
    return desk.signed().sign(desk.stranger, "stamp", about=about, cms=Envelope()).contents


@CASES.file("a time-stamp over other bytes says nothing of these")
def time_stamp_of_something_else(desk: Desk) -> bytes:
    about = b"/Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161"
    return (
        desk.signed()
        .sign(desk.tsa, "stamp", about=about, cms=lambda _, key: token(b"another file", key))
        .contents
    )


for _name, _garbage in {
    "a digest": b"\1" * 32,
    "an empty sequence": b"\x30\x00",
    "an envelope of data": cms.ContentInfo(
        {"content_type": "data", "content": core.OctetString(b"x")}
    ).dump(),
    "an endless envelope": b"\x30\x80" * 1000,
    "an envelope within envelopes": b"\x30\x82\x0b\x00" * 700,
    "a length beyond the end": b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01",
    "a length of a hundred bytes": b"\x30\xe4" + b"\xff" * 100,
    "a certificate": None,
}.items():

    @CASES.file("whatever it is, it is no envelope", name=f"value is {_name}")
    def garbage(desk: Desk, data: bytes | None = _garbage) -> bytes:
        return signed(desk, lambda _, key: key.certificate if data is None else data)


# As others make them.

GENUINE: dict[str, tuple[Envelope, dict[str, object]]] = {
    "by hand": (Envelope(), {}),
    "of indefinite length": (Envelope(indefinite=True), {}),
    "without a named certificate, of the older kind": (
        Envelope(lambda d, k: usual(d, k)[:2]),
        {"about": OLDER},
    ),
    "with a signing time, of the older kind": (
        Envelope(
            more(
                lambda _d, _k: attribute(
                    "signing_time",
                    cms.Time({"utc_time": core.UTCTime(datetime(2026, 11, 22, tzinfo=UTC))}),
                )
            )
        ),
        {"about": OLDER},
    ),
    "without attributes, of the older kind": (Envelope(attributes=None), {"about": OLDER}),
    "over SHA-512": (Envelope(algorithm="sha512"), {}),
    "with the signer's certificate last": (
        Envelope(certificates=lambda k: (*k.chain, k.certificate)),
        {},
    ),
    "with the signer's certificate only": (Envelope(certificates=lambda k: (k.certificate,)), {}),
    "in a larger room": (Envelope(), {"room_bytes": 20_000}),
}


for _name, (_made, _how) in GENUINE.items():
    CASES.add(
        f"genuine, {_name}",
        lambda desk, made=_made, how=_how: signed(desk, made, **how),
        INTACT,
        "RFC 5652 allows it, and programs do it",
    )


@CASES.file("an RSA key", INTACT)
def genuine_by_rsa(desk: Desk) -> bytes:
    key = desk.house.pki.issue(Profile(key=rsa_key()))
    return Paper.page().end().sign(key, cms=Envelope()).contents


@CASES.file("a time-stamp token over the value", INTACT)
def genuine_with_a_time_stamp(desk: Desk) -> bytes:
    return signed(desk, Envelope(unsigned=lambda value: [stamped(desk, value)]), room_bytes=5000)


def stamped(desk: Desk, value: bytes) -> bytes:
    token_ = cms.ContentInfo.load(token(value, desk.tsa))
    return attribute("signature_time_stamp_token", token_)
