"""Hard negatives from public fix histories: one function, two bugs.

Made of pairs of public records that name the same function of the same product, and yet
are two vulnerabilities:

* OSS-Fuzz (`oss-fuzz.tar.xz`): the same project and the same innermost frame, fixed by
  different commits;
* CVE (`vulnrichment.tar.xz`): the same product and the same function, two numbers.

A finding is made of what the record says, without what would tell at once: no identifier,
no fix, no reference. What is not checked: that their authors told bugs apart rightly; one
bug that was fixed twice counts here as two, and against us.
"""

from __future__ import annotations

import itertools
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import (
    Features,
    Verdict,
    compare,
    decide,
    features_of,
)
from fairlead.clearinghouse.findings import Attachment, AttachmentKind, Finding

A_GROUP = 12
"""Records of one function that are paired at most: no function may drown the others."""

_FIELD = re.compile(r"^\s*(?:- )?(repo|fixed|name): (\S+)$", re.MULTILINE)
_STATE = re.compile(r"Crash type: (.+)\n\s*Crash state:\n([^`]*)```")
_FUNCTION = re.compile(
    r"(?:the function|function) `?([A-Za-z_][\w:]{4,80})`?(?:\(\))?"
    r" (?:of|in|from) (?:the )?(?:file|component|library)? ?`?([\w./-]{3,120})"
)


class Known(NamedTuple):
    """One public record."""

    group: str
    """Product and function."""
    bug: str
    """The commit that fixed it, or its number."""
    finding: Finding


class Tally(NamedTuple):
    """What was decided about pairs of different bugs."""

    pairs: int
    merged: int
    asked: int
    examples: tuple[str, ...]
    """Some that were merged."""


def tally(feeds: Path) -> dict[str, Tally]:
    """Decide every pair of *feeds*, by source and in all."""
    found = {
        "oss_fuzz": _tally(oss_fuzz(feeds / "oss-fuzz.tar.xz")),
        "cve": _tally(cve(feeds / "vulnrichment.tar.xz")),
    }
    both = found.values()
    return {
        **found,
        "all": Tally(
            sum(t.pairs for t in both),
            sum(t.merged for t in both),
            sum(t.asked for t in both),
            tuple(itertools.chain.from_iterable(t.examples for t in both)),
        ),
    }


def _tally(records: Iterator[Known]) -> Tally:
    groups: defaultdict[str, dict[str, tuple[Known, Features]]] = defaultdict(dict)
    for record in records:
        group = groups[record.group]
        if record.bug not in group and len(group) < A_GROUP:
            group[record.bug] = record, features_of(record.finding)
    verdicts: list[tuple[Verdict, str]] = []
    for group in groups.values():
        for (one, a), (other, b) in itertools.combinations(group.values(), 2):
            names = f"{one.finding.receipt} and {other.finding.receipt}"
            verdicts.append((decide(compare(a, b)), names))
    merged = [names for verdict, names in verdicts if verdict is Verdict.MERGE]
    asked = sum(verdict is Verdict.ASK for verdict, _ in verdicts)
    return Tally(len(verdicts), len(merged), asked, tuple(merged[:10]))


def oss_fuzz(archive: Path) -> Iterator[Known]:
    """Return fuzzing finds whose crash state and fix are known."""
    for name, content in _files(archive, ".yaml"):
        text = content.decode("utf-8", "replace")
        state, fields = _STATE.search(text), dict(_FIELD.findall(text))
        if state is None or not {"name", "fixed"} <= fields.keys():
            continue
        frames = [line.strip() for line in state[2].splitlines() if line.strip()]
        if not frames or frames[0] in {"NULL", "n/a"}:
            continue
        trace = "\n".join(f"    #{n} {frame}" for n, frame in enumerate(frames))
        finding = Finding(
            receipt=Receipt(Path(name).stem),
            purl=f"pkg:generic/{fields['name']}",
            repository=fields.get("repo"),
            function=frames[0],
            discovery_method="fuzzing",
            attachments=(_text(f"{state[1]}\n{trace}\n"),),
        )
        yield Known(f"{fields['name']}/{frames[0]}", fields["fixed"], finding)


def cve(archive: Path) -> Iterator[Known]:
    """Return CVE records whose description names a function and where it is."""
    for _, content in _files(archive, ".json"):
        try:
            record = json.loads(content)
            container = record["containers"]["cna"]
            said = container["descriptions"][0]["value"]
            product = container["affected"][0]["product"]
            number = record["cveMetadata"]["cveId"]
        except (ValueError, KeyError, IndexError, TypeError):
            continue  # The feed holds faulty records.
        named = _FUNCTION.search(said)
        if named is None or product in {"n/a", "Linux"}:
            continue
        function, file = named.groups()
        weakness = re.search(
            r"CWE-[0-9]+", json.dumps(container.get("problemTypes", ""))
        )
        finding = Finding(
            receipt=Receipt(number),
            software=product,
            ecosystem="generic",
            file=file.rstrip("."),
            function=function,
            cwe=weakness[0] if weakness else None,
            attachments=(_text(re.sub(r"CVE-[0-9-]+|VDB-[0-9]+", "", said)),),
        )
        yield Known(f"{product}/{function}", number, finding)


def _text(text: str) -> Attachment:
    return Attachment(filename="report.md", kind=AttachmentKind.OTHER, text=text)


def _files(archive: Path, ending: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            content = opened.extractfile(member) if member.isfile() else None
            if content is not None and member.name.endswith(ending):
                yield member.name, content.read()
