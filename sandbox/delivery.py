"""Deliveries: a service may hand an event to a function only if the function's resource policy lets it in."""

import functools
import logging
from typing import Any

from sandbox import policies
from sandbox.hooks import module

logger = logging.getLogger(__name__)


def enforce() -> None:
    """Ask the resource policy before EventBridge, S3 and load balancers deliver, and before targets are registered."""
    _events()
    _buckets()
    _load_balancers()


def allowed(function: str, service: str, source: str) -> bool:
    """May the service invoke this function (ARN or name, with its qualifier) for this source (ARN)?"""
    evaluator = module("ministack.core.iam_evaluator")
    record, configuration, _ = module("ministack.services.lambda_svc")._get_func_record_for_ref(function)
    if not record:
        return True  # The delivery itself finds that there is no such function.
    arn = function if function.startswith("arn:") else configuration["FunctionArn"]
    _, _, _, region, account, *_ = arn.split(":")
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{service}",
        principal_type="AssumedRole",
        principal_account=account,
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=region,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account, "aws:principalisawsservice": "true"},
    )
    verdict = evaluator.evaluate_resource_policy(policies.of(arn), context, service=service)
    if verdict.decision != "Allow":
        logger.warning("%s may not invoke %s for %s: no statement lets it in", service, arn, source)
    return bool(verdict.decision == "Allow")


def _events() -> None:
    events = module("ministack.services.eventbridge")
    deliver = events._invoke_target

    @functools.wraps(deliver)
    def guarded(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> Any:
        source = rule.get("Arn") or events._rule_arn(rule["Name"], rule.get("EventBusName", "default"))
        arn = target.get("Arn", "")
        if ":lambda:" not in arn or allowed(arn, "events.amazonaws.com", source):
            return deliver(target, event, rule, view)
        return None

    events._invoke_target = guarded


def _buckets() -> None:
    s3 = module("ministack.services.s3")
    deliver = s3._deliver_event_to_lambda

    @functools.wraps(deliver)
    def guarded(arn: str, payload: dict[str, Any], region: str) -> Any:
        if allowed(arn, "s3.amazonaws.com", payload["Records"][0]["s3"]["bucket"]["arn"]):
            return deliver(arn, payload, region)
        return None

    validate = s3._validate_notification_configs

    @functools.wraps(validate)
    def checked(configs: list[dict[str, Any]], region: str, bucket: str = "", skip: bool = False) -> Any:
        error = validate(configs, region, bucket, skip)
        functions = [each["arn"] for each in configs if each["type"] == "lambda"]
        if error or skip or all(allowed(arn, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}") for arn in functions):
            return error
        return s3._invalid_notification_config("Unable to validate the following destination configurations")

    s3._deliver_event_to_lambda, s3._validate_notification_configs = guarded, checked


def _load_balancers() -> None:
    alb = module("ministack.services.alb")
    deliver, register = alb._invoke_lambda_target, alb._ACTION_MAP["RegisterTargets"]

    @functools.wraps(deliver)
    async def guarded(function: str, group: str, *request: Any, **more: Any) -> Any:
        if allowed(function, "elasticloadbalancing.amazonaws.com", group):
            return await deliver(function, group, *request, **more)
        return 502, {"Content-Type": "text/html"}, b"<html><body><h1>502 Bad Gateway</h1></body></html>"

    @functools.wraps(register)
    def checked(parameters: Any) -> Any:
        group = alb._p(parameters, "TargetGroupArn")
        for number in range(1, 6):
            target = alb._p(parameters, f"Targets.member.{number}.Id")
            if target and ":lambda:" in target and (refusal := refused(target, group)):
                return alb._error("AccessDenied", refusal)
        return register(parameters)

    alb._invoke_lambda_target = guarded
    alb._ACTION_MAP["RegisterTargets"] = checked


def refused(function: str, group: str) -> str | None:
    """Why a function cannot be a target of a group, in the words of the API, or None."""
    if allowed(function, "elasticloadbalancing.amazonaws.com", group):
        return None
    return f"elasticloadbalancing principal does not have permission to invoke {function} from target group {group}"
