"""Write the tables that the CSAF tests look up, from the lists that others keep.

Usage: python tools/csaf_tables.py SUITES

SUITES is the folder of conformance suites. The lists of CWE, SPDX, ScanCode, RVISC and
IANA are taken from the package `csaf`, which carries them unchanged.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "src/fairlead/formats/csaf_tests/data"


def main(suites: Path) -> None:
    """Write every table."""
    found = importlib.util.find_spec("csaf")
    assert found is not None
    assert found.origin is not None
    lists = Path(found.origin).parent / "csaf/v21"
    cwe = _load(lists / "cwe/catalog.json")
    for weakness in cwe["weaknesses"].values():
        weakness.pop("status", None)
    _write("cwe.json", {k: cwe[k] for k in ("version_dates", "weaknesses")})
    spdx = _load(lists / "spdx/catalog.json")
    spdx.pop("spdxVersion")
    _write("licences.json", spdx)
    registry = _load(lists / "rvisc/registry.json")
    _write(
        "id_systems.json",
        {e["system_name"]: e["text_pattern"] for e in registry["entries"]},
    )
    _write(
        "translations.json",
        _load(lists / "translations/translations.json")["translation"],
    )
    tags = _load(Path(found.origin).parent / "bcp47/registry.json")
    _write(
        "languages.json",
        {
            kind: sorted(tags[kind])
            for kind in ("language", "extlang", "script", "region")
        },
    )
    _write("ssvc.json", _decision_points(suites / "ssvc/decision_points"))
    _write("extensions.json", _extensions(suites / "csaf/2.1/extension/data"))


def _decision_points(folder: Path) -> dict[str, Any]:
    table: Any = defaultdict(lambda: defaultdict(dict))
    for file in sorted(folder.rglob("*.json")):
        point = _load(file)
        values = [value["key"] for value in point["values"]]
        table[point["namespace"]][point["key"]][point["version"]] = values
    return table


def _extensions(folder: Path) -> list[dict[str, Any]]:
    return [
        {
            "content": _load(file),
            "metadata": _load(Path(str(file).replace("-content_", "-metadata_"))),
        }
        for file in sorted(folder.rglob("*-content_*.json"))
    ]


def _load(file: Path) -> Any:  # noqa: ANN401 - JSON
    return json.loads(file.read_text())


def _write(name: str, value: Any) -> None:  # noqa: ANN401 - JSON
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    (TARGET / name).write_text(text + "\n")
    digest = hashlib.sha256((TARGET / name).read_bytes()).hexdigest()
    print(f"| `{name}` | `{digest}` |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
