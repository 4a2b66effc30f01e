"""Sealed assets of an engagement over HTTP: handed over, opened by two, and gone."""

from __future__ import annotations

import base64
import json
import secrets
import sys
from pathlib import Path

import pytest

from fairlead.formats import tus
from fairlead.review import concluding, granting, handing
from fairlead.sealing import halves
from fairlead.sealing.holders import Part, new_holder_key, read_holder
from fairlead.sealing.opening import FailedOpening, Outcome
from fairlead.store.sealed import SealedFolder
from fairlead.store.sealing import Sealing, seal
from fairlead.terms.standard import Profile, draft

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import RULES, Cast
from test_certificates import sign_in, verify

DEVELOPER = new_holder_key(Part.DEVELOPER, "Developer", secrets.token_bytes)
TUS = {"Tus-Resumable": "1.0.0"}
PLACE = {"attributes": ("citizenship:US",), "place": "Vault 7"}


def public(key):
    return json.loads(key.holder.encode())


class Stage:
    """An engagement about sealed weights, not provided yet."""

    def __init__(self, world, client, base):
        self.client, self.base, self.cast = client, base, Cast(world)
        self.engagement = self.cast.ask()
        begun = draft(Profile.SEALED_WEIGHTS, facility="Vault 7")
        self.cast.agree(self.engagement, assets=begun.assets, clauses=begun.clauses)
        self.cast.name(self.engagement, "eva", "ezra", **PLACE)
        self.given = self.take_keys().json()
        self.address = f"/v1/assets/{self.given['asset']}"
        self.seal()

    def take_keys(self):
        sign_in(self.cast, self.client, "dora")
        address = f"/v1/engagements/{self.engagement}/sealing-keys"
        return self.client.post(address, json={"asset": "weights"})

    def seal(self, *, again=False):
        holder = read_holder(json.dumps(self.given["holder"]).encode())
        (self.base / "model").mkdir(exist_ok=again)
        self.content = secrets.token_bytes(40_000)
        (self.base / "model/weights.bin").write_bytes(self.content)
        self.sealed = self.base / "sealed"
        seal(
            Sealing(
                folder=self.base / "model",
                out=self.sealed,
                key=DEVELOPER,
                holders=[holder],
                randomness=secrets.token_bytes,
            )
        )

    @property
    def files(self):
        return [p for p in sorted(self.sealed.rglob("*")) if p.is_file()]

    def send(self, path):
        name = path.relative_to(self.sealed).as_posix().encode()
        content = path.read_bytes()
        named = {"Upload-Metadata": f"filename {base64.b64encode(name).decode()}"}
        length = {"Upload-Length": str(len(content))}
        begun = self.client.post(
            f"{self.address}/uploads", headers=TUS | named | length
        )
        if begun.status_code != 201:
            return begun
        return self.client.patch(
            begun.headers["location"],
            content=content,
            headers=TUS | {"Upload-Offset": "0", "Content-Type": tus.CONTENT},
        )

    def provide(self):
        return self.client.post(
            f"{self.address}/availability", json={"sealed_by": public(DEVELOPER)}
        )

    def live(self):
        sign_in(self.cast, self.client, "dora")
        for path in self.files:
            assert self.send(path).status_code == 204
        assert self.provide().status_code == 200
        self.cast.do("dora", granting.go_live, self.engagement)

    def key(self, name):
        issued = self.cast.do(
            name, granting.issue_key, self.engagement, randomness=secrets.token_bytes
        )
        return issued.secret

    def open(self, name, *, second="", session=None, **more):
        sign_in(self.cast, self.client, name)
        session = session or new_holder_key(Part.PROGRAMME, "s", secrets.token_bytes)
        asked = {"session": public(session), "second_key": second} | more
        return self.client.post(f"{self.address}/openings", json=asked)

    def download(self, path, second=""):
        name = path.relative_to(self.sealed).as_posix()
        return self.client.get(
            f"{self.address}/files/{name}", headers={"Fairlead-Second-Key": second}
        )

    def destroy(self):
        self.cast.do("dora", granting.withdraw, self.engagement, RULES)
        self.cast.do("dora", concluding.destroy, self.engagement)
        self.cast.world.work()


@pytest.fixture
def stage(world, client, tmp_path):
    return Stage(world, client, tmp_path)


def test_the_page_hands_files_and_half_to_named_people(stage):
    """Links for what one may take alone; with the second one's key, file and half."""
    stage.live()
    sign_in(stage.cast, stage.client, "dora")
    page = f"/engagements/{stage.engagement}"
    assert "Take “weights”, sealed" not in stage.client.get(page).text
    second = stage.key("ezra")
    sign_in(stage.cast, stage.client, "eva")
    shown = stage.client.get(page).text
    for path in stage.files:
        name = path.relative_to(stage.sealed).as_posix()
        assert f"{stage.address}/files/{name}?purpose=measurement" in shown
        asked = {"asset": "weights", "name": name, "second_key": second}
        taken = stage.client.post(f"{page}/file", data=asked)
        assert taken.content == path.read_bytes()
        alone = stage.client.post(f"{page}/file", data=asked | {"second_key": ""})
        assert alone.status_code == 403
        assert "it takes two people" in alone.text
    session = new_holder_key(Part.PROGRAMME, "s", secrets.token_bytes)
    asked = {
        "asset": "weights",
        "session": json.dumps(public(session)),
        "second_key": second,
    }
    answer = stage.client.post(f"{page}/half", data=asked)
    assert halves.read_share(answer.content)
    refused = stage.client.post(f"{page}/half", data=asked | {"session": "none"})
    assert refused.status_code == 400
    sign_in(stage.cast, stage.client, "dora")
    assert stage.client.post(f"{page}/half", data=asked).status_code == 403
    sign_in(stage.cast, stage.client, "max")
    assert stage.client.post(f"{page}/half", data=asked).status_code == 404
    assert stage.client.post(f"{page}/file", data=asked).status_code == 404


def test_after_an_amendment_what_changed_is_sealed_and_sent_again(stage):
    """For the same keys; the record names what is available from now on."""
    stage.live()
    before = stage.cast.see("dora", stage.engagement).engagement.sealed["weights"]
    begun = draft(Profile.SEALED_WEIGHTS, facility="Vault 7")
    changed = {"assets": begun.assets, "clauses": begun.clauses, "reply_days": 9}
    stage.cast.agree(stage.engagement, **changed)
    assert stage.take_keys().json()["holder"] == stage.given["holder"]
    stage.seal(again=True)
    for path in stage.files:
        assert stage.send(path).status_code == 204
    assert stage.provide().status_code == 200
    after = stage.cast.see("dora", stage.engagement).engagement.sealed["weights"]
    assert (after.holder, after.seal) == (before.holder, before.seal)
    assert after.digest != before.digest
    second = stage.key("ezra")
    assert stage.open("eva", second=second).status_code == 200
    for path in stage.files:
        assert stage.download(path, second).content == path.read_bytes()


def test_two_named_people_open_what_was_sealed_and_uploaded(stage, tmp_path):
    """Keys, upload, both halves: what the developer sealed is what they read."""
    stage.live()
    assert stage.take_keys().json()["holder"] == stage.given["holder"]
    session = new_holder_key(Part.PROGRAMME, "session", secrets.token_bytes)
    second = stage.key("ezra")
    answer = stage.open("eva", second=second, session=session)
    assert answer.status_code == 200
    share = halves.read_share(answer.content)
    copy = tmp_path / "copy"
    for path in stage.files:
        target = copy / path.relative_to(stage.sealed)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(stage.download(path, second).content)
    folder = SealedFolder.read(copy, DEVELOPER.holder)
    assert folder.faults() == []
    theirs = halves.unwrap(share.half, session, share.seal)
    mine = halves.unwrap_mine(folder.seal.halves, [DEVELOPER], folder.seal.id)
    opened = folder.open(halves.join(mine | {Part.PROGRAMME: theirs}))
    assert b"".join(opened.range("weights.bin", 0, 40_000)) == stage.content
    sign_in(stage.cast, stage.client, "lia")
    shown = stage.client.get(f"/engagements/{stage.engagement}").text
    assert "got our half of “weights”" in shown
    with stage.cast.world.store.read() as unit:
        traces = unit.traces.of(f"engagement/{stage.engagement}")
    assert f"person/{stage.cast.people['eva'].id}" in {t.actor for t in traces}


def test_an_upload_that_is_not_whole_makes_nothing_available(stage):
    """What is missing, or is not what was signed, is named."""
    sign_in(stage.cast, stage.client, "dora")
    assert stage.provide().status_code == 409
    last = next(p for p in stage.files if p.parent.name == "shards")
    most = [p for p in stage.files if p != last]
    for path in most:
        stage.send(path)
    told = stage.provide()
    assert told.status_code == 409
    assert last.relative_to(stage.sealed).as_posix() in told.json()["detail"]
    last.write_bytes(last.read_bytes()[:-1] + b"?")
    stage.send(last)
    assert "not the file that was signed" in stage.provide().json()["detail"]


def test_only_the_developer_of_the_engagement_uploads_while_it_lives(stage):
    """Others cannot even tell that there is such an asset; withdrawing ends it."""
    path = stage.files[0]
    for name, status in (("max", 404), ("pat", 404), ("eva", 403), ("lia", 403)):
        sign_in(stage.cast, stage.client, name)
        assert stage.send(path).status_code == status
    stage.cast.do("dora", granting.withdraw, stage.engagement, RULES)
    sign_in(stage.cast, stage.client, "dora")
    assert stage.send(path).status_code == 409


def test_one_alone_the_wrong_person_or_purpose_gets_nothing(stage):
    """Every obstacle is told to those who are named; a stranger gets what nothing gives."""
    stage.live()
    second = stage.key("ezra")
    alone = stage.open("eva")
    assert alone.status_code == 403
    assert "second" in alone.json()["detail"]
    both = stage.open("eva", purpose="training on outputs").json()["detail"]
    assert "second" in both
    assert "purpose" in both
    assert stage.download(stage.files[0]).status_code == 403
    assert stage.open("lia", second=second).status_code == 403
    assert stage.open("max", second=second).status_code == 404
    assert stage.open("eva", second=stage.key("eva")).status_code == 403


def test_before_and_after_the_window_nothing_opens(stage):
    """The instant itself decides."""
    second = stage.key("ezra")
    assert "access is not open" in stage.open("eva", second=second).json()["detail"]
    stage.live()
    assert stage.open("eva", second=second).status_code == 200
    stage.cast.world.clock.pass_time(days=14)
    over = stage.open("eva", second=second)
    assert over.status_code == 403
    assert "it ended" in over.json()["detail"]


def test_after_destruction_nothing_opens_and_the_certificate_says_so(stage, tmp_path):
    """Bytes and half are gone, the attempt is on record, for that very seal."""
    stage.live()
    second = stage.key("ezra")
    folder = SealedFolder.read(stage.sealed, DEVELOPER.holder)
    stage.destroy()
    assert stage.open("eva", second=second).status_code in {401, 403}
    files = stage.cast.world.context.uploads.folder / "assets"
    assert [p for p in files.rglob("*") if p.is_file()] == []
    sign_in(stage.cast, stage.client, "dora")
    written = stage.client.get(f"/v1/engagements/{stage.engagement}/certificate")
    told = json.loads(verify(stage.cast, written.content, tmp_path, "--json").output)
    assert any("opening weights was attempted" in line for line in told["shows"])
    payload = base64.b64decode(written.json()["payload"])
    assert folder.seal.id in payload.decode()


def test_an_older_copy_of_the_keys_opens_nothing_after_destruction(stage):
    """What was destroyed is destroyed again before anything is served."""
    stage.live()
    store = stage.cast.world.store
    folder = store.vault.keys.folder
    kept = {p: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert kept
    stage.destroy()
    for path, content in kept.items():
        path.write_bytes(content)
    assert store.destroy_keys() >= 2
    with store.read() as unit:
        known = unit.engagements.get(stage.engagement).sealed["weights"]
        name = handing.address(stage.engagement, "weights")
        seal_ = SealedFolder.read(stage.sealed, DEVELOPER.holder).seal
        found = unit.halves.attempt(name, read_holder(known.holder.encode()), seal_)
    assert isinstance(found, FailedOpening)
    assert found.outcome is Outcome.DESTROYED


def test_what_nobody_went_on_with_is_removed(stage):
    """An upload that was begun and left takes room for a week, not for ever."""
    sign_in(stage.cast, stage.client, "dora")
    name = base64.b64encode(b"seal.json").decode()
    headers = TUS | {"Upload-Metadata": f"filename {name}", "Upload-Length": "9"}
    begun = stage.client.post(f"{stage.address}/uploads", headers=headers)
    folder = stage.cast.world.context.uploads.folder
    assert len(list(folder.rglob("up-*"))) > 0
    stage.cast.world.clock.pass_time(days=8)
    stage.cast.world.runner.expire()
    assert list(folder.rglob("up-*")) == []
    told = stage.client.head(begun.headers["location"], headers=TUS)
    assert told.status_code in {401, 404}


def test_the_developers_page_gives_keys_and_takes_the_word_that_all_has_come(stage):
    """Keys and commands are shown; what has not come is named on the page."""
    sign_in(stage.cast, stage.client, "dora")
    home = f"/engagements/{stage.engagement}"
    shown = stage.client.get(home).text
    assert f"{stage.address}/uploads" in shown
    assert stage.given["holder"]["kem"] in shown.replace("&#43;", "+")
    card = stage.client.post(f"{home}/sealing-key", data={"asset": "system card"})
    assert card.text.count("fairlead seal send") == 2
    said = {"asset": "weights", "sealed_by": DEVELOPER.holder.encode().decode()}
    early = stage.client.post(f"{home}/availability", data=said)
    assert early.status_code == 409
    assert "not complete" in early.text
    for path in stage.files:
        stage.send(path)
    assert "Available, as sealed in" in (
        stage.client.post(f"{home}/availability", data=said).text
    )
    empty = stage.client.post(f"{home}/asset", data={"asset": "weights"})
    assert empty.status_code == 409
