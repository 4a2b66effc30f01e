"""What is published, fetched by programs that other people wrote."""

import csv
import hashlib
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import feedparser
import jsonschema_rs
import pytest
from litestar.testing import TestClient
from pysequoia import Cert, Sig, verify

from fairlead.access import membership
from fairlead.access.roles import Role, operator, token_scopes
from fairlead.formats import checking, schemas
from fairlead.formats.cve import Assigner
from fairlead.store.openpgp import OpenPGPKey
from fairlead.web.app import create_app

CSAF = "/.well-known/csaf"
DRAFT = {
    "title": "Overflow in <example> & co.",
    "summary": "It overflows.",
    "description": "A long name overflows a buffer.",
    "affected": [
        {
            "vendor": "Example",
            "product": "example",
            "purl": "pkg:pypi/my-example",
            "fixed": "1.1",
        }
    ],
    "aliases": ["CVE-2026-12345"],
    "references": [
        {"url": "https://example.org/x", "summary": "Fix", "category": "FIX"}
    ],
    "cwe": {"id": "CWE-787", "name": "Out-of-bounds Write"},
}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def fill(client, world):
    """Publish one advisory, and stay signed in as who did; return its name."""
    for name in ("Finder", "Programme"):
        world.join(name)
    body = {"purl": "pkg:pypi/my-example@1.0"}
    client.post("/v1/reports", json=body, headers=bearer(world.token("Finder")))
    world.work()
    headers = bearer(world.token("Programme", *token_scopes(Role.COORDINATOR)))
    ((case,),) = (
        [c["id"] for c in client.get("/v1/cases", headers=headers).json()["cases"]],
    )
    for state in ("triaged", "with owner"):
        move = {"to": state, "reason": "so"}
        client.post(f"/v1/cases/{case}/moves", json=move, headers=headers)
    until = {"until": world.clock().isoformat(), "rule": "agreed", "reason": "so"}
    client.post(f"/v1/cases/{case}/embargo", json=until, headers=headers)
    client.post("/sign-in", data={"code": world.code("Programme", Role.COORDINATOR)})
    answer = client.post(f"/v1/cases/{case}/advisory", json=DRAFT)
    assert answer.status_code == 201, answer.text
    return case


def as_coordinator(client, world, name="Again"):
    client.cookies.clear()
    code = world.code("Programme", Role.COORDINATOR, name=name)
    client.post("/sign-in", data={"code": code})


@pytest.fixture
def signing(sqlite_world, tmp_path):
    """A client of a clearinghouse that signs, and is a CVE Numbering Authority."""
    world = sqlite_world
    key = OpenPGPKey(tmp_path, "Test Clearinghouse")
    cna = Assigner(org_id="b7d1c5a0-1111-4222-8333-444455556666", short_name="test")
    context = replace(world.context, signer=key, assigner=cna)
    with TestClient(create_app(context)) as client:
        yield client


@pytest.fixture
def name(signing, sqlite_world):
    return fill(signing, sqlite_world)


def get(client, address):
    path = address.removeprefix("http://testserver.local")
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer


@pytest.mark.parametrize(
    ("place", "schema"),
    [("", schemas.CSAF_PROVIDER), ("v2.1/", schemas.CSAF_PROVIDER_2_1)],
)
def test_a_csaf_client_gets_from_metadata_to_a_signed_document(
    signing, name, place, schema
):
    """As the standard says: metadata, feed, document, hashes, signature, key."""
    metadata = get(signing, f"{CSAF}/{place}provider-metadata.json").json()
    assert not list(schemas.violations(schema, metadata))
    assert metadata["canonical_url"].endswith(f"{CSAF}/{place}provider-metadata.json")
    assert metadata["role"] == "csaf_trusted_provider"
    rolie, directory = metadata["distributions"]
    folder = directory.get("directory_url") or directory["directory"]["url"]
    feed = get(signing, rolie["rolie"]["feeds"][0]["url"]).json()["feed"]
    (entry,) = feed["entry"]
    links = {}
    for link in entry["link"]:
        links.setdefault(link["rel"], []).append(link["href"])
    document = get(signing, links["self"][0])
    assert document.json()["document"]["tracking"]["id"] == name
    for address in links["hash"]:
        kind = address.rpartition(".")[2]
        said = get(signing, address).text.split()[0]
        assert said == hashlib.new(kind, document.content).hexdigest()
    (key,) = metadata["public_openpgp_keys"]
    certificate = Cert.from_bytes(get(signing, key["url"]).content)
    assert certificate.fingerprint.upper() == key["fingerprint"]
    signature = Sig.from_bytes(get(signing, links["signature"][0]).content)
    verified = verify(
        bytes=document.content, store=lambda _: [certificate], signature=signature
    )
    assert verified.valid_sigs
    index = get(signing, f"{folder}/index.txt").text.split()
    changes = get(signing, f"{folder}/changes.csv").text
    rows = list(csv.reader(io.StringIO(changes)))
    assert index == [row[0] for row in rows]
    assert links["self"][0].endswith(index[0])
    assert document.json()["document"]["references"][0]["url"] == links["self"][0]


def test_the_feed_of_nobody_is_a_valid_feed(client):
    assert (
        get(client, f"{CSAF}/white/feed-tlp-white.json").json()["feed"]["entry"] == []
    )
    metadata = get(client, f"{CSAF}/provider-metadata.json").json()
    assert not list(schemas.violations(schemas.CSAF_PROVIDER, metadata))
    assert metadata["role"] == "csaf_provider"
    assert feedparser.parse(get(client, "/advisories.atom").content).bozo is False


def test_what_is_not_there_is_not_found(signing, name):
    file = name.lower()
    for path in (
        f"2025/{file}.json",
        f"2026/{file}.json.exe",
        f"2026/{file}",
        "2026/nothing.json",
        f"2026/{name}.json",
    ):
        assert signing.get(f"{CSAF}/white/{path}").status_code == 404, path


@pytest.mark.usefixtures("name")
def test_an_independent_checker_accepts_what_is_served(signing, tmp_path):
    index = get(signing, f"{CSAF}/white/index.txt").text.split()[0]
    path = tmp_path / index.rpartition("/")[2]
    path.write_bytes(get(signing, f"{CSAF}/white/{index}").content)
    command = [sys.executable, "-m", "csaf", "validate", "--spec-version", "v20"]
    done = subprocess.run(
        [*command, "--no-network", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


@pytest.mark.usefixtures("name")
def test_independent_tools_accept_the_provider_and_its_tree(signing, tmp_path):
    """`csaf distribute`: the metadata of 2.1, and the whole tree as a mirror has it."""
    provider = tmp_path / "provider.json"
    metadata = get(signing, f"{CSAF}/v2.1/provider-metadata.json")
    provider.write_bytes(metadata.content)
    assert distribute("provider", provider)[0] == 0
    tree = tmp_path / "tree"
    folder = metadata.json()["distributions"][1]["directory"]["url"]
    index = get(signing, f"{folder}/index.txt").text.split()
    for path in [*index, "index.txt", "changes.csv"]:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(get(signing, f"{folder}/{path}").content)
    _, audited = distribute("audit", tree)
    audited = audited[0] if isinstance(audited, list) else audited
    assert audited["advisory_count"] == len(index) == 1
    # This tool reads the instant first, the standard's example (7.1.13) the file name.
    rules = {violation["rule"] for violation in audited["violations"]}
    assert rules <= {"changes-csv"}


def distribute(what, source):
    command = [sys.executable, "-m", "csaf", "distribute", what, "--format", "json"]
    done = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout or "{}")


def test_every_format_is_valid(signing, name):
    for kind in ("csaf", "csaf-2.1", "osv", "cve"):
        served = get(signing, f"/advisories/{name}/{kind}").content
        assert checking.check(served).valid, kind


def test_openvex_is_served(signing, name):
    document = get(signing, f"/advisories/{name}/openvex").json()
    assert document["@id"].endswith(f"/advisories/{name}/openvex")
    assert signing.get(f"/advisories/{name}/nothing").status_code == 404


# --- OSV -----------------------------------------------------------------------------------


QUERIES = [
    ({"version": "1.0", "package": {"purl": "pkg:pypi/my-example"}}, True),
    ({"package": {"purl": "pkg:pypi/My.Example@1.0"}}, True),
    (
        {"version": "1.1", "package": {"name": "my-example", "ecosystem": "PyPI"}},
        False,
    ),
    (
        {"version": "1.0", "package": {"name": "My_Example", "ecosystem": "PyPI"}},
        True,
    ),
    ({"package": {"name": "my-example", "ecosystem": "PyPI"}}, True),
    ({"version": "1.0", "package": {"name": "other", "ecosystem": "PyPI"}}, False),
    (
        {"version": "1.0", "package": {"name": "my-example", "ecosystem": "npm"}},
        False,
    ),
    ({"version": "no version", "package": {"purl": "pkg:pypi/my-example"}}, True),
    ({"commit": "6879efc2c1596d11a6a6ad296f80063b558d5e0f"}, False),
]


def test_osv_answers_by_package_and_version(client, world):
    """A version that cannot be compared counts as affected: somebody must look."""
    name = fill(client, world)
    for query, found in QUERIES:
        answer = client.post("/v1/query", json=query)
        assert answer.status_code == 200
        ids = [record["id"] for record in answer.json().get("vulns", [])]
        assert ids == [f"x_{name}"] * found, query


def test_osv_records_are_found_by_id_and_in_batches(signing, name):
    record = get(signing, f"/v1/vulns/x_{name}").json()
    assert record["id"] == f"x_{name}"
    assert signing.get("/v1/vulns/x_nothing").status_code == 404
    queries = [{"package": {"purl": "pkg:pypi/my-example@1.0"}}, {"commit": "a" * 40}]
    answer = signing.post("/v1/querybatch", json={"queries": queries}).json()
    expected = {"vulns": [{"id": record["id"], "modified": record["modified"]}]}
    assert answer == {"results": [expected, {}]}


REFUSED = [
    {},
    {"package": {}},
    {"package": {"purl": "nonsense"}},
    {"package": {"purl": "pkg:pypi/a", "name": "a", "ecosystem": "PyPI"}},
    {"version": "1", "package": {"purl": "pkg:pypi/a@1"}},
]


def test_osv_refuses_what_it_cannot_understand(client):
    for query in REFUSED:
        assert client.post("/v1/query", json=query).status_code == 400, query


def test_pip_audit_finds_the_vulnerability(serving, tmp_path):
    """An OSV client that we did not write, pointed at us."""
    import httpx

    world, address = serving
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        name = fill(client, world)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("my-example==1.0\n")
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv"]
    done = subprocess.run(
        [
            *command,
            "--osv-url",
            f"{address}/v1/query",
            "-r",
            str(requirements),
            "--no-deps",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_PROXY": "*"},
    )
    (package,) = json.loads(done.stdout)["dependencies"]
    (found,) = package["vulns"]
    assert found["fix_versions"] == ["1.1"]
    assert {f"x_{name}", "CVE-2026-12345"} <= {found["id"], *found["aliases"]}


def locked(folder):
    """Write a project whose lock file names two packages, one of them affected."""
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["my-example", "harmless"]\n'
    )
    packages = "".join(
        f"""
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://packages.example/simple" }}
sdist = {{ url = "https://packages.example/{name}.tar.gz", hash = "sha256:{"0" * 64}" }}
"""
        for name, version in (("harmless", "2.0"), ("my-example", "1.0"))
    )
    (folder / "uv.lock").write_text(
        f"""version = 1
requires-python = ">=3.11"
{packages}
[[package]]
name = "app"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "harmless" }}, {{ name = "my-example" }}]
"""
    )


def test_uv_audit_finds_the_vulnerability(serving, tmp_path):
    """Another OSV client that we did not write: it asks in batches, then by name."""
    import httpx

    if (uv := shutil.which("uv")) is None:
        pytest.skip("uv is not installed")
    world, address = serving
    with httpx.Client(base_url=address, follow_redirects=True) as client:
        name = fill(client, world)
    locked(tmp_path)
    command = [uv, "audit", "--frozen", "--output-format", "json"]
    done = subprocess.run(
        [*command, "--service-url", address],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_PROXY": "*", "UV_PREVIEW": "1"},
    )
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["summary"]["audited_packages"] == 2
    (found,) = told["vulnerabilities"]
    assert found["dependency"] == {"name": "my-example", "version": "1.0"}
    assert (found["id"], found["fix_versions"]) == (f"x_{name}", ["1.1"])
    assert found["aliases"] == ["CVE-2026-12345"]


# --- HEAD ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("name")
def test_who_asks_for_the_head_of_a_feed_gets_it_without_its_body(signing):
    """As of GET: the same status, type and length, for files that are there or not."""
    metadata = get(signing, f"{CSAF}/provider-metadata.json").json()
    rolie, directory = metadata["distributions"]
    feed = get(signing, rolie["rolie"]["feeds"][0]["url"]).json()["feed"]
    links = [link["href"] for link in feed["entry"][0]["link"]]
    files = [f"{directory['directory_url']}/{n}" for n in ("index.txt", "changes.csv")]
    key = metadata["public_openpgp_keys"][0]["url"]
    missing = f"{CSAF}/white/1999/none.json"
    canonical = metadata["canonical_url"]
    for address in (*links, *files, key, canonical, "/advisories.atom", missing):
        path = address.removeprefix("http://testserver.local")
        whole, head = signing.get(path), signing.head(path)
        assert head.status_code == whole.status_code, path
        assert head.content == b""
        for field in ("content-type", "content-length", "cache-control"):
            assert head.headers.get(field) == whole.headers.get(field), (path, field)


# --- Atom ----------------------------------------------------------------------------------


def test_a_feed_reader_reads_the_feed(signing, name):
    read = feedparser.parse(get(signing, "/advisories.atom").content)
    assert read.bozo is False
    (entry,) = read.entries
    assert entry.title == "Overflow in <example> & co."
    assert entry.link.endswith(f"/advisories/{name}")
    assert entry.id == entry.link


# --- Revised and withdrawn -----------------------------------------------------------------


def test_a_revision_reaches_every_feed_with_its_history(signing, sqlite_world, name):
    sqlite_world.clock.pass_time(days=400)
    as_coordinator(signing, sqlite_world)
    draft = {
        **DRAFT,
        "title": "Worse overflow",
        "severities": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"],
    }
    address = f"/v1/advisories/{name}/revisions"
    assert (
        signing.post(address, json={"draft": draft, "summary": " "}).status_code == 400
    )
    answer = signing.post(address, json={"draft": draft, "summary": "Rated."})
    assert answer.status_code == 201, answer.text
    assert answer.json()["version"] == 2
    document = get(signing, f"/advisories/{name}/csaf").json()["document"]
    history = [r["summary"] for r in document["tracking"]["revision_history"]]
    assert history == ["First version.", "Rated."]
    assert document["tracking"]["initial_release_date"] == "2026-08-18T14:03:21Z"
    assert document["references"][0]["url"].split("/")[-2] == "2026"
    assert get(signing, f"/v1/vulns/x_{name}").json()["modified"].startswith("2027")
    page = get(signing, f"/advisories/{name}").text
    assert "Worse overflow" in page
    assert "Rated." in page


class Form(HTMLParser):
    """The form for a revision, as a browser would send it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.values, self._area = "", {}, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.inside = "/revisions" in given.get("action", "")
            self.action = given["action"] if self.inside else self.action
        elif tag in {"input", "textarea"} and self.inside and "name" in given:
            self.values[given["name"]] = given.get("value") or ""
            self._area = given["name"] if tag == "textarea" else None

    inside = False

    def handle_data(self, data):
        if self._area:
            self.values[self._area] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None


def form_of(page):
    return Form(page).values


def test_a_revision_is_written_on_the_page(signing, sqlite_world, name):
    """The form holds what is published; what it has no place for stays as it was."""
    as_coordinator(signing, sqlite_world)
    second = {**DRAFT["affected"][0], "product": "other", "purl": "pkg:pypi/other"}
    draft = {
        **DRAFT,
        "affected": [*DRAFT["affected"], second],
        "aliases": ["CVE-2026-12345", "GHSA-xxxx-yyyy-zzzz"],
    }
    signing.post(
        f"/v1/advisories/{name}/revisions", json={"draft": draft, "summary": "Two."}
    )
    page = get(signing, f"/advisories/{name}").text
    assert "further products, further names" in page
    typed = form_of(page)
    assert typed["title"] == DRAFT["title"]
    assert typed["reference"] == DRAFT["references"][0]["url"]
    address = f"/advisories/{name}/revisions"
    refused = signing.post(address, data=typed)
    assert refused.status_code == 400
    assert "say it in words" in refused.text
    again = form_of(refused.text)
    wrong = {**again, "news": "Fixed later.", "fixed": "1.2", "purl": "no purl"}
    refused = signing.post(address, data=wrong)
    assert refused.status_code == 400
    assert form_of(refused.text)["fixed"] == "1.2"
    right = {**form_of(refused.text), "purl": "pkg:pypi/my-example"}
    sqlite_world.clock.pass_time(minutes=1)
    answer = signing.post(address, data=right, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/advisories/{name}",
    )
    osv = get(signing, f"/v1/vulns/x_{name}").json()
    ends = [a["ranges"][0]["events"][-1]["fixed"] for a in osv["affected"]]
    assert ends == ["1.2", "1.1"]
    assert set(osv["aliases"]) == {"CVE-2026-12345", "GHSA-xxxx-yyyy-zzzz"}
    assert osv["references"][-1]["type"] == "FIX"
    shown = get(signing, f"/advisories/{name}").text
    assert shown.index("Two.") < shown.index("Fixed later.")


def test_who_was_verified_long_ago_loses_nothing_that_was_typed(
    signing, sqlite_world, name
):
    """It is asked first, and finds the form as it was."""
    sqlite_world.clock.pass_time(minutes=30)
    typed = form_of(get(signing, f"/advisories/{name}").text)
    typed |= {"news": "Better words.", "title": "Better words"}
    asked = signing.post(f"/advisories/{name}/revisions", data=typed)
    assert asked.status_code == 403
    form = Form(asked.text)
    sent = form.values
    assert sent["title"] == "Better words"
    wrong = signing.post(form.action, data={**sent, "code": "no code"})
    assert wrong.status_code == 401
    with sqlite_world.store.begin() as unit:
        (ada,) = unit.people.all()
        code = membership.hand_out_code(
            unit,
            operator("test"),
            ada.id,
            at=sqlite_world.clock(),
            randomness=secrets.token_bytes,
        )
    proved = signing.post(form.action, data={**sent, "code": code})
    assert proved.status_code == 200
    filled = form_of(proved.text)
    assert (filled["news"], filled["title"]) == ("Better words.", "Better words")
    done = signing.post(f"/advisories/{name}/revisions", data=filled)
    assert "Better words." in done.text


def test_the_form_is_for_those_who_publish(signing, sqlite_world, name):
    signing.cookies.clear()
    page = get(signing, f"/advisories/{name}").text
    assert "Revise this advisory" not in page
    signing.post("/sign-in", data={"code": sqlite_world.code("Finder", Role.REPORTER)})
    typed = {"news": "x", "title": "x"}
    refused = signing.post(f"/advisories/{name}/revisions", data=typed)
    assert refused.status_code in {403, 404}


def test_a_withdrawal_leaves_the_reason_and_nothing_else(signing, sqlite_world, name):
    as_coordinator(signing, sqlite_world)
    address = f"/v1/advisories/{name}/withdrawal"
    answer = signing.post(address, json={"reason": "It was no bug."})
    assert answer.status_code == 201, answer.text
    document = get(signing, f"/advisories/{name}/csaf").json()
    assert "product_tree" not in document
    assert "It was no bug." in json.dumps(document)
    record = get(signing, f"/v1/vulns/x_{name}").json()
    assert record["withdrawn"]
    assert (
        get(signing, f"/advisories/{name}/cve").json()["cveMetadata"]["state"]
        == "REJECTED"
    )
    assert signing.get(f"/advisories/{name}/openvex").status_code == 404
    page = get(signing, f"/advisories/{name}").text
    assert "Withdrawn" in page
    assert "A long name overflows" not in page
    feed = feedparser.parse(get(signing, "/advisories.atom").content)
    assert feed.entries[0].title.startswith("Withdrawn: ")
    again = signing.post(address, json={"reason": "Twice."})
    assert again.status_code == 409
    draft = {"draft": DRAFT, "summary": "No, it was."}
    assert (
        signing.post(f"/v1/advisories/{name}/revisions", json=draft).status_code == 409
    )


def test_a_token_cannot_revise_or_withdraw(signing, sqlite_world, name):
    signing.cookies.clear()
    headers = bearer(sqlite_world.token("Programme", *token_scopes(Role.COORDINATOR)))
    for path, body in (
        ("revisions", {"draft": DRAFT, "summary": "so"}),
        ("withdrawal", {"reason": "so"}),
    ):
        answer = signing.post(
            f"/v1/advisories/{name}/{path}", json=body, headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "not-verified")


def test_a_refusal_names_the_faults_of_every_format(signing, sqlite_world, name):
    as_coordinator(signing, sqlite_world)
    draft = {**DRAFT, "references": [], "cwe": {"id": "CWE-787", "name": "Wrong"}}
    body = {"draft": draft, "summary": "so"}
    answer = signing.post(f"/v1/advisories/{name}/revisions", json=body)
    assert answer.status_code == 400
    assert {"references", "cwe.name"} <= {e["field"] for e in answer.json()["errors"]}


def test_the_key_is_made_once_and_kept_from_others(tmp_path):
    first = OpenPGPKey(tmp_path, "Test")
    signed = first.sign(b"x")
    again = OpenPGPKey(tmp_path, "Other")
    assert again.fingerprint == first.fingerprint
    assert "BEGIN PGP SIGNATURE" in signed
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_a_product_has_a_page_of_its_advisories(signing, name):
    shown = get(signing, f"/advisories/{name}").text
    assert 'href="/products/PyPI/my-example"' in shown
    page = get(signing, "/products/PyPI/My_Example").text
    assert f'href="/advisories/{name}"' in page
    other = get(signing, "/products/npm/@scope/%3Cscript%3Ealert()%3C/script%3E").text
    assert "None has been published" in other
    assert "<script>alert" not in other


def test_the_pages_say_how_to_set_clients_up(client):
    page = get(client, "/feeds").text
    for command in (
        "csaf_downloader",
        "pip-audit",
        "uv audit",
        "curl",
        "advisories.atom",
    ):
        assert command in page


@pytest.mark.conformance
def test_the_official_provider_schema_accepts_the_metadata(client, data_folder):
    folder = data_folder / "suites/csaf/2.0/json_schema"
    read = {
        p.name: json.loads(p.read_text()) for p in folder.glob("*_json_schema.json")
    }
    resources = [(s["$id"], s) for s in read.values()]
    names = ("cvss-v2.0", "cvss-v3.0", "cvss-v3.1")
    resources += [(f"https://www.first.org/cvss/{n}.json", {}) for n in names]
    schema = read["provider_json_schema.json"]
    registry = jsonschema_rs.Registry(resources)
    validator = jsonschema_rs.validator_for(schema, registry=registry)
    metadata = get(client, f"{CSAF}/provider-metadata.json").json()
    assert not list(validator.iter_errors(metadata))
