"""Walks an outgoing document through the office's use cases, as its people would."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fpdf import FPDF
from sqlalchemy import select

from tests.staff import COMMUNE, STAFF, Staff
from workflow import drafting, issuing, reviewing, signatures
from workflow.actor import Actor
from workflow.files import Content
from workflow.jobs import run_all
from workflow.office import Office, Transaction
from workflow.outgoing_views import Detail, view_outgoing
from workflow.records import Issuer, Unit

CLERK, SPECIALIST, HEAD = "xa.vanthu", "xa.chuyenvien", "xa.truongphong"
LEADER, DEPUTY, CHECKER = "xa.chutich", "xa.phochutich", "xa.thethuc"


NO_DOCUMENT = uuid.UUID(int=0)
Work = Callable[[Transaction, Detail], object]


def a_pdf(text: str = "Du thao") -> bytes:
    """One A4 page; two calls with different texts give different bytes."""
    page = FPDF(format="A4")
    page.add_page()
    page.set_font("Helvetica", size=13)
    page.set_xy(30, 120)
    page.cell(text=text)
    return bytes(page.output())


@dataclass
class Trip:
    """One outgoing document of a seat and the people who move it."""

    office: Office
    acting: Callable[[str], Actor]
    document_id: uuid.UUID = NO_DOCUMENT
    staff: Staff = STAFF[COMMUNE]

    def store(self, text: str) -> Content:
        ref = self.office.keep(
            self.issuer(self.staff.issuer).organisation_id, io.BytesIO(a_pdf(text))
        )
        return Content(ref.sha256, ref.size_bytes)

    def issuer(self, symbol: str) -> Issuer:
        own = self.acting(self.staff.drafter).roles
        with self.office.reading(None) as reading:
            return reading.session.scalars(
                select(Issuer).where(Issuer.symbol == symbol, Issuer.organisation_id.in_(own))
            ).one()

    def new(
        self,
        *texts: str,
        type_code: str = "quyet_dinh",
        issuer: str | None = None,
        signers: Sequence[drafting.SignerLine] | None = None,
        **others: object,
    ) -> drafting.Draft:
        """What the drafter fills in: a decision signed TM by the chairman, sent by post."""
        body = self.issuer(issuer or self.staff.issuer)
        with self.office.reading(None) as reading:
            unit = reading.session.scalars(
                select(Unit).where(
                    Unit.organisation_id == body.organisation_id, Unit.symbol == self.staff.unit
                )
            ).one()
        leader = drafting.SignerLine(
            self.acting(self.staff.leader).person_id, "competent", self.staff.capacity
        )
        return drafting.Draft(
            issuer_id=body.id,
            unit_id=unit.id,
            type_code=type_code,
            subject="Về việc thử",
            files=[self.store(text) for text in texts or ("Du thao",)],
            signers=signers or [leader],
            recipients=[drafting.RecipientLine("Sở Nội vụ", "action", "post")],
            archived_by="Văn thư",
            **others,  # type: ignore[arg-type]
        )

    def draft(self, new: drafting.Draft | None = None) -> Trip:
        with self.office.transaction(self.acting(self.staff.drafter)) as tx:
            case = drafting.draft(tx, new or self.new())
        self.document_id = case.document_id
        return self

    def view(self, username: str | None = None) -> Detail:
        with self.office.reading(self.acting(username or self.staff.clerk)) as reading:
            return view_outgoing(reading, self.document_id)

    @property
    def state(self) -> str:
        return self.view().case.state

    def act(self, username: str, work: Work) -> Trip:
        """One step by one person on what that person sees now; no job is run."""
        detail = self.view(username)
        with self.office.transaction(self.acting(username)) as tx:
            work(tx, detail)
        return self

    def submit(self) -> Trip:
        prepared = reviewing.prepare(self.office, self.acting(self.staff.drafter), self.document_id)
        return self.act(
            self.staff.drafter,
            lambda tx, seen: reviewing.submit(tx, self.document_id, seen.case.version, prepared),
        )

    def review(self, username: str, trigger: str) -> Trip:
        def give(tx: Transaction, seen: Detail) -> None:
            assert seen.content_sha256
            version, content = seen.case.version, seen.content_sha256
            reviewing.review(tx, self.document_id, version, trigger, content)

        return self.act(username, give)

    def checked(self) -> Trip:
        """Everything that comes before the person's signature (Art. 10-12)."""
        self.submit()
        self.review(self.staff.head, "check_content").review(self.staff.leader, "approve")
        return self.review(self.staff.checker, "check_format")

    def ask_to_sign(self, username: str | None = None) -> Trip:
        return self.act(
            username or self.staff.leader,
            lambda tx, seen: signatures.sign(
                tx, self.document_id, seen.case.version, seen.content_sha256 or ""
            ),
        )

    def sign(self, username: str | None = None) -> Trip:
        self.ask_to_sign(username)
        run_all(self.office)
        return self

    def number(self) -> Trip:
        return self.act(
            self.staff.clerk,
            lambda tx, seen: issuing.number(tx, self.document_id, seen.case.version),
        )

    def ask_to_seal(self, username: str | None = None) -> Trip:
        return self.act(
            username or self.staff.clerk,
            lambda tx, seen: signatures.seal(
                tx, self.document_id, seen.case.version, seen.content_sha256 or ""
            ),
        )

    def seal(self) -> Trip:
        self.ask_to_seal()
        run_all(self.office)
        return self

    def issue(self) -> Trip:
        self.act(
            self.staff.clerk,
            lambda tx, seen: issuing.issue(tx, self.document_id, seen.case.version),
        )
        run_all(self.office)
        return self

    def issued(self) -> Trip:
        """The whole trip, up to issue."""
        return self.draft().checked().sign().number().seal().issue()
