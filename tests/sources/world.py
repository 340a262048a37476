"""An account on moto: one function with all that can hang on it, and sessions in which AWS says no."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from rolecall.sources.aws import World
from tests.builders import allow, document

ACCOUNT, REGION = "123456789012", "us-east-1"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
POLLS = document(allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]))


# What moto does not have -> what AWS answers where there is none.
LACKING: dict[str, dict[str, Any]] = {
    "lambda.ListFunctionUrlConfigs": {"FunctionUrlConfigs": []},
    "logs.DescribeAccountPolicies": {"accountPolicies": []},
}


def open_session() -> Any:
    """A session on moto, in which every call of a walk is answered."""
    session = boto3.Session(region_name=REGION)
    answer_lacking(session)
    return session


def answer_lacking(session: Any) -> None:
    """Answer in a session what moto does not."""
    for call, answer in LACKING.items():
        answered: Any = partial(_answered, answer)
        session.events.register(f"before-call.{call}", answered)


def _answered(answer: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", 200, HTTPHeaders(), None), answer


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{name}"


def make_role(session: Any, name: str, **more: str) -> str:
    made = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)
    role: str = made["Role"]["Arn"]
    return role


def make_function(session: Any, name: str, role: str, **more: Any) -> None:
    session.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
        Tags={"team": "shop"},
        **more,
    )


def make_orders(session: Any) -> None:
    """The function `orders`: a role with every kind of policy, a queue that is polled, an alias, an open permission."""
    iam, functions = session.client("iam"), session.client("lambda")
    text = json.dumps(document(allow("s3:GetObject")))
    shared, bounds = (
        iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"] for name in ("shared", "bounds")
    )
    role = make_role(session, "orders", PermissionsBoundary=bounds)
    iam.attach_role_policy(RoleName="orders", PolicyArn=shared)
    iam.put_role_policy(RoleName="orders", PolicyName="poll", PolicyDocument=json.dumps(POLLS))
    make_function(session, "orders", role)
    session.client("sqs").create_queue(QueueName="orders")
    functions.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn("sqs", "orders"))
    version = functions.publish_version(FunctionName="orders")["Version"]
    functions.create_alias(FunctionName="orders", Name="live", FunctionVersion=version)
    functions.add_permission(
        FunctionName="orders", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )


def world(session: Any, **more: Any) -> World:
    return World(session, account=ACCOUNT, **more)


@dataclass
class Refusing:
    """A session in which one operation is refused, always or when `refuses` says so; of any service, where it is "".

    What is not refused gets `answer`, where there is one.
    """

    session: Any
    service: str
    operation: str
    code: str = "AccessDeniedException"
    refuses: Callable[[dict[str, Any]], bool] = lambda parameters: True
    answer: dict[str, Any] | None = None

    @property
    def region_name(self) -> str:
        name: str = self.session.region_name
        return name

    def get_partition_for_region(self, region: str) -> str:
        return "aws"

    def client(self, service: str, **more: Any) -> Any:
        client = self.session.client(service, **more)
        if service == self.service or (not self.service and hasattr(client, self.operation)):
            ask = getattr(client, self.operation)

            def maybe(**parameters: Any) -> Any:
                if self.refuses(parameters):
                    raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, self.operation)
                return ask(**parameters) if self.answer is None else self.answer

            setattr(client, self.operation, maybe)
        return client


def refusing(session: Any, operation: str, code: str = "AccessDeniedException") -> Refusing:
    """The session in which every service that has it refuses an operation."""
    return Refusing(session, "", operation, code)
