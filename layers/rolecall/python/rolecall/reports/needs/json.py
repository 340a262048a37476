"""Needs as JSON, schema `rolecall-needs/1`: for scripts."""

import json
from collections.abc import Sequence
from typing import Any

from rolecall.needs import Need
from rolecall.reports.needs import Answer

SCHEMA = "rolecall-needs/1"


def render(answers: Sequence[Answer]) -> str:
    """One indented JSON document, without a trailing newline."""
    return json.dumps({"schema": SCHEMA, "functions": [_function(each) for each in answers]}, indent=2)


def _function(answer: Answer) -> dict[str, Any]:
    return {
        "function": answer.function,
        "role": answer.role,
        "needs": [_need(need) for need in answer.needs.needs],
        "unresolved": [
            {"where": each.where, "call": each.what, "service": each.service} for each in answer.needs.unresolved
        ],
        "policy": answer.proposal.document(),
        "proven": answer.proven,
    }


def _need(need: Need) -> dict[str, Any]:
    return {
        "action": need.action,
        "resource": need.resource,
        "certainty": need.certainty.value,
        "proof": {"kind": need.proof.kind, "where": need.proof.where, "why": need.proof.why},
    }
