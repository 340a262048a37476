"""The faults that the demo makes: each a real API call, the rule that must find it, and the way back."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.stack import Stack
from sandbox.wiring import Wire

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `kind` says what is wrong; `function` is the stem of the logical id that the finding names."""

    kind: str
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


class _Rights:
    """The inline policy of a function's role that grants an action: the grant is replaced, and put back as it was."""

    def __init__(self, function: str, action: str, *instead: str) -> None:
        self.function, self.action, self.instead = function, action, instead
        self.name, self.document = "", ""

    def replace(self, stack: Stack) -> None:
        """Let the statement grant what stands in its place; nothing: delete the policy."""
        iam, role = stack.client("iam"), _role_name(stack, self.function)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            (statement, *_) = document["Statement"]
            if self.action in statement["Action"]:
                self.name, self.document = name, json.dumps(document)
                break
        if not self.instead:
            iam.delete_role_policy(RoleName=role, PolicyName=self.name)
            return
        statement["Action"] = list(self.instead)
        iam.put_role_policy(RoleName=role, PolicyName=self.name, PolicyDocument=json.dumps(document))

    def put_back(self, stack: Stack) -> None:
        role = _role_name(stack, self.function)
        stack.client("iam").put_role_policy(RoleName=role, PolicyName=self.name, PolicyDocument=self.document)


TOO_MUCH = "Too much: a role allows what its function does not need"
TOO_LITTLE = "Too little: a role lacks what a trigger, the configuration or the code needs"
TOO_OPEN = "Too open: more than the right callers may invoke a function"
WIRING = "Wiring: a trigger and its permission do not go together"
ESCALATION = "Escalation: a function can become more than it is"


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
    sharing, wire = _Sharing(), Wire()
    queue = _Rights("Sqs", "sqs:ReceiveMessage", "sqs:*")
    poller = _Rights("Sqs", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    tracer = _Rights("Hello", "xray:PutTraceSegments")
    reader = _Rights("S3", "s3:GetObject")
    return (
        Fault(
            TOO_MUCH,
            "sqs may do anything with its queue",
            "iam.put_role_policy",
            "service-wildcard",
            "Sqs",
            queue.replace,
            queue.put_back,
        ),
        Fault(
            TOO_MUCH,
            "hello becomes an administrator",
            "iam.attach_role_policy",
            "admin-role",
            "Hello",
            _attach,
            _detach,
        ),
        Fault(
            TOO_MUCH,
            "hello moves in with alb's role",
            "lambda.update_function_configuration",
            "shared-role",
            "Alb",
            sharing.move_in,
            sharing.move_out,
        ),
        Fault(
            TOO_LITTLE,
            "trigger: the poller may no longer receive messages",
            "iam.put_role_policy",
            "unreadable-source",
            "Sqs",
            poller.replace,
            poller.put_back,
        ),
        Fault(
            TOO_LITTLE,
            "configuration: hello sends traces, and may not",
            "iam.delete_role_policy",
            "unwritable-traces",
            "Hello",
            tracer.replace,
            tracer.put_back,
        ),
        Fault(
            TOO_LITTLE,
            "code: s3 may no longer read what arrives",
            "iam.delete_role_policy",
            "denied-call",
            "S3",
            reader.replace,
            reader.put_back,
        ),
        Fault(TOO_OPEN, "anybody may invoke alb", "lambda.add_permission", "public-function", "Alb", _open, _close),
        Fault(
            TOO_OPEN,
            "any account's rule may invoke eventbridge",
            "lambda.add_permission, without its source",
            "unguarded-service",
            "EventBridge",
            wire.unguard,
            wire.guard,
        ),
        Fault(
            WIRING,
            "the rule loses its target, and the permission stays",
            "events.remove_targets",
            "leftover-permission",
            "EventBridge",
            wire.cut,
            wire.connect,
        ),
        Fault(
            WIRING,
            "the permission goes, and the rule still invokes",
            "lambda.remove_permission",
            "refused-trigger",
            "EventBridge",
            wire.keep_out,
            wire.let_in,
        ),
        Fault(
            WIRING,
            "the rule invokes an alias, and the permission stands on the function",
            "events.put_targets",
            "qualifier-mismatch",
            "EventBridge",
            wire.move,
            wire.move_back,
        ),
        Fault(
            ESCALATION,
            "hello may replace the auditor's code",
            "iam.put_role_policy",
            "workload-takeover",
            "Hello",
            _reach,
            _keep_out,
        ),
    )
