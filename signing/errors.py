"""What can go wrong in signing; each says it in a sentence a clerk understands."""

from __future__ import annotations


class SigningError(Exception):
    """Anything expected that keeps a PDF from being prepared, signed or read."""


class SigningRefused(SigningError):  # noqa: N818  it states a fact
    """The file, the key or the request is wrong; asking again will not help.

    `code` is stable and for programs, `str()` is Vietnamese and for people.
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class UnreadablePdf(SigningError):  # noqa: N818  it states a fact
    """The bytes cannot be read as a PDF that can be processed; `str()` says why, in Vietnamese."""


class UnknownKey(SigningError):  # noqa: N818  it states a fact
    """The key's address names no key that is configured here."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"Không có khóa ký số “{url}” trong cấu hình.")


class KeyRefused(SigningError):  # noqa: N818  it states a fact
    """The key says no: a wrong or locked PIN, refused activation, a value of another key.

    Nothing may ask this key again by itself: a token locks after a few wrong PINs. `code` is
    stable (`pin_refused`, `pin_locked`, `activation_refused`, `key_mismatch`, `key_unusable`).
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class KeyUnavailable(SigningError):  # noqa: N818  it states a fact
    """The token is not in its slot, or the remote service does not answer; nothing was signed."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} tạm thời không dùng được. Chưa có gì thay đổi, hãy thử lại.")


class TrustUnavailable(SigningError):  # noqa: N818  it states a fact
    """A time-stamping or revocation service does not answer now; nothing was changed."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} tạm thời không phục vụ được. Chưa có gì thay đổi, hãy thử lại.")


class SandboxBusy(SigningError):  # noqa: N818  it states a fact
    """Too many files are being looked into at once; nothing was changed."""

    def __init__(self) -> None:
        super().__init__("Hệ thống đang kiểm tra nhiều tệp. Chưa có gì thay đổi, hãy thử lại.")
