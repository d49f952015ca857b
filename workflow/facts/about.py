"""A dossier in words: what its papers and its cover call it, and where in it something stands."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from workflow.office import Reading
from workflow.printing.appraisals import About
from workflow.records import Dossier, OrganisationName
from workflow.rules.kinds import Kind, Rule
from workflow.rules.papers import PARTS


def about_of(reading: Reading, dossier: Dossier, kind: Kind) -> About:
    """What it asks for, for what, of which period, and who asks."""
    asked = "đánh giá, phân hạng" if kind.rule is Rule.POINTS else "xét, công nhận"
    applicant = organisation_on(reading, dossier.organisation_id, reading.today)
    return About(
        f"hồ sơ đề nghị {asked} {kind.title[0].lower()}{kind.title[1:]}",
        dossier.name,
        dossier.period,
        applicant.name,
    )


def organisation_on(reading: Reading, organisation_id: uuid.UUID, on: date) -> OrganisationName:
    """What an organisation was called and coded on a day; what it was called last, if no more."""
    return reading.session.scalars(
        select(OrganisationName)
        .where(
            OrganisationName.organisation_id == organisation_id, OrganisationName.valid_from <= on
        )
        .order_by(OrganisationName.valid_from.desc())
        .limit(1)
    ).one()


def standing(kind: Kind, slots: Iterable[str]) -> str:
    """Where in the dossier something stands: as which component, paper, and for which criteria."""
    titles = {component.code: component.title for component in kind.components}
    said, criteria = [], []
    for slot in slots:
        place, _, rest = slot.partition("/")
        if place == "criterion":
            criteria.append(rest.partition("/")[0])
        elif place == "component":
            said.append(titles.get(rest, rest))
        elif place == "paper":
            said.append(PARTS[rest].title)
        else:
            said.append("Quyết định công nhận trước đó")
    if criteria:
        said.append(f"minh chứng tiêu chí {', '.join(dict.fromkeys(criteria))}")
    return "; ".join(dict.fromkeys(said))
