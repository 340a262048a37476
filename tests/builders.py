"""Builders of what tests need: a clean function, and what lies over it."""

import copy
from typing import Any

from rolecall.model import Account
from rolecall.sources import file

ACCOUNT, REGION = "111122223333", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
LOG_GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/orders:*"


def allow(actions: str | list[str], resources: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """One Allow statement of an identity policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def permission(principal: Any, *, sid: str = "Invoke", condition: Any = None) -> dict[str, Any]:
    """One statement of a resource policy that lets the principal invoke the clean function."""
    statement = allow("lambda:InvokeFunction", FUNCTION, Sid=sid, Principal=principal)
    return statement | ({"Condition": condition} if condition else {})


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def clean() -> dict[str, Any]:
    """The snapshot of one function, fed by a queue, without a fault."""
    return {
        "schema": "rolecall-snapshot/1",
        "source": "a test",
        "account": ACCOUNT,
        "region": REGION,
        "functions": [
            {
                "id": "orders",
                "name": "orders",
                "arn": FUNCTION,
                "role": ROLE,
                "runtime": "python3.13",
                "resource_policy": None,
                "settings": {"tracing": True},
                "triggers": [{"type": "sqs", "source": QUEUE, "id": "2b3f6c1e-0000-4000-8000-000000000001"}],
            }
        ],
        "roles": [
            {
                "arn": ROLE,
                "policies": [
                    {
                        "name": "WriteLogs",
                        "document": document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], LOG_GROUP)),
                    },
                    {
                        "name": "WriteTraces",
                        "document": document(allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"])),
                    },
                    {
                        "name": "PollQueue",
                        "document": document(
                            allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], QUEUE)
                        ),
                    },
                ],
                "trust": document(
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ),
                "boundary": None,
            }
        ],
        "gaps": [],
    }


def watching() -> dict[str, Any]:
    """What a deployed auditor depends on, without a fault."""
    return {
        "day": "2026-01-31",
        "trails": [
            {
                "arn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit",
                "logging": True,
                "multi_region": True,
                "global_events": True,
            }
        ],
        "rules": [[f"arn:aws:events:{REGION}:{ACCOUNT}:rule/auditor", "ENABLED"]],
        "queues": [[f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", 0]],
    }


def laid_over(fragment: dict[str, Any]) -> dict[str, Any]:
    """The clean snapshot with a fragment over it.

    A fragment has the members `policies` (name: statements; without `settings`, the function traces where these name
    X-Ray), `trust`, `resource policy` (statements), `triggers`, `tags`, `used_by`, `gaps`, `omitted` and `watch`; a
    single statement is short for the first policy that it fits. `watch` is laid over that of an auditor that hears
    all, `configuration` over the clean one. `calls` is what the code was found to call (service, operation, where,
    parameters by name), and `code: unread` says that it was not read; `boundary` holds statements, `role` and
    `function` further members of the two, and `resources` (their `policy`: statements), `functions` and `roles` more
    of these. `strays` are triggers, each with the `function` (ARN) that it names and that is not there.
    """
    if "Effect" in fragment:
        return laid_over(_of_statement(fragment))
    snapshot = copy.deepcopy(clean())
    function, role = snapshot["functions"][0], snapshot["roles"][0]
    for member, value in fragment.items():
        if member == "policies":
            role["policies"] = [{"name": name, "document": document(*each)} for name, each in value.items()]
            if "settings" not in fragment:
                function["settings"]["tracing"] = "xray:" in str(value)
        elif member == "more policies":
            role["policies"] += [{"name": name, "document": document(*each)} for name, each in value.items()]
        elif member == "trust":
            role["trust"] = document(*value)
        elif member == "resource policy":
            function["resource_policy"] = document(*value)
        elif member in ("triggers", "settings"):
            function[member] = value
        elif member == "boundary":
            role["boundary"] = document(*value)
        elif member == "resources":
            snapshot["resources"] = [_resource(each) for each in value]
        elif member == "calls":
            function["code"] = {"kind": "folder", "path": "app", "read": True, "calls": [_call(each) for each in value]}
        elif member == "tags":
            function["tags"] = value
        elif member in ("used_by", "unique_id"):
            role[member] = value
        elif member == "configuration":
            function["settings"] |= value
        elif member == "code":
            function["code"] = {"kind": "remote"}
        elif member == "role":
            role |= value
        elif member == "function":
            function |= value
        elif member in ("functions", "roles"):
            snapshot[member] += value
        elif member in ("gaps", "omitted", "scps", "strays"):
            snapshot[member] = value
        elif member == "watch":
            snapshot["watch"] = watching() | value
        else:
            raise KeyError(f"a fragment has no member `{member}`")
    return snapshot


def _resource(each: dict[str, Any]) -> dict[str, Any]:
    return each | ({"policy": document(*each["policy"])} if each.get("policy") else {})


def _call(each: dict[str, Any]) -> dict[str, Any]:
    given = each.get("parameters", {}).items()
    values = [[name, value if isinstance(value, list) else [value]] for name, value in given]
    return {"where": "app.py:7"} | each | {"parameters": values}


def account(fragment: dict[str, Any] | None = None) -> Account:
    """The clean account, with a fragment over it."""
    return file.load(laid_over(fragment or {}))


def _of_statement(statement: dict[str, Any]) -> dict[str, Any]:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        return {"more policies": {"Example": [statement]}}
    action = statement.get("Action", "")
    return {"trust" if str(action).startswith("sts:") else "resource policy": [statement]}
