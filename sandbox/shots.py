"""One event for each trigger of the demo functions, made as its users make it."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.stack import Stack


@dataclass(frozen=True, slots=True)
class Shot:
    """A way to fire a trigger: `function` is the stem of the logical id, `said` the message that it logs."""

    title: str
    function: str
    said: str
    fire: Callable[[Stack], None]


def _http(stack: Stack) -> None:
    """Through a load balancer in front of the deployed target group; the sandbox needs no real network."""
    balancers = stack.client("elbv2")
    made = balancers.create_load_balancer(
        Name=f"{stack.name}-demo", Type="application", Subnets=["subnet-1", "subnet-2"]
    )
    arn, host = made["LoadBalancers"][0]["LoadBalancerArn"], made["LoadBalancers"][0]["DNSName"]
    forward = {"Type": "forward", "TargetGroupArn": stack.outputs["TargetGroupArn"]}
    balancers.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[forward])
    request = urllib.request.Request(f"{stack.account.endpoint}/greetings/demo", headers={"Host": host})
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20).close()
    balancers.delete_load_balancer(LoadBalancerArn=arn)


def _object(stack: Stack) -> None:
    stack.client("s3").put_object(Bucket=stack.outputs["InputBucket"], Key="orders.csv", Body=b"order,items\n1,2\n")


def _event(stack: Stack) -> None:
    detail = {"order": "42", "items": [{"price": 5, "quantity": 2}]}
    entry = {"Source": "rolecall.shop", "DetailType": "OrderPlaced", "Detail": json.dumps(detail)}
    stack.client("events").put_events(Entries=[{**entry, "EventBusName": stack.outputs["BusName"]}])


def _message(stack: Stack) -> None:
    body = json.dumps({"order": "42", "items": 2})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody=body)


SHOTS = (
    Shot("ALB: an HTTP request", "Alb", "greeted", _http),
    Shot("S3: an object arrives", "S3", "summarised", _object),
    Shot("EventBridge: an order is placed", "EventBridge", "confirmed", _event),
    Shot("SQS: a message is sent", "Sqs", "stored", _message),
)
