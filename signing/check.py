"""The check in the signing process: what was just written is read back before anybody gets it.

It reads with other code than wrote (asn1crypto, pyHanko), and costs little because it knows where
it has to look. The full validation of the file comes later and does not rely on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import BinaryIO

from asn1crypto import cms as asn1_cms
from asn1crypto import x509

from signing import cms
from signing.errors import SigningRefused
from signing.reading import CHUNK_BYTES
from signing.revision import Written
from signing.timestamps import token_time

_OBJECT_START = re.compile(rb"\d+ 0 obj\n<<")
_ALGORITHMS = {"rsa": f"{cms.DIGEST}_rsa", "ec": f"{cms.DIGEST}_ecdsa"}
_BYTE_RANGE = re.compile(rb"/ByteRange \[([\d ]+)\]")


def check(
    stream: BinaryIO,
    *,
    base_bytes: int,
    base_sha256: str,
    certificate: bytes | None,
    written: Sequence[Written],
) -> None:
    """Check a file that was appended to: a signature, then document time-stamps, to the end.

    The first `base_bytes` are what they were (`base_sha256`, hex); each byte range is all of the
    file so far but the value; each value is what was meant to be written, over the digest of its
    byte range, and mathematically right; the signature is bound to `certificate` (DER; None when
    only a time-stamp was added).

    Raises SigningRefused (`own_signature_bad`).
    """
    try:
        _check(stream, base_bytes, base_sha256, certificate, written)
    except (_Wrong, SigningRefused, ValueError, TypeError, LookupError, AttributeError) as fault:
        raise SigningRefused(
            "own_signature_bad",
            "Chữ ký vừa tạo không đạt khi kiểm tra lại nên không được dùng."
            " Hãy báo người quản trị hệ thống.",
        ) from fault


class _Wrong(Exception):  # noqa: N818  it states a fact
    """What does not hold."""


def _require(holds: object, what: str) -> None:
    if not holds:
        raise _Wrong(what)


def _check(
    stream: BinaryIO,
    base_bytes: int,
    base_sha256: str,
    certificate: bytes | None,
    written: Sequence[Written],
) -> None:
    hashed, left = hashlib.sha256(), base_bytes
    stream.seek(0)
    while chunk := stream.read(min(left, CHUNK_BYTES)):
        hashed.update(chunk)
        left -= len(chunk)
    _require(hashed.hexdigest() == base_sha256, "the bytes before changed")
    tail = stream.read()
    _require(written[-1].room.covered_bytes == base_bytes + len(tail), "bytes after the last value")
    start = 0
    for item in written:
        room, value = item.room, item.value
        opens, closes = room.start - base_bytes, room.end - base_bytes
        stop = room.covered_bytes - base_bytes
        shown = value.hex().upper().encode("ascii").ljust(closes - opens - 2, b"0")
        _require(tail[opens:closes] == b"<%b>" % shown, "the value is not what was written")
        _require(
            _byte_range(tail, start, opens, closes)
            == [0, room.start, room.end, room.covered_bytes - room.end],
            "the byte range is not all but the value",
        )
        covered = hashed.copy()
        covered.update(tail[:opens])
        covered.update(tail[closes:stop])
        if certificate is not None and item is written[0]:
            _check_signature(value, covered.digest(), certificate)
        else:
            _check_token(asn1_cms.ContentInfo.load(value, strict=True), covered.digest())
        start = stop


def _byte_range(tail: bytes, start: int, opens: int, closes: int) -> list[int]:
    """The one that the dictionary around a value states."""
    begins = [found.start() for found in _OBJECT_START.finditer(tail, start, opens)]
    around = tail[begins[-1] : opens], tail[closes : tail.index(b"\nendobj", closes)]
    (stated,) = [numbers for part in around for numbers in _BYTE_RANGE.findall(part)]
    return [int(number) for number in stated.split()]


def _check_signature(value: bytes, digest: bytes, certificate: bytes) -> None:
    """RFC 5652 §5.4 and §5.6, EN 319 142-1 §6.3."""
    signed = asn1_cms.ContentInfo.load(value, strict=True)["content"]
    _require(signed["encap_content_info"]["content"].native is None, "not detached")
    _require(
        certificate in [item.chosen.dump() for item in signed["certificates"]],
        "the signer's certificate is not in it",
    )
    (signer,) = signed["signer_infos"]
    issuer, serial, algorithm = _identity(certificate)
    named = signer["sid"].chosen
    _require(
        (named["issuer"].dump(), named["serial_number"].native) == (issuer, serial),
        "another certificate is named",
    )
    _require(
        (
            signer["digest_algorithm"]["algorithm"].native,
            signer["signature_algorithm"]["algorithm"].native,
        )
        == (cms.DIGEST, algorithm),
        "another algorithm",
    )
    attributes = signer["signed_attrs"]
    # Before anything in it is looked at: asn1crypto may encode anew what it has parsed. What is
    # signed carries the tag of a SET, not the implicit one it stands under.
    encoded, signed_bytes = [item.dump() for item in attributes], b"\x31" + attributes.dump()[1:]
    _require(encoded == sorted(encoded), "attributes out of order")
    stated = {item["type"].native: item["values"] for item in attributes}
    _require(len(stated) == len(encoded), "an attribute twice")
    _require("signing_time" not in stated, "a signing time")
    (content_type,), (message_digest,) = stated["content_type"], stated["message_digest"]
    _require(content_type.native == "data", "another content type")
    _require(message_digest.native == digest, "another message digest")
    (binding,) = stated["signing_certificate_v2"]
    bound = binding["certs"][0]
    _require(
        bound["hash_algorithm"]["algorithm"].native == "sha256"
        and bound["cert_hash"].native == hashlib.sha256(certificate).digest(),
        "bound to another certificate",
    )
    signature = signer["signature"].native
    cms.verify_value(certificate, signed_bytes, signature)
    for attribute in signer["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            for token in attribute["values"]:
                _check_token(token, hashlib.sha256(signature).digest())


@lru_cache(maxsize=512)
def _identity(certificate: bytes) -> tuple[bytes, int, str]:
    """A certificate's issuer (DER) and serial number, and how its key signs."""
    own = x509.Certificate.load(certificate)
    return own.issuer.dump(), own.serial_number, _ALGORITHMS[own.public_key.algorithm]


def _check_token(token: asn1_cms.ContentInfo, digest: bytes) -> None:
    moment = token_time(token["content"], lambda _: digest)
    _require(moment is not None, "the time-stamp is for something else, or wrong")
