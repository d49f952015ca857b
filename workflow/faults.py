"""The stores' faults as the office's refusals."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import Conflict, ObjectTooLarge, StoreUnavailable
from workflow.rules.errors import TooLarge, Unavailable

log = logging.getLogger("vanthu.office")


@contextmanager
def unavailable() -> Iterator[None]:
    """Nothing was changed, try again; or the file is too large."""
    try:
        yield
    except Conflict as fault:
        # Locks are taken in one order (case, series, chain head), so this is rare; the request's
        # Idempotency-Key makes sending it again safe.
        raise Unavailable("Cơ sở dữ liệu", 1) from fault
    except StoreUnavailable as fault:
        log.warning("store unavailable: %s", fault)
        raise Unavailable("Kho dữ liệu", fault.retry_after) from fault
    except ObjectTooLarge as fault:
        raise TooLarge(fault.limit_bytes) from fault
