"""SARIF 2.1.0 (OASIS Standard, 27 March 2020): each result that is a failure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from fairlead.formats.incoming.reading import (
    Draft,
    Hints,
    Reading,
    at,
    list_at,
    text_at,
)

_PLACEHOLDER = re.compile(r"\{([0-9]{1,3})\}")
_HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "bitbucket.org": "bitbucket"}


def read(value: object, _content: bytes, hints: Hints) -> Sequence[Reading]:
    """Return each result of each run."""
    if not text_at(value, "version").startswith("2.1"):
        return [Reading(why=f"SARIF {text_at(value, 'version')!r}; 2.1.0 is read")]
    readings: list[Reading] = []
    for number, run in enumerate(list_at(value, "runs")):
        for place, result in enumerate(list_at(run, "results")):
            where = f"runs[{number}].results[{place}]"
            readings.append(_reading(where, run, result, hints))
    return readings


def _reading(where: str, run: object, result: object, hints: Hints) -> Reading:
    rule = _rule(run, result)
    message = _message(rule, result)
    why = _no_failure(result)
    if why:
        return Reading(place=where, title=message[:200], why=why, ignored=True)
    draft = Draft(hints)
    _package(draft, run)
    _place(draft, run, result)
    _assess(draft, rule, result)
    driver = at(run, "tool", "driver")
    version = text_at(driver, "semanticVersion") or text_at(driver, "version")
    tool = f"{text_at(driver, 'name')} {version}".strip()
    draft.put("discovery_method", "automated-scan")
    draft.put("discovery_tooling", tool, 128)
    draft.attach("report.md", "\n\n".join(_prose(rule, message, result)))
    draft.attach_source("result.sarif.json", {"rule": rule, "result": result})
    links = [text_at(rule, "helpUri"), text_at(result, "hostedViewerUri")]
    links += list_at(result, "workItemUris")
    draft.put_list("references", [u for u in links if _is_http(u)], most=16, size=512)
    return draft.reading(where, message)


def _no_failure(result: object) -> str:
    """Return why a result is nothing to report (SARIF 3.27.9, 3.27.23, 3.27.24)."""
    kind = text_at(result, "kind") or "fail"
    if kind not in {"fail", "review", "open"}:
        return f"its kind is {kind}"
    if text_at(result, "level") == "none" and kind == "fail":
        return "its level is none"
    if text_at(result, "baselineState") == "absent":
        return "it is absent since the baseline"
    states = [text_at(s, "status") for s in list_at(result, "suppressions")]
    if states and not {"underReview", "rejected"} & set(states):
        return "it is suppressed"
    return ""


def _rule(run: object, result: object) -> object:
    """Return the rule of a result, in the driver or an extension (3.52)."""
    component = at(run, "tool", "driver")
    extension = at(result, "rule", "toolComponent", "index")
    if isinstance(extension, int) and not isinstance(extension, bool):
        component = at(run, "tool", "extensions", max(0, extension))
    index = at(result, "ruleIndex")
    if index is None:
        index = at(result, "rule", "index")
    rules = list_at(component, "rules")
    if isinstance(index, int) and 0 <= index < len(rules):
        return rules[index]
    name = text_at(result, "ruleId") or text_at(result, "rule", "id")
    found = next((r for r in rules if text_at(r, "id") == name), None)
    return found if found is not None else {"id": name}


def _message(rule: object, result: object) -> str:
    """Return the message, its placeholders filled (3.11)."""
    text = text_at(result, "message", "text")
    if not text:
        name = text_at(result, "message", "id")
        text = text_at(rule, "messageStrings", name, "text")
    arguments = list_at(result, "message", "arguments")

    def filled(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return str(arguments[number]) if number < len(arguments) else match.group()

    return _PLACEHOLDER.sub(filled, text) if arguments else text


def _package(draft: Draft, run: object) -> None:
    """Name the package by the repository that was scanned, if that is known."""
    origin = at(run, "versionControlProvenance", 0)
    address = text_at(origin, "repositoryUri")
    if not _is_http(address):
        draft.name_package(None, "", "")
        return
    draft.put("package_repo_url", address, 512)
    parts = urlsplit(address)
    kind = _HOSTS.get((parts.hostname or "").lower())
    path = parts.path.strip("/").removesuffix(".git").lower()
    revision = text_at(origin, "revisionId")
    purl = f"pkg:{kind}/{path}" if kind and path.count("/") == 1 else None
    if purl and revision and len(revision) <= 64:  # noqa: PLR2004 - a version's bytes
        purl += f"@{revision}"
    draft.name_package(purl, "", "")


def _place(draft: Draft, run: object, result: object) -> None:
    location = at(result, "locations", 0)
    physical = at(location, "physicalLocation")
    artifact = at(physical, "artifactLocation")
    index = at(artifact, "index")
    address = text_at(artifact, "uri")
    if not address and isinstance(index, int) and not isinstance(index, bool):
        address = text_at(run, "artifacts", max(0, index), "location", "uri")
    symbol: dict[str, object] = {}
    file = unquote(urlsplit(address).path) if address.startswith("file:") else address
    if file:
        symbol["file"] = unquote(file)
    line = at(physical, "region", "startLine")
    if isinstance(line, int) and not isinstance(line, bool) and line >= 0:
        symbol["line"] = line
    logical = list_at(location, "logicalLocations")
    named = next(iter(logical), None)
    function = text_at(named, "fullyQualifiedName") or text_at(named, "name")
    if function:
        symbol["function"] = function
    draft.put("affected_symbol", symbol)


def _assess(draft: Draft, rule: object, result: object) -> None:
    tags = [t for t in list_at(rule, "properties", "tags") if isinstance(t, str)]
    tags += [text_at(r, "target", "id") for r in list_at(rule, "relationships")]
    tags += [text_at(t, "id") for t in list_at(result, "taxa")]
    tags = [f"CWE-{t}" if t.isdecimal() else t for t in tags]
    tags += [text_at(rule, "id"), text_at(rule, "name")]
    cwe = next((t for t in tags if "cwe" in t.lower()), None)
    score = at(result, "properties", "security-severity")
    draft.weigh(cwe=cwe, score=score or at(rule, "properties", "security-severity"))


def _prose(rule: object, message: str, result: object) -> Iterator[str]:
    yield message
    for part in ("shortDescription", "fullDescription", "help"):
        said = text_at(rule, part, "text")
        if said and said != message:
            yield said
    steps = list_at(result, "codeFlows", 0, "threadFlows", 0, "locations")
    trace = [_step(at(step, "location")) for step in steps[:50]]
    frames = list_at(result, "stacks", 0, "frames")
    trace += [_step(at(frame, "location")) for frame in frames[:50]]
    if any(trace):
        yield "\n".join(f"* {line}" for line in trace if line)


def _step(location: object) -> str:
    file = text_at(location, "physicalLocation", "artifactLocation", "uri")
    line = at(location, "physicalLocation", "region", "startLine")
    name = text_at(location, "logicalLocations", 0, "fullyQualifiedName")
    said = text_at(location, "message", "text")
    place = f"{file}:{line}" if isinstance(line, int) else file
    return " ".join(part for part in (name, place, said) if part)


def _is_http(address: object) -> bool:
    return isinstance(address, str) and address.startswith(("https://", "http://"))
