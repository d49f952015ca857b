"""The time-stamp authority: its certificate, and tokens that our own validation will believe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from asn1crypto import cms
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError

from signing.cms import DIGEST
from signing.credentials import Credentials, of_authority
from signing.errors import SigningRefused, TrustUnavailable
from signing.settled import settled
from signing.trust import Trust

#: What a clerk is told does not answer.
NAME = "Dịch vụ cấp dấu thời gian"

_TOKEN_BYTES = 8_192


@dataclass(frozen=True)
class Stamped:
    """A token (DER of a ContentInfo) and its authority's credentials as of now."""

    token: bytes
    authority: Credentials


def expected(trust: Trust, now: datetime) -> Stamped:
    """The authority's last token, to know its certificate and the size of its answers.

    Only the first time is one asked for. Raises as `time_stamp` does.
    """
    return _stamped(trust, now, None)


def time_stamp(digest: bytes, *, trust: Trust, now: datetime) -> Stamped:
    """A token over a SHA-256 digest; it may be from another authority than the last one.

    Its mathematics are the time-stamper's to check; `signing.check` does again, in the file.

    Raises TrustUnavailable when there is no authority, it keeps silent or answers something else,
    and SigningRefused (`timestamp_untrusted`) when its certificate is not to be believed.
    """
    return _stamped(trust, now, digest)


def room_bytes(last: Stamped) -> int:
    """Room for the next token: answers differ in length, and a fixed room fits nearly all.

    One that does not fit is the last one when the next is asked for, which then has room.
    """
    return max(_TOKEN_BYTES, len(last.token) * 5 // 4)


def _stamped(trust: Trust, now: datetime, digest: bytes | None) -> Stamped:
    if trust.timestamper is None:
        # Never a silent downgrade: the level was decided by whoever asked.
        raise TrustUnavailable(NAME)
    try:
        token = settled(_answer(trust.timestamper, digest))
        content: bytes = token.dump()
        certificate, others = _certificates(content)
    except (TimestampRequestError, ValueError, TypeError, LookupError, AttributeError) as fault:
        raise TrustUnavailable(NAME) from fault
    try:
        authority = of_authority(certificate, others, trust=trust, now=now)
    except SigningRefused as refused:
        raise SigningRefused(
            "timestamp_untrusted", f"{NAME} dùng chứng thư số không tin cậy được. Không thể ký."
        ) from refused
    return Stamped(content, authority)


async def _answer(authority: TimeStamper, digest: bytes | None) -> cms.ContentInfo:
    if digest is None:
        return await authority.async_dummy_response(DIGEST)
    return await authority.async_timestamp(digest, DIGEST)


@lru_cache(maxsize=16)
def _certificates(token: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The signer's certificate of a token, and those that came with it."""
    info = extract_certificate_info(cms.ContentInfo.load(token)["content"])
    return info.signer_cert.dump(), tuple(item.dump() for item in info.other_certs)
