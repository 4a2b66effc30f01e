"""The work queue at a million cases: time to the first byte of its pages, warm.

    python benchmarks/pages.py [--cases 100000] [--home FOLDER] [--plans] [--json]

It fills a home with cases of one finding each, on SQLite: titles, projects, severities
and states as unevenly spread as real ones. Then it serves them in a process of its own,
signs in as a coordinator and as a member that was read in to forty of them, and asks for
each page as a browser would: through access checks, traces and templates. The limit of
each page is printed beside; the floor is the sign-in page, which reads no case.

With `--home` the folder is kept, and used again if it is filled already: a million cases
take some twenty minutes to make, and 6 GB. With `--plans` it prints how SQLite finds the
cases of each page: every one must walk an index in the order of the page.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event, text

from fairlead.access import membership
from fairlead.access.roles import SCOPES, Asker, Role, operator
from fairlead.access.visibility import CASES
from fairlead.base.ids import CaseId, OrganisationId, Receipt
from fairlead.base.markings import Label
from fairlead.clearinghouse.cases import (
    CaseMoved,
    CaseOpened,
    Part,
    ParticipantReadIn,
    State,
    Titled,
)
from fairlead.clearinghouse.queues import (
    Answer,
    Facets,
    Order,
    Severity,
    Wanted,
)
from fairlead.clearinghouse.submissions import (
    Outcome,
    SubmissionDecided,
    SubmissionReceived,
)
from fairlead.record.events import Fact
from fairlead.wiring import Settings, System

TARGET_MS = 100
RUNS = 30
STEP = 500
JOINED = 40
"""Cases that the member was read in to."""
PAGES = {
    "newest first": "",
    "a state that most are in": "state=open",
    "a rare state": "state=fixed",
    "a severity": "severity=high",
    "a rare severity and a common answer": "severity=critical&answer=new",
    "a common and a rare filter": "state=open&severity=critical",
    "filters that nothing fits": "state=fixed&severity=critical&project=package-3",
    "a broad word": "q=parse",
    "a broad word and a severity": "q=parse&severity=high",
    "a narrow word": "q=function_4711",
    "one project": "project=package-17",
    "the largest project": "project=package-0",
    "next clock first": "order=due",
    "a clock runs out within a week": "due=7+days",
    "next clock first, one severity": "order=due&severity=critical",
}


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        codes = fill(home, options.cases)
        told = measure(home, codes) | {"cases": options.cases, "target_ms": TARGET_MS}
        if options.plans:
            told["plans"] = plans(home)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        if name == "plans":
            for page, lines in value.items():
                print(f"\n{page}\n  " + "\n  ".join(lines))
        elif isinstance(value, Mapping):
            shown = "  ".join(f"{k} {v:6.1f}" for k, v in value.items())
            print(f"{name:45} {shown}   limit {TARGET_MS} ms")
        else:
            print(f"{name:45} {value}")


def fill(home: Path, count: int) -> dict[str, str]:
    """Make *count* cases in *home*, unless they are there; return codes to sign in."""
    system = System(Settings(home=home), create=True)
    chance = random.Random(7)  # noqa: S311 - the same cases in every run
    at = datetime.now(UTC)
    with system.store.begin() as unit:
        known = {o.name: o.id for o in unit.organisations.all()}
        for name in ("Programme", "Finder", "Member"):
            if name not in known:
                known[name] = membership.join(
                    unit, operator("x"), name, at=at, randomness=secrets.token_bytes
                ).id
        held = unit.connection.execute(text("select count(*) from cases")).scalar_one()
    began = time.monotonic()
    for start in range(held, count, STEP):
        numbers = range(start, min(start + STEP, count))
        with system.store.begin() as unit:
            _fill(unit, numbers, known, chance, at - timedelta(days=85))
        if start % 50_000 < STEP:
            rate = (start - held + STEP) / (time.monotonic() - began)
            print(f"{start + STEP:,} cases, {rate:,.0f} a second", file=sys.stderr)
    system.sequencer.round()
    codes = {}
    with system.store.begin() as unit:
        for name, role in (("Programme", Role.COORDINATOR), ("Member", Role.MEMBER)):
            person = membership.enrol(
                unit,
                operator("x"),
                known[name],
                "Ada",
                (role,),
                at=at,
                randomness=secrets.token_bytes,
            )
            codes[name] = membership.hand_out_code(
                unit, operator("x"), person.id, at=at, randomness=secrets.token_bytes
            )
    system.close()
    return codes


def _fill(
    unit: Any,  # noqa: ANN401 - the unit of the store, which holds more than its port
    numbers: range,
    known: Mapping[str, OrganisationId],
    chance: random.Random,
    since: datetime,
) -> None:
    cases: dict[str, list[Fact]] = {}
    sent: dict[str, list[Fact]] = {}
    facets: dict[Receipt, Facets] = {}
    at = since + timedelta(seconds=7 * numbers[0])
    for n in numbers:
        case, receipt = CaseId(f"FL-b{n:09d}"), Receipt(f"SUB-b{n:017d}")
        package = f"package-{int(chance.paretovariate(0.7)) % 20_000 - 1}"
        place = f"function_{chance.randrange(20_000)} in {_word(chance)}.c"
        cases[case] = [
            CaseOpened(
                finding=receipt,
                marking=Label.AMBER,
                embargo_until=at + timedelta(days=90),
                embargo_rule="programme default",
                ends_at=at + timedelta(days=365),
                holding_until=at + timedelta(days=45),
                holding_rule="programme default",
                body=Titled(title=f"{package}: {_word(chance)} {place}"),
            ),
            *_moves(chance),
        ]
        if n % 25_000 == 1 or n < JOINED // 2:
            joined = ParticipantReadIn(organisation=known["Member"], part=Part.MEMBER)
            cases[case].append(joined)
        outcome = Outcome.NEW if chance.random() < 0.8 else Outcome.IN_REVIEW  # noqa: PLR2004
        sent[receipt] = [
            SubmissionReceived(
                organisation=known["Finder"],
                fingerprint=secrets.token_hex(32),
                size=2,
                body=b"{}",
            ),
            SubmissionDecided(outcome=outcome, case=case),
        ]
        severity = chance.choices([*Severity, None], (2, 30, 40, 15, 13))[0]
        facets[receipt] = Facets(severity=severity, projects=(package,))
    by = "system/benchmark"
    unit.cases.add_many(cases, by=by, at=at)
    unit.submissions.add_many(sent, by=by, at=at)
    unit.queue.keep(facets)
    unit.queue.mark([CaseId(name) for name in cases])


def _moves(chance: random.Random) -> list[Fact]:
    """Return how far a case went: most are open, few are fixed."""
    way = (State.TRIAGED, State.WITH_OWNER, State.FIXED)
    far = chance.choices(range(4), (70, 20, 9, 1))[0]
    return [CaseMoved(to=state) for state in way[:far]]


WORDS = "parse read write decode copy free open resolve load merge"


def _word(chance: random.Random) -> str:
    return chance.choice(WORDS.split())


def measure(home: Path, codes: Mapping[str, str]) -> dict[str, Any]:
    """Serve *home*, and ask for every page; return percentiles by page."""
    told: dict[str, Any] = {}
    with serving(home) as address:
        with httpx.Client(base_url=address, timeout=60) as http:
            told["floor: the sign-in page"] = _timed(http, "/sign-in")
            http.post("/sign-in", data={"code": codes["Programme"]})
            for name, query in PAGES.items():
                told[name] = _timed(http, f"/cases?{query}")
            told["the 40th page"] = _timed(http, _deep(http, 40))
            told["version, asked every 5 seconds"] = _timed(http, "/cases/version")
        with httpx.Client(base_url=address, timeout=60) as http:
            http.post("/sign-in", data={"code": codes["Member"]})
            told["a member's newest first"] = _timed(http, "/cases")
            told["a member's broad word"] = _timed(http, "/cases?q=parse")
    return told


def _deep(http: httpx.Client, pages: int) -> str:
    path = "/cases"
    for _ in range(pages):
        page = http.get(path).text
        found = page.partition('rel="next" href="')[2].partition('"')[0]
        path = found.replace("&amp;", "&") or path
    return path


def _timed(http: httpx.Client, path: str) -> dict[str, float]:
    """Return the median and the 95th percentile of the time to the first byte."""
    waits = []
    for run in range(RUNS + 3):
        began = time.perf_counter()
        with http.stream("GET", path) as answer:
            parts = answer.iter_raw()
            next(parts)
            waited = time.perf_counter() - began
            for _ in parts:
                pass
        assert answer.status_code == 200, (path, answer.status_code)  # noqa: S101, PLR2004
        if run > 2:  # noqa: PLR2004 - the first three are not warm
            waits.append(waited * 1000)
    cuts = statistics.quantiles(waits, n=20)
    return {"median": round(cuts[9], 1), "p95": round(cuts[18], 1)}


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Serve *home* in a process of its own, and return its address."""
    command = [sys.executable, "-m", "fairlead", "serve", "--home", str(home)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "FAIRLEAD_LIMIT_REQUESTS": "100000000/hour"},
    ) as server:
        assert server.stdout is not None  # noqa: S101
        told = ""
        while not told.endswith("}\n"):
            told += server.stdout.readline()
        try:
            yield json.loads(told)["address"]
        finally:
            server.terminate()


def plans(home: Path) -> dict[str, list[str]]:
    """Return by page how SQLite finds its cases, as it explains it."""
    system = System(Settings(home=home), create=False)
    coordinator = Asker(actor="person/x", scopes=SCOPES[Role.COORDINATOR])
    found: dict[str, list[str]] = {}
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event
        asked.append((statement, values))

    with system.store.read() as unit:
        connection = unit.connection  # type: ignore[attr-defined]
        event.listen(connection, "before_cursor_execute", note)
        for name, wanted in _explained().items():
            asked.clear()
            unit.queue.walk(CASES.condition(coordinator), wanted)
            walked = [one for one in asked if "ORDER BY" in one[0]]
            found[name] = [
                row[3]
                for statement, values in walked
                for row in connection.exec_driver_sql(
                    f"explain query plan {statement}", values
                )
            ]
    system.close()
    return found


def _explained() -> dict[str, Wanted]:
    return {
        "newest first": Wanted(),
        "a state that most are in": Wanted(states=(State.OPEN,)),
        "a severity and an answer": Wanted(severity=Severity.HIGH, answer=Answer.NEW),
        "a broad word and a severity": Wanted(words="parse", severity=Severity.HIGH),
        "one project": Wanted(project="package-17"),
        "next clock first": Wanted(order=Order.DUE),
    }


if __name__ == "__main__":
    main()
