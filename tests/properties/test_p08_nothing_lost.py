"""P8: nothing acknowledged is lost when the whole process group is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

COMMAND = [sys.executable, "-m", "fairlead"]
SUBMISSIONS = 200
KILLED_AFTER = 60
"""How many receipts are there when the server is killed."""


def fairlead(home, database, *arguments):
    """Run a command of the product as a user would, and return what it prints."""
    done = subprocess.run(
        [*COMMAND, *arguments, "--home", str(home), "--json"],
        env=environment(database),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def environment(database):
    return {**os.environ, "FAIRLEAD_DATABASE": database}


class Server:
    """The server in a process group of its own."""

    def __init__(self, home, database):
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--home", str(home), "--port", "0", "--json"],
            env=environment(database),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        told = b""
        while not told.endswith(b"}\n"):
            line = self.process.stdout.readline()
            assert line, "the server ended"
            told += line
        self.address = json.loads(told)["address"]

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        self.end()

    def end(self):
        self.process.wait(20)
        self.process.stdout.close()


def report(number):
    """Return a report; every fifth is so large that it lies outside the database."""
    large = "x" * 70_000 if number % 5 == 0 else ""
    return {
        "purl": f"pkg:pypi/package-{number % 7}@1.0",
        "affected_symbol": {"file": "a.py", "function": f"function_{number}"},
        "attachments": [
            {
                "filename": "r.txt",
                "content_type": "text/plain",
                "data": f"report {number}{large}",
            }
        ],
    }


def send_batch(address, headers, number):
    """Send a report as a batch of one; return its receipt."""
    answer = httpx.post(
        f"{address}/v1/reports/batch",
        content=json.dumps(report(number)).encode(),
        headers={**headers, "Content-Type": "application/x-ndjson"},
        timeout=10,
    )
    (told,) = [json.loads(line) for line in answer.text.splitlines()]
    assert told["status"] == 202
    return told["receipt"]


@pytest.mark.parametrize("round_", [1, 2])
def test_a_killed_server_has_lost_no_receipt_that_it_handed_out(
    tmp_path, database_url, round_
):
    home = tmp_path / "home"
    fairlead(home, database_url, "organisation", "add", "Finder")
    token = fairlead(
        home, database_url, "token", "issue", "Finder", "--scope", "report:submit"
    )["secret"]
    server = Server(home, database_url)
    receipts: dict[int, str] = {}

    def send(number):
        headers = {"Authorization": f"Bearer {token}"}
        try:
            if number % 3 == 0:
                receipts[number] = send_batch(server.address, headers, number)
                return
            answer = httpx.post(
                f"{server.address}/v1/reports",
                json=report(number),
                headers=headers,
                timeout=10,
            )
        except httpx.HTTPError:
            return
        assert answer.status_code == 202
        receipts[number] = answer.json()["receipt"]

    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(send, number) for number in range(SUBMISSIONS)]
        while len(receipts) < KILLED_AFTER * round_:
            time.sleep(0.005)
        server.kill()
        for future in sent:
            future.result()
    assert KILLED_AFTER <= len(receipts) < SUBMISSIONS

    server = Server(home, database_url)
    with httpx.Client(base_url=server.address) as http:
        until = time.monotonic() + 30
        for number, receipt in receipts.items():
            while True:
                answer = http.get(f"/v1/submissions/{receipt}")
                assert answer.status_code == 200, f"report {number} is lost"
                if answer.json()["status"] == "done":
                    break
                assert time.monotonic() < until
                time.sleep(0.05)
        number, receipt = next(iter(receipts.items()))
        again = http.post(
            "/v1/reports",
            json=report(number),
            headers={"Authorization": f"Bearer {token}"},
        )
        assert again.json()["receipt"] == receipt
    server.stop()
    checked = fairlead(home, database_url, "record", "check")
    assert checked["holds"]
    assert checked["waiting"] == 0
