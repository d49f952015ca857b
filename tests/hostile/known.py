"""What is judged wrongly as yet: a case here that is judged rightly fails."""

from __future__ import annotations

KNOWN: frozenset[str] = frozenset()
