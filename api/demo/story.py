"""What was to come, what came, and whether it was the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.demo.counter import Json


@dataclass(frozen=True)
class Step:
    """One thing that was done. It is in order when what came is exactly what was to come."""

    name: str
    expected: str
    got: str
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.got == self.expected


@dataclass(frozen=True)
class Chapter:
    """Steps that belong together."""

    title: str
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class SignedFile:
    """A PDF of the demo, and what two validators say of it; `pdfsig` is None where there is none.

    `pdfsig` has one sentence of that tool for each signature.
    """

    file: str
    verdict: str
    pdfsig: tuple[str, ...] | None


@dataclass(frozen=True)
class Measured:
    """An organisation's indicator as the server told it, and the reason of every row."""

    organisation: str
    indicator: Json
    reasons: list[Json]


@dataclass
class Story:
    """Everything that happened."""

    chapters: list[Chapter] = field(default_factory=list)
    files: list[SignedFile] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    #: The auditor's bundle: its file, and the digest that names what is in it.
    evidence: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def steps(self) -> list[Step]:
        return [step for chapter in self.chapters for step in chapter.steps]

    @property
    def ok(self) -> bool:
        """Whether something happened, and all of it was in order."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def summary(self) -> Json:
        """What `summary.json` says."""
        return {
            "steps": [
                {"name": step.name, "expected": step.expected, "got": step.got, "ok": step.ok}
                for step in self.steps
            ],
            "indicator": {
                one.organisation: {**one.indicator, "reasons": one.reasons} for one in self.measured
            },
            "files": [
                {"file": one.file, "verdict": one.verdict, "pdfsig": one.pdfsig}
                for one in self.files
            ],
            "evidence": self.evidence,
            "seconds": round(self.seconds, 1),
        }
