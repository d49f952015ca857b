"""What can go wrong in the archive, grouped by what the caller can do about it.

None of these is a refusal of the law. `StoreUnavailable` asks for patience, `Conflict` for another
try, `LeaseLost` for silence (someone else has the job), and the object errors state a fact about
bytes. Anything else that leaves this package is a fault in a program.
"""

from __future__ import annotations

from datetime import datetime


class StorageError(Exception):
    """Root of everything this package raises on purpose."""


class StoreUnavailable(StorageError):  # noqa: N818  it states a condition that passes
    """A store cannot answer now: down, locked too long, disk full. Nothing was half-written.

    `what` names the store and the cause in English, for the operator; `retry_after` is in seconds.
    """

    def __init__(self, what: str, retry_after: int = 5) -> None:
        self.what, self.retry_after = what, retry_after
        super().__init__(f"{what}; try again in {retry_after} s")


class Conflict(StorageError):  # noqa: N818  it states a fact
    """Two transactions were in each other's way and this one was rolled back: run it again."""


class LeaseLost(StorageError):  # noqa: N818  it states a fact
    """The job's lease ran out and another worker took it: this result must not be recorded."""


class ObjectMissing(StorageError):  # noqa: N818  it states a fact
    """The store answers and holds no such object."""


class ObjectCorrupt(StorageError):  # noqa: N818  it states a fact
    """The bytes are not those their digest names."""


class ObjectTooLarge(StorageError):  # noqa: N818  it states a fact
    """The source holds more bytes than the caller allows; none of them was kept."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"more than {limit_bytes} bytes")


class ObjectRetained(StorageError):  # noqa: N818  it states a fact
    """The object is under retention and must not be removed before `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"retained until {until.isoformat()}")
