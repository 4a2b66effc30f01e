"""Features: all that is compared of a finding, extracted once and bounded."""

from __future__ import annotations

import re

from msgspec import Struct

from fairlead.clearinghouse.duplicates.kinds import kinds_in
from fairlead.clearinghouse.duplicates.locations import (
    function_of,
    path_of,
    paths_in,
    without_paths,
)
from fairlead.clearinghouse.duplicates.packages import identities_of, package_names
from fairlead.clearinghouse.duplicates.patches import (
    Span,
    grams_in,
    mentions_in,
    spans_in,
)
from fairlead.clearinghouse.duplicates.text import (
    harmless,
    identifiers,
    numbers,
    parts,
    rarest,
    signs,
    stem,
    stems,
)
from fairlead.clearinghouse.duplicates.traces import (
    frames_in,
    without_frames,
    without_traces,
)
from fairlead.clearinghouse.findings import Finding

FEATURES_VERSION = 2
"""Stored features of another version are to be extracted anew from the finding."""

WORD_CAP = 240
IDENTIFIER_CAP = 120
NUMBER_CAP = 40
FILE_CAP = 12
SHORT_CAP = 16
_LINE_CAP = 10_000_000


class Features(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What scoring needs to know of one finding; a few kilobytes, never over 64 KiB."""

    version: int = FEATURES_VERSION
    packages: tuple[str, ...] = ()
    """Identities of the package (`packages.identities_of`); none means unknown."""
    file: str = ""
    """The source file that the reporter names, normalised."""
    function: str = ""
    topic: tuple[str, ...] = ()
    """Stems of the words that make up the names of file and function."""
    frames: tuple[tuple[str, str, int], ...] = ()
    """Function, file and line of each call of a stack trace, innermost first."""
    spans: tuple[Span, ...] = ()
    """Lines that reporter, trace, patch or text point at."""
    files: tuple[str, ...] = ()
    """Files that trace, patch or text name."""
    mentions: tuple[str, ...] = ()
    """Functions that patch or text name."""
    words: tuple[str, ...] = ()
    """Stems of the prose, those of the package's name left out."""
    identifiers: tuple[str, ...] = ()
    grams: tuple[int, ...] = ()
    numbers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    upstream_ids: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    tool: str = ""


_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{7,40}(?![0-9a-f])")
_COMMIT_ADDRESS = re.compile(r"/commit/([0-9a-f]{7,40})(?![0-9a-f])")
_VERSION = re.compile(
    r"(< ?)?(?<![0-9.])([0-9]{1,5}(?:\.[0-9]{1,5}){1,4})(?![0-9])"
    r"([.-]?(?:dev|rc|[ab][0-9]))?"
)
_DISTRIBUTIONS = frozenset({"alpm", "apk", "conda", "deb", "nix", "oci", "rpm"})
_UPSTREAM_ID = re.compile(
    r"CVE-[0-9]{4}-[0-9]{4,9}|GHSA(?:-[0-9a-z]{4}){3}|OSV-[0-9]{4}-[0-9]{1,9}"
    r"|PYSEC-[0-9]{4}-[0-9]{1,9}|RUSTSEC-[0-9]{4}-[0-9]{4}|GO-[0-9]{4}-[0-9]{4}",
    re.IGNORECASE,
)
_NAME_PARTS = re.compile(r"[^A-Za-z0-9_]+")


def features_of(finding: Finding) -> Features:
    """Extract what `compare` needs from *finding*, in time linear in its text.

    Text beyond `text.TEXT_CAP` characters is not read; of a long list the rarest
    entries are kept. Whatever the finding holds, this does not fail.
    """
    text = harmless(finding.text)
    prose = without_traces(text)
    pathless = without_paths(prose)
    packages = identities_of(finding)
    written_file = harmless(finding.file or finding.code_path or "")
    written_function = harmless(finding.function or "")
    file = path_of(written_file)
    frames = frames_in(text)
    own, own_names = _own(finding, packages)
    line = min(max(finding.line or 0, 0), _LINE_CAP)
    return Features(
        packages=packages,
        file=file,
        function=function_of(written_function),
        topic=_topic(written_file, written_function, own),
        frames=tuple((f.function, f.file, f.line) for f in frames),
        spans=spans_in(text, file, line, frames),
        files=tuple(dict.fromkeys(paths_in(text)))[:FILE_CAP],
        mentions=mentions_in(prose),
        words=rarest(
            [w for w in stems(pathless) if w not in own] + signs(pathless), WORD_CAP
        ),
        identifiers=rarest(
            [name for name in identifiers(pathless) if name not in own_names],
            IDENTIFIER_CAP,
        ),
        grams=grams_in(pathless),
        numbers=rarest(numbers(prose), NUMBER_CAP),
        kinds=kinds_in(without_frames(text), finding.cwe),
        upstream_ids=_upstream_ids(finding, text),
        commits=_commits(finding),
        versions=_versions(finding, prose),
        tool=" ".join(harmless(finding.discovery_tooling or "").lower().split())[:80],
    )


def _own(
    finding: Finding, packages: tuple[str, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return stems and names of the software itself, which every report on it shares."""
    called = " ".join(
        harmless(said)[:400] for said in (finding.software or "", finding.purl or "")
    )
    named = frozenset(name.lower() for name in _NAME_PARTS.split(called) if name)
    names = {*package_names(packages), *(n for n in named if len(n) > 3)}  # noqa: PLR2004
    return frozenset(map(stem, names)), named


def _topic(file: str, function: str, own: frozenset[str]) -> tuple[str, ...]:
    plain = _NAME_PARTS.split(
        file.replace("\\", "/").rsplit("/", 1)[-1].rpartition(".")[0]
    )
    scoped = _NAME_PARTS.split(_untemplated(function))
    words = (part for name in [*plain, *scoped[-2:]] for part in parts(name[:120]))
    found = {stem(word) for word in words if len(word) > 1 and not word.isdigit()}
    return tuple(sorted(found - own)[:SHORT_CAP])


def _untemplated(function: str) -> str:
    before, _, rest = function[:1000].partition("<")
    return (before + rest.rpartition(">")[2]).partition("(")[0]


def _upstream_ids(finding: Finding, text: str) -> tuple[str, ...]:
    named = [harmless(i).strip().upper()[:60] for i in finding.upstream_ids[:50]]
    for reference in finding.references[:50]:
        named += [i.upper() for i in _UPSTREAM_ID.findall(reference[:500])]
    if not named:
        named = [i.upper() for i in _UPSTREAM_ID.findall(text)]
    return tuple(sorted({i for i in named if i})[:SHORT_CAP])


def _commits(finding: Finding) -> tuple[str, ...]:
    named = _COMMIT.findall((finding.fixed_commit or "").lower()[:100])
    for reference in finding.references[:50]:
        named += _COMMIT_ADDRESS.findall(reference.lower()[:500])
    return tuple(sorted(set(named))[:SHORT_CAP])


def _versions(finding: Finding, prose: str) -> tuple[str, ...]:
    """Return versions said to be affected; one that is the first good one as `<2.0`.

    One before a release (`2.0rc1`) is older than that. A distribution keeps old versions
    and mends them, so those of its packages say nothing.
    """
    kind = (finding.purl or "").partition(":")[2].partition("/")[0]
    purl = (finding.purl or "").partition("@")[2].partition("?")[0][:60]
    declared = [version[:60] for version in finding.versions[:50]]
    if kind not in _DISTRIBUTIONS:
        declared.append(purl)
    named = _VERSION.findall(" ".join(declared)) or _VERSION.findall(prose)[:4]
    found = {
        ("<" if below or early else "") + version for below, version, early in named
    }
    return tuple(sorted(found)[:SHORT_CAP])
