"""Policies in the embedded account: whole ones, single statements, those of layers, and what each lets through."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.account import ACCOUNT, REGION, Account
from tests.builders import allow, document
from tests.sandbox.test_account import zipped

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:governed"
INVOKE = "lambda:InvokeFunction"
BALANCER = {"Principal": {"Service": "elasticloadbalancing.amazonaws.com"}}
LETS_IN = allow(INVOKE, "*", **BALANCER)
STATEMENT = {"Action": INVOKE, "Principal": ACCOUNT}


@pytest.fixture(scope="module")
def made(sandbox: Account) -> Iterator[Any]:
    """A client of Lambda, where there is a function with an alias."""
    functions, trust = sandbox.client("lambda"), document({**allow("sts:AssumeRole"), "Principal": {"AWS": "*"}})
    role = sandbox.client("iam").create_role(RoleName="governed", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    settings = {"FunctionName": "governed", "Runtime": "python3.13", "Handler": "app.handler", "Publish": True}
    functions.create_function(**settings, Role=role["Arn"], Code={"ZipFile": zipped("")})
    functions.create_alias(FunctionName="governed", Name="live", FunctionVersion="1")
    yield functions
    functions.delete_function(FunctionName="governed")
    sandbox.client("iam").delete_role(RoleName="governed")


@pytest.fixture
def functions(made: Any) -> Iterator[Any]:
    """The same, without a policy."""
    yield made
    for arn in (FUNCTION, f"{FUNCTION}:live"):
        try:
            made.delete_resource_policy(ResourceArn=arn)
        except made.exceptions.ResourceNotFoundException:
            continue


def put(functions: Any, *statements: dict[str, Any], arn: str = FUNCTION, **more: str) -> Any:
    return functions.put_resource_policy(ResourceArn=arn, Policy=json.dumps(document(*statements)), **more)


def test_a_policy_that_is_put_replaces_whatever_was_there(functions: Any) -> None:
    functions.add_permission(FunctionName="governed", StatementId="one", **STATEMENT)
    put(functions, LETS_IN)

    assert json.loads(functions.get_policy(FunctionName="governed")["Policy"]) == document(LETS_IN)
    assert json.loads(functions.get_resource_policy(ResourceArn=FUNCTION)["Policy"]) == document(LETS_IN)


def test_a_statement_is_added_to_a_policy_that_was_put(functions: Any) -> None:
    put(functions, LETS_IN)
    functions.add_permission(FunctionName="governed", StatementId="one", **STATEMENT)
    first, second = json.loads(functions.get_policy(FunctionName="governed")["Policy"])["Statement"]

    assert (first, second["Sid"]) == (LETS_IN, "one")


def test_a_policy_that_is_put_is_that_of_one_qualifier(functions: Any) -> None:
    put(functions, LETS_IN, arn=f"{FUNCTION}:live")

    assert json.loads(functions.get_policy(FunctionName="governed", Qualifier="live")["Policy"]) == document(LETS_IN)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_policy(FunctionName="governed")


def test_a_policy_of_no_function_is_refused(functions: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        put(functions, LETS_IN, arn=f"{FUNCTION}:gone")


def test_what_is_no_policy_is_refused(functions: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        functions.put_resource_policy(ResourceArn=FUNCTION, Policy="{}")
    with pytest.raises(ClientError, match="PolicyLengthExceededException"):
        put(functions, allow(INVOKE, "*" * 20_000, **BALANCER, Sid="x" * 1000))


def test_a_policy_is_replaced_only_as_it_was_known(functions: Any) -> None:
    known = put(functions, LETS_IN)["RevisionId"]
    put(functions, {**LETS_IN, "Sid": "other"}, RevisionId=known)

    with pytest.raises(ClientError, match="PreconditionFailedException"):
        put(functions, LETS_IN, RevisionId=known)
    with pytest.raises(ClientError, match="PreconditionFailedException"):
        functions.delete_resource_policy(ResourceArn=FUNCTION, RevisionId=known)


def register(sandbox: Account, function: str) -> None:
    """Make a load balancer deliver to a function, for which it must be let in."""
    balancers = sandbox.client("elbv2")
    group = balancers.create_target_group(Name="governed", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    try:
        balancers.register_targets(TargetGroupArn=group, Targets=[{"Id": function}])
    finally:
        balancers.delete_target_group(TargetGroupArn=group)


REFUSED = "does not have permission to invoke"


def test_a_deny_keeps_a_service_out(functions: Any, sandbox: Account) -> None:
    put(functions, LETS_IN)
    register(sandbox, FUNCTION)
    stranger = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    put(functions, LETS_IN, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": stranger})

    with pytest.raises(ClientError, match=REFUSED):
        register(sandbox, FUNCTION)


def test_a_deny_that_spares_services_does_not(functions: Any, sandbox: Account) -> None:
    person = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    put(functions, LETS_IN, {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": person})

    register(sandbox, FUNCTION)


def test_a_service_is_let_in_by_the_policy_of_the_qualifier_alone(functions: Any, sandbox: Account) -> None:
    put(functions, LETS_IN, arn=f"{FUNCTION}:live")
    register(sandbox, f"{FUNCTION}:live")

    with pytest.raises(ClientError, match=REFUSED):
        register(sandbox, FUNCTION)


def test_alexa_is_a_service(functions: Any) -> None:
    told = functions.add_permission(
        FunctionName="governed", StatementId="skill", Action=INVOKE, Principal="alexa-appkit.amazon.com"
    )
    (kept,) = json.loads(functions.get_policy(FunctionName="governed")["Policy"])["Statement"]

    assert kept["Principal"] == {"Service": "alexa-appkit.amazon.com"}
    assert json.loads(told["Statement"]) == kept


def test_the_policy_of_a_layer_is_found_by_name_and_by_arn(sandbox: Account) -> None:
    functions = sandbox.client("lambda")
    layer = functions.publish_layer_version(LayerName="governed", Content={"ZipFile": zipped("")})["LayerArn"]
    functions.add_layer_version_permission(
        LayerName=layer, VersionNumber=1, StatementId="all", Action="lambda:GetLayerVersion", Principal="*"
    )
    policies = [functions.get_layer_version_policy(LayerName=name, VersionNumber=1) for name in (layer, "governed")]

    functions.delete_layer_version(LayerName=layer, VersionNumber=1)
    assert policies[0]["Policy"] == policies[1]["Policy"]
    assert json.loads(policies[0]["Policy"])["Statement"][0]["Principal"] == "*"
