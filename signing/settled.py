"""Coroutines of pyHanko's that never wait, run to their end at once."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def settled(work: Coroutine[Any, Any, _Result]) -> _Result:
    """The result of a coroutine that never waits: pyHanko's are such when nothing is fetched.

    An event loop for each signature would cost more than the work done in it.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: _Result = done.value
        return result
    work.close()
    raise RuntimeError("it waits for something; sources and time-stampers here answer at once")
