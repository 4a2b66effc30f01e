"""Tests of SSVC decisions: 6.1.46 to 6.1.48, 6.2.34 to 6.2.37 and 6.3.13 to 6.3.15."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.formats.csaf_tests.tables import ssvc
from fairlead.formats.csaf_tests.view import (
    Finding,
    Json,
    View,
    objects,
    part,
    strings,
    text,
)
from fairlead.formats.schemas import SSVC, violations

REGISTERED = frozenset({"basic", "cisa", "cvss", "nist", "ssvc"})
"""Base namespaces that the SSVC project registered."""
_SPECIAL = frozenset({"example", "test"})
"""Reserved for examples and tests: anything goes in them."""


def _decisions(view: View) -> Iterator[tuple[str, Json, Json]]:
    """Yield (pointer, decision, vulnerability)."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, item in objects(vulnerability, "metrics", at):
            content = part(item, "content")
            if isinstance(content.get("ssvc_v2"), dict):
                yield f"{pointer}/content/ssvc_v2", content["ssvc_v2"], vulnerability


def _selections(view: View) -> Iterator[tuple[str, Json]]:
    for pointer, decision, _ in _decisions(view):
        yield from objects(decision, "selections", pointer)


def _base(namespace: str) -> str:
    """Return a namespace without extensions: `ssvc` of `ssvc//.example#x`."""
    return namespace.partition("/")[0]


def _is_registered(base: str) -> bool:
    return base.partition("#")[0] in REGISTERED


def _is_special(base: str) -> bool:
    return base.partition("#")[0] in _SPECIAL


def invalid_ssvc(view: View) -> Iterator[Finding]:
    """6.1.46: decisions are what the schema of SSVC says."""
    for pointer, decision, _ in _decisions(view):
        for fault in violations(SSVC, decision):
            yield Finding(pointer + fault.pointer, fault.message)


def other_target(view: View) -> Iterator[Finding]:
    """6.1.47: decisions are about the vulnerability they stand in."""
    tracking = text(view.tracking, "id")
    for pointer, decision, vulnerability in _decisions(view):
        own = {text(item, "text") for _, item in objects(vulnerability, "ids")}
        own.add(text(vulnerability, "cve"))
        for where, target in strings(decision, "target_ids", pointer):
            whole = target == tracking and len(view.vulnerabilities) > 1
            if target not in own or whole:
                yield Finding(where, f"{target!r} is not this vulnerability")


def wrong_decision_point(view: View) -> Iterator[Finding]:
    """6.1.48: decision points exist, with these values in this order."""
    for pointer, selection in _selections(view):
        base = _base(text(selection, "namespace"))
        if base == "invalid":
            yield Finding(f"{pointer}/namespace", "is reserved for what is invalid")
        if not _is_registered(base):
            continue
        key, version = text(selection, "key"), text(selection, "version")
        values = ssvc().get(base, {}).get(key, {}).get(version)
        if values is None:
            yield Finding(pointer, f"there is no {base}:{key}:{version}")
            continue
        given = [text(value, "key") for _, value in objects(selection, "values")]
        unknown = [value for value in given if value not in values]
        if unknown:
            yield Finding(f"{pointer}/values", f"{unknown[0]!r} is no value of {key}")
        elif given != sorted(given, key=values.index):
            yield Finding(f"{pointer}/values", f"the order is {', '.join(values)}")


def unknown_namespace(view: View) -> Iterator[Finding]:
    """6.2.34: namespaces are registered."""
    for pointer, selection in _selections(view):
        base = _base(text(selection, "namespace"))
        if not _is_registered(base) and not _is_special(base):
            yield Finding(f"{pointer}/namespace", f"{base!r} is not registered")


def _unregistered(view: View, *, public: bool) -> Iterator[Finding]:
    if (view.tlp == "CLEAR") is not public:
        return
    for pointer, selection in _selections(view):
        base = _base(text(selection, "namespace"))
        if not _is_registered(base) and not _is_special(base):
            yield Finding(f"{pointer}/namespace", f"{base!r} is not registered")


def unregistered_in_public(view: View) -> Iterator[Finding]:
    """6.2.35: what is for all uses registered namespaces."""
    yield from _unregistered(view, public=True)


def unregistered_elsewhere(view: View) -> Iterator[Finding]:
    """6.3.14: what is not for all uses registered namespaces."""
    yield from _unregistered(view, public=False)


def _extended(view: View, *, public: bool) -> Iterator[Finding]:
    if (view.tlp == "CLEAR") is not public:
        return
    for pointer, selection in _selections(view):
        base, _, extension = text(selection, "namespace").partition("/")
        if extension and not _is_special(base):
            yield Finding(f"{pointer}/namespace", f"has the extension {extension!r}")


def extended_in_public(view: View) -> Iterator[Finding]:
    """6.2.36: what is for all uses no extension of a namespace."""
    yield from _extended(view, public=True)


def extended_elsewhere(view: View) -> Iterator[Finding]:
    """6.3.15: what is not for all uses no extension of a namespace."""
    yield from _extended(view, public=False)


def without_resource(view: View) -> Iterator[Finding]:
    """6.2.37: a resource explains every namespace that is not registered."""
    for pointer, decision, _ in _decisions(view):
        said = [
            text(item, "summary")
            for _, item in objects(decision, "decision_point_resources")
        ]
        for where, selection in objects(decision, "selections", pointer):
            namespace = text(selection, "namespace")
            known = _is_registered(_base(namespace)) and "/" not in namespace
            if known or _is_special(_base(namespace)):
                continue
            if not any(namespace in summary for summary in said):
                yield Finding(f"{where}/namespace", "no resource explains it")


def old_decision_point(view: View) -> Iterator[Finding]:
    """6.3.13: decision points are of their latest version that is known here."""
    for pointer, selection in _selections(view):
        points = ssvc().get(text(selection, "namespace"), {})
        versions = points.get(text(selection, "key"), {})
        version = text(selection, "version")
        if versions and version in versions:
            latest = max(versions, key=lambda v: [int(step) for step in v.split(".")])
            if version != latest:
                yield Finding(f"{pointer}/version", f"version {latest} is the latest")
