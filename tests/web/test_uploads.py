"""Resumable uploads: what the server says is there is on disk, whatever happens."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.testing import TestClient
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from fairlead.errors import Conflict, Error, Invalid, NotFound, TooLarge, Unavailable
from fairlead.formats import tus
from fairlead.formats.tus import Checksum, Mismatch
from fairlead.remote import uploads as remote
from fairlead.sealing.folder import HEAD, SIGNATURE, is_sealed_file
from fairlead.sealing.holders import Part, new_holder_key
from fairlead.store.sealed import SealedFolder
from fairlead.store.sealing import Sealing, seal
from fairlead.store.uploads import Quota, Uploads
from fairlead.web import problems
from fairlead.web.api.uploads import make_router
from fairlead.web.context import Context

sys.path.insert(0, str(Path(__file__).parents[1]))
import conftest

DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
PROGRAMME = new_holder_key(Part.PROGRAMME, "Programme", secrets.token_bytes)
PATH = "/v1/assets/as-1/uploads"
NAME = "shards/" + 24 * "a" + ".sealed"
HEADERS = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer good"}
ADD = HEADERS | {"Content-Type": tus.CONTENT}


def takes(name):
    return is_sealed_file(name) or name in {HEAD, SIGNATURE}


def guard(request, _context, asset):
    if request.headers.get("authorization") != "Bearer good" or asset != "as-1":
        raise NotFound


def make_app(store, context):
    return Litestar(
        [make_router("/v1/assets/{asset:str}/uploads", store, guard)],
        dependencies={"context": Provide(lambda: context, sync_to_thread=False)},
        exception_handlers={
            Error: problems.answer_error,
            HTTPException: problems.answer_http,
            Exception: problems.answer_fault,
        },
        logging_config=None,
    )


def make_uploads(folder, clock, **quota):
    return Uploads(folder, clock, secrets.token_bytes, takes, Quota(**quota))


def nothing():
    """Return a context that has nothing: only the guard, which is ours, may use it."""
    return object.__new__(Context)


@pytest.fixture
def clock():
    return conftest.FixedClock()


@pytest.fixture
def store(tmp_path, clock):
    return make_uploads(tmp_path / "uploads", clock)


@pytest.fixture
def client(store):
    with TestClient(make_app(store, nothing())) as client:
        yield client


def metadata(name=NAME):
    return {"Upload-Metadata": f"filename {base64.b64encode(name.encode()).decode()}"}


def create(client, size, name=NAME):
    made = client.post(
        PATH, headers=HEADERS | metadata(name) | {"Upload-Length": str(size)}
    )
    assert made.status_code == 201, made.text
    return made.headers["location"]


def add(client, address, offset, content, **headers):
    return client.patch(
        address, content=content, headers=ADD | {"Upload-Offset": str(offset)} | headers
    )


def arrived(store):
    return (store.path_of("as-1") / NAME).read_bytes()


# --- The protocol ---------------------------------------------------------------------------


def test_it_says_what_it_speaks(client):
    """OPTIONS tells versions, extensions, checksums and the largest upload."""
    said = client.options(PATH, headers={"Authorization": "Bearer good"})

    assert said.status_code == 204
    assert said.headers["tus-version"] == "1.0.0"
    assert said.headers["tus-extension"] == "creation,expiration,checksum,termination"
    assert said.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert int(said.headers["tus-max-size"]) == 1 << 40


def test_an_upload_in_parts_arrives(client, store):
    """Parts add up; the offset is told each time, and the file lies in its place."""
    content = secrets.token_bytes(100_000)
    address = create(client, len(content))
    for start in range(0, len(content), 30_000):
        told = client.head(address, headers=HEADERS)
        assert told.headers["upload-offset"] == str(start)
        assert told.headers["upload-length"] == "100000"
        assert told.headers["cache-control"] == "no-store"
        part = content[start : start + 30_000]
        answer = add(client, address, start, part)
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(start + len(part))
        assert "upload-expires" in answer.headers
    assert arrived(store) == content
    told = client.head(address, headers=HEADERS)
    assert told.headers["upload-offset"] == told.headers["upload-length"]


def test_an_empty_file_is_there_once_it_is_begun(client, store):
    """Nothing needs to be sent where there is nothing."""
    create(client, 0)
    assert arrived(store) == b""


def test_another_offset_is_refused(client, store):
    """Bytes are taken only where the others end; then nothing changes."""
    address = create(client, 10)
    add(client, address, 0, b"12345")
    for offset in (0, 4, 6, 10):
        assert add(client, address, offset, b"x").status_code == 409
    assert add(client, address, 5, b"67890").status_code == 204
    assert arrived(store) == b"1234567890"
    assert add(client, address, 10, b"").status_code == 409


def test_more_than_was_said_is_refused(client):
    """An upload does not grow beyond its length."""
    address = create(client, 4)
    assert add(client, address, 0, b"12345").status_code == 413
    assert client.head(address, headers=HEADERS).headers["upload-offset"] == "0"


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_part_that_is_not_what_its_checksum_says_is_discarded(
    client, store, algorithm
):
    """460, the offset stays, and the right part is taken after it."""
    address = create(client, 5)
    digest = base64.b64encode(hashlib.new(algorithm, b"right").digest()).decode()
    checksum = {"Upload-Checksum": f"{algorithm} {digest}"}

    assert add(client, address, 0, b"wrong", **checksum).status_code == 460
    assert client.head(address, headers=HEADERS).headers["upload-offset"] == "0"
    assert add(client, address, 0, b"right", **checksum).status_code == 204
    assert arrived(store) == b"right"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Checksum": "md5 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 ?"}, 400),
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": ""}, 400),
        ({"Content-Type": "application/json"}, 415),
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Authorization": "Bearer bad"}, 404),
    ],
)
def test_what_the_protocol_forbids_is_refused(client, headers, status):
    """Each fault has the status that the protocol gives it; nothing is kept."""
    address = create(client, 5)
    answer = add(client, address, 0, b"12345", **headers)

    assert answer.status_code == status
    assert client.head(address, headers=HEADERS).headers["upload-offset"] == "0"


def test_creations_that_say_too_little_or_too_much_are_refused(client, store):
    """Length and name are needed; neither leads out of the asset's folder."""
    wanted = HEADERS | metadata() | {"Upload-Length": "5"}
    assert client.post(PATH, headers=HEADERS | metadata()).status_code == 400
    assert (
        client.post(PATH, headers=HEADERS | {"Upload-Length": "5"}).status_code == 400
    )
    deferred = HEADERS | metadata() | {"Upload-Defer-Length": "1"}
    assert client.post(PATH, headers=deferred).status_code == 400
    for name in ("../seal.json", "/etc/passwd", "shards/x", "shards/../seal.json", ""):
        assert client.post(PATH, headers=wanted | metadata(name)).status_code == 400
    too_much = wanted | {"Upload-Length": str((1 << 40) + 1)}
    assert client.post(PATH, headers=too_much).status_code == 413
    assert list((store.folder).rglob("*.json")) == []


def test_whoever_may_not_gets_one_answer(client):
    """Without the right, what exists and what does not are answered alike, to the byte."""
    address = create(client, 5)
    bad = HEADERS | {"Authorization": "Bearer bad"}
    answers = {
        client.patch(path, headers=bad | {"Upload-Offset": "0"}).content
        for path in (address, PATH + "/up-nothing", "/v1/assets/other/uploads/up-x")
    }
    assert len(answers) == 1
    assert client.delete(address, headers=bad).status_code == 404
    assert client.head(address, headers=HEADERS).status_code == 200


def test_every_answer_is_in_the_openapi_document(client):
    """What a client may get stands in the document of the API."""
    paths = client.get("/schema/openapi.json").json()["paths"]
    (one,) = [paths[path] for path in paths if path.endswith("{upload}")]
    assert set(one) == {"head", "patch", "delete"}
    for said in one.values():
        assert {"404", "409", "412", "413", "415", "423", "460", "503"} <= set(
            said["responses"]
        )


def test_an_upload_is_given_up(client, store):
    """After DELETE there is nothing to go on with, and no bytes are left."""
    address = create(client, 5)
    add(client, address, 0, b"123")

    assert client.delete(address, headers=HEADERS).status_code == 204
    assert client.head(address, headers=HEADERS).status_code == 404
    assert add(client, address, 3, b"45").status_code == 404
    assert [p for p in store.folder.rglob("up-*") if p.is_file()] == []


def test_an_upload_expires(client, store, clock):
    """After its time without a byte it is gone; each byte puts that off."""
    address = create(client, 5)
    clock.pass_time(days=6)
    add(client, address, 0, b"1")
    clock.pass_time(days=6)
    assert client.head(address, headers=HEADERS).headers["upload-offset"] == "1"
    clock.pass_time(days=2)

    assert client.head(address, headers=HEADERS).status_code == 404
    assert add(client, address, 1, b"2345").status_code == 404
    assert store.expire() == 1
    assert [p for p in store.folder.rglob("up-*") if p.is_file()] == []


# --- What is kept, and what is not ------------------------------------------------------------


def test_quotas_hold(tmp_path, clock):
    """Of one upload, of all files of an asset, and of what is open."""
    store = make_uploads(tmp_path, clock, upload=100, asset=150, open=2)
    name = {"filename": NAME}
    with pytest.raises(TooLarge):
        store.create("as-1", 101, name)
    store.create("as-1", 100, name)
    with pytest.raises(TooLarge):
        store.create("as-1", 51, name)
    store.create("as-1", 50, name)
    with pytest.raises(Unavailable, match="uploads are open"):
        store.create("as-1", 0, name)
    assert store.create("as-2", 100, name)
    with pytest.raises(Invalid):
        store.create("../as", 1, name)


def test_two_requests_do_not_add_at_once(client, store):
    """The second is answered 423, and takes nothing away from the first."""
    address = create(client, 5)
    first = store.append("as-1", address.rpartition("/")[2], 0, None)
    try:
        assert add(client, address, 0, b"xxxxx").status_code == 423
        first.write(b"12345")
        first.finish()
    finally:
        first.close()
    assert arrived(store) == b"12345"


def test_what_came_before_a_connection_ended_is_kept(store):
    """Without a checksum what came counts; with one it does not, as nobody can tell."""
    for checksum, kept in ((None, 3), (Checksum("sha256", bytes(32)), 0)):
        made = store.create("as-1", 10, {"filename": NAME})
        appending = store.append("as-1", made.id, 0, checksum)
        appending.write(b"123")
        appending.close()
        assert store.get("as-1", made.id).offset == kept


@settings(max_examples=40)
@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=8), st.data())
def test_however_it_is_cut_and_interrupted_the_bytes_are_those(
    tmp_path_factory, parts, data
):
    """Parts that end early, are repeated or are wrong leave exactly what was sent."""
    store = make_uploads(tmp_path_factory.mktemp("uploads"), conftest.FixedClock())
    whole = b"".join(parts)
    made = store.create("as-1", len(whole), {"filename": NAME})
    while not (now := store.get("as-1", made.id)).finished:
        rest = whole[now.offset :]
        part = rest[: data.draw(st.integers(1, len(rest)))]
        how = data.draw(st.sampled_from(["sent", "ended", "wrong", "late"]))
        if how == "late":
            with pytest.raises(Conflict):
                store.append("as-1", made.id, now.offset + 1, None)
            continue
        checksum = Checksum("sha256", bytes(32)) if how == "wrong" else None
        appending = store.append("as-1", made.id, now.offset, checksum)
        appending.write(part)
        if how == "sent":
            appending.finish()
        elif how == "wrong":
            with pytest.raises(Mismatch):
                appending.finish()
        appending.close()
    assert arrived(store) == whole


@contextlib.contextmanager
def files_at_most(size):
    """Let no file of this process grow beyond *size*, as a full disk would not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_nothing_that_was_told_is_lost(client, store):
    """503 while there is no room; what counted stays, and it goes on with room."""
    content = secrets.token_bytes(3 << 20)
    address = create(client, len(content))
    add(client, address, 0, content[: 1 << 20])
    with files_at_most(2 << 20):
        full = add(client, address, 1 << 20, content[1 << 20 :])
    assert full.status_code == 503
    assert "no room" in full.text
    offset = int(client.head(address, headers=HEADERS).headers["upload-offset"])
    assert 1 << 20 <= offset <= 2 << 20

    assert add(client, address, offset, content[offset:]).status_code == 204
    assert arrived(store) == content


def test_nothing_is_begun_that_has_no_room(store, monkeypatch):
    """What is longer than what is free is refused before the first byte."""
    usage = type("Usage", (), {"free": 99})
    monkeypatch.setattr("fairlead.store.uploads.shutil.disk_usage", lambda _path: usage)
    with pytest.raises(Unavailable, match="no room"):
        store.create("as-1", 100, {"filename": NAME})


def test_all_of_an_asset_can_be_removed(client, store):
    """Finished files and what is on its way go together."""
    add(client, create(client, 3), 0, b"123")
    create(client, 3, "seal.json")
    store.remove_asset("as-1")

    assert [p.name for p in store.folder.rglob("*") if p.is_file()] == [".lock"]


def test_what_is_removed_while_bytes_come_stays_removed(store):
    """A withdrawal during a request ends it; nothing of the asset comes back."""
    made = store.create("as-1", 3, {"filename": NAME})
    for end in ("finish", "close"):
        appending = store.append("as-1", made.id, 0, None)
        appending.write(b"123")
        store.remove_asset("as-1")
        if end == "finish":
            with pytest.raises(NotFound):
                appending.finish()
        appending.close()
        assert [
            p for p in store.folder.rglob("*") if p.is_file() and p.name != ".lock"
        ] == []
        made = store.create("as-1", 3, {"filename": NAME})


# --- Over a real connection, with clients of others, and with kills ---------------------------

SERVER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_uploads
from fairlead.web.server import serve_app, ended_by_signal
async def main():
    uploads = test_uploads.make_uploads(Path(sys.argv[2]), lambda: datetime.now(UTC))
    uploads.expire()
    app = test_uploads.make_app(uploads, test_uploads.nothing())
    await serve_app(app, host="127.0.0.1", port=int(sys.argv[3]), ended=ended_by_signal(),
                    ready=lambda: print("ready", flush=True))
asyncio.run(main())
"""


class Server:
    """A server in a process of its own, which can be killed and started again."""

    def __init__(self, folder):
        from fairlead.web.server import free_port

        self.folder, self.port = folder, free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}{PATH}"
        self.start()

    def start(self):
        tests = str(Path(__file__).parent)
        command = [
            sys.executable,
            "-c",
            SERVER,
            tests,
            str(self.folder),
            str(self.port),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def server(tmp_path):
    started = Server(tmp_path / "served")
    yield started
    started.kill()


def tus_client(server, token="good"):  # noqa: S107 - of a test
    return TusClient(server.url, headers={"Authorization": f"Bearer {token}"})


def test_another_ones_client_uploads_and_goes_on(server, tmp_path):
    """tuspy sends in parts with checksums, stops, and goes on with a new client."""
    path = tmp_path / "file"
    path.write_bytes(secrets.token_bytes(1_000_000))
    given = {
        "metadata": {"filename": NAME},
        "upload_checksum": True,
        "chunk_size": 300_000,
    }
    with path.open("rb") as file:
        first = tus_client(server).uploader(file_stream=file, **given)
        first.upload_chunk()
        assert first.offset == 300_000
        server.kill()
        server.start()

        second = tus_client(server).uploader(file_stream=file, url=first.url, **given)
        assert second.offset == 300_000
        second.upload()

    assert (server.folder / "assets/as-1" / NAME).read_bytes() == path.read_bytes()
    with (
        path.open("rb") as file,
        pytest.raises((TusCommunicationError, TusUploadFailed)),
    ):
        tus_client(server, "bad").uploader(file_stream=file, **given).upload()


def test_a_connection_that_ends_keeps_what_came_and_holds_nothing(server):
    """After a client went away in the middle, its bytes count and others may go on."""
    with httpx.Client(base_url=server.url.removesuffix(PATH)) as client:
        address = create(client, 3 << 20)
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            head = [f"PATCH {address} HTTP/1.1", "Host: localhost", "Upload-Offset: 0"]
            head += [f"{name}: {value}" for name, value in ADD.items()]
            head += [f"Content-Length: {3 << 20}", "", ""]
            raw.sendall("\r\n".join(head).encode() + bytes(2 << 20))
            time.sleep(0.5)
        for _ in range(100):
            offset = int(client.head(address, headers=HEADERS).headers["upload-offset"])
            if offset:
                break
            time.sleep(0.1)
        assert 0 < offset <= 2 << 20
        rest = add(client, address, offset, bytes((3 << 20) - offset))
        assert rest.status_code == 204
    assert (server.folder / "assets/as-1" / NAME).stat().st_size == 3 << 20


def seal_something(tmp_path, size=6_000_000):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights").write_bytes(secrets.token_bytes(size))
    seal(
        Sealing(
            folder=tmp_path / "model",
            out=tmp_path / "out",
            key=DEVELOPER,
            holders=[PROGRAMME.holder],
            randomness=secrets.token_bytes,
            shard=1 << 20,
        )
    )
    return tmp_path / "out"


def sending(server, out, known, **given):
    return remote.Sending(
        folder=out,
        address=server.url,
        token="good",  # noqa: S106 - of a test
        known=known,
        save=lambda _now: None,
        **given,
    )


def test_a_sealed_folder_arrives_whole_although_the_server_is_killed(
    server, tmp_path, monkeypatch
):
    """The server dies several times while it takes; the client goes on by itself."""
    monkeypatch.setattr(remote, "PART", 100_000)
    monkeypatch.setattr(remote, "TRIES", 600)  # a server may take long to start again
    out = seal_something(tmp_path)
    ended = threading.Event()

    def disturb():
        for _ in range(3):
            time.sleep(0.15)
            if ended.is_set():
                return
            server.kill()
            server.start()

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    try:
        remote.send(sending(server, out, {}, pause=lambda _seconds: time.sleep(0.1)))
    finally:
        ended.set()
        disturbing.join()

    there = SealedFolder.read(server.folder / "assets/as-1", DEVELOPER.holder)
    assert there.faults() == []


def test_a_client_that_is_killed_goes_on_where_it_was(server, tmp_path):
    """The command, killed on its way, sends the rest when it is called again."""
    out = seal_something(tmp_path, 40_000_000)
    command = [
        sys.executable,
        "-m",
        "fairlead",
        "seal",
        "send",
        str(out),
        "--to",
        server.url,
    ]
    environment = os.environ | {"FAIRLEAD_TOKEN": "good"}
    started = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    journal = tmp_path / "out.sending"
    for _ in range(2000):
        if journal.exists() and journal.read_bytes().count(b'": ""') > 5:
            break
        time.sleep(0.005)
    started.send_signal(signal.SIGKILL)
    started.wait()
    first = journal.read_bytes().count(b'": ""')
    assert first > 5

    done = subprocess.run(
        [*command, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    assert f'"sent": {size}' not in done.stdout
    there = SealedFolder.read(server.folder / "assets/as-1", DEVELOPER.holder)
    assert there.faults() == []
    again = subprocess.run(
        [*command, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"sent": 0' in again.stdout


def test_the_token_is_not_shown_to_others(tmp_path):
    """Plain HTTP to another machine is refused, and so is a server that sends elsewhere."""
    out = seal_something(tmp_path, 10)
    with pytest.raises(Invalid, match="https"):
        remote.send(
            remote.Sending(
                folder=out,
                address="http://elsewhere.example/v1/assets/as-1/uploads",
                token="good",  # noqa: S106 - of a test
                known={},
                save=lambda _now: None,
            )
        )


def test_a_server_that_does_not_answer_is_said(tmp_path):
    """After some tries sending ends with a clear error, to go on later."""
    out = seal_something(tmp_path, 10)
    server = type("Nobody", (), {"url": f"http://127.0.0.1:9{PATH}"})
    waited = []
    with pytest.raises(Unavailable, match="run it again"):
        remote.send(sending(server, out, {}, pause=waited.append))
    assert len(waited) == remote.TRIES - 1
    assert waited == sorted(waited)


def test_what_is_refused_is_not_tried_again(server, tmp_path):
    """A token that may not is told at once."""
    out = seal_something(tmp_path, 10)
    known: dict[str, str] = {}
    other = type("Other", (), {"url": server.url.replace("as-1", "as-2")})
    with pytest.raises(NotFound, match="no such asset"):
        remote.send(sending(other, out, known))
    assert known == {}
    assert httpx.get(server.url).status_code in {404, 405}
    assert timedelta(days=7) == Quota().lasts
