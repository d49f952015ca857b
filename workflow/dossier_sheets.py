"""What is printed of a dossier: its appraisal matrix, the appraisal report, a council's minutes.

Everything in them is taken from findings, reports and ballots as they stand; a person adds where
and with whom they met, and what is concluded.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from workflow.access import find_dossier
from workflow.dossier_contents import seen_of
from workflow.facts.about import about_of
from workflow.facts.appraisals import AppraisalState, CriterionLine, appraisal_state
from workflow.facts.dossier import answers_of, component_slot
from workflow.facts.exhibits import exhibits_of
from workflow.facts.letterhead import hand_of, issuing, title_of
from workflow.facts.votes import MemberLine, VoteState, points_of, vote_state
from workflow.kinds import kind_of
from workflow.office import VIETNAM, Reading
from workflow.parties import parties_of
from workflow.printing.appraisals import (
    Component,
    Condition,
    Found,
    MatrixSheet,
    Opinion,
    ReportSheet,
)
from workflow.printing.composition import Hand
from workflow.printing.minutes import Member, MinutesSheet, RatingCount, VoteCount, short
from workflow.records import Dossier, RegisterEntry
from workflow.rules.council import CHOICE_LABELS, PART_LABELS, RATED
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid
from workflow.rules.kinds import Confidence, Kind
from workflow.rules.numbering import date_text
from workflow.rules.results import RatingResult, VoteResult

#: Who prints what the office is going to issue.
PRINTING_ROLES = frozenset({"specialist", "unit_head", "clerk", "leader"})


@dataclass(frozen=True)
class ReportWords:
    """What a person says in the report; without grounds the kind's own basis stands there.

    `capacity` as in a draft (`KT`, `TL` …); those that sign for somebody need the `head`'s title.
    """

    signer_id: uuid.UUID
    conclusion: Sequence[str]
    capacity: str = ""
    head: str = ""
    grounds: Sequence[str] = ()
    recipients: Sequence[str] = ()


@dataclass(frozen=True)
class MinutesWords:
    """What a person says of the meeting; without a chair or secretary the council's own."""

    place: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    chair_id: uuid.UUID | None = None
    secretary_id: uuid.UUID | None = None
    conclusion: Sequence[str] = ()
    recipients: Sequence[str] = ()


def office_of(reading: Reading, dossier_id: uuid.UUID) -> uuid.UUID:
    """The office that appraises the dossier, for which the actor prints.

    Raises:
        NotFound. Forbidden: somebody else's.
    """
    office_id = parties_of(reading, find_dossier(reading, dossier_id))["office"]
    if reading.actor.roles_in(office_id).isdisjoint(PRINTING_ROLES):
        raise Forbidden(sorted(PRINTING_ROLES))
    return office_id


def matrix_of(reading: Reading, dossier_id: uuid.UUID) -> MatrixSheet:
    """What was found so far, as far as it is the actor's to know.

    Raises:
        NotFound
    """
    dossier = find_dossier(reading, dossier_id)
    kind, cases = kind_of(reading, dossier), seen_of(reading, dossier).cases
    state = appraisal_state(reading, dossier, kind)
    superior, issuer = issuing(reading, parties_of(reading, dossier)["office"])
    return MatrixSheet(
        superior=superior,
        issuer=issuer,
        about=about_of(reading, dossier, kind),
        found=_found(kind, [line for line in state.criteria if line.case_id in cases]),
        opinions=_opinions(reading, state, cases),
        made_at=reading.now.astimezone(VIETNAM),
    )


def report_of(reading: Reading, dossier_id: uuid.UUID, words: ReportWords) -> ReportSheet:
    """The appraisal report, once every department has given its opinion.

    Raises:
        NotFound, Forbidden, Invalid. GuardsUnmet: with what is not done yet.
    """
    office_id = office_of(reading, dossier_id)
    dossier = find_dossier(reading, dossier_id)
    kind = kind_of(reading, dossier)
    state = appraisal_state(reading, dossier, kind)
    if not state.appraisals or state.open:
        raise GuardsUnmet(["Chưa đủ ý kiến thẩm định của các cơ quan."])
    about = about_of(reading, dossier, kind)
    superior, issuer = issuing(reading, office_id)
    signer = hand_of(reading, words.signer_id, office_id, words.capacity, words.head)
    submitted = dossier.submitted_at and dossier.submitted_at.astimezone(VIETNAM).date()
    when = f"{date_text(submitted).capitalize()}, " if submitted else ""
    return ReportSheet(
        superior=superior,
        issuer=issuer,
        about=about,
        grounds=words.grounds or _grounds(kind),
        asked=(
            f"{when}{about.applicant} nộp {about.words}. Hồ sơ đã được kiểm tra thành phần và giao "
            f"{state.appraisals} cơ quan thẩm định theo lĩnh vực được phân công.",
        ),
        components=_components(reading, dossier, kind),
        found=_found(kind, state.criteria),
        opinions=_opinions(reading, state, {one.case_id for one in state.departments}),
        conditions=_conditions(reading, dossier, kind),
        conclusion=words.conclusion,
        capacity=signer.capacity,
        signer=signer.name,
        recipients=words.recipients or (about.applicant, "Lưu: VT, hồ sơ"),
    )


def minutes_of(reading: Reading, dossier_id: uuid.UUID, words: MinutesWords) -> MinutesSheet:
    """The minutes of the council's meeting, once the vote is closed.

    Raises:
        NotFound, Forbidden. Invalid: chair or secretary do not sit in the council. GuardsUnmet.
    """
    office_id = office_of(reading, dossier_id)
    dossier = find_dossier(reading, dossier_id)
    kind = kind_of(reading, dossier)
    vote = vote_state(reading, dossier, kind)
    session, council = vote.session, vote.council
    if session is None or council is None or session.closed_at is None or vote.result is None:
        raise GuardsUnmet(["Hội đồng chưa kết thúc bỏ phiếu."])
    assert session.opened_at is not None  # it was closed
    chair = _seated(vote, words.chair_id, "chair")
    secretary = _seated(vote, words.secretary_id, "secretary")
    if chair.member.person_id == secretary.member.person_id:
        raise Invalid([("/secretary_id", "Thư ký và chủ tọa phải là hai người.")])
    superior, issuer = issuing(reading, office_id)
    about = about_of(reading, dossier, kind)
    return MinutesSheet(
        superior=superior,
        issuer=issuer,
        council=council.name,
        basis=council.basis,
        about=about,
        began_at=(words.began_at or session.opened_at).astimezone(VIETNAM),
        ended_at=(words.ended_at or session.closed_at).astimezone(VIETNAM),
        place=words.place,
        members=[_member(line) for line in vote.members],
        quorum=kind.vote.quorum,
        count=_count(kind, vote.result),
        conclusion=words.conclusion or (_concluded(vote, about.name),),
        chair=_meeting_hand(reading, chair, office_id, "CHỦ TỌA"),
        secretary=_meeting_hand(reading, secretary, office_id, "THƯ KÝ"),
        recipients=words.recipients or ("Thành viên Hội đồng", "Lưu: VT, hồ sơ"),
    )


def _found(kind: Kind, lines: Sequence[CriterionLine]) -> list[Found]:
    """Every criterion that is appraised, also those of which nothing is known yet."""
    known = {line.criterion: line for line in lines}
    found = []
    for leaf in kind.leaves:
        above = kind.criterion(leaf.part_of) if leaf.part_of else None
        line = known.get(leaf.code)
        found.append(
            Found(
                leaf.code,
                leaf.title,
                line.organisation if line else "",
                met=line.met if line else None,
                points=line.points if line else None,
                most_points=leaf.points,
                reason=(line.reason or "") if line else "",
                appraiser=(line.appraiser or "") if line else "",
                at=f"{line.at.astimezone(VIETNAM):%H:%M %d/%m/%Y}" if line and line.at else "",
                under=f"{above.code}. {above.title}" if above else None,
            )
        )
    return found


def _opinions(
    reading: Reading, state: AppraisalState, cases: Collection[uuid.UUID]
) -> list[Opinion]:
    """Each department with its criteria and, where the actor may know of it, its opinion."""
    ids = [one.opinion_id for one in state.departments if one.opinion_id]
    entries = {
        entry.document_id: f"{entry.code}, {entry.entered_on:%d/%m/%Y}"
        for entry in reading.session.scalars(
            select(RegisterEntry).where(RegisterEntry.document_id.in_(ids))
        )
    }
    return [
        Opinion(
            one.organisation,
            ", ".join(
                line.criterion for line in state.criteria if line.appraisal_case_id == one.case_id
            ),
            entries.get(one.opinion_id, "") if one.opinion_id else "",
        )
        for one in state.departments
        if one.case_id in cases
    ]


def _components(reading: Reading, dossier: Dossier, kind: Kind) -> list[Component]:
    exhibits = exhibits_of(reading, dossier)
    components = []
    for component in kind.components:
        slot = component_slot(component.code)
        held = exhibits.slots.get(slot, ())
        unmet = " ".join(exhibits.unmet(slot)) or None
        if not held:
            unmet = "Không có" if component.required else "Không có (không bắt buộc)"
        components.append(Component(component.title, [line.title for line in held], unmet))
    return components


def _conditions(reading: Reading, dossier: Dossier, kind: Kind) -> list[Condition]:
    answers = answers_of(reading, dossier)
    conditions = []
    for condition in kind.conditions:
        answer = answers.get(("condition", condition.code))
        if condition.minimum is None:
            asked = "Bảo đảm"
            met = answer.met if answer else None
            said = {True: "Bảo đảm", False: "Chưa bảo đảm", None: "Chưa xác nhận"}[met]
        else:
            asked = f"Từ {_percent(condition.minimum)}"
            said = (
                _percent(Fraction(answer.value)) if answer and answer.value else "Chưa có số liệu"
            )
        conditions.append(Condition(condition.title, asked, said))
    return conditions


def _grounds(kind: Kind) -> tuple[str, ...]:
    """The basis of the kind where a text was read; ours and what is from memory is no basis."""
    if kind.source.confidence not in (Confidence.READ, Confidence.DIGEST):
        return ()
    return (f"Căn cứ {kind.source.legal_basis}",)


def _seated(vote: VoteState, person_id: uuid.UUID | None, part: str) -> MemberLine:
    """The member who signs the minutes as this. Raises Invalid: none such sits there."""
    for line in vote.members:
        if line.member.person_id == person_id or (person_id is None and line.member.part == part):
            return line
    raise Invalid([(f"/{part}_id", "Không phải thành viên Hội đồng.")])


def _meeting_hand(reading: Reading, line: MemberLine, office_id: uuid.UUID, role: str) -> Hand:
    """As what they sign the minutes (form 1.9), with the post by which the place is found."""
    post = title_of(reading, line.member.person_id, office_id) or PART_LABELS[line.member.part]
    return Hand((role, post.upper()), line.full_name)


def _member(line: MemberLine) -> Member:
    ballot = line.ballot
    if ballot is None:
        said = None
    elif ballot.choice == RATED:
        said = str(sum(points_of(ballot).values()))
    else:
        said = CHOICE_LABELS[ballot.choice]
    return Member(
        line.full_name, PART_LABELS[line.member.part], said, (ballot.note or "") if ballot else ""
    )


def _count(kind: Kind, result: VoteResult | RatingResult) -> VoteCount | RatingCount:
    if isinstance(result, VoteResult):
        return VoteCount(
            result.agree, result.disagree, result.blank, kind.vote.share, result.passed
        )
    grade = f"{result.grade.stars} sao" if result.grade else "chưa xếp hạng"
    return RatingCount(
        result.totals, result.average, grade, len(result.counted) < len(result.totals)
    )


_CONCLUDED: Mapping[str, str] = {
    "passed": "Hội đồng thông qua, đề nghị cấp có thẩm quyền công nhận {name}.",
    "failed": "Hội đồng không thông qua đề nghị công nhận {name}.",
    "province": "Hội đồng đề nghị Ủy ban nhân dân tỉnh công nhận {name}.",
    "centre": "Hội đồng đề nghị chuyển hồ sơ {name} lên trung ương đánh giá, công nhận.",
    "nobody": "Kết quả của {name} chưa đủ hạng để công nhận.",
    "none": "Hội đồng chưa có kết luận về {name}.",
}


def _concluded(vote: VoteState, name: str) -> str:
    return _CONCLUDED[vote.outcome].format(name=name)


def _percent(share: Fraction) -> str:
    return f"{short(share)} %"
