"""What shows who owns what, over real git, real DNS and real HTTP on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import verifying
from fairlead.clearinghouse.owners.owner import Proof
from fairlead.clearinghouse.owners.verifying import FILE, Question
from fairlead.errors import Unavailable
from fairlead.remote.dns import Resolver
from fairlead.remote.outside import LARGEST_FILE, LARGEST_TEXT, RealOutside
from fairlead.remote.upstream import Reach

sys.path.insert(0, str(Path(__file__).parents[1]))
from web.test_joining import dns_server

CHALLENGE = "fairlead-owner " + "n" * 26 + " mailto:sec@example.org"
HERE = Reach.read("127.0.0.0/8 ::1/128")


def asked(target):
    return Question(
        number=1, target=target, challenge=CHALLENGE, epoch=1, mail="sec@example.org"
    )


def git(folder, *command):
    settings = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    settings += ("-c", "init.defaultBranch=trunk", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *settings, *command],  # noqa: S607 - as installed
        cwd=folder,
        check=True,
        capture_output=True,
    ).stdout.decode()


@pytest.fixture
def repository(tmp_path):
    """Return a working copy and the bare repository that it is pushed to."""
    bare, work = tmp_path / "bare.git", tmp_path / "work"
    git(tmp_path, "init", "--bare", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(work))
    (work / "README").write_text("hello")
    git(work, "add", "README")
    git(work, "commit", "-qm", "first")
    git(work, "push", "-q", "origin", "HEAD")
    return work, bare


def push(work, name, text, branch="trunk"):
    git(work, "checkout", "-q", "-B", branch)
    (work / name).write_text(text)
    git(work, "add", name)
    git(work, "commit", "-qm", "more")
    git(work, "push", "-qf", "origin", branch)
    return git(work, "rev-parse", "HEAD").strip()


def outside(bare=None, **rest):
    rest.setdefault("text_records", lambda _name: [])
    return RealOutside(
        reach=HERE, repository_at=lambda _address: str(bare), protocol="file", **rest
    )


REPOSITORY = Target(repository="https://git.example.org/one/two.git")


def test_a_challenge_that_was_pushed_is_found_with_its_commit(repository):
    """Whoever can push to the default branch shows it."""
    work, bare = repository
    assert verifying.look(asked(REPOSITORY), outside(bare)).shown is None
    commit = push(work, FILE, f"# our contact\n{CHALLENGE}\n")
    shown = verifying.look(asked(REPOSITORY), outside(bare)).shown
    assert shown.proof is Proof.COMMIT
    assert shown.seen == f"https://git.example.org/one/two at {commit}"


def test_a_challenge_elsewhere_in_a_repository_shows_nothing(repository):
    """Other branches are what anybody may have pushed for a review."""
    work, bare = repository
    push(work, FILE, CHALLENGE, branch="pull/1")
    git(work, "push", "-q", "origin", "pull/1:refs/pull/1/head")
    git(work, "checkout", "-q", "trunk")
    push(work, "NOTES", CHALLENGE)
    assert verifying.look(asked(REPOSITORY), outside(bare)).shown is None


def test_what_is_no_plain_small_file_is_not_read(repository, tmp_path):
    """Neither a link out of the repository, nor a folder, nor something huge."""
    work, bare = repository
    secret = tmp_path / "secret"
    secret.write_text(CHALLENGE)
    (work / FILE).symlink_to(secret)
    git(work, "add", FILE)
    git(work, "commit", "-qm", "link")
    git(work, "push", "-q", "origin", "HEAD")
    assert outside(bare).file("https://git.example.org/one/two", FILE) is None
    (work / FILE).unlink()
    push(work, FILE, f"{CHALLENGE}\n" + "x" * LARGEST_FILE)
    assert outside(bare).file("https://git.example.org/one/two", FILE) is None


def test_a_repository_that_is_none_is_said_to_be_away(tmp_path):
    """It is looked for again later; nothing is taken for a no."""
    with pytest.raises(Unavailable):
        verifying.look(asked(REPOSITORY), outside(tmp_path / "nothing"))


@pytest.mark.parametrize(
    "address", ["ext::sh -c true", "file:///etc", "--upload-pack=true", "ssh://x/y"]
)
def test_git_speaks_nothing_but_https_to_public_addresses(address):
    """An address that runs a command or reads this machine goes nowhere."""
    real = RealOutside(
        text_records=lambda _n: [], reach=Reach(), repository_at=lambda _a: address
    )
    with pytest.raises((Unavailable, verifying.Error)):
        real.file("https://git.example.org/one/two", FILE)


def test_a_record_in_dns_shows_a_host():
    """The record of the very host, not of one below or above it."""
    host = Target(host="www.example.org")
    records = {"_fairlead-owner.www.example.org": [f'"{CHALLENGE}"', '"v=spf1"']}
    with dns_server(records) as address, pages({}) as (url, _):
        ask = outside(
            text_records=Resolver(address).text_records,
            security_txt_at=lambda _h: url,
        )
        assert verifying.look(asked(host), ask).shown.proof is Proof.DNS
        other = Target(host="example.org")
        assert verifying.look(asked(other), ask).shown is None


# --- A real HTTP server -------------------------------------------------------------------


@contextmanager
def pages(answers):
    """Serve bytes by path; a number is answered as a redirect to elsewhere."""
    seen = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            body = answers.get(self.path)
            if isinstance(body, str):
                self.send_response(302)
                self.send_header("Location", body)
                self.end_headers()
                return
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_line_in_security_txt_shows_a_host():
    """As a comment, since the file has no field for it."""
    host = Target(host="www.example.org")
    text = (
        f"Contact: mailto:sec@example.org\n# {CHALLENGE}\nExpires: 2030-01-01T00:00Z\n"
    )
    with pages({"/": text.encode()}) as (url, _):
        ask = outside(security_txt_at=lambda _h: f"{url}/")
        assert verifying.look(asked(host), ask).shown.proof is Proof.SECURITY_TXT


@pytest.mark.parametrize("answer", ["https://evil.example/", b"x" * (LARGEST_TEXT + 1)])
def test_a_redirect_or_a_flood_is_not_followed(answer):
    """What a host sends elsewhere does not speak for it."""
    with pages({"/": answer}) as (url, _):
        ask = outside(security_txt_at=lambda _h: f"{url}/")
        with pytest.raises(Unavailable):
            verifying.look(asked(Target(host="www.example.org")), ask)


def test_an_address_within_this_network_is_not_asked():
    """What somebody typed as a host cannot make this server call itself."""
    with pages({"/": CHALLENGE.encode()}) as (url, seen):
        closed = RealOutside(
            text_records=lambda _n: [],
            reach=Reach(),
            security_txt_at=lambda _h: f"{url}/",
        )
        with pytest.raises(Unavailable):
            verifying.look(asked(Target(host="www.example.org")), closed)
    assert seen == []


PYPI = {
    "info": {
        "summary": f"A thing. {CHALLENGE}",
        "author_email": "sec@example.org",
        "description": "long",
        "project_urls": {"Source": "https://github.com/one/two"},
    }
}
NPM = {
    "dist-tags": {"latest": "2.0.0"},
    "maintainers": [{"name": "one", "email": "sec@example.org"}],
    "versions": {"1.0.0": {"description": CHALLENGE}, "2.0.0": {"description": "x"}},
    "readme": CHALLENGE,
}
CRATE = {"crate": {"description": CHALLENGE, "repository": None}, "versions": []}


@pytest.mark.parametrize(
    ("purl", "path", "document", "seen"),
    [
        ("pkg:pypi/example", "/pypi/example/json", PYPI, "words of a release"),
        ("pkg:npm/%40one/two", "/@one%2Ftwo", NPM, "an account"),
        ("pkg:cargo/example", "/api/v1/crates/example", CRATE, "words of a release"),
    ],
)
def test_registries_in_their_own_shapes(purl, path, document, seen):
    """Each by the shape of its own answer; what is long or old does not count."""
    with pages({path: json.dumps(document).encode()}) as (url, asked_for):
        homes = dict.fromkeys(("pypi", "npm", "cargo"), url)
        found = verifying.look(asked(Target(purl=purl)), outside(homes=homes))
        assert found.shown.proof is Proof.REGISTRY
        assert seen in found.shown.seen
        assert asked_for == [path]


def test_what_anybody_wrote_into_a_readme_or_an_old_release_is_not_the_publishers_word():
    """Only short words of the newest release count, and accounts that the registry has."""
    document = NPM | {"maintainers": [{"email": "else@example.org"}]}
    with pages({"/two": json.dumps(document).encode()}) as (url, _):
        found = verifying.look(
            asked(Target(purl="pkg:npm/two")), outside(homes={"npm": url})
        )
        assert found.shown is None
    document = {"info": {"author_email": "sec@example.org", "description": CHALLENGE}}
    with pages({"/pypi/two/json": json.dumps(document).encode()}) as (url, _):
        found = verifying.look(
            asked(Target(purl="pkg:pypi/two")), outside(homes={"pypi": url})
        )
        assert found.shown is None


def test_a_registry_that_the_operator_did_not_name_is_not_asked():
    """Nothing leaves this machine for it; it may be named later."""
    with pytest.raises(Unavailable):
        verifying.look(asked(Target(purl="pkg:pypi/two")), outside())


def test_an_answer_that_cannot_be_read_is_no_answer():
    """A registry that sends nonsense is asked again later."""
    with pages({"/pypi/two/json": b"<html>"}) as (url, _), pytest.raises(Unavailable):
        verifying.look(asked(Target(purl="pkg:pypi/two")), outside(homes={"pypi": url}))
