"""`fairlead demo`: the clearinghouse at work, on real input, in one command.

After it, one early access from a question to its certificate: `fairlead.cli.demo_review`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click
import httpx

from fairlead.access import membership
from fairlead.access.roles import Role, operator, token_scopes
from fairlead.cli import demo_bench, demo_claims
from fairlead.cli.demo_review import Review, sample_endpoint
from fairlead.cli.output import command, show, system
from fairlead.cli.serve import start_logging
from fairlead.errors import Error, Unavailable
from fairlead.wiring import Server, System, cataloguing, now

PROGRAMME = "Fairlead Demo Clearinghouse"
PUBLISHED = "rebuild_proxies"
"""The case whose advisory is published: its title holds this."""
PATIENCE = 30
"""Seconds to wait for all answers."""

WAY = (
    ("triaged", "Reproduced by the coordinator."),
    ("with owner", "Delivered to the maintainers."),
    ("fixed", "Release 2.31.0 holds the fix."),
)
"""The moves of the case that is published, each with its reason."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in the demo."""

    tokens: dict[str, str]
    """By finder: the token it submits with."""
    coordinator: str
    """The coordinator's token."""
    codes: dict[str, str]
    """By person: the code to sign in with."""
    publishing: str
    """The code with which the coordinator signs in to publish; no token can."""


@command
def _demo(
    home: Path | None, *, once: bool, no_bench: bool, port: int, as_json: bool
) -> None:
    folder = home or Path(tempfile.mkdtemp(prefix="fairlead-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise Unavailable(f"{folder} is not empty; the demo needs a fresh folder")
    start_logging("warning")
    from fairlead.web.server import free_port

    # Whatever the environment names, the demo keeps to its own fresh folder.
    own = {"database": "", "keys": "", "address": "", "programme": PROGRAMME}
    # The model of the demo is on this machine, where no endpoint may be otherwise.
    own["endpoint_networks"] = "127.0.0.0/8"
    with (
        sample_endpoint() as endpoint,
        system(folder, create=True, port=port, **own) as opened,
    ):
        if port == 0:
            opened.use_port(free_port(opened.settings.host))
        ends = once or not sys.stdout.isatty()
        stage = Stage(opened, endpoint, ends=ends, as_json=as_json)
        stage.with_bench = not no_bench
        asyncio.run(stage.play())
    if stage.failure is not None:
        raise stage.failure


demo = click.command("demo", help="Show the clearinghouse at work, in a fresh folder.")(
    click.option("--once", is_flag=True, help="End after the table.")(
        click.option("--no-bench", is_flag=True, help="Leave out the run of a suite.")(
            click.option("--port", default=0, help="Port; any free one otherwise.")(
                _demo
            )
        )
    )
)


class Stage:
    """Runs the server, and the demo against it, in one process."""

    def __init__(
        self, opened: System, endpoint: str, *, ends: bool, as_json: bool
    ) -> None:
        """Prepare; *ends* stops the server after the table."""
        self._endpoint = endpoint
        self.with_bench = True
        self.failure: Error | None = None
        self._opened = opened
        self._ends = ends
        self._as_json = as_json
        self._began = time.monotonic()

    async def play(self) -> None:
        """Serve, act, and go on serving unless the demo ends after its table."""
        from fairlead.web.server import ended_by_signal

        ready, ended = asyncio.Event(), ended_by_signal()
        serving = asyncio.create_task(Server(self._opened).serve(ended, ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            waiting.cancel()
        else:
            await asyncio.to_thread(self._act)
            if self._ends or self.failure is not None:
                ended.set()
        await serving

    def _act(self) -> None:
        try:
            told = self._tell()
        except httpx.HTTPError as error:
            self.failure = Unavailable(f"the server stopped answering: {error}")
            return
        except Error as error:
            self.failure = error
            return
        show(told, as_json=self._as_json, text=_table(told, ends=self._ends))
        sys.stdout.flush()

    def _tell(self) -> dict[str, Any]:
        """Do everything, and return the figures."""
        address = self._opened.settings.public_address
        self._say(f"Everything of this demo is in {self._opened.settings.home}")
        with as_file(files("fairlead.cli") / "sample") as sample:
            catalogue = self._import(sample)
            self._say(f"Imported {catalogue} real advisories into the catalogue")
            reports = list(_reports(sample / "reports.jsonl"))
            draft = json.loads((sample / "advisory.json").read_text("utf-8"))
        cast = self._cast(sorted({finder for finder, _ in reports}))
        with httpx.Client(base_url=address, timeout=PATIENCE) as http:
            receipts = self._submit(http, cast, reports)
            outcomes = self._wait(http, cast, receipts)
            advisory = self._publish(http, cast, draft)
            claims = demo_claims.claim(http, cast.tokens)
            self._say(
                f"Took {claims} claims on what to scan, and finished most of them"
            )
        cases = self._cases(cast, address)
        review = Review(self._opened, self._endpoint, self._say)
        reviewed = review.walk()
        bench = None
        if self.with_bench:
            bench = demo_bench.walk(self._opened.settings, self._say)
        size = self._opened.sequencer.round()
        distinct = len(set(receipts))
        return {
            "address": address,
            "home": str(self._opened.settings.home),
            "catalogue_records": catalogue,
            "reports": len(reports),
            "resubmissions_recognised": len(reports) - distinct,
            "findings": distinct,
            "cases": len(cases),
            "duplicates_spared": sum(case["findings"] - 1 for case in cases),
            "in_review": outcomes.count("in review"),
            "advisories": [advisory],
            "claims": claims,
            "checkpoint": (self._opened.tiles.checkpoint() or "").splitlines()[:3],
            "record_size": size,
            "seconds": round(time.monotonic() - self._began, 1),
            "codes": cast.codes | review.codes,
            "review": reviewed,
            "bench": bench,
        }

    def _import(self, sample: Path) -> int:
        feeds = (sample / "osv.jsonl", sample / "csaf.jsonl")
        taken: int = cataloguing.take(self._opened, feeds, lambda _: None).taken
        return taken

    def _cast(self, finders: Sequence[str]) -> Cast:
        """Make the organisations, tokens and people of the demo."""
        me = operator("demo")
        at, lasts = now(), timedelta(days=1)
        tokens: dict[str, str] = {}
        codes: dict[str, str] = {}
        publishing = ""
        people = (
            (PROGRAMME, "Coordinator", Role.COORDINATOR),
            (finders[0], "Finder", Role.REPORTER),
        )
        with self._opened.store.begin() as unit:
            for name in (PROGRAMME, *finders):
                membership.join(unit, me, name, at=at, randomness=secrets.token_bytes)
                role = Role.COORDINATOR if name == PROGRAMME else Role.REPORTER
                issued = membership.issue_token(
                    unit,
                    me,
                    name,
                    label="demo",
                    scopes=token_scopes(role),
                    lasts=lasts,
                    at=at,
                    randomness=secrets.token_bytes,
                )
                tokens[name] = issued.secret
            for organisation, name, role in people:
                person = membership.enrol(
                    unit,
                    me,
                    organisation,
                    name,
                    (role,),
                    at=at,
                    randomness=secrets.token_bytes,
                )
                given = [
                    membership.hand_out_code(
                        unit, me, person.id, at=at, randomness=secrets.token_bytes
                    )
                    for _ in "ab"
                ]
                codes[f"{name} of {organisation}"] = given[0]
                if role is Role.COORDINATOR:
                    publishing = given[1]
        return Cast(tokens, tokens.pop(PROGRAMME), codes, publishing)

    def _submit(
        self, http: httpx.Client, cast: Cast, reports: Sequence[tuple[str, bytes]]
    ) -> list[str]:
        """Send each report as its finder would; return the receipts."""
        receipts: list[str] = []
        for finder, document in reports:
            headers = {
                "Authorization": f"Bearer {cast.tokens[finder]}",
                "Content-Type": "application/json",
            }
            answer = _checked(
                http.post("/v1/reports", content=document, headers=headers)
            )
            receipts.append(answer["receipt"])
        self._say(f"Submitted {len(reports)} reports by {len(cast.tokens)} finders")
        return receipts

    def _wait(
        self, http: httpx.Client, cast: Cast, receipts: Sequence[str]
    ) -> list[str]:
        """Ask for each outcome until all are there."""
        headers = {"Authorization": f"Bearer {cast.coordinator}"}
        outcomes: dict[str, str] = {}
        until = time.monotonic() + PATIENCE
        while len(outcomes) < len(set(receipts)):
            for receipt in set(receipts) - set(outcomes):
                told = _checked(http.get(f"/v1/submissions/{receipt}", headers=headers))
                if told["status"] == "done":
                    outcomes[receipt] = told["outcome"]
            if time.monotonic() > until:
                raise Unavailable("not all reports were answered in time")
            time.sleep(0.05)
        self._say("Every report is answered as new, already known, or in review")
        return list(outcomes.values())

    def _publish(self, http: httpx.Client, cast: Cast, draft: object) -> str:
        """Take one case from open to public, as a coordinator would."""
        headers = {"Authorization": f"Bearer {cast.coordinator}"}
        found = _checked(
            http.get("/v1/cases", params={"q": PUBLISHED}, headers=headers)
        )
        case = max(found["cases"], key=lambda c: c["findings"])["id"]
        for state, reason in WAY:
            body = {"to": state, "reason": reason}
            _checked(http.post(f"/v1/cases/{case}/moves", json=body, headers=headers))
        body = {
            "until": now().isoformat(),
            "rule": "agreed with the owner",
            "reason": "The fix is released.",
        }
        _checked(http.post(f"/v1/cases/{case}/embargo", json=body, headers=headers))
        with httpx.Client(base_url=http.base_url, timeout=PATIENCE) as browser:
            browser.post("/sign-in", data={"code": cast.publishing})
            answer = _checked(browser.post(f"/v1/cases/{case}/advisory", json=draft))
        self._say(f"Published {answer['advisory']} as CSAF 2.0 and OSV")
        for kind in ("csaf", "osv"):
            _checked(http.get(f"/advisories/{answer['advisory']}/{kind}"))
        return str(answer["advisory"])

    def _cases(self, cast: Cast, address: str) -> list[dict[str, Any]]:
        """Return all cases that were not merged into others."""
        headers = {"Authorization": f"Bearer {cast.coordinator}"}
        cases: list[dict[str, Any]] = []
        with httpx.Client(base_url=address, headers=headers) as http:
            while True:
                page = _checked(http.get("/v1/cases", params={"after": len(cases)}))
                cases += page["cases"]
                if not page["cases"]:
                    return [case for case in cases if case["state"] != "merged"]

    def _say(self, text: str) -> None:
        if not self._as_json:
            click.echo(f"{time.monotonic() - self._began:5.1f} s  {text}")


def _reports(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return each report of the sample with its finder, as it is sent."""
    for line in path.read_text("utf-8").splitlines():
        sent = json.loads(line)
        yield sent["finder"], json.dumps(sent["report"], ensure_ascii=False).encode()


def _checked(answer: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    """Return what the server answered, or stop the demo with what it said."""
    if answer.is_error:
        raise Unavailable(f"{answer.request.url}: {answer.status_code} {answer.text}")
    return answer.json()


def _measured(bench: dict[str, Any] | None) -> Any:  # noqa: ANN401 - of rich
    """Return a table of what the bench did; nothing where it was left out."""
    from rich.table import Table

    if bench is None or "runs" not in bench:
        return None
    title = "A suite of the bench, against policies that are no models"
    table = Table("Reference policy", "Solved", "Failed", "Cheated", title=title)
    for run in bench["runs"]:
        counts = run["outcomes"]
        row = [str(counts[name]) for name in ("solved", "failed", "cheated")]
        table.add_row(run["policy"], *row)
    return table


def _table(told: dict[str, Any], *, ends: bool) -> str:
    """Return the table, and what to do next."""
    from rich.console import Console
    from rich.table import Table

    table = Table("What", "How many", title="One day of a clearinghouse")
    table.columns[1].justify = "right"
    for name, key in (
        ("reports sent", "reports"),
        ("sent twice, recognised", "resubmissions_recognised"),
        ("findings", "findings"),
        ("cases", "cases"),
        ("duplicates spared to owners", "duplicates_spared"),
        ("for a coordinator to decide", "in_review"),
        ("claims on what to scan", "claims"),
        ("advisories in the catalogue", "catalogue_records"),
        ("events on the record", "record_size"),
    ):
        table.add_row(name, str(told[key]))
    table.add_row("advisories published", str(len(told["advisories"])))
    review = told["review"]
    access = Table("What", "How many", title="One voluntary early access, and two more")
    access.columns[1].justify = "right"
    for name, figure in (
        ("engagements under terms that both signed", len(review["engagements"])),
        ("calls through the broker, of one", review["broker_calls"]),
        ("tokens of these", review["broker_tokens"]),
        (
            "seconds to cut a stream, after withdrawing",
            review["seconds_to_cut_a_stream"],
        ),
        ("facts that its certificate shows, verified", review["certificate_shows"]),
        ("seconds for all of it", review["seconds"]),
    ):
        access.add_row(name, str(figure))
    measured = _measured(told["bench"])
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
        console.print(access)
        if measured is not None:
            console.print(measured)
    origin, size, root = told["checkpoint"]
    lines = [
        captured.get(),
        f"Checkpoint: {origin}, {size} entries, root {root}",
        f"Certificate: {review['certificate']}",
    ]
    if measured is not None:
        lines += [f"Report: {run['report']}" for run in told["bench"]["runs"]]
    if ends:
        lines.append(f"Check it: fairlead record check --home {told['home']}")
        return "\n".join(lines)
    lines.append(f"\nOpen {told['address']}/sign-in and sign in with a one-time code:")
    lines += [f"  {code}  {who}" for who, code in told["codes"].items()]
    lines.append(
        f"The advisory: {told['address']}/advisories/{told['advisories'][0]}"
        f"\nAn engagement under way: {told['address']}/engagements/"
        f"{review['left_open']}"
        "\nCtrl-C stops the server."
    )
    return "\n".join(lines)
