"""OSV records (schema 1.x): a report each, about the first package that is affected.

A record is about one bug, a report about one package: the others are named as left out,
and stand in the record, which goes along.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.formats.incoming.reading import (
    Draft,
    Hints,
    Reading,
    at,
    list_at,
    text_at,
)


def read(value: object, _content: bytes, hints: Hints) -> Sequence[Reading]:
    """Return a reading for each record."""
    if isinstance(value, list):
        return [_reading(f"[{n}]", one, hints) for n, one in enumerate(value)]
    return [_reading("", value, hints)]


def _reading(where: str, record: object, hints: Hints) -> Reading:
    title = text_at(record, "summary") or text_at(record, "details")[:200]
    title = f"{text_at(record, 'id')} {title}".strip()
    if at(record, "withdrawn"):
        return Reading(place=where, title=title, why="it was withdrawn", ignored=True)
    draft = Draft(hints)
    affected = _package(draft, record)
    versions = [v for one in affected for v in list_at(one, "versions")]
    draft.put_list("versions", versions, most=64, size=64)
    _commits(draft, affected)
    draft.identify([text_at(record, "id"), *list_at(record, "aliases")])
    links = [text_at(r, "url") for r in list_at(record, "references")]
    links = [u for u in links if u.startswith(("https://", "http://"))]
    draft.put_list("references", links, most=16, size=512)
    _assess(draft, record, affected)
    _credit(draft, record)
    draft.put("discovery_method", "upstream-report")
    said = [text_at(record, "summary"), text_at(record, "details")]
    draft.attach("report.md", "\n\n".join(part for part in said if part))
    draft.attach_source("record.osv.json", record)
    return draft.reading(where, title)


def _package(draft: Draft, record: object) -> Sequence[object]:
    """Name the first package, and return all that is said of it."""
    packages: dict[tuple[str, str, str], list[object]] = {}
    for one in list_at(record, "affected"):
        package = at(one, "package")
        named = tuple(text_at(package, key) for key in ("purl", "ecosystem", "name"))
        packages.setdefault((named[0], named[1], named[2]), []).append(one)
    if not packages:
        draft.name_package(None, "", "")
        return ()
    (purl, ecosystem, name), *others = packages
    draft.name_package(purl, ecosystem, name)
    draft.left_out += [
        f"also affected: {o[0] or ' '.join(o[1:])}"[:200] for o in others
    ]
    return packages[purl, ecosystem, name]


def _commits(draft: Draft, affected: Sequence[object]) -> None:
    """Take commits and the repository from ranges in Git, and a symbol if one is named."""
    for one in affected:
        for span in list_at(one, "ranges"):
            if text_at(span, "type") != "GIT":
                continue
            repository = text_at(span, "repo")
            if repository.startswith(("https://", "http://")):
                draft.put("package_repo_url", repository, 512)
            for event in list_at(span, "events"):
                draft.commit("introduced_commit", at(event, "introduced"))
                draft.commit("fixed_commit", at(event, "fixed"))
        symbols = list_at(one, "ecosystem_specific", "imports", 0, "symbols")
        path = text_at(one, "ecosystem_specific", "imports", 0, "path")
        function = next((s for s in symbols if isinstance(s, str)), "")
        if function and "affected_symbol" not in draft.fields:
            named = (
                {"function": function, "file": path} if path else {"function": function}
            )
            draft.put("affected_symbol", named)


def _assess(draft: Draft, record: object, affected: Sequence[object]) -> None:
    weights = list_at(record, "severity")
    for one in affected:
        weights = [*weights, *list_at(one, "severity")]
    for weight in weights:
        draft.weigh(cvss=at(weight, "score"))
    cwes = list_at(record, "database_specific", "cwe_ids")
    cwes += list_at(record, "database_specific", "cwes")
    draft.weigh(cwe=next((c for c in cwes if isinstance(c, str)), None))
    word = text_at(record, "database_specific", "severity")
    draft.weigh(score="Medium" if word.upper() == "MODERATE" else word)


def _credit(draft: Draft, record: object) -> None:
    """Carry finders word for word, apart from those who did something else."""
    finders = []
    for credit in list_at(record, "credits"):
        if text_at(credit, "type") in {"", "FINDER"}:
            finders.append(text_at(credit, "name"))
        else:
            said = f"{text_at(credit, 'type')} {text_at(credit, 'name')}"
            draft.left_out.append(f"credit {said[:100]}")
    if any(finders):
        draft.provenance["finders"] = [name for name in finders if name]
