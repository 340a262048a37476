"""The report as JSON, schema `rolecall/1`: for scripts."""

import json

from rolecall.finding import Audited, Report

SCHEMA = "rolecall/1"


def render(report: Report) -> str:
    """The whole report as one indented JSON document, without a trailing newline."""
    document = {
        "schema": SCHEMA,
        "tool": report.tool,
        "catalog": report.catalog,
        "source": report.source,
        "rules": list(report.rules),
        "notes": list(report.notes),
        "functions": [_audited(function) for function in report.functions],
        "findings": [finding.to_json() for finding in report.findings],
    }
    return json.dumps(document, indent=2)


def _audited(function: Audited) -> dict[str, object]:
    return {
        "function": function.function,
        "name": function.name,
        "role": function.role,
        "runtime": function.runtime,
        "versions": list(function.versions),
        "gaps": [{"what": gap.what, "why": gap.why, "call": gap.call} for gap in function.gaps],
        "findings": function.findings,
    }
