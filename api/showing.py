"""How documents and tasks look from the counter: the office's views as the answers' shapes."""

from __future__ import annotations

from api.schemas.documents import (
    FileOut,
    Standing,
    moves_of,
    options_of,
    relations_of,
)
from api.schemas.incoming import (
    ArrivalNumberOut,
    IncomingDetail,
    IncomingLine,
    OverrideOut,
    PartOut,
    SaidOut,
    SlipLineOut,
    SlipOut,
    TaskDetail,
    TaskLine,
)
from api.schemas.outgoing import (
    DespatchOut,
    NumberOut,
    OutgoingDetail,
    OutgoingLine,
    RecipientOut,
    ReviewOut,
    SignerOut,
)
from workflow import incoming_views, outgoing_views, task_views
from workflow.office import Reading
from workflow.records import Case, Document, Incoming, Outgoing


def outgoing_line(line: outgoing_views.Line) -> OutgoingLine:
    """An outgoing document in a list."""
    return _outgoing(line.document, line.outgoing, line.case, line.state_label, line.code)


def _outgoing(
    document: Document, outgoing: Outgoing, case: Case, label: str, code: str | None
) -> OutgoingLine:
    return OutgoingLine(
        **dict(Standing.of(case, label)),
        id=document.id,
        organisation_id=document.organisation_id,
        issuer_id=outgoing.issuer_id,
        unit_id=outgoing.unit_id,
        type_code=document.type_code,
        subject=document.subject,
        urgency=document.urgency,
        code=code,
        created_at=document.created_at,
        issued_at=outgoing.issued_at,
    )


def outgoing_detail(reading: Reading, view: outgoing_views.Detail) -> OutgoingDetail:
    """One outgoing document with everything that was said and done about it."""
    held = view.held
    names = incoming_views.names_of(reading, {move.person_id for move in view.moves})
    number = None
    if held.entry is not None:
        number = NumberOut(
            code=held.entry.code,
            number=held.entry.number,
            year=held.entry.year,
            entered_on=held.entry.entered_on,
            void_reason=view.void.reason if view.void else None,
        )
    line = _outgoing(
        held.document, held.outgoing, view.case, view.state_label, number.code if number else None
    )
    return OutgoingDetail(
        **dict(line),
        created_by=held.document.created_by,
        seal_required=held.outgoing.seal_required,
        archived_by=held.outgoing.archived_by,
        field_of_work=held.outgoing.field_of_work,
        content_sha256=view.content_sha256,
        number=number,
        files=[
            FileOut.of(file, revision, report)
            for (file, revision), report in zip(held.files, view.reports, strict=True)
        ],
        signers=[
            SignerOut(
                ordinal=signer.ordinal,
                person_id=signer.person_id,
                person=person.full_name,
                part=signer.part,
                capacity=signer.capacity,
            )
            for signer, person in view.signers
        ],
        recipients=[
            RecipientOut(
                id=one.recipient.id,
                ordinal=one.recipient.ordinal,
                purpose=one.recipient.purpose,
                name=one.recipient.name,
                organisation_id=one.recipient.organisation_id,
                channel=one.recipient.channel,
                statuses=[DespatchOut.model_validate(status) for status in one.despatches],
            )
            for one in view.recipients
        ],
        reviews=[
            ReviewOut(
                kind=review.kind,
                content_sha256=review.content_sha256,
                person_id=review.person_id,
                at=review.at,
                holds=review.content_sha256 == view.content_sha256,
            )
            for review in view.reviews
        ],
        relations=relations_of(view.relations),
        moves=moves_of(view.moves, names),
        allowed=options_of(view.options),
    )


def incoming_line(line: incoming_views.Line) -> IncomingLine:
    """An incoming document in a list."""
    number = line.entry.number if line.entry else None
    return _incoming(line.document, line.incoming, line.case, line.state_label, number)


def _incoming(
    document: Document, incoming: Incoming, case: Case, label: str, number: int | None
) -> IncomingLine:
    return IncomingLine(
        **dict(Standing.of(case, label)),
        id=document.id,
        organisation_id=document.organisation_id,
        medium=incoming.medium,
        sender_kind=incoming.sender_kind,
        sender_code=incoming.sender_code,
        sender_name=incoming.sender_name,
        code=incoming.code,
        dated_on=incoming.dated_on,
        type_code=document.type_code,
        subject=document.subject,
        urgency=document.urgency,
        received_at=incoming.received_at,
        number=number,
    )


def incoming_detail(view: incoming_views.Detail) -> IncomingDetail:
    """One incoming document with everything that was said and done about it."""
    document, incoming, entry = view.held.document, view.held.incoming, view.entry
    line = _incoming(
        document, incoming, view.case, view.state_label, entry.number if entry else None
    )
    return IncomingDetail(
        **dict(line),
        due_on=incoming.due_on,
        identifier=incoming.identifier,
        acknowledged_at=incoming.acknowledged_at,
        verdict=view.verdict,
        notice=view.notice,
        arrival=ArrivalNumberOut.model_validate(entry) if entry else None,
        files=[
            FileOut.of(file, revision, report)
            for (file, revision), report in zip(view.held.files, view.reports, strict=True)
        ],
        duplicates=list(view.duplicates),
        overrides=[OverrideOut.model_validate(override) for override in view.overrides],
        parts=[part_out(part) for part in view.parts],
        relations=relations_of(view.relations),
        moves=moves_of(view.moves, view.names),
        allowed=options_of(view.options),
    )


def part_out(part: incoming_views.Part) -> PartOut:
    """What was asked of whom."""
    return PartOut(
        **dict(Standing.of(part.case, part.state_label)),
        part=part.task.part,
        unit_id=part.task.unit_id,
        unit=part.unit,
        person_id=part.task.person_id,
        person=part.person,
        instruction=part.task.instruction,
        assigned_by=part.assigned_by,
        moves=moves_of(part.moves, {}),
    )


def task_line(line: task_views.TaskLine) -> TaskLine:
    """A task or reading in somebody's list."""
    return TaskLine(
        **dict(Standing.of(line.case, line.state_label)),
        document_id=line.document.id,
        number=line.number,
        subject=line.document.subject,
        sender_name=line.incoming.sender_name,
        part=line.task.part,
        instruction=line.task.instruction,
    )


def task_detail(reading: Reading, view: task_views.TaskDetail) -> TaskDetail:
    """One task or reading with its steps."""
    part = part_out(view.part)
    names = incoming_views.names_of(reading, {move.person_id for move in view.part.moves})
    return TaskDetail(
        **{**dict(part), "moves": moves_of(view.part.moves, names)},
        document_id=view.document.id,
        subject=view.document.subject,
        allowed=options_of(view.options),
    )


def slip_out(slip: task_views.ResolutionSlip) -> SlipOut:
    """The slip in its three tiers."""
    return SlipOut(
        document_id=slip.document.id,
        number=slip.entry.number if slip.entry else None,
        subject=slip.document.subject,
        sender_name=slip.incoming.sender_name,
        directions=[
            SaidOut(person=one.leader, text=one.opinion, at=one.at) for one in slip.directions
        ],
        lines=[
            SlipLineOut(
                part=part_out(line.part),
                delegations=[
                    SaidOut(person=one.head, text=one.opinion, at=one.at)
                    for one in line.delegations
                ],
                proposals=[
                    SaidOut(person=one.person, text=one.text, at=one.at) for one in line.proposals
                ],
            )
            for line in slip.lines
        ],
    )
