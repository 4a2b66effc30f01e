"""The formats an advisory is published in: one table, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Struct

from fairlead.formats import csaf, cve, openvex, osv
from fairlead.formats.advisory import Advisory
from fairlead.formats.csaf import Version
from fairlead.formats.cve import Assigner


class Place(Struct, frozen=True, kw_only=True):
    """What some formats want to know beyond the content."""

    address: str
    """Where the advisory is found, without a slash at its end."""
    assigner: Assigner | None = None
    """The CVE Numbering Authority that publishes; none if the publisher is none."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format."""

    title: str
    suffix: str
    """Of the address of an advisory in it, and of its file."""
    write: Callable[[Advisory, Place], bytes]
    not_carried: Callable[[Advisory], tuple[str, ...]]
    applies: Callable[[Advisory, Place], bool] = lambda _advisory, _place: True
    """Tells whether there is such a document of an advisory at all."""


def _cve(advisory: Advisory, place: Place) -> bytes:
    return cve.cve_record(advisory, place.assigner or Assigner(org_id=""))


def _is_cna(advisory: Advisory, place: Place) -> bool:
    return place.assigner is not None and cve.cve_of(advisory) is not None


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "csaf": Format(
            "CSAF 2.0",
            "json",
            lambda advisory, _: csaf.csaf_document(advisory),
            csaf.not_carried,
        ),
        "csaf-2.1": Format(
            "CSAF 2.1",
            "csaf-2.1.json",
            lambda advisory, _: csaf.csaf_document(advisory, Version.V2_1),
            lambda advisory: csaf.not_carried(advisory, Version.V2_1),
        ),
        "osv": Format(
            "OSV",
            "osv.json",
            lambda advisory, _: osv.osv_document(advisory),
            osv.not_carried,
        ),
        "cve": Format("CVE 5.1", "cve.json", _cve, cve.not_carried, _is_cna),
        "openvex": Format(
            "OpenVEX",
            "openvex.json",
            lambda advisory, place: openvex.openvex_document(
                advisory, f"{place.address}/openvex"
            ),
            openvex.not_carried,
            lambda advisory, _: advisory.withdrawn is None,
        ),
    }
)
"""Every format by the name it has in commands and addresses."""
