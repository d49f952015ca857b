"""What is judged wrongly as yet: a case here that is judged rightly fails."""

from __future__ import annotations

KNOWN: frozenset[str] = frozenset(
    {
        "CMS: certificate not named",
        "genuine: plain, unlisted",
        "genuine: annotations empty, unlisted",
        "genuine: annotations apart, unlisted",
        "genuine: annotations of its own, unlisted",
        "genuine: form in the catalogue, unlisted",
        "genuine: form apart, unlisted",
        "genuine: form apart, fields apart, unlisted",
        "genuine: form with defaults, unlisted",
        "genuine: resources apart, unlisted",
        "genuine: contents in pieces, unlisted",
        "genuine: metadata and names, unlisted",
        "genuine: a reference to nothing, unlisted",
        "genuine: a catalogue with much in it, unlisted",
        "genuine: freed numbers, unlisted",
        "genuine: changed before it was signed, unlisted",
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
