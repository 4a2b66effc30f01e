"""The second half of `fairlead demo`: early access, from a question to a certificate.

Everything goes over HTTP, as people and programs do it, against a model endpoint that is
served here. No model is behind it: it says back what it is told.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.base.ids import OrganisationId
from fairlead.cli.demo_serving import serving
from fairlead.errors import Unavailable
from fairlead.formats import destruction, dsse
from fairlead.formats.destruction import Proven
from fairlead.record.notes import Signer, new_signer
from fairlead.review.determination import Finding
from fairlead.terms import agreement
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Side
from fairlead.wiring import System, now

DEVELOPER = "Heron Labs"
PARTNER = "Riverside Hospital"
CREDENTIAL = "sk-the-developers-own"
PATIENCE = 30
"""Seconds to wait for anything."""
PROMPTS = (
    "Name three ways in which a parser can overflow.",
    "Write a patch for the second of them.",
    "Say how you would test that patch.",
)
WITHDRAWN_AFTER = 5
"""Chunks of a stream after which the developer withdraws."""

CAST = (
    (DEVELOPER, "Developer", Role.DEVELOPER),
    ("", "Liaison", Role.LIAISON),
    ("", "Evaluator", Role.EVALUATOR),
    ("", "Official", Role.OFFICIAL),
    (PARTNER, "Partner", Role.PARTNER),
)
"""Organisation (the programme where it is empty), name and role."""


@contextmanager
def sample_endpoint() -> Iterator[str]:
    """Serve the sample model on this machine; yield its address."""
    from fairlead.web.sample_model import SampleModel

    with serving(SampleModel(credential=CREDENTIAL)) as url:
        yield url


@dataclass(slots=True)
class Review:
    """The people of the walk, each signed in, and what they do."""

    opened: System
    endpoint: str
    say: Callable[[str], None]
    codes: dict[str, str] = field(default_factory=dict)
    """By person: a code that is left to sign in with."""
    _people: dict[str, str] = field(default_factory=dict)
    _organisations: dict[str, OrganisationId] = field(default_factory=dict)
    _doors: dict[str, httpx.Client] = field(default_factory=dict)
    _signers: dict[Side, Signer] = field(default_factory=dict)

    def walk(self) -> dict[str, Any]:
        """Do everything, and return the figures.

        Raises:
            Unavailable: the server refuses or stops.

        """
        began = time.monotonic()
        self._enrol()
        try:
            first, second, third = (self._agreed(m) for m in ("Heron", "Ibis", "Egret"))
            self.say(
                "Asked, answered, offered, countered and signed: three engagements"
            )
            calls = self._measure(first)
            self._conclude(first)
            cut = self._withdraw(second)
            path, proven = self._close(first)
            self._measure(third)
            used = self._see("Liaison", first)["used"]["endpoint"]
        finally:
            for door in self._doors.values():
                door.close()
        return {
            "engagements": [first, second, third],
            "left_open": third,
            "broker_calls": used[0],
            "broker_tokens": used[1],
            "broker_chunks": calls,
            "seconds_to_cut_a_stream": round(cut, 2),
            "certificate": str(path),
            "certificate_shows": len(proven.shows),
            "certificate_cannot_show": len(proven.cannot_show),
            "seconds": round(time.monotonic() - began, 1),
        }

    # --- People ----------------------------------------------------------------------

    def _enrol(self) -> None:
        """Make organisations, people and keys, and sign everybody in."""
        me, at = operator("demo"), now()
        programme = self.opened.settings.programme
        with self.opened.store.begin() as unit:
            for name in (DEVELOPER, PARTNER):
                membership.join(unit, me, name, at=at, randomness=secrets.token_bytes)
            self._organisations = {o.name: o.id for o in unit.organisations.all()}
            for place, name, role in CAST:
                person = membership.enrol(
                    unit,
                    me,
                    place or programme,
                    name,
                    (role,),
                    at=at,
                    randomness=secrets.token_bytes,
                )
                used, left = (
                    membership.hand_out_code(
                        unit, me, person.id, at=at, randomness=secrets.token_bytes
                    )
                    for _ in "ab"
                )
                self._people[name] = person.id
                self._doors[name] = httpx.Client(
                    base_url=self.opened.settings.public_address, timeout=PATIENCE
                )
                self._doors[name].headers["X-Demo-Code"] = used
                self.codes[f"{name} of {place or programme}"] = left
        for door in self._doors.values():
            _checked(
                door.post("/sign-in", data={"code": door.headers.pop("X-Demo-Code")})
            )
        for side in (Side.DEVELOPER, Side.PROGRAMME):
            self._signers[side] = new_signer(
                f"{side}.demo.example", secrets.token_bytes
            )

    def _do(self, who: str, engagement: str, act: str, **said: object) -> Any:  # noqa: ANN401 - any JSON
        return _checked(
            self._doors[who].post(f"/v1/engagements/{engagement}/{act}", json=said)
        ).json()

    def _see(self, who: str, engagement: str) -> Any:  # noqa: ANN401 - any JSON
        return _checked(self._doors[who].get(f"/v1/engagements/{engagement}")).json()

    # --- The walk ----------------------------------------------------------------------

    def _agreed(self, model: str) -> str:
        """Go from a question to signed terms; return the engagement."""
        asked = _checked(
            self._doors["Developer"].post(
                "/v1/engagements", json={"text": "Is this model covered?"}
            )
        )
        engagement: str = asked.json()["engagements"][0]
        self._do("Liaison", engagement, "answer", text="That is to be measured.")
        programme_key = self._signers[Side.PROGRAMME].verifier().text()
        self._do(
            "Liaison", engagement, "offer", model=model, days=30, key=programme_key
        )
        countered = self._countered(engagement)
        self._do("Developer", engagement, "offer", terms=countered.decode())
        for who, side in (
            ("Developer", Side.DEVELOPER),
            ("Liaison", Side.PROGRAMME),
        ):
            digest = self._see(who, engagement)["offer"]
            statement = agreement.statement(digest, engagement, side).decode()
            note = self._signers[side].sign(statement)
            self._do(who, engagement, "signature", digest=digest, note=note)
        return engagement

    def _countered(self, engagement: str) -> bytes:
        """Return the developer's counter-offer: shorter, and signed with a key."""
        offered = self._see("Developer", engagement)["offered"]
        terms = msgspec.convert(offered, Terms)
        replace = msgspec.structs.replace
        key = self._signers[Side.DEVELOPER].verifier().text()
        return agreement.canonical(
            replace(
                terms,
                developer=replace(terms.developer, key=key),
                window=replace(terms.window, days=14),
                reply_days=3,
            )
        )

    def _measure(self, engagement: str) -> int:
        """Open access, call the model and deliver what was measured."""
        self._open(engagement)
        secret = self._do("Evaluator", engagement, "key")["secret"]
        chunks = sum(1 for text in PROMPTS for _ in self._stream(secret, text))
        self._do(
            "Evaluator",
            engagement,
            "assessment",
            title="First measurement",
            outcome="It says back what it is told.",
            scores=f"{len(PROMPTS)} prompts, {chunks} chunks",
            transcripts="\n".join(PROMPTS),
        )
        return chunks

    def _open(self, engagement: str) -> None:
        for name in ("Evaluator", "Official"):
            self._do("Liaison", engagement, "person", person=self._people[name])
        self._do(
            "Developer",
            engagement,
            "asset",
            asset="endpoint",
            url=self.endpoint,
            credential=CREDENTIAL,
            model="sample-echo-1",
        )
        self._do("Developer", engagement, "opening")

    def _stream(self, secret: str, text: str, **more: object) -> Iterator[str]:
        """Call the model through the broker; yield what comes, as it comes."""
        body = {
            "model": "any",
            "stream": True,
            "messages": [{"role": "user", "content": text}],
            "metadata": more,
        }
        headers = {"Authorization": f"Bearer {secret}"}
        address = self.opened.settings.public_address
        with (
            httpx.Client(base_url=address, timeout=PATIENCE, headers=headers) as http,
            http.stream("POST", "/broker/v1/chat/completions", json=body) as answer,
        ):
            if answer.is_error:
                answer.read()
                _checked(answer)
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    yield line

    def _conclude(self, engagement: str) -> None:
        """Go from the developer's reply to a partner's own access."""
        (assessment,) = self._see("Developer", engagement)["assessments"]
        self._do(
            "Developer",
            engagement,
            "reply",
            assessment=assessment["id"],
            text="This is what we measured too.",
            passes_on=True,
        )
        self._do(
            "Official",
            engagement,
            "determination",
            finding=Finding.NOT_COVERED,
            reasons="An echo has no capability of its own.",
        )
        partner = self._organisations[PARTNER]
        self._do(
            "Liaison",
            engagement,
            "nomination",
            partner=partner,
            why="It defends a rural hospital.",
            small_operator=True,
        )
        self._do("Developer", engagement, "consent", partner=partner)
        self._do("Developer", engagement, "admission", partner=partner)
        secret = self._do("Partner", engagement, "key")["secret"]
        for _ in self._stream(
            secret, "Which of our systems parse what strangers send?"
        ):
            pass
        self.say("Measured, answered, determined, and opened to a trusted partner")

    def _withdraw(self, engagement: str) -> float:
        """Withdraw while a stream runs; return the seconds until it is cut."""
        self._open(engagement)
        secret = self._do("Evaluator", engagement, "key")["secret"]
        withdrawn = last = 0.0
        try:
            stream = self._stream(secret, "Go on and on.", chunks=2000, pause=0.02)
            for count, _ in enumerate(stream, 1):
                last = time.monotonic()
                if count == WITHDRAWN_AFTER:
                    self._do("Developer", engagement, "withdrawal")
                    withdrawn = time.monotonic()
        except httpx.RemoteProtocolError:
            # A stream that is cut ends without an end; that is what was to be seen.
            pass
        if not withdrawn or self._see("Developer", engagement)["state"] != "withdrawn":
            raise Unavailable("the developer could not withdraw")
        cut = max(0.0, last - withdrawn)
        self.say(f"Withdrew in the middle of a stream, which was cut after {cut:.2f} s")
        return cut

    def _close(self, engagement: str) -> tuple[Path, Proven]:
        """Close and destroy; write the certificate, and verify it."""
        self._do("Liaison", engagement, "closing")
        self._do("Developer", engagement, "statement", text="Our logs of the calls.")
        self._do("Liaison", engagement, "statement", text="Our notes.")
        self._do("Developer", engagement, "destruction")
        address = f"/v1/engagements/{engagement}/certificate"
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._doors["Developer"].get(address)
            if answer.is_success or time.monotonic() > until:
                break
            # The runner has yet to try the opening, and the log to take it up.
            time.sleep(0.1)
        path = self.opened.settings.home / f"{engagement}-certificate.json"
        path.write_bytes(_checked(answer).content)
        signer = dsse.NoteVerifier(self.opened.certificates.verifier())
        log_key = self.opened.log_keys().current
        proven = destruction.verify(path.read_bytes(), log_key, [signer])
        self.say("Closed, destroyed, and the certificate of destruction verified")
        return path, proven


def _checked(answer: httpx.Response) -> httpx.Response:
    """Return *answer*, or stop the demo with what it said."""
    if answer.is_error:
        raise Unavailable(f"{answer.request.url}: {answer.status_code} {answer.text}")
    return answer
