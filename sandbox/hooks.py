"""Every private name of ministack that is hooked: the contract with the pinned version, in one place."""

from importlib import import_module
from typing import Any

HOOKS: dict[str, tuple[str, ...]] = {
    "ministack.app": ("AUTH", "app"),
    "ministack.core.iam_evaluator": ("EvalContext", "evaluate_resource_policy", "resolve_caller_identity"),
    "ministack.core.lambda_runtime": ("ProvidedWorker", "_worker_class_for"),
    "ministack.core.responses": ("get_account_id", "get_region", "request_scope"),
    "ministack.services.alb": ("_ACTION_MAP", "_error", "_invoke_lambda_target", "_p", "_targets", "_tgs"),
    "ministack.services.cloudformation.provisioners": ("_RESOURCE_HANDLERS", "_physical_name"),
    "ministack.services.cloudtrail": (
        "_create_trail",
        "_delete_trail",
        "_event_selectors",
        "_start_logging",
        "_trails",
    ),
    "ministack.services.eventbridge": ("_invoke_target", "_put_events", "_rule_arn"),
    "ministack.services.iam": ("_AWS_MANAGED_POLICY_PREFIX", "_aws_managed_policies", "_make_aws_managed_record"),
    "ministack.services.lambda_svc": (
        "_execute_function_provided_warm",
        "_execute_function_warm",
        "_get_func_record_for_ref",
        "_get_policy",
        "_provided_worker_env",
        "_resolve_layer_zip",
        "error_response_json",
    ),
    "ministack.services.s3": (
        "_deliver_event_to_lambda",
        "_invalid_notification_config",
        "_validate_notification_configs",
    ),
}
"""Module -> names."""


def module(name: str) -> Any:
    """A module of ministack whose names stand in `HOOKS`."""
    if name not in HOOKS:
        raise KeyError(f"{name} is not in HOOKS")
    return import_module(name)


def gone() -> list[str]:
    """The hooks that the installed ministack does not have any more."""
    return [
        f"{name}.{each}" for name, names in HOOKS.items() for each in names if not hasattr(import_module(name), each)
    ]
