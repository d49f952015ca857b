"""What is known of a dossier: everything it lacks, what was found of it, and how it was voted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from sqlalchemy import select

from workflow.facts.appraisals import appraisal_state, duties_unmet, returned_criteria
from workflow.facts.exhibits import Exhibits, exhibits_of
from workflow.facts.papers import papers_unmet
from workflow.facts.snapshots import achieved
from workflow.facts.votes import vote_state
from workflow.kinds import kind_of
from workflow.office import Reading
from workflow.parties import predecessors
from workflow.records import Case, Dossier, DossierAnswer, IndicatorSnapshot
from workflow.rules.deadlines import local_date
from workflow.rules.dossier import NO_DISTRICT_SINCE, DossierFacts
from workflow.rules.kinds import Condition, Criterion, Kind, Rule, Stage

_RECOGNISED = frozenset({"recognised", "published"})
_PAPERS = (
    "district_report",
    "supplement_request",
    "appraisal_report",
    "council_minutes",
    "proposal",
    "decision",
    "notice",
    "forwarding",
    "central_decision",
)
Answers = Mapping[tuple[str, str], DossierAnswer]


def dossier_facts(reading: Reading, dossier: Dossier, case: Case) -> DossierFacts:
    """The facts of a dossier's case as they stand."""
    kind = kind_of(reading, dossier)
    exhibits = exhibits_of(reading, dossier)
    answers = answers_of(reading, dossier)
    snapshots = _snapshots(reading, answers)
    unanswered = tuple(_unanswered(kind, dossier, answers, snapshots))
    unsound = tuple(
        f"“{line.title}”: {line.unmet}." for line in exhibits.lines if line.unmet is not None
    )
    appraised = appraisal_state(reading, dossier, kind)
    voted = vote_state(reading, dossier, kind)
    submitted_on = local_date(dossier.submitted_at) if dossier.submitted_at else reading.today
    return DossierFacts(
        opened_by=dossier.opened_by,
        unanswered=unanswered,
        consultation_unmet=tuple(_components_unmet(kind, exhibits, {Stage.CONSULTATION})),
        meeting_unmet=tuple(_components_unmet(kind, exhibits, {Stage.MEETING})),
        incomplete=(
            *_requirements_unmet(reading, dossier, kind, exhibits),
            *_components_unmet(kind, exhibits, set(Stage)),
            *unanswered,
            *_slots_unmet(kind, exhibits),
            *unsound,
        ),
        unsound=unsound,
        district_stage=dossier.district_id is not None and submitted_on < NO_DISTRICT_SINCE,
        district_gone=reading.today >= NO_DISTRICT_SINCE,
        papers=papers_unmet(reading, case, dossier, _PAPERS),
        duties_unmet=duties_unmet(reading, dossier, kind),
        appraisals=appraised.appraisals,
        appraisals_open=appraised.open,
        criteria_failed=appraised.criteria_failed,
        criteria_returned=bool(returned_criteria(reading, dossier)),
        conditions_unmet=tuple(_conditions_unmet(kind, answers)),
        council_named=voted.council_named,
        quorum_unmet=voted.quorum_unmet,
        outcome=voted.outcome,
    )


def answers_of(reading: Reading, dossier: Dossier) -> Answers:
    """What the applicant said, by part and code."""
    rows = reading.session.scalars(
        select(DossierAnswer).where(DossierAnswer.dossier_id == dossier.id)
    )
    return {(row.part, row.code): row for row in rows}


def component_slot(code: str) -> str:
    """Where a component of the dossier stands."""
    return f"component/{code}"


def criterion_slot(criterion: str, slot: str) -> str:
    """Where evidence of a criterion stands."""
    return f"criterion/{criterion}/{slot}"


def requirement_slot(kind_code: str) -> str:
    """Where the decision stands by which a recognition was given that this one builds on."""
    return f"requirement/{kind_code}"


def slots_of(kind: Kind) -> frozenset[str]:
    """Every slot of a kind's dossiers."""
    return frozenset(
        (
            *(component_slot(one.code) for one in kind.components),
            *(criterion_slot(one.code, slot.code) for one in kind.leaves for slot in one.slots),
            *(requirement_slot(code) for code in kind.requires),
        )
    )


def _snapshots(reading: Reading, answers: Answers) -> Mapping[object, IndicatorSnapshot]:
    ids = [answer.snapshot_id for answer in answers.values() if answer.snapshot_id]
    if not ids:
        return {}
    rows = reading.session.scalars(select(IndicatorSnapshot).where(IndicatorSnapshot.id.in_(ids)))
    return {row.id: row for row in rows}


def _unanswered(
    kind: Kind,
    dossier: Dossier,
    answers: Answers,
    snapshots: Mapping[object, IndicatorSnapshot],
) -> Iterator[str]:
    if kind.groups and dossier.group_code is None:
        yield "Chưa chọn nhóm xã."
    for criterion in kind.leaves:
        answer = answers.get(("criterion", criterion.code))
        reason = _criterion_unmet(kind, criterion, dossier, answer, snapshots)
        if reason is not None:
            yield f"Tiêu chí {criterion.code} “{criterion.title}”: {reason}."
    for condition in kind.conditions:
        answer = answers.get(("condition", condition.code))
        reason = _condition_unmet(condition, answer)
        if reason is not None:
            yield f"Điều kiện “{condition.title}”: {reason}."


def _criterion_unmet(
    kind: Kind,
    criterion: Criterion,
    dossier: Dossier,
    answer: DossierAnswer | None,
    snapshots: Mapping[object, IndicatorSnapshot],
) -> str | None:
    if criterion.figure is not None:
        # A frozen count of this commune's own registers, for this very period; never typed.
        snapshot = snapshots.get(answer.snapshot_id) if answer else None
        if snapshot is None:
            return "chưa chốt số liệu của hệ thống"
        if snapshot.period != dossier.period:
            return f"số liệu đã chốt không phải của kỳ {dossier.period}"
        return None if achieved(snapshot.content) else "số liệu đã chốt chưa đạt 100%"
    if kind.rule is Rule.POINTS:
        return None if answer and answer.value else "chưa tự chấm điểm"
    if answer is None or answer.met is None:
        return "chưa tự đánh giá"
    return None if answer.met else "tự đánh giá chưa đạt"


def _condition_unmet(condition: Condition, answer: DossierAnswer | None) -> str | None:
    if condition.minimum is None:
        if answer is None or answer.met is None:
            return "chưa xác nhận"
        return None if answer.met else "chưa bảo đảm"
    if answer is None or answer.value is None:
        return "chưa nhập tỷ lệ"
    if Fraction(answer.value) < condition.minimum:
        return f"{answer.value}% thấp hơn mức {float(condition.minimum):g}%"
    return None


def _conditions_unmet(kind: Kind, answers: Answers) -> Iterator[str]:
    for condition in kind.conditions:
        reason = _condition_unmet(condition, answers.get(("condition", condition.code)))
        if reason is not None:
            yield f"Điều kiện “{condition.title}”: {reason}."


def _components_unmet(kind: Kind, exhibits: Exhibits, stages: set[Stage]) -> Iterator[str]:
    """Required parts that are not there; what is there and does not hold is said elsewhere."""
    for component in kind.components:
        slot = component_slot(component.code)
        if component.stage not in stages or not component.required:
            continue
        held = exhibits.slots.get(slot, ())
        if not held:
            yield f"Thiếu thành phần “{component.title}”."
        elif not exhibits.holds(slot, component.doc_types) and not exhibits.unmet(slot):
            yield f"Thành phần “{component.title}” không đúng loại văn bản."
        elif len(stages) == 1:
            yield from exhibits.unmet(slot)


def _slots_unmet(kind: Kind, exhibits: Exhibits) -> Iterator[str]:
    for criterion in kind.leaves:
        for slot in criterion.slots:
            if slot.required and not exhibits.slots.get(criterion_slot(criterion.code, slot.code)):
                yield f"Tiêu chí {criterion.code} “{criterion.title}”: thiếu “{slot.title}”."


def criterion_evidence_unmet(kind: Kind, criterion: str, exhibits: Exhibits) -> tuple[str, ...]:
    """What of one criterion's evidence is missing or does not hold."""
    one = kind.criterion(criterion)
    missing = [
        f"Thiếu “{slot.title}”."
        for slot in one.slots
        if slot.required and not exhibits.slots.get(criterion_slot(criterion, slot.code))
    ]
    unsound = [
        sentence
        for slot in one.slots
        for sentence in exhibits.unmet(criterion_slot(criterion, slot.code))
    ]
    return (*missing, *unsound)


def _requirements_unmet(
    reading: Reading, dossier: Dossier, kind: Kind, exhibits: Exhibits
) -> Sequence[str]:
    """Recognitions this one builds on: given here, or shown by their decision."""
    wanting = [code for code in kind.requires if not exhibits.holds(requirement_slot(code))]
    if not wanting:
        return ()
    given = set(
        reading.session.scalars(
            select(Dossier.kind_code)
            .join(Case, (Case.dossier_id == Dossier.id) & Case.parent_id.is_(None))
            .where(
                Dossier.organisation_id.in_([dossier.organisation_id])
                | Dossier.organisation_id.in_(
                    predecessors([dossier.organisation_id], reading.today)
                ),
                Dossier.kind_code.in_(wanting),
                Case.state.in_(_RECOGNISED),
            )
        )
    )
    titles = {one.code: one.title for one in reading.office.law.kinds}
    return [
        f"Chưa có quyết định công nhận “{titles.get(code, code)}”."
        for code in wanting
        if code not in given
    ]
