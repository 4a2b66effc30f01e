"""What each parser must do for any bytes; used by `tools/fuzz.py` and by the tests.

A target returns, or raises `AssertionError` or what no parser may raise.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec

from fairlead.errors import BadEnvelope, Error
from fairlead.formats import incoming, json_strict, tap, tap_multipart
from fairlead.formats.multipart import Parser, Part, value_of

REPORT = (
    b'{"purl":"pkg:npm/x@1","versions":["1"],"affected_symbol":{"file":"a","line":1},'
    b'"attachments":[{"filename":"a","content_type":"application/zip","data":"UEs="}],'
    b'"enrichment":{"cwe":"CWE-79"},"email":"a@b.example","notify":"all"}'
)
MIXED = (
    b"--X\r\nContent-Type: application/json\r\n"
    b"Content-Disposition: attachment; name=report\r\n\r\n"
    b'{"purl":"pkg:npm/x@1"}\r\n--X\r\n'
    b'Content-Disposition: attachment; name="attachment"; filename="poc.c"\r\n'
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Description: x\r\n"
    b"Content-Akrites-Type: patch\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"int main\r\n--X--\r\n"
)


SARIF = (
    b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t","rules":[{"id":"r",'
    b'"properties":{"tags":["external/cwe/cwe-79"]}}]}},"results":[{"ruleIndex":0,'
    b'"message":{"text":"{0}","arguments":["x"]},"locations":[{"physicalLocation":'
    b'{"artifactLocation":{"uri":"a.c"},"region":{"startLine":3}},"logicalLocations":'
    b'[{"name":"f"}]}],"suppressions":[{"status":"rejected"}]}]}]}'
)
OSV = (
    b'{"id":"GO-2026-1","modified":"2026-01-01T00:00:00Z","aliases":["CVE-2026-1234"],'
    b'"affected":[{"package":{"ecosystem":"Go","name":"a.example/b"},"versions":["1"],'
    b'"ranges":[{"type":"GIT","repo":"https://a.example/b","events":[{"introduced":"0"},'
    b'{"fixed":"9f8e7d6c5b4a3928"}]}]}],"credits":[{"name":"A","type":"FINDER"}]}'
)
CSAF = (
    b'{"document":{"csaf_version":"2.1","title":"t","category":"csaf_vulnerability_report",'
    b'"publisher":{"name":"p"}},"product_tree":{"branches":[{"category":"vendor","name":'
    b'"v","branches":[{"category":"product_name","name":"n","product":{"product_id":"P",'
    b'"name":"n","product_identification_helper":{"purls":["pkg:npm/x@1"]}}}]}]},'
    b'"vulnerabilities":[{"cve":"CVE-2026-1234","cwes":[{"id":"CWE-79"}],'
    b'"product_status":{"known_affected":["P"]},"acknowledgments":[{"names":["A"]}]}]}'
)
MAIL = (
    b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/markdown; charset=utf-8\n\n"
    b"---\npurl: pkg:npm/x\nversions: [1, 2]\nfinders:\n- Ada\n---\n# Title\ntext\n"
)


def strict_json(data: bytes) -> None:
    """Read what another reader reads the same; refuse the rest."""
    try:
        value = json_strict.read(data, max_bytes=65536, max_depth=16)
    except Error:
        return
    assert value == json.loads(data)
    msgspec.json.encode(value)


def tap_json(data: bytes) -> None:
    """Read a report, or refuse it in words that can be shown; never anything else."""
    _report(data)


def tap_parts(data: bytes) -> None:
    """Do the same with a multipart body."""
    _report(tap_multipart.entity("X", data))


def multipart(data: bytes) -> None:
    """Read the same parts however the body is cut into chunks."""
    cut, body = (data[0] % 7 + 1, data[1:]) if data else (1, b"")
    whole = _parts([body])
    chunks = [body[i : i + cut] for i in range(0, len(body), cut)]
    assert whole == _parts(chunks)
    if whole is not None:
        # What was read can be written again, and reads as the same.
        assert _parts([_written(whole)]) == whole


def header(data: bytes) -> None:
    """Read a header value, or refuse it."""
    try:
        value_of(data.decode("latin-1"))
    except BadEnvelope:
        return


def files(data: bytes) -> None:
    """Read a file of whatever format; each report is one that TAP takes."""
    name = "a.jsonl" if data[:1] == b"\n" else "a"
    for reading in incoming.read(name, data, incoming.Hints(purl="pkg:npm/x")):
        assert (reading.report is None) == bool(reading.why)
        if reading.report is not None:
            tap.decode(reading.report)
            assert b"\n" not in reading.report


def _report(document: bytes) -> None:
    try:
        report = tap.decode(document)
    except Error as error:
        violations = getattr(error, "violations", ())
        msgspec.json.encode([str(error), [v.reason + v.field for v in violations]])
        return
    content = tap.content_of(report)
    assert content == tap.content_of(tap.decode(document))
    tap.warnings_of(report)


def _parts(chunks: list[bytes]) -> tuple[Part, ...] | None:
    parser = Parser("X")
    try:
        for chunk in chunks:
            parser.feed(chunk)
        return parser.close()
    except BadEnvelope:
        return None


def _written(parts: tuple[Part, ...]) -> bytes:
    lines = []
    for part in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in part.headers)
        lines.append(
            b"--X\r\n"
            + head.encode("utf-8", "surrogateescape")
            + b"\r\n"
            + part.content
            + b"\r\n"
        )
    return b"".join(lines) + b"--X--"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "strict_json": strict_json,
    "tap_json": tap_json,
    "tap_parts": tap_parts,
    "multipart": multipart,
    "header": header,
    "files": files,
}
SEEDS_OF: dict[str, list[bytes]] = {
    "strict_json": [REPORT, b"[1.5e3,null,true]", b'"\\ud83d\\ude00"'],
    "tap_json": [REPORT],
    "tap_parts": [MIXED],
    "multipart": [b"\x01" + MIXED],
    "files": [SARIF, OSV, CSAF, MAIL, REPORT, b"\n" + REPORT],
    "header": [b'attachment; name="a\\"b"; filename=c'],
}
