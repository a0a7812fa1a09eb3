"""The settings of every service, read as it would itself, with the files that they name."""

from collections.abc import Mapping

from streams.doctor.finding import Finding, ok, problem
from streams.documents.remark import InvalidFileError
from streams.notifier.target_file.load import read_targets
from streams.rules.load import read_rules
from streams.settings import InvalidSettingsError, Settings, load_settings_of

Kinds = Mapping[str, type[Settings]]
"""Service -> its settings."""


def check_services(kinds: Kinds) -> list[Finding]:
    """A line for each service whose settings cannot be used, or one for all."""
    findings, fine = [], []
    for service, kind in kinds.items():
        fault = _fault(kind)
        if fault is None:
            fine.append(service)
        else:
            advice = f"slo-streams {service} would end with this; unset or mend what is not meant."
            findings.append(problem(f"settings of {service}", fault, advice))
    return [*findings, *([ok("other settings", f"valid: {', '.join(fine)}")] if fine else [])]


def _fault(kind: type[Settings]) -> str | None:
    try:
        settings = load_settings_of(kind)
        if (targets := getattr(settings, "targets", None)) is not None:
            read_targets(targets)
        if (rules := getattr(settings, "rules", None)) is not None:
            read_rules(rules)
    except (InvalidSettingsError, InvalidFileError) as fault:
        return str(fault)
    return None
