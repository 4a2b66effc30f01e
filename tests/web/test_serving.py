"""The system as a program meets it, over real HTTP."""

import time

import httpx

from fairlead.access.roles import Role, token_scopes

REPORT = {
    "purl": "pkg:pypi/example@1.0",
    "affected_symbol": {"file": "example/parse.py", "function": "parse", "line": 7},
    "attachments": [
        {
            "filename": "r.md",
            "content_type": "text/markdown",
            "data": "overflow in parse",
        }
    ],
}


def test_a_report_is_taken_answered_and_seen_by_its_sender_only(serving):
    world, address = serving
    for name in ("Finder", "Other"):
        world.join(name)
    mine = {"Authorization": f"Bearer {world.token('Finder')}"}
    other = {"Authorization": f"Bearer {world.token('Other')}"}
    answer = httpx.post(f"{address}/v1/reports", json=REPORT, headers=mine)
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert answer.headers["link"] == f'</v1/submissions/{receipt}>; rel="monitor"'
    status = f"{address}/v1/submissions/{receipt}"
    for _ in range(100):
        if httpx.get(status).json()["status"] == "done":
            break
        time.sleep(0.05)
    assert set(httpx.get(status).json()) == {"receipt", "status", "at"}
    assert httpx.get(status, headers=mine).json()["outcome"] == "new"
    assert "outcome" not in httpx.get(status, headers=other).json()


def test_the_same_report_gets_the_same_receipt(serving):
    world, address = serving
    world.join("Finder")
    mine = {"Authorization": f"Bearer {world.token('Finder')}"}
    first, second = (
        httpx.post(f"{address}/v1/reports", json=REPORT, headers=mine) for _ in range(2)
    )
    assert first.json()["receipt"] == second.json()["receipt"]
    world.join("Coordinators")
    theirs = world.token("Coordinators", *token_scopes(Role.COORDINATOR))
    listed = httpx.get(
        f"{address}/v1/submissions", headers={"Authorization": f"Bearer {theirs}"}
    )
    assert len(listed.json()["submissions"]) == 1
