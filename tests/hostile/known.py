"""What is judged wrongly: a case here that is judged rightly fails.

Pictures that one viewer draws and the one that the judge looks with does not.
"""

from __future__ import annotations

KNOWN: frozenset[str] = frozenset(
    {
        "odd overlay: drawn by some, a number that touches its operator",
        "odd overlay: drawn by some, an image of no stated depth",
    }
)
