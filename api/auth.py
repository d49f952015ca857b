"""Who asks: a bearer token becomes an actor with the roles of this moment.

Every route that knows an actor comes through `actor_of`: it is the one place where the scope of a
token is held to, where auditors change nothing, and where what they look at is written down before
it is looked up.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, cast

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from workflow import accounts
from workflow.access import audited, only_audits
from workflow.accounts import Credential
from workflow.actor import Actor
from workflow.office import Office
from workflow.rules.errors import Forbidden, NotAuthenticated, ScopeTooNarrow
from workflow.rules.roles import AUDITOR, ROLES, Scope
from workflow.viewing import record_look

_bearer = HTTPBearer(
    auto_error=False, description="The token that `POST /sessions` or `POST /tokens` gave."
)
_LOOKING: Final = frozenset({"GET", "HEAD"})
#: What a token of the scope `audit` opens, by the tags of the routes.
AUDIT_TAGS: Final = frozenset({"audit", "indicator", "log", "evidence", "books", "conformance"})
#: One's own account: auditors sign out and make tokens as everybody does.
OWN: Final = frozenset({"sign_out", "me", "make_token", "list_tokens", "end_token"})
#: What is about no organisation: the law and what ships, who there is, and one's own work.
ABOUT_NONE: Final = OWN | {
    "list_tasks",
    "list_reminders",
    "list_organisations",
    "list_document_types",
    "list_dossier_kinds",
    "show_dossier_kind",
    "list_workflows",
    "show_workflow",
    "check_annex_vi",
}
#: Looks that the route writes itself, with what was shown: documents one by one, books, bundles.
WRITTEN_BY_ROUTE: Final = frozenset(
    {
        "show_incoming_document",
        "show_slip",
        "show_task",
        "show_appraisal",
        "show_criterion_appraisal",
        "show_outgoing_document",
        "download_pending",
        "show_dossier",
        "download_exhibit",
        "download_paper",
        "show_matrix",
        "download_export",
        "show_moves",
        "download",
        "download_evidence",
        "export_evidence",
        "show_vote",
        "show_review",
        "export_book",
        "export_contents",
    }
)
#: What is told of every organisation under the one that is named.
_BELOW: Final = frozenset({"rank_communes"})
#: Parameters that say what is asked for; text that somebody searches with is none of them.
_ASKED: Final = frozenset(
    {
        *("organisation", "issuer", "subtree", "period", "month", "year", "from", "to", "on"),
        *("register", "type", "state", "kind", "slot", "chain", "sequence", "sha256"),
        *("checkpoint", "since", "pdfs"),
    }
)
#: Braces too: what a route takes for a UUID must not escape being written.
_IDENTIFIER: Final = re.compile(r"[\w.:/{}-]{1,80}", re.ASCII)
#: Said in the words that a boolean parameter takes; every other word is yes, or refused.
_NO: Final = frozenset({"", "0", "off", "f", "false", "n", "no"})


def office_of(request: Request) -> Office:
    """The office this counter belongs to."""
    return cast(Office, request.app.state.office)


def token_of(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """The token of the request. Raises NotAuthenticated."""
    if credentials is None:
        raise NotAuthenticated("Yêu cầu chưa kèm phiên đăng nhập.")
    return credentials.credentials


def credential_of(
    office: Annotated[Office, Depends(office_of)], token: Annotated[str, Depends(token_of)]
) -> Credential:
    """What the token is worth now. Raises NotAuthenticated, Unavailable."""
    with office.reading(None) as reading:
        return accounts.authenticate(reading, token)


def actor_of(
    request: Request,
    office: Annotated[Office, Depends(office_of)],
    credential: Annotated[Credential, Depends(credential_of)],
) -> Actor:
    """The person whose token it is, allowed to ask this; an auditor's look is written by now.

    Raises:
        NotAuthenticated. ScopeTooNarrow: the token was made for less. Forbidden: an auditor changes
        nothing. Unavailable: also when a look cannot be written.
    """
    route = cast(APIRoute, request.scope["route"])
    actor, looking = credential.actor, request.method in _LOOKING
    if credential.scope is not Scope.FULL:
        if not looking:
            raise ScopeTooNarrow(credential.scope, Scope.FULL)
        if credential.scope is Scope.AUDIT and AUDIT_TAGS.isdisjoint(route.tags):
            raise ScopeTooNarrow(credential.scope, Scope.READ)
    if not looking and route.name not in OWN and only_audits(actor):
        raise Forbidden([role for role in ROLES if role != AUDITOR])
    if looking and route.name not in ABOUT_NONE | WRITTEN_BY_ROUTE and audited(actor):
        _write_look(request, office, actor, route)
    return actor


def _write_look(request: Request, office: Office, actor: Actor, route: APIRoute) -> None:
    # Of the query only what the route knows: it ignores the rest, and so must the record.
    known = _ASKED.intersection(one.alias for one in route.dependant.query_params)
    query = [(name, said) for name, said in request.query_params.items() if name in known]
    asked = {
        name: str(said)
        for name, said in (*request.path_params.items(), *query)
        if _IDENTIFIER.fullmatch(str(said))
    }
    below = route.name in _BELOW or asked.get("subtree", "").lower() not in _NO
    record_look(office, actor, route.name, asked, below=below)


OfficeHere = Annotated[Office, Depends(office_of)]
Token = Annotated[str, Depends(token_of)]
CredentialHere = Annotated[Credential, Depends(credential_of)]
ActorHere = Annotated[Actor, Depends(actor_of)]
