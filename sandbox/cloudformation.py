"""CloudFormation: what ministack's provisioners lack, or lose, of our template."""

from typing import Any

from sandbox import delivery
from sandbox.hooks import module

# Settings of an event source mapping that ministack's provisioner loses: property -> parameter.
MAPPING = {
    "KmsKeyArn": "KMSKeyArn",
    **{name: name for name in ("Queues", "SelfManagedEventSource", "SourceAccessConfigurations", "Topics")},
}


# Likewise of a function.
FUNCTION = ("DeadLetterConfig", "VpcConfig")


def complete() -> None:
    """Provision trails, keep the targets of target groups, and all settings of functions and their mappings."""
    handlers = module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS
    handlers["AWS::CloudTrail::Trail"] = {"create": _create_trail, "delete": _delete_trail}
    group = handlers["AWS::ElasticLoadBalancingV2::TargetGroup"]
    create = group["create"]

    def create_with_targets(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        arn, attributes = create(logical_id, properties, stack)
        for target in properties.get("Targets", ()):
            if ":lambda:" in target["Id"] and (refusal := delivery.refused(target["Id"], arn)):
                raise ValueError(refusal)
            kept = {"Id": target["Id"], "Port": int(target.get("Port") or 80), "AvailabilityZone": ""}
            module("ministack.services.alb")._targets[arn].append(kept)
        return arn, attributes

    group["create"] = create_with_targets
    mapping = handlers["AWS::Lambda::EventSourceMapping"]
    create_mapping = mapping["create"]

    def create_whole(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        id, attributes = create_mapping(logical_id, properties, stack)
        made = module("ministack.services.lambda_svc")._esms[id]
        made.update({name: properties[property] for property, name in MAPPING.items() if property in properties})
        if properties.get("Enabled", True) in (False, "false"):
            made.update(Enabled=False, State="Disabled")
        return id, attributes

    mapping["create"] = create_whole
    function = handlers["AWS::Lambda::Function"]
    create_function = function["create"]

    def create_configured(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name, attributes = create_function(logical_id, properties, stack)
        configuration = module("ministack.services.lambda_svc")._functions[name]["config"]
        configuration.update({each: properties[each] for each in FUNCTION if each in properties})
        return name, attributes

    function["create"] = create_configured


def _create_trail(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    trails, responses = module("ministack.services.cloudtrail"), module("ministack.core.responses")
    physical_name = module("ministack.services.cloudformation.provisioners")._physical_name
    name = properties.get("TrailName") or physical_name(stack, logical_id, max_len=128)
    kept = ("S3BucketName", "S3KeyPrefix", "IncludeGlobalServiceEvents", "IsMultiRegionTrail")
    trails._create_trail({"Name": name, **{key: properties[key] for key in kept if key in properties}})
    if properties.get("IsLogging"):
        trails._start_logging({"Name": name})
    return name, {"Arn": f"arn:aws:cloudtrail:{responses.get_region()}:{responses.get_account_id()}:trail/{name}"}


def _delete_trail(name: str, properties: dict[str, Any] | None = None) -> None:
    module("ministack.services.cloudtrail")._delete_trail({"Name": name})
