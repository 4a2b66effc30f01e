"""Ecosystems as OSV defines them, and the package URL types that they stand for.

Sources: OSV schema, “Defined ecosystems”; package-url specification, types.
"""

from __future__ import annotations

ECOSYSTEMS: dict[str, frozenset[str]] = {
    "AlmaLinux": frozenset({"rpm"}),
    "Alpine": frozenset({"apk"}),
    "Alpaquita": frozenset({"apk"}),
    "Android": frozenset(),
    "Azure Linux": frozenset({"rpm"}),
    "BellSoft Hardened Containers": frozenset({"apk"}),
    "Bioconductor": frozenset({"bioconductor"}),
    "Bitnami": frozenset({"bitnami"}),
    "Chainguard": frozenset({"apk"}),
    "CleanStart": frozenset({"apk"}),
    "ConanCenter": frozenset({"conan"}),
    "CRAN": frozenset({"cran"}),
    "crates.io": frozenset({"cargo"}),
    "Debian": frozenset({"deb"}),
    "Docker Hardened Images": frozenset({"docker", "oci"}),
    "Drupal": frozenset({"composer", "drupal"}),
    "Echo": frozenset({"deb", "rpm"}),
    "FreeBSD": frozenset({"freebsd"}),
    "GHC": frozenset({"hackage", "generic"}),
    "GitHub Actions": frozenset(),
    "Go": frozenset({"golang"}),
    "Hackage": frozenset({"hackage"}),
    "Hardware": frozenset(),
    "Hex": frozenset({"hex", "otp"}),
    "Julia": frozenset({"julia"}),
    "Kubernetes": frozenset({"golang", "k8s"}),
    "Linux": frozenset(),
    "Mageia": frozenset({"rpm"}),
    "Maven": frozenset({"maven"}),
    "MinimOS": frozenset({"apk"}),
    "npm": frozenset({"npm"}),
    "NuGet": frozenset({"nuget"}),
    "opam": frozenset({"opam"}),
    "openEuler": frozenset({"rpm"}),
    "openSUSE": frozenset({"rpm"}),
    "OSS-Fuzz": frozenset(),
    "Packagist": frozenset({"composer"}),
    "Photon OS": frozenset({"rpm"}),
    "Pub": frozenset({"pub"}),
    "PyPI": frozenset({"pypi"}),
    "Red Hat": frozenset({"rpm"}),
    "Rocky Linux": frozenset({"rpm"}),
    "RubyGems": frozenset({"gem"}),
    "SUSE": frozenset({"rpm"}),
    "SwiftURL": frozenset({"swift"}),
    "TuxCare": frozenset(),
    "Ubuntu": frozenset({"deb"}),
    "VSCode": frozenset({"vscode-extension"}),
    "Wolfi": frozenset({"apk"}),
}
"""Empty where an ecosystem has no package URL type of its own."""

PURL_TYPES = frozenset(
    [
        "alpm",
        "apk",
        "bazel",
        "bioconductor",
        "bitbucket",
        "bitnami",
        "cargo",
        "chrome-extension",
        "clojars",
        "cocoapods",
        "composer",
        "conan",
        "conda",
        "cpan",
        "cran",
        "deb",
        "docker",
        "drupal",
        "gem",
        "generic",
        "github",
        "gitlab",
        "golang",
        "hackage",
        "hex",
        "huggingface",
        "julia",
        "k8s",
        "luarocks",
        "maven",
        "mlflow",
        "nix",
        "npm",
        "nuget",
        "oci",
        "opam",
        "otp",
        "pub",
        "pypi",
        "qpkg",
        "rpm",
        "swid",
        "swift",
        "vscode-extension",
        "yocto",
        "freebsd",
    ]
)
"""Types that the package-url specification describes."""


def known_ecosystem(name: str) -> bool:
    """Tell whether OSV defines *name*, a release after a colon aside: `Debian:12`."""
    return name.partition(":")[0] in ECOSYSTEMS


def purl_types_of(name: str) -> frozenset[str]:
    """Return the package URL types that *name* stands for; none where it has none."""
    return ECOSYSTEMS.get(name.partition(":")[0], frozenset())
