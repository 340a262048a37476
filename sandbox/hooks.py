"""Every private name of ministack that is hooked: the contract with the pinned version, in one place."""

from importlib import import_module
from typing import Any

HOOKS: dict[str, tuple[str, ...]] = {
    "ministack.app": ("AUTH", "app", "pin_request_origin"),
    "ministack.core.iam_actions": ("extract_iam_action", "extract_resource_arn"),
    "ministack.core.iam_evaluator": ("EvalContext", "evaluate_resource_policy", "resolve_caller_identity"),
    "ministack.core.lambda_runtime": ("ProvidedWorker", "_PROVIDED_INIT_TIMEOUT", "_worker_class_for"),
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
    "ministack.services.cloudwatch_logs": ("handle_request", "json_response"),
    "ministack.services.eventbridge": (
        "_invoke_target",
        "_list_rule_names_by_target",
        "_list_targets_by_rule",
        "_put_events",
        "_rule_arn",
        "_rule_key",
        "_rules",
        "error_response_json",
    ),
    "ministack.services.iam": (
        "_AWS_MANAGED_POLICY_PREFIX",
        "_IAM_HANDLERS",
        "_aws_managed_policies",
        "_groups",
        "_make_aws_managed_record",
        "_p",
        "_roles",
        "_users",
    ),
    "ministack.services.lambda_svc": (
        "_MINISTACK_HOST",
        "_add_permission",
        "_esms",
        "_execute_function_provided_warm",
        "_execute_function_warm",
        "_find_layer_version",
        "_functions",
        "_get_func_record_for_ref",
        "_get_function",
        "_get_function_config",
        "_get_policy",
        "_list_esms",
        "_list_functions",
        "_list_versions",
        "_policy_resource_arn",
        "_provided_worker_env",
        "_qp_first",
        "_qualifier_from_path_or_query",
        "_remove_permission",
        "_resolve_layer_zip",
        "_resolve_request_scoped_name_and_qualifier",
        "_validate_function_qualifier_exists",
        "error_response_json",
        "function_policy_for_arn",
        "handle_request",
        "json_response",
        "serve_function_code",
    ),
    "ministack.services.pipes": ("_list_pipes",),
    "ministack.services.s3": (
        "_deliver_event_to_lambda",
        "_invalid_notification_config",
        "_validate_notification_configs",
    ),
    "ministack.services.scheduler": ("_list_schedules",),
    "ministack.services.secretsmanager": ("_list_secrets", "_secrets"),
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
