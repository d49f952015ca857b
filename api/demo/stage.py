"""Where the story plays: the counter, the organisations, and what has been told so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from api.commands.checking import VERDICTS
from api.demo.counter import Counter, Json, Refused
from api.demo.independent import VALID, pdfsig
from api.demo.screen import Screen
from api.demo.story import Chapter, Measured, SignedFile, Step, Story
from workflow.office import Office
from workflow.rules.numbering import number_line

UNMET = "409 guards-unmet"
_NUMBER = "vanthu.number"
PROVINCE, COORDINATION, COMMUNE = "H56", "H56.MAU.01", "H56.MAU.02"
AGRICULTURE, TECHNOLOGY = "H56.MAU.03", "H56.MAU.04"
_SEATS = (PROVINCE, COORDINATION, COMMUNE, AGRICULTURE, TECHNOLOGY)


@dataclass(frozen=True)
class Seat:
    """An organisation, with its issuers and units by their symbols."""

    id: str
    name: str
    issuers: dict[str, str]
    units: dict[str, str]


@dataclass
class Stage:
    """Tells each step as it happens."""

    counter: Counter
    office: Office
    screen: Screen
    folder: Path
    story: Story = field(default_factory=Story)
    documents: dict[str, Json] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)

    def look_around(self) -> None:
        """Learn who is there."""
        person = self.counter["xa.chuyenvien"]
        found = person.get("/organisations")["items"]
        for code in _SEATS:
            row = next(one for one in found if one["code"] == code)
            issuers = person.get(f"/organisations/{row['id']}/issuers")["items"]
            units = person.get(f"/organisations/{row['id']}/units")["items"]
            self.seats[code] = Seat(
                row["id"],
                row["name"],
                {one["symbol"]: one["id"] for one in issuers},
                {one["symbol"]: one["id"] for one in units},
            )

    def chapter(self, title: str) -> None:
        """The steps that follow belong together."""
        self.story.chapters.append(Chapter(title))
        self.screen.chapter(title)

    def tell(self, name: str, expected: str, got: str, *notes: str) -> None:
        """What was to come, and what came."""
        step = Step(name, expected, got, tuple(note for note in notes if note))
        self.story.chapters[-1].steps.append(step)
        self.screen.step(step)

    def walk(self, address: str, steps: Iterable[tuple[str, str, str, str]]) -> Json:
        """One step after another of a case: who, which, its name, and the state to come."""
        shown: Json = {}
        for username, trigger, name, expected in steps:
            shown = self.counter[username].step(address, trigger)
            self.tell(name, expected, shown["state_label"], due(shown))
        return shown

    def tell_number(self, username: str, document: Json, code: str) -> None:
        """The number as it stands in the bytes of the signed PDF."""
        address = f"/documents/{document['id']}/files/{document['files'][0]['id']}/report"
        filled = self.counter[username].get(address)["filled"]
        self.tell("Số trong tệp PDF", number_line(code), filled.get(_NUMBER, "không có"))

    def refused(self, name: str, expected: str, act: Callable[[], object]) -> None:
        """Somebody tries what must not be done."""
        try:
            act()
        except Refused as refused:
            said = refused.problem.get("unmet") or [refused.problem["detail"]]
            self.tell(name, expected, refused.kind, *said)
        else:
            self.tell(name, expected, "không bị từ chối")

    def keep(self, name: str, pdf: bytes, verdict: str, signatures: str) -> None:
        """Write a PDF to the demo's files and have it judged, by us and by others.

        `signatures` is what pdfsig should find, as `_counted` says it.
        """
        path = self.folder / "files" / name
        path.write_bytes(pdf)
        seat = self.seats[COMMUNE]
        report = self.counter["xa.vanthu"].validate(seat.id, pdf)
        other = pdfsig(path)
        self.story.files.append(SignedFile(name, report["verdict"], other))
        expected, got = VERDICTS[verdict], VERDICTS[report["verdict"]]
        if other is not None:
            expected, got = f"{expected}; {signatures}", f"{got}; {_counted(other)}"
        self.tell(name, expected, got)

    def measure(self, code: str, username: str, year: str) -> Measured:
        """The indicator of an organisation, with the reason of every row."""
        seat, person = self.seats[code], self.counter[username]
        address = f"/organisations/{seat.id}/indicator"
        measured = Measured(
            seat.name,
            person.get(address, period=year),
            person.get(f"{address}/reasons", period=year)["items"],
        )
        self.story.measured.append(measured)
        return measured


def day_of(stage: Stage) -> date:
    """The office's day: that of the letter's number."""
    return date.fromisoformat(stage.documents["letter"]["number"]["entered_on"])


def verdict(document: Json) -> str:
    """What was found of its main file, and in how many signatures."""
    file = document["files"][0]
    signed = sum(found["kind"] == "signature" for found in file["signatures"])
    return f"{VERDICTS[file['verdict']]}, {signed} chữ ký số"


def next_steps(document: Json) -> str:
    """What the person who looked may do now, as a note."""
    allowed = [option["label"] for option in document["allowed"] if option["allowed"]]
    return f"việc được làm tiếp: {', '.join(allowed)}"


def due(case: Json) -> str:
    """The deadline of a case as a note; empty without one, and where nothing is due any more."""
    if not case["due_at"] or case.get("closed_at"):
        return ""
    day, _, clock = case["due_at"].partition("T")
    return f"hạn: {clock[:5]} ngày {'/'.join(reversed(day.split('-')))}"


def _counted(signatures: tuple[str, ...]) -> str:
    valid = signatures.count(VALID)
    return f"pdfsig: {valid} đúng, {len(signatures) - valid} sai"
