"""Kinds of dossier (loại hồ sơ) as data: what is asked, who appraises it, how it is decided.

A kind is a TOML text, versioned and dated by the periods it serves: a dossier stays on the version
that applied to its period. Every entry names its legal basis and how sure it is. `kind_files`
reads the text, `kind_checks` says what must hold; docs/dossier-kinds.md tells how to write one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from workflow.rules.errors import Invalid
from workflow.rules.indicator import Period

#: The fields in which criteria are appraised; which department of a province has which, its own
#: assignment of duties says.
FIELD_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cong_an": "an ninh, trật tự",
        "cong_thuong": "công thương",
        "dan_toc_ton_giao": "dân tộc, tôn giáo",
        "giao_duc": "giáo dục và đào tạo",
        "khoa_hoc_cong_nghe": "khoa học, công nghệ và chuyển đổi số",
        "nong_nghiep_moi_truong": "nông nghiệp và môi trường",
        "noi_vu": "nội vụ, lao động",
        "quan_su": "quốc phòng, quân sự",
        "tai_chinh": "tài chính, đầu tư",
        "thong_ke": "thống kê",
        "tu_phap": "tư pháp",
        "van_hoa": "văn hóa, thể thao và du lịch",
        "xay_dung": "xây dựng, giao thông, quy hoạch",
        "y_te": "y tế, an toàn thực phẩm",
    }
)


class Confidence(StrEnum):
    """How sure an entry is."""

    READ = "read"  # in a published text
    DIGEST = "digest"  # in somebody's digest of it
    MEMORY = "memory"  # from memory: to be checked by a person before it is relied on
    OURS = "ours"  # a choice of this project where no text was found

    @property
    def label(self) -> str:
        """How a clerk reads it."""
        return _CONFIDENCE_LABELS[self]


_CONFIDENCE_LABELS = {
    Confidence.READ: "theo văn bản",
    Confidence.DIGEST: "theo bản tóm tắt",
    Confidence.MEMORY: "theo trí nhớ (cần kiểm tra)",
    Confidence.OURS: "do phần mềm chọn",
}


@dataclass(frozen=True)
class Source:
    """What an entry rests on."""

    legal_basis: str
    confidence: Confidence


class Rule(StrEnum):
    """How a dossier is decided."""

    ALL_MET = "all_met"
    POINTS = "points"


class Stage(StrEnum):
    """By which step of the applicant a component must be there."""

    CONSULTATION = "consultation"
    MEETING = "meeting"
    SUBMISSION = "submission"


@dataclass(frozen=True)
class Component:
    """A part of the dossier (thành phần hồ sơ): a document of this system, or a signed PDF."""

    code: str
    title: str
    doc_types: tuple[str, ...]
    """Types that serve where it is a document of this system; empty: any."""
    stage: Stage
    required: bool
    source: Source


@dataclass(frozen=True)
class Slot:
    """A place for evidence of a criterion (minh chứng)."""

    code: str
    title: str
    required: bool


@dataclass(frozen=True)
class Criterion:
    """A criterion (tiêu chí) or, with `part_of`, one of its parts (chỉ tiêu, nội dung).

    Only leaves are answered and appraised; one that has parts is met when all of them are.
    """

    code: str
    title: str
    part_of: str | None
    field: str | None
    """The duty of the department that appraises it; None where it has parts."""
    points: int | None
    """The most it can be given, where the kind is decided by points."""
    figure: str | None
    """`indicator`: the answer is a frozen snapshot of the applicant's indicator, never typed."""
    targets: Mapping[str, str]
    """What is asked, in words, by commune group; "" where all groups are asked the same."""
    slots: tuple[Slot, ...]
    source: Source


@dataclass(frozen=True)
class Condition:
    """A condition beside the criteria; `minimum` percent where it is a rate, else yes or no."""

    code: str
    title: str
    minimum: Fraction | None
    component: str | None
    """The component that shows it."""
    source: Source


@dataclass(frozen=True)
class Group:
    """A group of communes that is asked other targets."""

    code: str
    title: str


@dataclass(frozen=True)
class Vote:
    """How a council decides: it may when `quorum` of its members take part, and agrees when
    `share` of those taking part do. Where points are given, `drop_extremes` leaves one highest and
    one lowest total out of the average when five or more were given."""

    quorum: Fraction
    share: Fraction
    drop_extremes: bool
    source: Source


@dataclass(frozen=True)
class Grade:
    """What so many points are worth (hạng sao); lower bounds belong to the grade."""

    stars: int
    at_least: Fraction
    decided_by: str
    """`province`, `centre` (forwarded), or `nobody`: no recognition is given."""
    source: Source


@dataclass(frozen=True)
class Withdrawal:
    """When recognition is lost: failed/total ≥ `without_key`, or ≥ `with_key` and one failed
    criterion is among `key_criteria`."""

    with_key: Fraction
    without_key: Fraction
    key_criteria: frozenset[str]
    source: Source


@dataclass(frozen=True)
class Deadline:
    """How many working days the step that names this code has."""

    code: str
    days: int
    source: Source


@dataclass(frozen=True)
class Kind:
    """One version of a kind of dossier."""

    code: str
    version: int
    title: str
    recognises: str
    """commune | village | product"""
    procedure: str
    """The workflow definition its dossiers follow."""
    caveat: str | None
    """What is not known of it, in a sentence that everybody who uses it is shown."""
    rule: Rule
    periods_from: date
    periods_to: date | None
    requires: tuple[str, ...]
    """Kinds whose recognition the applicant must hold already."""
    groups: tuple[Group, ...]
    components: tuple[Component, ...]
    criteria: tuple[Criterion, ...]
    conditions: tuple[Condition, ...]
    vote: Vote
    deadlines: tuple[Deadline, ...]
    grades: tuple[Grade, ...]
    """From the highest; empty where the rule is ALL_MET."""
    withdrawal: Withdrawal | None
    validity_months: int | None
    source: Source
    digest: str
    text: str

    def __contains__(self, on: date) -> bool:
        """Whether it serves this day's period."""
        return self.periods_from <= on and (self.periods_to is None or on <= self.periods_to)

    @property
    def served(self) -> str:
        """The periods it serves, as a clerk reads them."""
        begins = f"từ {self.periods_from:%d/%m/%Y}"
        return f"{begins} đến {self.periods_to:%d/%m/%Y}" if self.periods_to else begins

    @property
    def leaves(self) -> tuple[Criterion, ...]:
        """The criteria that are answered and appraised, in order."""
        above = {criterion.part_of for criterion in self.criteria}
        return tuple(one for one in self.criteria if one.code not in above)

    @property
    def tops(self) -> tuple[Criterion, ...]:
        """The criteria that are counted (tiêu chí), in order."""
        return tuple(one for one in self.criteria if one.part_of is None)

    @property
    def days(self) -> Mapping[str, int]:
        """Deadline code -> working days."""
        return {one.code: one.days for one in self.deadlines}

    @property
    def sources(self) -> tuple[Source, ...]:
        """What it rests on: itself first, then every entry."""
        entries = (
            *self.components,
            *self.criteria,
            *self.conditions,
            *self.deadlines,
            *self.grades,
            self.vote,
            *((self.withdrawal,) if self.withdrawal else ()),
        )
        return (self.source, *(entry.source for entry in entries))

    def criterion(self, code: str) -> Criterion:
        """The criterion of this code; KeyError if there is none."""
        for one in self.criteria:
            if one.code == code:
                return one
        raise KeyError(code)


def choose(kinds: Iterable[Kind], code: str, period: Period) -> Kind:
    """The version that applies to a period. Raises Invalid when there is none, or two."""
    versions = sorted(
        (kind for kind in kinds if kind.code == code), key=lambda kind: kind.periods_from
    )
    if not versions:
        raise Invalid([("/kind", f"Không có loại hồ sơ “{code}”.")])
    touched = [
        kind
        for kind in versions
        if kind.periods_from <= period.last_on
        and (kind.periods_to is None or period.first_on <= kind.periods_to)
    ]
    for kind in touched:
        if period.first_on in kind and period.last_on in kind:
            return kind
    title = versions[-1].title
    if not touched:
        raise Invalid([("/period", f"“{title}” không có phiên bản cho kỳ {period.label}.")])
    served = "; ".join(f"{kind.title}: {kind.served}" for kind in touched)
    raise Invalid(
        [("/period", f"Kỳ {period.label} không nằm trọn trong một phiên bản ({served}).")]
    )
