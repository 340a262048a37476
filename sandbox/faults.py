"""The faults that the demo makes: each a real API call, the rule that must find it, and the way back."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.stack import Stack

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `function` is the stem of the logical id that the finding names."""

    title: str
    call: str
    rule: str
    function: str
    make: Callable[[Stack], None]
    undo: Callable[[Stack], None]


def _role_name(stack: Stack, function: str) -> str:
    return stack.role(function).rpartition("/")[2]


def _attach(stack: Stack) -> None:
    stack.client("iam").attach_role_policy(RoleName=_role_name(stack, "Hello"), PolicyArn=ADMINISTRATOR)


def _detach(stack: Stack) -> None:
    stack.client("iam").detach_role_policy(RoleName=_role_name(stack, "Hello"), PolicyArn=ADMINISTRATOR)


def _open(stack: Stack) -> None:
    stack.client("lambda").add_permission(
        FunctionName=stack.arn("Alb"), StatementId="Everybody", Action="lambda:InvokeFunction", Principal="*"
    )


def _close(stack: Stack) -> None:
    stack.client("lambda").remove_permission(FunctionName=stack.arn("Alb"), StatementId="Everybody")


def _permission(stack: Stack) -> dict[str, str]:
    """The permission of the EventBridge rule, as the template made it."""
    policy = stack.client("lambda").get_policy(FunctionName=stack.arn("EventBridge"))["Policy"]
    (statement,) = json.loads(policy)["Statement"]
    return {"StatementId": statement["Sid"], "Principal": "events.amazonaws.com", "Action": "lambda:InvokeFunction"}


class _Source:
    """The source of the EventBridge permission: what was dropped must be put back."""

    arn = ""

    def drop(self, stack: Stack) -> None:
        arn = stack.arn("EventBridge")
        policy = stack.client("lambda").get_policy(FunctionName=arn)["Policy"]
        (statement,) = json.loads(policy)["Statement"]
        (operator,) = statement["Condition"].values()
        self.arn = operator["AWS:SourceArn"] if "AWS:SourceArn" in operator else operator["aws:SourceArn"]
        self._replace(stack)

    def put_back(self, stack: Stack) -> None:
        self._replace(stack, SourceArn=self.arn)

    def _replace(self, stack: Stack, **source: str) -> None:
        permission = _permission(stack)
        client, arn = stack.client("lambda"), stack.arn("EventBridge")
        client.remove_permission(FunctionName=arn, StatementId=permission["StatementId"])
        client.add_permission(FunctionName=arn, **permission, **source)


class _Sharing:
    """The function that moves in with another one, and its own role to go back to."""

    role = ""

    def move_in(self, stack: Stack) -> None:
        self.role = stack.role("Hello")
        self._use(stack, stack.role("Alb"))

    def move_out(self, stack: Stack) -> None:
        self._use(stack, self.role)

    def _use(self, stack: Stack, role: str) -> None:
        stack.client("lambda").update_function_configuration(FunctionName=stack.arn("Hello"), Role=role)


class _Poller:
    """The policy of the poller's role that allows it to delete messages, as the template made it."""

    name, document = "", ""

    def weaken(self, stack: Stack) -> None:
        iam, role = stack.client("iam"), _role_name(stack, "Sqs")
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            if "sqs:DeleteMessage" in json.dumps(document):
                self.name, self.document = name, json.dumps(document)
                break
        weaker = self.document.replace('"sqs:DeleteMessage", ', "").replace(', "sqs:DeleteMessage"', "")
        iam.put_role_policy(RoleName=role, PolicyName=self.name, PolicyDocument=weaker)

    def restore(self, stack: Stack) -> None:
        stack.client("iam").put_role_policy(
            RoleName=_role_name(stack, "Sqs"), PolicyName=self.name, PolicyDocument=self.document
        )


def _reach(stack: Stack) -> None:
    """Let hello replace the code of the auditor, which may read far more."""
    statement = {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": stack.arn("Auditor")}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stack.client("iam").put_role_policy(
        RoleName=_role_name(stack, "Hello"), PolicyName="Deploy", PolicyDocument=document
    )


def _keep_out(stack: Stack) -> None:
    stack.client("iam").delete_role_policy(RoleName=_role_name(stack, "Hello"), PolicyName="Deploy")


def faults() -> tuple[Fault, ...]:
    """All faults, in the order in which the demo makes them."""
    source, sharing, poller = _Source(), _Sharing(), _Poller()
    return (
        Fault("hello becomes an administrator", "iam.attach_role_policy", "admin-role", "Hello", _attach, _detach),
        Fault("anybody may invoke alb", "lambda.add_permission", "public-function", "Alb", _open, _close),
        Fault(
            "any account's rule may invoke eventbridge",
            "lambda.add_permission, without its source",
            "unguarded-service",
            "EventBridge",
            source.drop,
            source.put_back,
        ),
        Fault(
            "hello moves in with alb's role",
            "lambda.update_function_configuration",
            "shared-role",
            "Alb",
            sharing.move_in,
            sharing.move_out,
        ),
        Fault(
            "the poller may no longer delete messages",
            "iam.put_role_policy",
            "unreadable-source",
            "Sqs",
            poller.weaken,
            poller.restore,
        ),
        Fault(
            "hello may replace the auditor's code",
            "iam.put_role_policy",
            "workload-takeover",
            "Hello",
            _reach,
            _keep_out,
        ),
    )
