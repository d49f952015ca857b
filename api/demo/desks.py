"""Documents that the demo's organisations issue: the whole outgoing trip, told in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.demo.counter import Json
from api.demo.stage import AGRICULTURE, COMMUNE, COORDINATION, PROVINCE, TECHNOLOGY, Stage
from workflow.printing import typeset
from workflow.printing.composition import Sheet


@dataclass(frozen=True)
class Desk:
    """Who issues for an organisation: usernames without its prefix, symbols of issuer and unit."""

    prefix: str
    issuer: str
    unit: str
    leader: str
    capacity: str = ""
    secretary: str = "chuyenvien"
    checks_format: str = "vanthu"

    def __call__(self, post: str) -> str:
        """The username of whoever holds this post."""
        return f"{self.prefix}.{post}"


DESKS = {
    PROVINCE: Desk("tinh", "CTUBND", "KTN", "chutich", checks_format="thethuc"),
    COORDINATION: Desk("vpdp", "VPĐP", "NV", "chanhvp", secretary="truongphong"),
    COMMUNE: Desk("xa", "UBND", "VP", "chutich", "TM", checks_format="thethuc"),
    AGRICULTURE: Desk("sonnmt", "SNNMT", "PTNT", "giamdoc"),
    TECHNOLOGY: Desk("sokhcn", "SKHCN", "CDS", "giamdoc"),
}


@dataclass(frozen=True)
class Paper:
    """A paper that a step of a dossier rests on; `case_id` where it is a department's."""

    dossier_id: str
    part: str
    case_id: str | None = None


def issue(
    stage: Stage,
    code: str,
    name: str,
    type_code: str,
    subject: str,
    pdf: Sheet | str,
    *,
    paper: Paper | None = None,
    recipients: Sequence[Json] = (),
) -> Json:
    """Draft, check, approve, sign, number, seal and issue a document; the document as issued.

    `pdf` is a sheet, or the upload of one that the server made. Minutes are signed by their
    secretary before the chair.
    """
    desk, seat = DESKS[code], stage.seats[code]
    drafter = stage.counter[desk("chuyenvien")]
    chair = {"person_id": stage.counter[desk(desk.leader)].id, "capacity": desk.capacity}
    signers = [chair]
    if type_code == "bien_ban":
        secretary = {"person_id": stage.counter[desk(desk.secretary)].id, "part": "secretary"}
        signers = [secretary, {**chair, "part": "chair"}]
    upload = pdf if isinstance(pdf, str) else drafter.upload(seat.id, typeset(pdf))
    wanted: Json = {
        "issuer_id": seat.issuers[desk.issuer],
        "unit_id": seat.units[desk.unit],
        "type_code": type_code,
        "subject": subject,
        "signers": signers,
        "recipients": list(recipients) or [{"name": "Như nơi nhận", "channel": "post"}],
        "archived_by": "Văn thư",
        "seal_wanted": True,
    }
    if paper is None:
        draft = drafter.post(
            "/outgoing-documents", {**wanted, "files": [{"upload": upload}], "secrecy": "none"}
        )
        address = f"/outgoing-documents/{draft['id']}"
    else:
        linked = {"part": paper.part, "case_id": paper.case_id, "upload": upload}
        draft = drafter.post(f"/dossiers/{paper.dossier_id}/drafts", {**wanted, **linked})
        address = f"/outgoing-documents/{draft['document_id']}"
        draft = drafter.get(address)
    seen, signing = draft, [desk(desk.leader)]
    if len(signers) > 1:
        signing.insert(0, desk(desk.secretary))
    for username, trigger in (
        (desk("chuyenvien"), "submit"),
        (desk("truongphong"), "check_content"),
        (desk(desk.leader), "approve"),
        (desk(desk.checks_format), "check_format"),
        *((username, "sign") for username in signing),
        (desk("vanthu"), "number"),
        (desk("vanthu"), "seal"),
        (desk("vanthu"), "issue"),
    ):
        seen = stage.counter[username].go_on(address, seen, trigger)
    stage.tell(f"{name} {seen['code']}", "Đã phát hành", seen["state_label"])
    return seen
