"""P6 as a table: every role, at every address, on every kind of object.

The addresses come from the application itself: one without a row here fails. A cell says
what somebody in that place must get; each is tried, over HTTP, as that person. Where an
object is hidden, the answer must be the one about an object that does not exist, to the
byte.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from fairlead.access.roles import APART, SCOPES, Role, Scope, token_scopes
from fairlead.base.ids import pair_id
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.web.app import create_app

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
import worlds

import conftest


class Place(StrEnum):
    """How somebody's organisation is related to the case and its report."""

    SENT = "sent the report"
    JOINED = "was read in to the case"
    ELSEWHERE = "has nothing to do with it"


class Answer(StrEnum):
    """What somebody gets."""

    OPEN = "an answer"
    SIGN_IN = "to sign in first"
    FORBIDDEN = "that it may not"
    HIDDEN = "what everyone gets about nothing"


@dataclass(frozen=True)
class Asker:
    """Somebody at the door."""

    role: Role | None = None
    """None: a stranger."""
    place: Place = Place.ELSEWHERE

    def may(self, scope: Scope) -> bool:
        return self.role is not None and scope in SCOPES[self.role]


Rule = Callable[[Asker], Answer]


def everyone(_asker: Asker) -> Answer:
    return Answer.OPEN


def signed_in(asker: Asker) -> Answer:
    return Answer.OPEN if asker.role else Answer.SIGN_IN


def with_scope(scope: Scope) -> Rule:
    def rule(asker: Asker) -> Answer:
        if asker.role is None:
            return Answer.SIGN_IN
        return Answer.OPEN if asker.may(scope) else Answer.FORBIDDEN

    return rule


def with_either(*scopes: Scope) -> Rule:
    def rule(asker: Asker) -> Answer:
        if asker.role is None:
            return Answer.SIGN_IN
        return Answer.OPEN if any(map(asker.may, scopes)) else Answer.FORBIDDEN

    return rule


def on_case(needed: Scope | None = None) -> Rule:
    """Whoever may see the case; to act also with a scope."""

    def rule(asker: Asker) -> Answer:
        if asker.role is None:
            return Answer.SIGN_IN
        joined = asker.may(Scope.CASE_READ_JOINED) and asker.place is Place.JOINED
        if not asker.may(Scope.CASE_READ_ALL) and not joined:
            return Answer.HIDDEN
        return Answer.OPEN if needed is None or asker.may(needed) else Answer.FORBIDDEN

    return rule


def on_report(asker: Asker) -> Answer:
    """Whoever may read the report."""
    if asker.role is None:
        return Answer.SIGN_IN
    own = asker.may(Scope.REPORT_READ_OWN) and asker.place is Place.SENT
    return Answer.OPEN if asker.may(Scope.REPORT_READ_ALL) or own else Answer.HIDDEN


def on_engagement(asker: Asker) -> Answer:
    """Whoever takes part in the engagement; nobody is named in it yet."""
    if asker.role is None:
        return Answer.SIGN_IN
    own = asker.may(Scope.ENGAGEMENT_OWN) and asker.place is Place.SENT
    return Answer.OPEN if own or asker.may(Scope.ENGAGEMENT_KEEP) else Answer.HIDDEN


def keeping_engagement(asker: Asker) -> Answer:
    """Whoever keeps the engagement for the programme."""
    seen = on_engagement(asker)
    if seen is Answer.OPEN and not asker.may(Scope.ENGAGEMENT_KEEP):
        return Answer.FORBIDDEN
    return seen


def keeping_engagement_for_developer(asker: Asker) -> Answer:
    """Whoever keeps the engagement for the developer."""
    seen = on_engagement(asker)
    own = asker.may(Scope.ENGAGEMENT_OWN) and asker.place is Place.SENT
    return Answer.FORBIDDEN if seen is Answer.OPEN and not own else seen


NO_ASSET = frozenset({404})
"""Where nobody was given keys to seal for; tests/web/test_assets.py has one."""
HOLDER = json.loads(
    new_holder_key(Part.DEVELOPER, "x", secrets.token_bytes).holder.encode()
)
ENGAGED = (Scope.ENGAGEMENT_OWN, Scope.ENGAGEMENT_KEEP, Scope.ENGAGEMENT_JOINED)


@dataclass(frozen=True)
class Row:
    """One address: who gets what, and what is sent there."""

    rule: Rule
    form: dict[str, str] | None = None
    json: Any = None
    ok: frozenset[int] = field(
        default=frozenset({200, 201, 202, 303, 400, 409}), kw_only=True
    )
    """What may come where the answer is open; the rules may refuse what was sent."""


# What is sent is refused by the rules where it is not by access, so nothing changes.
LATER = "2999-01-01T00:00:00Z"
WHY = "it is tried"
DRAFT = {
    "title": "x",
    "summary": "x",
    "description": "x",
    "affected": [{"vendor": "x", "product": "x", "purl": "pkg:pypi/x"}],
}
NOT_SET_UP = frozenset({404})
"""Where no provider of logins is."""
NAMED = frozenset({303, 404, 409})
"""Where what is named does not exist, which may be known."""
KEEPS_PROGRAMME = with_either(Scope.ENGAGEMENT_KEEP, Scope.PEOPLE_MANAGE)
OWN_ACCOUNT = frozenset({200, 303, 400, 401, 404, 409})

TARGET = {"purl": "pkg:pypi/x"}
NOBODY = frozenset({200, 404})
"""Where what is named is another one's, and as if there were none."""


def on_claim(asker: Asker) -> Answer:
    """Whoever may see the blind claim of who sent the report."""
    if asker.role is None:
        return Answer.SIGN_IN
    own = asker.may(Scope.CLAIM_READ) and asker.place is Place.SENT
    return Answer.OPEN if asker.may(Scope.CLAIM_READ_ALL) or own else Answer.HIDDEN


def holds_claim(asker: Asker) -> Answer:
    """Whoever may act on it: its holder alone."""
    if asker.role is None:
        return Answer.SIGN_IN
    if not asker.may(Scope.CLAIM_TAKE):
        return Answer.FORBIDDEN
    return Answer.OPEN if asker.place is Place.SENT else Answer.HIDDEN


def nobodys(*scopes: Scope) -> Rule:
    """Where nothing of this name exists; with one of *scopes* one is told so."""

    def rule(asker: Asker) -> Answer:
        if asker.role is None:
            return Answer.SIGN_IN
        return Answer.HIDDEN if any(map(asker.may, scopes)) else Answer.FORBIDDEN

    return rule


def nobodys_open(asker: Asker) -> Answer:
    return Answer.SIGN_IN if asker.role is None else Answer.HIDDEN


KEEPS_OWNERS = with_either(Scope.OWNER_SAY, Scope.OWNER_VERIFY)
PARTS = {
    "message": (Scope.CASE_TAKE_PART, {"text": " "}, None),
    "statement": (
        Scope.CASE_TAKE_PART,
        {"position": "affected", "versions": "x"},
        None,
    ),
    "statement-shown": (Scope.CASE_TAKE_PART, {"statement": "none"}, 404),
    "task": (
        Scope.CASE_TAKE_PART,
        {"text": WHY, "due": "2000-01-01T00:00:00Z"},
        None,
    ),
    "task-done": (Scope.CASE_TAKE_PART, {"task": "none"}, 404),
    "task-put-off": (Scope.CASE_TAKE_PART, {"task": "none", "due": LATER}, 404),
    "coordinator": (Scope.CASE_MOVE, {"person": "per-none"}, None),
    "severity": (Scope.CASE_MOVE, {"vectors": "x", "reason": WHY}, None),
    "ranges": (Scope.CASE_MOVE, {"ranges": "x", "reason": WHY}, None),
    "rule": (
        Scope.CASE_MOVE,
        {"kind": "relayed with the report", "reason": WHY},
        None,
    ),
    "extension": (
        Scope.CASE_MOVE,
        {"limit": "holding", "until": "2000-01-01T00:00:00Z", "reason": WHY},
        None,
    ),
    "exposure": (
        Scope.CASE_MOVE,
        {"how": "leaked", "known_at": LATER, "reason": WHY},
        None,
    ),
    "fix": (Scope.CASE_MOVE, {"since": LATER, "reason": WHY}, None),
    "disclosure": (Scope.CASE_MOVE, {"reason": WHY}, None),
    "advisory-held": (Scope.ADVISORY_PUBLISH, {"draft": " " + json.dumps(DRAFT)}, None),
    "publication": (Scope.ADVISORY_PUBLISH, {"due": LATER}, None),
    "publication-off": (Scope.CASE_MOVE, {"reason": WHY}, None),
    "publication-now": (Scope.ADVISORY_PUBLISH, {}, None),
}
"""By act in a case: the scope it needs, what is sent, what comes besides the usual."""


def acts(prefix: str, *, as_json: bool) -> dict[str, Row]:
    """Return a row for each act of the table, at pages or at the API."""
    return {
        f"POST {prefix}/{{case_id}}/{name}": Row(
            on_case(scope),
            None if as_json else form,
            form if as_json else None,
            ok=frozenset({200, 201, 303, 400, 409} | ({other} if other else set())),
        )
        for name, (scope, form, other) in PARTS.items()
    }


PAGES = acts("/cases", as_json=False) | {
    "GET /cases/{case_id}/search": Row(on_case()),
    "POST /cases/{case_id}/advisory/hold": Row(
        on_case(Scope.ADVISORY_PUBLISH), {"title": "x"}
    ),
    "POST /account/zone": Row(signed_in, {"zone": "x"}),
    "GET /": Row(everyone, ok=frozenset({200, 302})),
    "GET /sign-in": Row(everyone),
    "POST /sign-in": Row(everyone, {"code": "x"}, ok=frozenset({401})),
    "POST /sign-in/passkey": Row(everyone, {"answer": "x"}, ok=frozenset({400, 401})),
    "POST /sign-in/passkey/options": Row(everyone, {}),
    "GET /sign-in/provider": Row(everyone, ok=frozenset({404})),
    "GET /sign-in/provider/done": Row(everyone, ok=frozenset({404})),
    "POST /sign-in/proxy": Row(everyone, {}, ok=frozenset({401, 404})),
    "POST /sign-out": Row(everyone, {}),
    "GET /verify": Row(signed_in),
    "POST /verify": Row(signed_in, {"code": "x"}, ok=frozenset({401})),
    "POST /verify/options": Row(signed_in, {}),
    "GET /account": Row(signed_in),
    "POST /account/logins": Row(everyone, {}, ok=NOT_SET_UP),
    "POST /account/logins/proxy": Row(everyone, {}, ok=NOT_SET_UP),
    "POST /account/logins/{name}/remove": Row(signed_in, {}, ok=OWN_ACCOUNT),
    "POST /account/passkeys": Row(signed_in, {"answer": "x"}, ok=OWN_ACCOUNT),
    "POST /account/passkeys/options": Row(signed_in, {}, ok=OWN_ACCOUNT),
    "POST /account/passkeys/{name}/remove": Row(signed_in, {}, ok=OWN_ACCOUNT),
    "POST /account/sessions/{name}/end": Row(signed_in, {}, ok=OWN_ACCOUNT),
    "POST /account/sessions/end": Row(signed_in, {}, ok=OWN_ACCOUNT),
    "GET /advisories": Row(everyone),
    "GET /advisories/{name}": Row(everyone, ok=frozenset({404})),
    "GET /advisories/{name}/{kind}": Row(everyone, ok=frozenset({404})),
    "POST /advisories/{name}/withdrawal": Row(
        with_scope(Scope.ADVISORY_PUBLISH), {"reason": WHY}, ok=NAMED
    ),
    "POST /advisories/{name}/revisions": Row(
        with_scope(Scope.ADVISORY_PUBLISH), {"title": "x"}, ok=NAMED
    ),
    "POST /advisories/{name}/revisions/draft": Row(
        signed_in, {"code": "x"}, ok=frozenset({401, 404})
    ),
    "GET /advisories.atom": Row(everyone),
    "GET /feeds": Row(everyone),
    "GET /products/{ecosystem}/{name}": Row(everyone),
    "GET /.well-known/csaf/provider-metadata.json": Row(everyone),
    "GET /.well-known/csaf/openpgp/{name}": Row(everyone, ok=frozenset({404})),
    "GET /.well-known/csaf/v2.0/provider-metadata.json": Row(everyone),
    "GET /.well-known/csaf/v2.1/provider-metadata.json": Row(everyone),
    "GET /.well-known/csaf/white/{name}": Row(everyone, ok=frozenset({404})),
    "GET /.well-known/csaf/v2.1/clear/{name}": Row(everyone, ok=frozenset({404})),
    "GET /.well-known/csaf/white/{year}/{name}": Row(everyone, ok=frozenset({404})),
    "GET /.well-known/csaf/v2.1/clear/{year}/{name}": Row(
        everyone, ok=frozenset({404})
    ),
    "GET /cases": Row(signed_in),
    "GET /cases/version": Row(signed_in),
    "GET /cases/{case_id}": Row(on_case()),
    "GET /cases/{case_id}/version": Row(on_case()),
    "POST /views": Row(
        with_either(Scope.CASE_READ_ALL, Scope.CASE_READ_JOINED), {"name": " "}
    ),
    "GET /views/{view}": Row(nobodys_open),
    "POST /views/{view}/remove": Row(nobodys_open, {}),
    "POST /cases/{case_id}/move": Row(
        on_case(Scope.CASE_MOVE), {"to": "published", "reason": WHY}
    ),
    "POST /cases/{case_id}/embargo": Row(
        on_case(Scope.CASE_MOVE), {"until": LATER, "rule": WHY, "reason": WHY}
    ),
    "POST /cases/{case_id}/read-in": Row(
        on_case(Scope.CASE_MOVE), {"organisation": "{joined}"}
    ),
    "POST /cases/{case_id}/read-out": Row(
        on_case(Scope.CASE_MOVE), {"organisation": "org-none"}
    ),
    "POST /cases/{case_id}/evidence": Row(
        on_case(Scope.EVIDENCE_ADD), {"finding": "{receipt}", "statement": "x"}
    ),
    "POST /cases/{case_id}/destroy": Row(
        on_case(Scope.CASE_DESTROY),
        {"ground": "the law asks for it", "typed": "{case}"},
    ),
    "POST /cases/{case_id}/advisory": Row(
        on_case(Scope.ADVISORY_PUBLISH), {"title": "x"}
    ),
    "POST /cases/{case_id}/advisory/draft": Row(
        on_case(), {"code": "x"}, ok=frozenset({401})
    ),
    "GET /catalogue": Row(everyone),
    "GET /catalogue/match": Row(signed_in),
    "POST /catalogue/match": Row(signed_in, {}, ok=frozenset({400})),
    "GET /catalogue/products": Row(everyone, ok=frozenset({404})),
    "GET /catalogue/records/{name}": Row(everyone, ok=frozenset({404})),
    "POST /cases/{case_id}/priority": Row(on_case(Scope.CASE_MOVE), {"names": "CVE-1"}),
    "GET /claims": Row(with_scope(Scope.CLAIM_READ)),
    "GET /claims/mine": Row(with_scope(Scope.CLAIM_TAKE)),
    "POST /claims/mine": Row(with_scope(Scope.CLAIM_TAKE), {"target": ""}),
    "POST /claims/{claim_id}/sign": Row(holds_claim, {}),
    "POST /claims/{claim_id}/release": Row(holds_claim, {"outcome": "none"}),
    "POST /claims/{claim_id}/share": Row(holds_claim, {}),
    "POST /claims/introductions/{name}": Row(nobodys(Scope.CLAIM_TAKE), {}),
    "GET /owners": Row(KEEPS_OWNERS),
    "POST /owners": Row(KEEPS_OWNERS, {"name": "x"}),
    "POST /owners/routings": Row(with_scope(Scope.CASE_MOVE), {"case": "{case}"}),
    "POST /owners/routings/{name}/{deed}": Row(nobodys_open, {"how": WHY}),
    "GET /owners/{name}": Row(nobodys_open),
    "POST /owners/{name}/wishes": Row(nobodys_open, {}),
    "POST /owners/{name}/acts/{deed}": Row(nobodys_open, {"how": WHY}),
    "POST /owners/{name}/cases/{routing}": Row(nobodys_open, {"answer": "accepted"}),
    "GET /owner/case/{token}": Row(everyone, ok=frozenset({404})),
    "POST /owner/case/{token}": Row(everyone, {}, ok=frozenset({404})),
    "POST /owner/case/{token}/answer": Row(everyone, {}, ok=frozenset({404})),
    "GET /claims/door": Row(with_either(Scope.OWNER_SAY, Scope.OWNER_VERIFY)),
    "POST /claims/door": Row(with_scope(Scope.OWNER_SAY), {"target": ""}),
    "POST /claims/door/{name}/withdraw": Row(nobodys(Scope.OWNER_SAY), {}),
    "POST /claims/door/{name}/verify": Row(nobodys(Scope.OWNER_VERIFY), {"how": WHY}),
    "POST /cases/{case_id}/part": Row(on_case(Scope.CASE_MOVE), {"findings": "none"}),
    "POST /cases/{case_id}/undo": Row(on_case(Scope.CASE_MOVE), {}),
    "GET /cases/{case_id}/disclosed": Row(on_case(Scope.CASE_MOVE)),
    "GET /pairs": Row(with_scope(Scope.CASE_MOVE)),
    "GET /pairs/labels": Row(with_scope(Scope.CASE_MOVE)),
    "GET /pairs/{pair}": Row(on_case(Scope.CASE_MOVE)),
    "POST /pairs/{pair}/judgement": Row(
        on_case(Scope.CASE_MOVE), {"judgement": "later"}
    ),
    "GET /exports": Row(with_scope(Scope.CASE_EXPORT)),
    "POST /exports": Row(with_scope(Scope.CASE_EXPORT), {"reason": " "}),
    "POST /exports/{name}/approval": Row(with_scope(Scope.CASE_EXPORT), {}, ok=NAMED),
    "POST /exports/{name}/content": Row(with_scope(Scope.CASE_EXPORT), {}, ok=NAMED),
    "GET /engagements": Row(with_either(*ENGAGED)),
    "POST /engagements": Row(with_scope(Scope.ENGAGEMENT_OWN), {"text": " "}),
    "GET /engagements/{engagement}": Row(on_engagement),
    "GET /engagements/{engagement}/contract": Row(on_engagement, ok=frozenset({404})),
    "GET /engagements/{engagement}/terms": Row(on_engagement, ok=frozenset({404})),
    "GET /engagements/{engagement}/agreement": Row(on_engagement),
    "GET /engagements/{engagement}/certificate": Row(on_engagement),
    "POST /engagements/{engagement}/signing-options": Row(
        on_engagement, {}, ok=frozenset({409})
    ),
    "POST /engagements/{engagement}/availability": Row(
        on_engagement, {"asset": "weights", "sealed_by": "x"}, ok=frozenset({400, 404})
    ),
    "POST /engagements/{engagement}/half": Row(
        on_engagement, {"asset": "weights", "session": "x"}, ok=frozenset({400})
    ),
    "POST /engagements/{engagement}/file": Row(
        on_engagement, {"asset": "weights", "name": "x"}, ok=NO_ASSET
    ),
    "POST /engagements/{engagement}/{act}": Row(keeping_engagement, {"text": " "}),
    "GET /people": Row(with_scope(Scope.PEOPLE_MANAGE)),
    "POST /people/{name}/lock": Row(with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED),
    "POST /people/{name}/unlock": Row(with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED),
    "POST /people/{name}/recovery": Row(with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED),
    "POST /people/{name}/recovery/confirm": Row(
        with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED
    ),
    "GET /record": Row(everyone),
    "GET /figures": Row(
        with_either(
            Scope.REPORT_READ_ALL,
            Scope.REPORT_READ_OWN,
            Scope.CASE_READ_ALL,
            Scope.CASE_READ_JOINED,
        )
    ),
    "GET /readings": Row(with_scope(Scope.TRACE_READ_ALL)),
    "GET /submissions": Row(signed_in),
    "GET /submissions/{receipt}": Row(on_report),
    "GET /join": Row(everyone),
    "POST /join": Row(everyone, {"name": ""}, ok=frozenset({400})),
    "GET /join/{secret}": Row(everyone, ok=frozenset({404})),
    "POST /join/{secret}/domain": Row(everyone, {}, ok=frozenset({404})),
    "POST /join/{secret}/mail": Row(everyone, {}, ok=frozenset({404})),
    "POST /join/{secret}/withdraw": Row(everyone, {}, ok=frozenset({404})),
    "POST /join/{secret}/enter": Row(everyone, {}, ok=frozenset({404})),
    "GET /applications": Row(with_either(Scope.PEOPLE_MANAGE, Scope.MEMBER_VOUCH)),
    "POST /applications/{name}/vouch": Row(
        with_scope(Scope.MEMBER_VOUCH), {}, ok=NAMED
    ),
    "POST /applications/{name}/admit": Row(
        with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED
    ),
    "POST /applications/{name}/decline": Row(
        with_scope(Scope.PEOPLE_MANAGE), {}, ok=NAMED
    ),
    "GET /organisation": Row(with_scope(Scope.PEOPLE_MANAGE_OWN)),
    "POST /organisation/people": Row(with_scope(Scope.PEOPLE_MANAGE_OWN), {}),
    "POST /organisation/people/{name}/end": Row(
        with_scope(Scope.PEOPLE_MANAGE_OWN), {}, ok=NAMED
    ),
    "POST /organisation/tokens": Row(
        with_scope(Scope.PEOPLE_MANAGE_OWN), {"days": "0", "label": "x"}
    ),
    "POST /organisation/tokens/{name}/revoke": Row(
        with_scope(Scope.PEOPLE_MANAGE_OWN), {}, ok=NAMED
    ),
    "POST /organisation/leave": Row(with_scope(Scope.PEOPLE_MANAGE_OWN), {}),
    "GET /programme": Row(everyone),
    "GET /programme/milestones": Row(KEEPS_PROGRAMME),
    "POST /programme/milestones": Row(KEEPS_PROGRAMME, {"title": " "}),
    "POST /programme/milestones/{name}/published": Row(
        KEEPS_PROGRAMME, {"on": "x"}, ok=NAMED | {400}
    ),
    "POST /programme/milestones/{name}/notes": Row(
        KEEPS_PROGRAMME, {"text": " "}, ok=NAMED | {400}
    ),
    "POST /programme/figures": Row(KEEPS_PROGRAMME, {}),
    "GET /programme/consent": Row(with_scope(Scope.ENGAGEMENT_OWN)),
    "POST /programme/consent": Row(with_scope(Scope.ENGAGEMENT_OWN), {}),
    "POST /calendars": Row(signed_in, {"engagement": "none"}, ok=NAMED),
    "POST /calendars/end": Row(signed_in, {"engagement": "none"}, ok=NAMED),
    "GET /calendars/{secret}": Row(everyone, ok=frozenset({404})),
    "GET /log/checkpoint": Row(everyone, ok=frozenset({200, 404})),
    "GET /log/tile/{rest}": Row(everyone, ok=frozenset({404})),
    "GET /static/{file_path}": Row(everyone, ok=frozenset({404})),
}
API = acts("/v1/cases", as_json=True) | {
    "GET /v1/cases/{case_id}/work": Row(on_case()),
    "GET /v1/cases/{case_id}/search": Row(on_case()),
    "GET /v1/cases/mentions": Row(signed_in),
    "GET /v1/cases/tasks": Row(signed_in),
    "POST /v1/query": Row(everyone, json={"package": {"purl": "pkg:pypi/x"}}),
    "POST /v1/querybatch": Row(everyone, json={"queries": []}),
    "GET /v1/vulns/{name}": Row(everyone, ok=frozenset({404})),
    "POST /v1/advisories/{name}/revisions": Row(
        with_scope(Scope.ADVISORY_PUBLISH),
        json={"draft": DRAFT, "summary": WHY},
        ok=NAMED,
    ),
    "POST /v1/advisories/{name}/withdrawal": Row(
        with_scope(Scope.ADVISORY_PUBLISH), json={"reason": WHY}, ok=NAMED
    ),
    "GET /v1/owners": Row(KEEPS_OWNERS),
    "POST /v1/owners": Row(
        KEEPS_OWNERS, json={"name": "x", "mail": "x", "places": [TARGET]}
    ),
    "POST /v1/owners/plan": Row(with_scope(Scope.OWNER_VERIFY), json={"reports": []}),
    "GET /v1/owners/{name}": Row(nobodys_open),
    "POST /v1/owners/{name}/contact": Row(nobodys_open, json={"mail": "x@example.org"}),
    "POST /v1/owners/{name}/places": Row(nobodys_open, json={"target": TARGET}),
    "POST /v1/owners/{name}/places/{number}/removal": Row(
        nobodys_open, json={"reason": WHY}
    ),
    "POST /v1/owners/{name}/verification": Row(nobodys_open, json={}),
    "PUT /v1/owners/{name}/wishes": Row(nobodys_open, json={}),
    "GET /v1/owners/{name}/queue": Row(nobodys_open),
    "GET /v1/owners/{name}/cases": Row(nobodys_open),
    "POST /v1/owners/{name}/next": Row(nobodys_open, json={}),
    "POST /v1/owners/{name}/end": Row(nobodys_open, json={"reason": WHY}),
    "GET /v1/routings": Row(with_scope(Scope.CASE_READ_ALL)),
    "POST /v1/routings": Row(
        with_scope(Scope.CASE_MOVE), json={"case": "{case}"}, ok=frozenset({404, 409})
    ),
    "POST /v1/routings/{name}/release": Row(nobodys_open, json={"reason": WHY}),
    "POST /v1/routings/{name}/patience": Row(
        nobodys_open, json={"until": LATER, "words": WHY}
    ),
    "POST /v1/routings/{name}/withdrawal": Row(nobodys_open, json={"reason": WHY}),
    "POST /v1/routings/{name}/answers": Row(nobodys_open, json={"answer": "accepted"}),
    "GET /v1/claims": Row(with_scope(Scope.CLAIM_READ)),
    "POST /v1/claims": Row(
        with_scope(Scope.CLAIM_TAKE), json={"method": "model", "target": {}}
    ),
    "POST /v1/claims/batch": Row(with_scope(Scope.CLAIM_TAKE), json={"claims": []}),
    "POST /v1/claims/checks": Row(
        with_scope(Scope.CLAIM_READ), json={"targets": [TARGET]}
    ),
    "GET /v1/claims/next": Row(with_scope(Scope.CLAIM_READ)),
    "GET /v1/claims/{claim_id}": Row(on_claim),
    "POST /v1/claims/{claim_id}/heartbeat": Row(holds_claim),
    "POST /v1/claims/{claim_id}/extension": Row(holds_claim, json={"until": LATER}),
    "POST /v1/claims/{claim_id}/release": Row(
        holds_claim,
        json={"coverage": {"outcome": "nothing found", "depth": "deep"}},
    ),
    "POST /v1/claims/{claim_id}/withdrawal": Row(holds_claim),
    "GET /v1/claims/{claim_id}/certificate": Row(holds_claim),
    "POST /v1/claims/{claim_id}/introductions": Row(holds_claim, json={}),
    "GET /v1/claims/introductions": Row(with_scope(Scope.CLAIM_READ)),
    "POST /v1/claims/introductions/{name}/answer": Row(
        nobodys(Scope.CLAIM_TAKE), json={"agree": False}
    ),
    "GET /v1/claims/blind": Row(signed_in),
    "POST /v1/claims/blind": Row(
        with_scope(Scope.CLAIM_TAKE), json={"elements": ["02" + "0" * 63 + "5"]}
    ),
    "POST /v1/claims/blind/presence": Row(
        with_scope(Scope.CLAIM_TAKE), json={"tokens": ["0" * 64]}
    ),
    "GET /v1/claims/owners": Row(with_either(Scope.OWNER_SAY, Scope.OWNER_VERIFY)),
    "POST /v1/claims/owners": Row(
        with_scope(Scope.OWNER_SAY), json={"target": {}, "word": {}}
    ),
    "POST /v1/claims/owners/published": Row(
        with_scope(Scope.CLAIM_TAKE),
        json={"target": {}, "source": "SECURITY.md", "text": ""},
    ),
    "POST /v1/claims/owners/{name}/verification": Row(
        nobodys(Scope.OWNER_VERIFY), json={"how": WHY}
    ),
    "DELETE /v1/claims/owners/{name}": Row(nobodys_open),
    "GET /v1/claims/names": Row(with_scope(Scope.CLAIM_READ)),
    "POST /v1/claims/names": Row(
        with_scope(Scope.OWNER_VERIFY), json={"target": {}, "into": {}}
    ),
    "DELETE /v1/claims/names/{name}": Row(nobodys(Scope.OWNER_VERIFY)),
    "PUT /v1/claims/inventory": Row(
        with_scope(Scope.INVENTORY_TELL), json={"purls": ["nonsense"]}
    ),
    "DELETE /v1/claims/inventory": Row(with_scope(Scope.INVENTORY_TELL)),
    "POST /v1/reports": Row(with_scope(Scope.REPORT_SUBMIT), json={"purl": "nonsense"}),
    "POST /v1/reports/batch": Row(
        with_scope(Scope.REPORT_SUBMIT), json={}, ok=frozenset({415})
    ),
    "GET /v1/submissions": Row(signed_in),
    "GET /v1/submissions/{receipt}": Row(everyone),
    "GET /v1/submissions/{receipt}/proof": Row(on_report),
    "GET /v1/cases": Row(signed_in),
    "GET /v1/cases/{case_id}": Row(on_case()),
    "POST /v1/cases/{case_id}/moves": Row(
        on_case(Scope.CASE_MOVE), json={"to": "published", "reason": WHY}
    ),
    "POST /v1/cases/{case_id}/embargo": Row(
        on_case(Scope.CASE_MOVE), json={"until": LATER, "rule": WHY, "reason": WHY}
    ),
    "POST /v1/cases/{case_id}/participants": Row(
        on_case(Scope.CASE_MOVE), json={"organisation": "{joined}"}
    ),
    "DELETE /v1/cases/{case_id}/participants/{organisation}": Row(
        on_case(Scope.CASE_MOVE)
    ),
    "POST /v1/cases/{case_id}/evidence": Row(
        on_case(Scope.EVIDENCE_ADD), json={"finding": "{receipt}", "statement": "x"}
    ),
    "POST /v1/cases/{case_id}/crossings": Row(
        on_case(Scope.CASE_MOVE),
        json={"finding": "{receipt}", "other": "{receipt}", "crossing": "x"},
    ),
    "GET /v1/cases/{case_id}/priority": Row(on_case()),
    "POST /v1/cases/{case_id}/priority": Row(
        on_case(Scope.CASE_MOVE), json={"names": ["CVE-1"], "reason": " "}
    ),
    "GET /v1/catalogue/products": Row(everyone, ok=frozenset({400, 404})),
    "GET /v1/catalogue/records": Row(everyone),
    "GET /v1/catalogue/records/{name}": Row(everyone, ok=frozenset({404})),
    "POST /v1/catalogue/match": Row(signed_in, json={}),
    "POST /v1/cases/{case_id}/advisory": Row(
        on_case(Scope.ADVISORY_PUBLISH), json=DRAFT
    ),
    "GET /v1/engagements": Row(with_either(*ENGAGED)),
    "POST /v1/engagements": Row(with_scope(Scope.ENGAGEMENT_OWN), json={"text": " "}),
    "GET /v1/engagements/{engagement}": Row(on_engagement),
    "GET /v1/engagements/{engagement}/certificate": Row(on_engagement),
    "POST /v1/engagements/{engagement}/{act}": Row(
        keeping_engagement, json={"text": " "}
    ),
    "GET /v1/programme/figures": Row(everyone),
    "GET /v1/programme/milestones": Row(everyone),
    "POST /v1/engagements/{engagement}/sealing-keys": Row(
        keeping_engagement_for_developer, json={"asset": "weights"}
    ),
    "POST /v1/assets/{asset}/availability": Row(
        signed_in, json={"sealed_by": HOLDER}, ok=NO_ASSET
    ),
    "POST /v1/assets/{asset}/openings": Row(
        signed_in, json={"session": HOLDER}, ok=NO_ASSET
    ),
    "GET /v1/assets/{asset}/files/{name}": Row(signed_in, ok=NO_ASSET),
    "POST /v1/assets/{asset}/uploads": Row(signed_in, ok=NO_ASSET),
    "PATCH /v1/assets/{asset}/uploads/{upload}": Row(signed_in, ok=NO_ASSET),
    "DELETE /v1/assets/{asset}/uploads/{upload}": Row(signed_in, ok=NO_ASSET),
    "GET /v1/schema": Row(everyone),
    "GET /v1/schema/openapi.json": Row(everyone),
    "GET /v1/schema/{path}": Row(everyone, ok=frozenset({200, 404})),
}
ROWS = PAGES | API
ASKERS = [Asker(), *(Asker(role, place) for place in Place for role in Role)]


@dataclass(frozen=True)
class Scene:
    """One case with its report, and a way in for everyone."""

    client: TestClient[Any]
    sessions: dict[Asker, str]
    names: dict[str, str]
    """What stands for the things in addresses and bodies."""

    def ask(self, asker: Asker, line: str, row: Row, names: dict[str, str]) -> Any:
        method, _, path = line.partition(" ")
        self.client.cookies.clear()
        if asker.role is not None:
            self.client.cookies.set("fairlead_session", self.sessions[asker])
        sent = {
            "data": None if row.form is None else _filled(row.form, names),
            "json": None if row.json is None else _filled(row.json, names),
        }
        address = re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)
        return self.client.request(
            method,
            address,
            follow_redirects=False,
            **{name: value for name, value in sent.items() if value is not None},
        )


def _filled(body: Any, names: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, names) for key, value in body.items()}
    if isinstance(body, str) and body.startswith("{"):
        return names[body.strip("{}")]
    return body


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    store = conftest.open_store(f"sqlite:///{folder}/fairlead.db", folder / "keys")
    world = conftest.make_world(store, folder / "log")
    homes = {place: world.join(place.value) for place in Place}
    for words in (
        "`parse` writes past `name_buffer` when a name has 300 bytes",
        "writes past `name_buffer` in `parse` when a name has 300 bytes",
    ):
        worlds.do(world, ("submit", homes[Place.SENT].id, "one", 0, words))
    world.work()
    with TestClient(create_app(world.context), raise_server_exceptions=True) as client:
        scopes = token_scopes(Role.COORDINATOR)
        coordinator = {
            "Authorization": f"Bearer {world.token('sent the report', *scopes)}"
        }
        (case,) = client.get("/v1/cases", headers=coordinator).json()["cases"]
        sent = client.get("/v1/submissions", headers=coordinator).json()
        joined = homes[Place.JOINED].id
        client.post(
            f"/v1/cases/{case['id']}/participants",
            json={"organisation": joined},
            headers=coordinator,
        )
        sessions = {}
        for asker in ASKERS:
            if asker.role is not None:
                client.cookies.clear()
                code = world.code(asker.place.value, asker.role)
                client.post("/sign-in", data={"code": code}, follow_redirects=False)
                sessions[asker] = client.cookies["fairlead_session"]
        with store.read() as unit:
            person = unit.people.all()[0].id
        client.cookies.clear()
        developer = sessions[Asker(Role.DEVELOPER, Place.SENT)]
        client.cookies.set("fairlead_session", developer)
        asked = client.post("/v1/engagements", json={"text": "Is it covered?"})
        (begun,) = asked.json()["engagements"]
        mine = {
            "Authorization": f"Bearer {world.token('sent the report')}",
        }
        asked = {"method": "model", "visibility": "blind", "tokens": ["0" * 64]}
        claim = client.post("/v1/claims", json=asked, headers=mine).json()["id"]
        names = {
            "claim_id": claim,
            "case_id": case["id"],
            "case": case["id"],
            "receipt": sent["submissions"][0]["receipt"],
            "pair": pair_id(*(s["receipt"] for s in sent["submissions"])),
            "joined": joined,
            "organisation": "org-none",
            "name": "none",
            "kind": "csaf",
            "year": "2026",
            "ecosystem": "PyPI",
            "secret": "none",
            "person": person,
            "engagement": begun,
            "act": "answer",
            "asset": "eng-aaaaaaaaaaaa.weights",
            "upload": "up-none",
            "view": "view-aaaaaaaaaaaaaaaa",
            "token": "none",
            "deed": "release",
            "routing": "none",
            "number": "1",
            "rest": "9/999",
            "file_path": "none",
            "path": "none",
        }
        yield Scene(client, sessions, names)
    conftest.close_store(store)


MISSING = {
    "engagement": "eng-aaaaaaaaaaaa",
    "claim_id": "clm-aaaaaaaaaaaaaa",
    "case_id": "FL-aaaaaaaaaa",
    "case": "FL-aaaaaaaaaa",
    "receipt": "SUB-aaaaaaaaaaaaaaaaaa",
    "pair": "aaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbb",
}


def told(answer, asker):
    """Return which of the answers this is."""
    if answer.status_code == 401 or answer.headers.get("location") == "/sign-in":
        return Answer.SIGN_IN if asker.role is None else Answer.OPEN
    if answer.status_code == 403:
        return Answer.FORBIDDEN
    return Answer.HIDDEN if answer.status_code == 404 else Answer.OPEN


ENDS = {"POST /sign-out", "POST /account/sessions/end"}
"""What ends sessions is tried last."""


@pytest.mark.parametrize("line", sorted(ROWS, key=lambda line: (line in ENDS, line)))
def test_every_cell_of_the_table(scene, line):
    row = ROWS[line]
    for asker in ASKERS:
        answer = scene.ask(asker, line, row, scene.names)
        assert answer.status_code < 500, answer.text
        expected = row.rule(asker)
        if expected is Answer.OPEN:
            assert answer.status_code in row.ok, (
                asker,
                answer.status_code,
                answer.text,
            )
            continue
        assert told(answer, asker) is expected, (asker, answer.status_code)
        if expected is Answer.FORBIDDEN and {"case_id", "engagement", "pair"} & set(
            re.findall(r"\{(\w+)\}", line)
        ):
            continue  # who may see the case may know that it is there
        missing = scene.ask(asker, line, row, scene.names | MISSING)
        assert missing.status_code == answer.status_code
        assert missing.content == answer.content
        assert missing.headers == answer.headers


def test_every_address_has_a_row(scene):
    found = {
        f"{method} {re.sub(r':[a-z]+', '', route.path_format)}"
        for route in scene.client.app.routes
        for method in getattr(route, "methods", set()) - {"OPTIONS", "HEAD"}
    }
    assert found == set(ROWS)


def test_the_table_speaks_of_every_role():
    assert {asker.role for asker in ASKERS} == {None, *Role}
    assert frozenset(Role) > APART
