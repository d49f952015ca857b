"""What is judged wrongly as yet: a case here that is judged rightly fails."""

from __future__ import annotations

KNOWN: frozenset[str] = frozenset(
    {
        "CMS: certificate not named",
        "unseen overlay: a box of blue",
        "unseen overlay: a box of purple",
        "unseen overlay: grey text below white",
        "unseen overlay: light grey text below white",
        "unseen overlay: orange text below white",
        "unseen overlay: page as large as a wall, whole",
        "unseen overlay: page the wrong way round, whole",
        "unseen overlay: page the wrong way round",
        "unseen overlay: page tree that miscounts",
        "unseen overlay: through the window of another signature",
        "unseen overlay: over a signature as large as the page",
        "unseen overlay: over another signature's name",
        "unseen overlay: the picture of the first signature hidden",
    }
)
