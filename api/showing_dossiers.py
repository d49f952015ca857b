"""How dossiers look from the counter: the office's views as the answers' shapes."""

from __future__ import annotations

from collections.abc import Iterable

from api.schemas.documents import MoveOut, Standing, options_of
from api.schemas.dossiers import (
    CriterionSummary,
    DepartmentSummary,
    DossierAnswerOut,
    DossierDetail,
    DossierLine,
    ExhibitOut,
    HistoryLine,
    PaperOut,
    RecognitionOut,
    SlotOut,
    VoteSummary,
)
from workflow.dossier_contents import Paper
from workflow.dossier_views import Detail, Line, MoveLine
from workflow.facts import exhibits
from workflow.facts.dossier import component_slot, criterion_slot, requirement_slot
from workflow.facts.votes import VoteState
from workflow.recognitions import Recognition
from workflow.rules.kinds import Criterion
from workflow.rules.papers import PARTS

#: A piece of evidence whose bytes nobody has judged yet.
PENDING = "pending"


def dossier_line(line: Line) -> DossierLine:
    """A dossier in a list."""
    dossier, kind = line.dossier, line.kind
    return DossierLine(
        **dict(Standing.of(line.case, line.state_label)),
        id=dossier.id,
        organisation_id=dossier.organisation_id,
        organisation=line.organisation,
        kind_code=dossier.kind_code,
        kind_version=kind.version,
        kind_title=kind.title,
        period=dossier.period,
        name=dossier.name,
        group_code=dossier.group_code,
        opened_at=dossier.opened_at,
        submitted_at=dossier.submitted_at,
    )


def dossier_detail(view: Detail) -> DossierDetail:
    """One dossier, or the part of it that somebody was given."""
    dossier, vote = view.line.dossier, view.vote
    return DossierDetail(
        **dict(dossier_line(view.line)),
        office_id=dossier.office_id,
        province_id=dossier.province_id,
        district_id=dossier.district_id,
        procedure=view.line.case.definition_name,
        whole=view.seen.whole,
        answers=list(_answers(view)),
        slots=list(_slots(view)),
        unmet=list(view.unmet),
        papers=[paper_out(paper) for paper in view.papers],
        departments=[DepartmentSummary.model_validate(one) for one in view.departments],
        criteria=[CriterionSummary.model_validate(one) for one in view.criteria],
        vote=_vote(vote) if vote else None,
        allowed=options_of(view.options),
    )


def _answers(view: Detail) -> Iterable[DossierAnswerOut]:
    kind = view.line.kind
    for criterion in kind.leaves:
        if view.seen.whole or criterion.code in view.seen.criteria:
            yield _answer(view, "criterion", criterion.code, criterion.title, criterion)
    if view.seen.whole:
        for condition in kind.conditions:
            yield _answer(view, "condition", condition.code, condition.title, None)


def _answer(
    view: Detail, part: str, code: str, title: str, criterion: Criterion | None
) -> DossierAnswerOut:
    said = view.answers.get((part, code))
    targets = criterion.targets if criterion else {}
    return DossierAnswerOut(
        part="criterion" if criterion else "condition",
        code=code,
        title=title,
        target=targets.get(view.line.dossier.group_code or "") or targets.get(""),
        figure=criterion.figure if criterion else None,
        met=said.met if said else None,
        value=said.value if said else None,
        note=said.note if said else None,
        snapshot_id=said.snapshot_id if said else None,
    )


def _slots(view: Detail) -> Iterable[SlotOut]:
    kind = view.line.kind
    slots = [
        *(
            (requirement_slot(code), "Quyết định công nhận phải có trước", False)
            for code in kind.requires
        ),
        *((component_slot(one.code), one.title, one.required) for one in kind.components),
        *(
            (criterion_slot(one.code, slot.code), slot.title, slot.required)
            for one in kind.leaves
            for slot in one.slots
        ),
    ]
    for slot, title, required in slots:
        if view.seen.shows(slot):
            count = view.exhibits.get(slot, 0)
            yield SlotOut(slot=slot, title=title, required=required, exhibits=count)


def _vote(state: VoteState) -> VoteSummary | None:
    if state.council is None or state.session is None:
        return None
    closed = state.session.closed_at is not None
    return VoteSummary(
        council_id=state.council.id,
        council=state.council.name,
        opened_at=state.session.opened_at,
        closed_at=state.session.closed_at,
        members=len(state.members),
        ballots=sum(1 for member in state.members if member.ballot is not None),
        quorum_unmet=state.quorum_unmet,
        outcome=state.outcome if closed else None,
    )


def exhibit_out(line: exhibits.Line) -> ExhibitOut:
    """A piece of evidence as it stands."""
    return ExhibitOut(
        id=line.id,
        ordinal=line.ordinal,
        slot=line.slot,
        title=line.title,
        dated_on=line.dated_on,
        document_id=line.document_id,
        type_code=line.type_code,
        sha256=line.sha256,
        size_bytes=line.size_bytes,
        verdict=line.verdict or PENDING,
        unmet=line.unmet,
    )


def paper_out(linked: Paper) -> PaperOut:
    """A document that a step rests on."""
    paper, document = linked.paper, linked.document
    return PaperOut(
        id=paper.id,
        case_id=paper.case_id,
        part=paper.part,
        title=PARTS[paper.part].title,
        document_id=document.id,
        code=linked.code,
        dated_on=linked.dated_on,
        subject=document.subject,
        linked_at=paper.at,
    )


def history_line(line: MoveLine) -> HistoryLine:
    """A move, with who took it and what it was about."""
    move = line.move
    return HistoryLine(
        **dict(
            MoveOut(
                trigger=move.trigger,
                source=move.source,
                target=move.target,
                person_id=move.person_id,
                person=line.person,
                opinion=move.opinion,
                at=move.at,
            )
        ),
        id=move.id,
        case_id=line.case.id,
        workflow=line.case.definition_name,
        about=line.about,
        source_label=line.source_label,
        target_label=line.target_label,
        trigger_label=line.trigger_label,
        entered_at=move.entered_at,
        due_at=move.due_at,
    )


def recognition_out(one: Recognition) -> RecognitionOut:
    """A line of the registry of recognitions."""
    dossier, decision = one.dossier, one.decision
    return RecognitionOut(
        dossier_id=dossier.id,
        organisation_id=dossier.organisation_id,
        organisation=one.organisation,
        kind_code=dossier.kind_code,
        kind_title=one.kind.title,
        name=dossier.name,
        period=dossier.period,
        state=one.case.state,
        state_label=one.state_label,
        decision_id=decision.document_id if decision else None,
        decision_code=decision.code if decision else None,
        decided_on=decision.dated_on if decision else None,
        stars=one.stars,
        valid_until=one.valid_until,
        withdrawn_at=one.withdrawn_at,
    )
