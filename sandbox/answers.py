"""Answers that lack something in ministack which the auditor reads: members, defaults, errors."""

import functools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sandbox.hooks import module

Answer = tuple[int, dict[str, str], bytes]


def complete() -> None:
    """Fill the gaps of IAM, EventBridge, its scheduler and pipes, CloudWatch Logs and Secrets Manager."""
    handlers = module("ministack.services.iam")._IAM_HANDLERS
    handlers["GetAccountAuthorizationDetails"] = _with_details(handlers["GetAccountAuthorizationDetails"])
    events, actions = module("ministack.services.eventbridge"), module("ministack.core.iam_actions")
    actions.extract_resource_arn = _with_rules(actions.extract_resource_arn)
    events._list_rule_names_by_target = _on_default_bus(events._list_rule_names_by_target)
    events._list_targets_by_rule = _of_existing_rule(events._list_targets_by_rule)
    secrets, logs = module("ministack.services.secretsmanager"), module("ministack.services.cloudwatch_logs")
    secrets._list_secrets = _with_rotation(secrets._list_secrets)
    logs.handle_request = _with_account_policies(logs.handle_request)
    schedules, pipes = module("ministack.services.scheduler"), module("ministack.services.pipes")
    schedules._list_schedules = _paged(schedules._list_schedules, "Schedules", "MaxResults")
    pipes._list_pipes = _paged(pipes._list_pipes, "Pipes", "Limit")


def _with_rules(plain: Callable[..., str]) -> Callable[..., str]:
    """The resource that a call is about: ListTargetsByRule, PutTargets and RemoveTargets say `Rule` for its name."""

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, *others: Any) -> str:
        return plain(service, method, path, headers, _named_rule(body) if service == "events" else body, *others)

    return resource


def _named_rule(body: bytes) -> bytes:
    members = json.loads(body or b"{}")
    return json.dumps({"Name": members["Rule"], **members}).encode() if "Rule" in members else body


def _with_details(plain: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """GetAccountAuthorizationDetails: boundaries, and the AWS managed policies that are attached."""

    def details(parameters: Any) -> Answer:
        iam = module("ministack.services.iam")
        status, headers, body = plain(parameters)
        text = body.decode()
        for name, holders in (("RoleId", iam._roles), ("UserId", iam._users)):
            for holder in holders.values():
                if boundary := holder.get("PermissionsBoundary"):
                    kind = "<PermissionsBoundaryType>Policy</PermissionsBoundaryType>"
                    arn = f"<PermissionsBoundaryArn>{boundary}</PermissionsBoundaryArn>"
                    whole = f"<PermissionsBoundary>{kind}{arn}</PermissionsBoundary>"
                    own = f"<{name}>{holder[name]}</{name}>"
                    text = text.replace(own, own + whole, 1) if whole not in text.partition(own)[2][:400] else text
        filters = [iam._p(parameters, f"Filter.member.{number}") for number in range(1, 6)]
        if not any(filters) or "AWSManagedPolicy" in filters:
            text = text.replace("</Policies>", f"{_managed(iam)}</Policies>", 1)
        return status, headers, text.encode()

    return details


def _managed(iam: Any) -> str:
    """The AWS managed policies that somebody uses, as XML."""
    holders = [*iam._roles.values(), *iam._users.values(), *iam._groups.values()]
    used = {
        arn for holder in holders for arn in (*holder.get("AttachedPolicies", ()), holder.get("PermissionsBoundary"))
    }
    known = [iam._aws_managed_policies[arn] for arn in sorted(used - {None, ""}) if arn in iam._aws_managed_policies]
    return "".join(_policy(each) for each in known)


def _policy(record: dict[str, Any]) -> str:
    members = {name: record[name] for name in ("PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId")}
    versions = "".join(_version(each) for each in record["Versions"].values())
    return f"<member>{_xml(members)}<PolicyVersionList>{versions}</PolicyVersionList></member>"


def _version(record: dict[str, Any]) -> str:
    document, default = quote(record["Document"], safe=""), "true" if record.get("IsDefaultVersion") else "false"
    members = {"Document": document, "VersionId": record["VersionId"], "IsDefaultVersion": default}
    return f"<member>{_xml(members)}</member>"


def _xml(members: dict[str, str]) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in members.items())


def _on_default_bus(plain: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """ListRuleNamesByTarget: of the default bus where none is named; a bus may be named by its ARN."""

    def listed(data: dict[str, Any]) -> Answer:
        return plain({**data, "EventBusName": data.get("EventBusName", "default").rpartition("/")[2]})

    return listed


def _of_existing_rule(plain: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """ListTargetsByRule: an error for a rule that does not exist."""

    def listed(data: dict[str, Any]) -> Answer:
        events = module("ministack.services.eventbridge")
        bus = data.get("EventBusName", "default")
        if events._rule_key(data.get("Rule"), bus) in events._rules:
            return plain(data)
        missing = f"Rule {data.get('Rule')} does not exist on EventBus {bus}."
        refused: Answer = events.error_response_json("ResourceNotFoundException", missing, 400)
        return refused

    return listed


def _with_rotation(plain: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """ListSecrets: the function that rotates a secret, and when."""

    def listed(data: dict[str, Any]) -> Answer:
        status, headers, body = plain(data)
        answer = json.loads(body)
        for entry in answer.get("SecretList", ()):
            kept = module("ministack.services.secretsmanager")._secrets[entry["Name"]]
            entry.update({name: kept[name] for name in ("RotationLambdaARN", "RotationRules") if kept.get(name)})
        return status, headers, json.dumps(answer).encode()

    return listed


def _with_account_policies(plain: Callable[..., Any]) -> Callable[..., Any]:
    """DescribeAccountPolicies: there are none, as nothing here can make one."""

    @functools.wraps(plain)
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(".DescribeAccountPolicies"):
            return module("ministack.services.cloudwatch_logs").json_response({"accountPolicies": []})
        return await plain(method, path, headers, body, query)

    return handle


def _paged(plain: Callable[[Any], Answer], member: str, limit: str) -> Callable[[Any], Answer]:
    """A list whose token leads on to the next page; ministack's is lost, or leads to the same page again."""

    def listed(query: dict[str, Any]) -> Answer:
        def asked(name: str, default: int) -> int:
            value = query.get(name) or default
            return int(value[0] if isinstance(value, list) else value)

        start, size = asked("NextToken", 0), asked(limit, 100)
        every = {name: value for name, value in query.items() if name not in ("NextToken", limit)}
        status, headers, body = plain({**every, limit: "1000000"})
        answer = json.loads(body)
        if status == 200:
            more = {"NextToken": str(start + size)} if start + size < len(answer[member]) else {}
            answer = {member: answer[member][start : start + size], **more}
        return status, headers, json.dumps(answer).encode()

    return listed
