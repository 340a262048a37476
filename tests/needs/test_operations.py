"""The tables of actions hold against the catalog, for the services that functions call most."""

import botocore.session
import pytest

from rolecall.iam import catalog
from rolecall.needs.from_code import actions_of
from rolecall.needs.operations import OPERATIONS
from rolecall.needs.parameters import Given
from rolecall.needs.prefixes import PREFIXES, prefix_of
from tests.needs.world import account, call, function, needed

SERVICES = (
    "apigatewaymanagementapi athena bedrock-agent-runtime bedrock-runtime cloudwatch cognito-identity cognito-idp"
    " comprehend dynamodb dynamodbstreams ecs events firehose kinesis kms lambda logs polly rds-data redshift-data"
    " rekognition s3 scheduler secretsmanager ses sesv2 sns sqs ssm stepfunctions sts textract transcribe translate"
    " xray"
)
NOT_KNOWN = {
    # Newer than the catalog, or never in the Service Authorization Reference.
    "cloudwatch": {"AssociateDatasetKmsKey", "DescribeAlarmContributors", "DisassociateDatasetKmsKey"},
    "cognito-idp": {"DescribeTermsByClient", "GetClientToken"},
    "logs": {"GetLogObject"},
}


@pytest.mark.parametrize("service", SERVICES.split())
def test_every_operation_of_a_usual_service_has_actions_that_exist(service: str) -> None:
    operations = botocore.session.get_session().get_service_model(service).operation_names
    found = {each: actions_of(Given(call(service, each), function(), account())) for each in operations}

    assert {each for each, acts in found.items() if acts is None} == NOT_KNOWN.get(service, set())
    assert all(catalog.action(act.action) for acts in found.values() for act in acts or ())


def test_an_operation_that_is_not_signed_needs_nothing() -> None:
    session = botocore.session.get_session()
    models = [session.get_service_model(service) for service in session.get_available_services()]
    unsigned = [
        (model.service_name, operation)
        for model in models
        for operation in model.operation_names
        if "none" in (model.operation_model(operation).auth_type, *(model.operation_model(operation).auth or ()))
    ]

    assert ("sts", "AssumeRoleWithWebIdentity") in unsigned
    assert [each for each in unsigned if actions_of(Given(call(*each), function(), account())) != ()] == []


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "GetSessionToken"])
def test_an_operation_that_its_service_lets_everybody_call_needs_nothing(operation: str) -> None:
    assert needed(call("sts", operation)) == set()


def test_every_row_names_an_operation_of_botocore() -> None:
    session = botocore.session.get_session()
    gone = [
        (service, operation)
        for service, rows in OPERATIONS.items()
        for operation in rows
        if operation not in session.get_service_model(service).operation_names
    ]

    assert gone == []


def test_every_action_of_a_row_is_in_the_catalog() -> None:
    rows = ((act.action, act) for rows in OPERATIONS.values() for acts in rows.values() for act in acts)

    assert [action for action, _ in rows if catalog.action(action) is None] == []


def test_every_prefix_is_in_the_catalog() -> None:
    assert [prefix for prefix in PREFIXES.values() if catalog.title(prefix) is None] == []
    assert prefix_of("stepfunctions") == "states"


def test_every_service_of_botocore_has_a_prefix_but_those_that_the_catalog_does_not_have() -> None:
    services = botocore.session.get_session().get_available_services()

    assert {each for each in services if prefix_of(each) is None} == {"applicationcostprofiler", "iotthingsgraph"}


def test_a_service_that_nobody_knows_has_no_prefix() -> None:
    assert prefix_of("never-heard-of") is None
