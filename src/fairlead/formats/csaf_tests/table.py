"""Which tests there are, of which standard, in the order of the standard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from fairlead.formats.csaf_tests import (
    branches,
    extensions,
    helpers,
    languages,
    licences,
    product_ids,
    profiles,
    ranges,
    revisions,
    scores,
    sharing,
    ssvc,
    status,
    texts,
    times,
    vulnerabilities,
    weaknesses,
    words,
)
from fairlead.formats.csaf_tests.view import Finding, View

Check = Callable[[View], Iterator[Finding]]


class Group(StrEnum):
    """What it means to fail a test."""

    MANDATORY = "mandatory"
    """The document is invalid."""
    RECOMMENDED = "recommended"
    """There had better be a good reason; CSAF 2.0 says “optional”."""
    INFORMATIVE = "informative"
    """Something can be improved."""


@dataclass(frozen=True, slots=True)
class Test:
    """One test of the standard."""

    id: str
    check: Check

    @property
    def group(self) -> Group:
        """Return what it means to fail."""
        return list(Group)[int(self.id.split(".")[1]) - 1]

    @property
    def says(self) -> str:
        """Return what the test wants, in one sentence."""
        first = (self.check.__doc__ or "").strip().splitlines()[0]
        return first.partition(": ")[2].rstrip(".")


_SHARED: dict[str, Check] = {
    "6.1.1": product_ids.missing_definition,
    "6.1.2": product_ids.multiple_definition,
    "6.1.3": product_ids.circular_definition,
    "6.1.4": product_ids.missing_group,
    "6.1.5": product_ids.multiple_group,
    "6.1.6": status.contradicting_status,
    "6.1.7": scores.several_scores,
    "6.1.8": scores.invalid_cvss,
    "6.1.9": scores.wrong_score,
    "6.1.10": scores.contradicting_properties,
    "6.1.11": weaknesses.unknown_weakness,
    "6.1.12": languages.invalid_language,
    "6.1.13": helpers.invalid_purl,
    "6.1.14": revisions.unsorted_history,
    "6.1.15": languages.translator,
    "6.1.16": revisions.not_latest,
    "6.1.17": revisions.not_draft,
    "6.1.18": revisions.released_drafts,
    "6.1.19": revisions.pre_releases,
    "6.1.20": revisions.released_pre_release,
    "6.1.21": revisions.missing_revision,
    "6.1.22": revisions.repeated_revision,
    "6.1.23": vulnerabilities.same_cve,
    "6.1.24": vulnerabilities.same_involvement,
    "6.1.25": helpers.same_algorithm,
    "6.1.26": profiles.reserved_category,
    "6.1.27.1": profiles.missing_note,
    "6.1.27.2": profiles.missing_reference,
    "6.1.27.3": profiles.vulnerabilities_exist,
    "6.1.27.4": profiles.missing_tree,
    "6.1.27.5": profiles.missing_notes,
    "6.1.27.6": profiles.missing_status,
    "6.1.27.7": profiles.missing_vex_status,
    "6.1.27.8": profiles.missing_id,
    "6.1.27.9": profiles.missing_impact,
    "6.1.27.10": profiles.missing_action,
    "6.1.27.11": profiles.missing_vulnerabilities,
    "6.1.28": languages.same_language,
    "6.1.29": status.without_product,
    "6.1.30": revisions.mixed_versions,
    "6.1.31": branches.range_as_version,
    "6.1.32": status.flag_without_product,
    "6.1.33": status.several_flags,
    "6.2.1": product_ids.unused_product,
    "6.2.2": status.missing_remediation,
    "6.2.3": scores.missing_rating,
    "6.2.4": revisions.build_metadata,
    "6.2.5": revisions.released_before_first,
    "6.2.6": revisions.released_before_last,
    "6.2.7": times.involvement_without_date,
    "6.2.8": helpers.only_md5,
    "6.2.9": helpers.only_sha1,
    "6.2.11": texts.missing_canonical_url,
    "6.2.12": languages.missing_language,
    "6.2.13": texts.unsorted_keys,
    "6.2.14": languages.private_language,
    "6.2.15": languages.default_language,
    "6.2.16": helpers.missing_helper,
    "6.2.17": vulnerabilities.cve_among_ids,
    "6.2.18": ranges.without_vers,
    "6.2.19": scores.rated_though_fixed,
    "6.2.20": texts.additional_properties,
    "6.3.1": scores.only_cvss_2,
    "6.3.2": scores.cvss_3_0,
    "6.3.3": vulnerabilities.missing_cve,
    "6.3.4": weaknesses.missing_weakness,
    "6.3.5": helpers.short_hash,
    "6.3.6": texts.dead_link,
    "6.3.7": texts.dead_own_link,
    "6.3.8": words.misspelt,
    "6.3.9": branches.expected_order,
    "6.3.10": branches.uses_range,
    "6.3.11": branches.leading_v,
}
"""Tests that both versions have."""

_ONLY_2_0: dict[str, Check] = {"6.2.10": sharing.missing_label}

_ONLY_2_1: dict[str, Check] = {
    "6.1.27.12": profiles.nothing_affected,
    "6.1.27.13": profiles.nothing_corresponds,
    "6.1.27.14": profiles.missing_reasoning_note,
    "6.1.27.15": profiles.tree_exists,
    "6.1.27.16": profiles.short_history,
    "6.1.27.17": profiles.withdrawal_unexplained,
    "6.1.27.18": profiles.supersession_unexplained,
    "6.1.27.19": profiles.missing_successor,
    "6.1.34": branches.too_deep,
    "6.1.35": status.contradicting_remediations,
    "6.1.36": status.contradicting_combination,
    "6.1.37": times.invalid_time,
    "6.1.38": sharing.secret_for_all,
    "6.1.39": sharing.public_for_some,
    "6.1.40": sharing.reserved_name,
    "6.1.41": sharing.missing_name,
    "6.1.42": helpers.different_purls,
    "6.1.43": helpers.model_stars,
    "6.1.44": helpers.serial_stars,
    "6.1.45": times.disclosed_later,
    "6.1.46": ssvc.invalid_ssvc,
    "6.1.47": ssvc.other_target,
    "6.1.48": ssvc.wrong_decision_point,
    "6.1.49": times.ssvc_later,
    "6.1.50": ranges.invalid_range,
    "6.1.51": times.epss_later,
    "6.1.52": times.exploited_later,
    "6.1.53": times.known_before_exploited,
    "6.1.54": licences.invalid_expression,
    "6.1.55": licences.missing_text,
    "6.1.56": scores.rated_twice,
    "6.1.57": branches.stacked,
    "6.1.58": branches.version_and_range,
    "6.1.59": ranges.single_version,
    "6.1.60.1": extensions.wrong_content,
    "6.1.60.2": extensions.wrong_extension,
    "6.1.60.3": extensions.wrong_use,
    "6.1.61": helpers.sku_stars,
    "6.2.21": revisions.same_times,
    "6.2.22": texts.id_in_title,
    "6.2.23": weaknesses.deprecated_weakness,
    "6.2.24": weaknesses.other_version,
    "6.2.25": weaknesses.not_for_mapping,
    "6.2.26": weaknesses.mapping_with_review,
    "6.2.27": status.discouraged_combination,
    "6.2.28": sharing.max_uuid,
    "6.2.29": sharing.nil_uuid,
    "6.2.30": sharing.group_for_public,
    "6.2.31": helpers.hardware_and_software,
    "6.2.32": helpers.same_helper,
    "6.2.33": times.disclosed_since,
    "6.2.34": ssvc.unknown_namespace,
    "6.2.35": ssvc.unregistered_in_public,
    "6.2.36": ssvc.extended_in_public,
    "6.2.37": ssvc.without_resource,
    "6.2.38": profiles.deprecated_profile,
    "6.2.39.1": profiles.missing_fixed,
    "6.2.39.2": profiles.withdrawal_in_language,
    "6.2.39.3": profiles.supersession_in_language,
    "6.2.39.4": profiles.successor_in_language,
    "6.2.39.5": extensions.in_withdrawn,
    "6.2.40": texts.description_without_product,
    "6.2.41": times.old_epss,
    "6.2.42": helpers.other_than_branches,
    "6.2.43": licences.missing_expression,
    "6.2.44": licences.deprecated_licence,
    "6.2.45": licences.unknown_licence,
    "6.2.46": licences.missing_text_in_language,
    "6.2.47": scores.rated_in_words,
    "6.2.48": branches.open_source,
    "6.2.49": ranges.open_above,
    "6.2.50.1": ranges.contradicting_vers,
    "6.2.50.2": ranges.contradicting_vls,
    "6.2.50.3": ranges.contradicting_version,
    "6.2.51": ranges.unknown_scheme,
    "6.2.52": helpers.unknown_hash,
    "6.2.53": vulnerabilities.other_pattern,
    "6.2.54.1": extensions.unregistered,
    "6.2.54.2": extensions.unofficial,
    "6.2.54.3": extensions.critical,
    "6.2.54.4": extensions.experiment_in_public,
    "6.3.12": scores.missing_cvss_4,
    "6.3.13": ssvc.old_decision_point,
    "6.3.14": ssvc.unregistered_elsewhere,
    "6.3.15": ssvc.extended_elsewhere,
    "6.3.16": words.ungrammatical,
    "6.3.17": licences.unregistered_licence,
    "6.3.18": scores.word_of_others,
    "6.3.19.1": ranges.same_vers,
    "6.3.19.2": ranges.same_vls,
    "6.3.19.3": ranges.same_version,
    "6.3.19.4": ranges.overlapping_branches,
    "6.3.19.5": ranges.version_in_branch,
    "6.3.20": vulnerabilities.unregistered_system,
    "6.3.21.1": extensions.essential,
    "6.3.21.2": extensions.experiment_elsewhere,
    "6.3.21.3": extensions.at_document,
    "6.3.21.4": extensions.at_branches,
    "6.3.21.5": extensions.at_names,
    "6.3.21.6": extensions.at_paths,
    "6.3.21.7": extensions.at_metrics,
    "6.3.21.8": extensions.at_vulnerabilities,
    "6.3.21.9": extensions.at_root,
    "6.3.22": product_ids.nested_path,
}


def _table(*parts: dict[str, Check]) -> tuple[Test, ...]:
    checks = {name: check for part in parts for name, check in part.items()}
    names = sorted(checks, key=lambda name: [int(step) for step in name.split(".")])
    return tuple(Test(name, checks[name]) for name in names)


CSAF_2_0 = _table(_SHARED, _ONLY_2_0)
CSAF_2_1 = _table(_SHARED, _ONLY_2_1)
