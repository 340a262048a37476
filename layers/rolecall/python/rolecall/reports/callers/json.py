"""Callers as JSON, schema `rolecall-callers/1`: for scripts."""

import json
from collections.abc import Sequence
from typing import Any

from rolecall.callers.caller import Caller, Held
from rolecall.callers.wiring import Row
from rolecall.iam.policy import Statement
from rolecall.model import Gap
from rolecall.reports.callers import Answer

SCHEMA = "rolecall-callers/1"


def render(answers: Sequence[Answer], notes: Sequence[str] = ()) -> str:
    """One indented JSON document, without a trailing newline."""
    functions = [_function(each) for each in answers]
    return json.dumps({"schema": SCHEMA, "notes": list(notes), "functions": functions}, indent=2)


def _function(answer: Answer) -> dict[str, Any]:
    return {
        "function": answer.function,
        "qualifier": answer.qualifier,
        "callers": [_caller(each) for each in answer.who.callers],
        "admins": [_caller(each) | {"how": each.how} for each in answer.who.admins],
        "held": [_held(each) for each in answer.who.held],
        "triggers": [_state(each) for each in answer.triggers],
        "gaps": [_gap(each) for each in answer.who.gaps],
    }


def _caller(caller: Caller) -> dict[str, Any]:
    return {
        "principal": caller.principal,
        "kind": caller.kind,
        "source": caller.source,
        "via": caller.via,
        "statements": [_statement(each) for each in caller.statements],
        "open": list(caller.open),
        "known": caller.known,
        "through": list(caller.through),
    }


def _held(held: Held) -> dict[str, Any]:
    statements = [_statement(each) for each in held.statements]
    return {"principal": held.principal, "kind": held.kind, "by": held.by, "statements": statements}


def _statement(statement: Statement) -> dict[str, Any]:
    return {"policy": statement.policy, "sid": statement.sid, "index": statement.index}


def _state(row: Row) -> dict[str, Any]:
    return {"type": row.type, "source": row.source, "state": row.state.value}


def _gap(gap: Gap) -> dict[str, Any]:
    return {"what": gap.what, "why": gap.why, "call": gap.call, "subject": gap.subject}
