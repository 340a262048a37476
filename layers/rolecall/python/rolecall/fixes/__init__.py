"""Fixes: the commands, statements and lines that people paste."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rolecall.fixes.circles import circle, naming, referred, waiting
from rolecall.iam.policy import Place, Statement
from rolecall.model import Account, Function, Role, Trigger
from rolecall.needs.references import References
from rolecall.triggers import TRIGGERS, Poll

PLACEHOLDER = "SOURCE_ARN"
CONDITIONS = {
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "SourceAccount": ("StringEquals", "aws:SourceAccount"),
    "SourceArn": ("ArnLike", "aws:SourceArn"),
}
"""Property of AWS::Lambda::Permission -> the condition that it stands for (Lambda API Reference, "AddPermission")."""


def remove_permission(function: Function, statement: Statement) -> str:
    """What takes the statement out of the resource policy: an edit of the template, or a command."""
    place = statement.place
    if place and place.added_by:
        return f"take what {place.file}:{place.line} asks for out: {place.added_by} adds `{_sid(statement)}` for it"
    if place:
        called = f"`{statement.sid}`" if statement.sid else f"statement {statement.index + 1}"
        return f"take {called} out of {place.file}:{place.line}"
    return (
        f"aws lambda remove-permission --function-name {function.name} --statement-id {_sid(statement)}{_at(function)}"
    )


def guarded_permission(
    function: Function, statement: Statement, caller: str, source: str, account: Account, *, also: Sequence[str] = ()
) -> str:
    """What puts a permission of one source in place of the statement: an edit of the template, or commands.

    SNS sends no account (with one the statement would never match); a bucket ARN holds none. `also` are sources that
    the statement lets in as well, and that must not lose it: an AWS::Lambda::Permission has room for one.
    """
    place = statement.place
    further = [permission(function, caller, each, account, owner=caller.startswith("s3.")) for each in also]
    if place:
        wanted = referred(source, account)
        if _stands_in_a_document(function, statement):
            others = ", ".join(f"`{each}`" for each in statement.services if each != caller)
            named = [wanted, *(referred(each, account) for each in also)] if also else wanted
            document = json.dumps(_guarded(statement, caller, named, account))
            more = f", and a statement of its own for {others}" if others else ""
            return f"in {place.file}:{place.line}: {document}{more}{naming(source, account)}"
        return "; ".join([_guarding(statement, caller, source, account), *further])
    owner = f" --source-account {account.id}" if caller.startswith("s3.") else ""
    add = (
        f"aws lambda add-permission --function-name {function.name} --statement-id {_sid(statement)}-guarded"
        f" --action lambda:InvokeFunction --principal {caller} --source-arn '{source}'{owner}{_at(function)}"
    )
    return " && ".join([add, *further, remove_permission(function, statement)])


def _stands_in_a_document(function: Function, statement: Statement) -> bool:
    """Is it a statement of an AWS::Lambda::ResourcePolicy, which has no properties but a Condition?"""
    is_property = ("AWS::Lambda::Permission", statement.sid) in function.writers
    return not is_property and any(kind == "AWS::Lambda::ResourcePolicy" for kind, _ in function.writers)


def _guarded(statement: Statement, caller: str, source: object, account: Account) -> dict[str, Any]:
    """The statement for one service and one source of it."""
    owned = caller.startswith("s3.")
    replaced = {"aws:sourcearn", *(["aws:sourceaccount"] if owned else [])}
    document = {**statement.document(), "Principal": {"Service": caller}}
    tests = {
        operator: {key: values for key, values in keys.items() if key.lower() not in replaced}
        for operator, keys in document.get("Condition", {}).items()
    }
    tests["ArnLike"] = {**tests.get("ArnLike", {}), "aws:SourceArn": source}
    if owned:
        tests["StringEquals"] = {**tests.get("StringEquals", {}), "aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    document.pop("NotPrincipal", None)
    if statement.resources:
        document["Resource"] = [referred(each, account) for each in statement.resources]
    return {**document, "Condition": {operator: keys for operator, keys in tests.items() if keys}}


def _guarding(statement: Statement, caller: str, source: str, account: Account) -> str:
    """What an AWS::Lambda::Permission lacks to guard itself, or has wrong."""
    place, wanted = statement.place, referred(source, account)
    assert place is not None
    line = f"`{as_property(place, 'SourceArn', wanted)}`"
    owner = f"`{as_property(place, 'SourceAccount', {'Ref': 'AWS::AccountId'})}`" if caller.startswith("s3.") else ""
    if place.added_by:
        lines = " and ".join(filter(None, [line, owner]))
        also = " and the `NotificationConfiguration` of the bucket" if owner else ""
        return (
            f"in place of the event, for which {place.added_by} always adds `{_sid(statement)}`, write an"
            f" AWS::Lambda::Permission with {lines}{also}{naming(source, account)}"
        )
    if _asks_for(statement, "aws:sourceaccount", account.id):
        owner = ""
    if owner and _asks_for(statement, "aws:sourcearn", source):
        line = ""
    key = "aws:sourcearn" if line else "aws:sourceaccount"
    is_there = any(each.key.lower() == key for each in statement.conditions)
    lines = " and ".join(filter(None, [line, owner]))
    return f"{place.file}:{place.line}: {'set' if is_there else 'add'} {lines}{naming(source, account) if line else ''}"


def _asks_for(statement: Statement, key: str, value: str) -> bool:
    return any(each.key.lower() == key and each.values == (value,) for each in statement.conditions)


def permission(function: Function, principal: str, source: str, account: Account, *, owner: bool) -> str:
    """What lets one source in: a resource of the template, or a command. `owner`: its ARN does not say whose it is."""
    if function.place is None:
        sid = "".join(each for each in f"{principal.partition('.')[0]}-{source.rpartition(':')[2]}" if each.isalnum())
        pinned = f" --source-account {account.id}" if owner else ""
        return (
            f"aws lambda add-permission --function-name {function.name} --statement-id {sid[:60]}"
            f" --action lambda:InvokeFunction --principal {principal} --source-arn '{source}'{pinned}{_at(function)}"
        )
    given: dict[str, object] = {"SourceAccount": {"Ref": "AWS::AccountId"}}
    if not (principal.startswith("config.") and circle(source, account)):
        given = {"SourceArn": referred(source, account), **(given if owner else {})}
    return _added(function, "lambda:InvokeFunction", {"Service": principal}, given, account) + waiting(
        function, source, account
    )


def _added(
    function: Function, action: str, principal: Mapping[str, object], given: Mapping[str, object], account: Account
) -> str:
    """A further statement for a template: of a policy that stands there as a whole, else a resource of its own.

    `given` are properties of AWS::Lambda::Permission.
    """
    assert function.place is not None
    (who,) = principal.values()
    target = reference(function.qualified_arn, account)
    written = next((name for kind, name in function.writers if kind == "AWS::Lambda::ResourcePolicy"), None)
    if written is None:
        properties = {"FunctionName": target, "Action": action, "Principal": who, **given}
        made: dict[str, object] = {"Type": "AWS::Lambda::Permission", "Properties": properties}
        return f"add to the resources of {function.place.file}: {json.dumps(made)}"
    tests: dict[str, dict[str, object]] = {}
    for name, value in given.items():
        operator, key = CONDITIONS[name]
        tests.setdefault(operator, {})[key] = "true" if value is True else value
    whom = "*" if who == "*" else dict(principal)
    made = {"Effect": "Allow", "Principal": whom, "Action": action, "Resource": target, "Condition": tests}
    return f"add to the statements of `{written}` of {function.place.file}: {json.dumps(made)}"


def permission_for_token(function: Function, statement: Statement, caller: str) -> str:
    """What lets a partner in for one skill only: an edit of the template, or commands."""
    place = statement.place
    if place:
        # In SAM the id of the skill is a property of the event that the permission was made of.
        line = as_property(place, "SkillId" if place.added_by else "EventSourceToken", "SKILL_ID")
        return f"say in place of `SKILL_ID` which skill: {place.file}:{place.line}: add `{line}`"
    return (
        f"say in place of `SKILL_ID` which skill: aws lambda add-permission --function-name {function.name}"
        f" --statement-id {_sid(statement)}-guarded --action lambda:InvokeFunction --principal {caller}"
        f" --event-source-token SKILL_ID{_at(function)} && {remove_permission(function, statement)}"
    )


def moved_permission(function: Function, wanted: Function, statement: Statement, source: str, account: Account) -> str:
    """What puts a permission on the version that the trigger invokes: an edit of the template, or commands."""
    place = statement.place
    if place:
        target = as_text(reference(wanted.qualified_arn, account))
        return f"{place.file}:{place.line}: let `FunctionName` of `{_sid(statement)}` be `{target}`"
    pinning = [each for each in statement.conditions if each.key.lower() == "aws:sourceaccount"]
    accounts = [value for each in pinning for value in each.values]
    pinned = f" --source-account {accounts[0]}" if accounts else ""
    return (
        f"aws lambda add-permission --function-name {wanted.name} --statement-id {_sid(statement)}"
        f" --action lambda:InvokeFunction --principal {statement.services[0]} --source-arn '{source}'"
        f"{pinned}{_at(wanted)} && {remove_permission(function, statement)}"
    )


def enabled_mapping(function: Function, trigger: Trigger) -> str:
    """What makes a trigger work again, once its cause is mended."""
    if trigger.place:
        return f"{trigger.place.file}:{trigger.place.line}: enable it, or take it out"
    if trigger.type == "eventbridge":
        return f"aws events enable-rule --name {trigger.source.rpartition('/')[2]}"
    if trigger.id and trigger.role is None and isinstance(TRIGGERS.get(trigger.type), Poll):
        return f"aws lambda update-event-source-mapping --uuid {trigger.id} --enabled"
    return f"enable `{trigger.source}`, or remove its trigger of `{function.name}`"


def sparing_services(statement: Statement) -> dict[str, Any]:
    """A Deny that leaves services alone, which the Allows let in one by one."""
    document = statement.document()
    document.setdefault("Condition", {}).setdefault("Bool", {})["aws:PrincipalIsAWSService"] = "false"
    return document


def sparing(statement: Statement, principal: str) -> dict[str, Any]:
    """A Deny that leaves one principal (ARN) alone, which comes under the ARN of its role also as a session."""
    document = statement.document()
    tests = document.setdefault("Condition", {}).setdefault("ArnNotEquals", {})
    key = next((each for each in tests if each.lower() == "aws:principalarn"), "aws:PrincipalArn")
    tests[key] = [*tests.get(key, []), principal]
    return document


def narrowed_deny(function: Function, statement: Statement, document: Mapping[str, Any]) -> str:
    """Where a Deny stands, and the statement as it should read."""
    where = f"{statement.place.file}:{statement.place.line}" if statement.place else f"the policy of `{function.name}`"
    return f"in {where}: {json.dumps(document)}"


def reference(arn: str, account: Account) -> object:
    """What gives an ARN in a template: an intrinsic function that holds in any stack; the ARN where there is none."""
    return References.of([account], "", ()).value(arn) if account.names else arn


def as_text(given: object) -> str:
    """A reference as it is pasted: an ARN as it is, an intrinsic function as JSON."""
    return given if isinstance(given, str) else json.dumps(given)


def as_property(place: Place, name: str, given: object) -> str:
    """A property as it is pasted into the template that a place is in: a member of an object where that is JSON."""
    if place.file.endswith((".json", ".template")):
        return f"{json.dumps(name)}: {json.dumps(given)}"
    return f"{name}: {as_text(given)}"


def _sid(statement: Statement) -> str:
    return statement.sid or f"STATEMENT_{statement.index + 1}"


def _at(function: Function) -> str:
    return f" --qualifier {function.qualifier}" if function.qualifier else ""


def new_trust(role: Role, document: Mapping[str, Any]) -> str:
    """What puts a trust policy in place of the role's: an edit of the template, or a command."""
    if role.place:
        return f"{role.place.file}:{role.place.line}: `{as_property(role.place, 'AssumeRolePolicyDocument', document)}`"
    text = json.dumps(document)
    return f"aws iam update-assume-role-policy --role-name {role.name} --policy-document '{text}'"


def with_url_permission(
    function: Function, principal: str, action: str, account: Account, *, source: Mapping[str, str] | None = None
) -> str:
    """What lets a principal do the second thing that a function URL asks for: a resource of a template, or a command.

    AWS refuses `--function-url-auth-type` beside `lambda:InvokeFunction`. `source` is what narrows a service, as
    properties of AWS::Lambda::Permission.
    """
    via, auth, guards = action == "lambda:InvokeFunction", function.settings.url_auth, source or {}
    if function.place:
        only: dict[str, object] = {"InvokedViaFunctionUrl": True} if via else {"FunctionUrlAuthType": auth}
        given = only | {name: reference(value, account) for name, value in guards.items()}
        kind = "Service" if principal.endswith(".amazonaws.com") else "AWS"
        return _added(function, action, {kind: reference(principal, account)}, given, account)
    options = {"SourceArn": "--source-arn", "SourceAccount": "--source-account"}
    more = "".join(f" {options[name]} '{value}'" for name, value in guards.items())
    asked = "--invoked-via-function-url" if via else f"--function-url-auth-type {auth}"
    return (
        f"aws lambda add-permission --function-name {function.name} --statement-id url-{action.partition(':')[2]}"
        f" --action {action} --principal '{principal}' {asked}{more}{_at(function)}"
    )


def signed_url(function: Function) -> str:
    """What makes a function URL ask who is calling: an edit of the template, or a command."""
    if function.place:
        return f"set `AuthType: AWS_IAM` for the function URL of `{function.id}`"
    return f"aws lambda update-function-url-config --function-name {function.name} --auth-type AWS_IAM{_at(function)}"
