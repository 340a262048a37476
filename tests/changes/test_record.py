"""Changes: which events ask for an audit, and what they name."""

import re
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.changes import LATER, ROWS, Change, Skipped, parse
from tests.builders import FUNCTION
from tests.changes.records import call, changed, reason

READS = ("Get", "List", "Simulate", "Generate", "Invoke")

# Operations that write, and that no audit of today depends on.
IGNORED = {
    "lambda": {
        "what a function may cost, not what it may do": """
            PutFunctionScalingConfig CreateCapacityProvider UpdateCapacityProvider DeleteCapacityProvider
            PutRuntimeManagementConfig""",
        "data events: what durable functions do while they run": """
            CheckpointDurableExecution SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat
            SendDurableExecutionCallbackSuccess StopDurableExecution""",
    },
    "iam": {
        "an empty group, and its name": "CreateGroup UpdateGroup",
        "keys, passwords, certificates and MFA": """
            CreateAccessKey UpdateAccessKey DeleteAccessKey CreateLoginProfile UpdateLoginProfile DeleteLoginProfile
            ChangePassword UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy UploadSSHPublicKey UpdateSSHPublicKey
            DeleteSSHPublicKey UploadSigningCertificate UpdateSigningCertificate DeleteSigningCertificate
            UploadServerCertificate UpdateServerCertificate DeleteServerCertificate TagServerCertificate
            UntagServerCertificate CreateServiceSpecificCredential UpdateServiceSpecificCredential
            ResetServiceSpecificCredential DeleteServiceSpecificCredential CreateVirtualMFADevice DeleteVirtualMFADevice
            EnableMFADevice DeactivateMFADevice ResyncMFADevice TagMFADevice UntagMFADevice""",
        "an audience that an identity provider loses, and tags": """
            RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider TagSAMLProvider
            UntagSAMLProvider""",
        "instance profiles: roles of EC2": """
            CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
            TagInstanceProfile UntagInstanceProfile""",
        "a role's description and session length": "UpdateRole UpdateRoleDescription",
        "roles of AWS services, which no function can run under": "CreateServiceLinkedRole DeleteServiceLinkedRole",
        "delegation: what it makes comes as CreateRole and the like": """
            CreateDelegationRequest AssociateDelegationRequest AcceptDelegationRequest RejectDelegationRequest
            UpdateDelegationRequest SendDelegationToken AcquireRole""",
        "settings of the account and organization": """
            CreateAccountAlias DeleteAccountAlias PutAccountProperties SetSecurityTokenServicePreferences
            EnableOrganizationsRootCredentialsManagement DisableOrganizationsRootCredentialsManagement
            EnableOrganizationsRootSessions DisableOrganizationsRootSessions EnableOutboundWebIdentityFederation
            DisableOutboundWebIdentityFederation""",
    },
}
# No operations of botocore: documented since 2026, of Lambda@Edge alone, and an event that is no call ("Logging Lambda
# API calls using CloudTrail").
UNMODELLED = {
    ("lambda", "PutPublicAccessBlockConfig"),
    ("lambda", "DisablePublicAccessBlockConfig"),
    ("lambda", "EnableReplication"),
    ("lambda", "DisableReplication"),
    ("lambda", "LambdaESMDisabled"),
}
CLIENTS = {
    "elasticloadbalancing": ("elbv2",),
    "monitoring": ("cloudwatch",),
    "apigateway": ("apigateway", "apigatewayv2"),
}
SESSION = botocore.session.get_session()

# The members that rows look at, in the parameters of a call.
STEPS = sorted({"dryRun", "omitted", *re.findall(r"\w+", " ".join(where for row in ROWS.values() for _, where in row))})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(STEPS), inner),
)


def named(change: Change) -> dict[str, tuple[str, ...]]:
    kinds = ("functions", "roles", "policies", "layers")
    return {kind: getattr(change, kind) for kind in kinds if getattr(change, kind)}


def operations(service: str, name: str) -> list[Any]:
    models = [SESSION.get_service_model(client) for client in CLIENTS.get(service, (service,))]
    return [model.operation_model(name) for model in models if name in model.operation_names]


def writing(service: str) -> set[tuple[str, str]]:
    model = SESSION.get_service_model(service)
    return {(service, name) for name in model.operation_names if not name.startswith(READS)}


def ignored(service: str) -> set[tuple[str, str]]:
    return {(service, name) for names in IGNORED[service].values() for name in names.split()}


def asked(row: tuple[tuple[str, str], ...], member: str) -> set[str]:
    """The paths of a row in the parameters or the answer of a call."""
    places = {"partition", "region", "account"}
    fields = {
        field.partition("=")[0]
        for kind, where in row
        for field in (set(re.findall(r"{([^{}]+)}", where)) - places if kind == "things" else {where})
    }
    answered = {field for field in fields if field.startswith("responseElements.")}
    apart = {
        field for field in fields if field.startswith(("requestParameters.", "resources.", "serviceEventDetails."))
    }
    return answered if member == "responseElements" else fields - answered - apart


def has(shape: Any, path: str) -> bool:
    """Does a shape of the API's model have a member at a path?"""
    for step in path.removeprefix("responseElements.").split("."):
        while shape.type_name == "list":
            shape = shape.member
        if step == "**":
            return True
        shape = {name.lower(): member for name, member in shape.members.items()}.get(step.lower())
        if shape is None:
            return False
    return True


@pytest.mark.parametrize("service", ["iam", "lambda"])
def test_every_operation_that_writes_is_a_row_or_is_left_out_for_a_reason(service: str) -> None:
    assert writing(service) - ignored(service) - set(ROWS) - set(LATER) == set()


def test_every_row_is_an_operation_of_aws() -> None:
    assert {key for key in {*ROWS, *LATER} if not operations(*key)} == UNMODELLED


# The members of S3's records are in words of its own.
@pytest.mark.parametrize("key", sorted(key for key in set(ROWS) - UNMODELLED if key[0] != "s3"), ids=":".join)
def test_a_row_looks_where_the_call_has_a_member(key: tuple[str, str]) -> None:
    calls = operations(*key)
    inputs, outputs = [each.input_shape for each in calls], [each.output_shape for each in calls]

    assert [path for path in asked(ROWS[key], "requestParameters") if not any(has(each, path) for each in inputs)] == []
    assert [path for path in asked(ROWS[key], "responseElements") if not any(has(each, path) for each in outputs)] == []


@pytest.mark.parametrize("service", ["iam", "lambda"])
def test_what_is_ignored_is_an_operation_of_aws_and_no_row(service: str) -> None:
    assert ignored(service) - writing(service) == set()
    assert ignored(service) & {*ROWS, *LATER} == set()


def test_no_event_is_a_row_and_left_to_the_sweep() -> None:
    assert set(ROWS) & set(LATER) == set()


def test_a_change_says_who_did_what_when_and_to_what() -> None:
    assert changed("AddPermission20150331v2", {"functionName": "orders"}) == Change(
        event_id="e-1",
        event_name="AddPermission20150331v2",
        time="2026-11-24T10:00:00Z",
        actor="arn:aws:iam::111122223333:user/ann",
        account="111122223333",
        region="us-east-1",
        functions=("orders",),
    )


def test_a_function_of_another_account_or_region_is_not_ours() -> None:
    foreign = [FUNCTION.replace("111122223333", "444455556666"), FUNCTION.replace("us-east-1", "eu-west-1")]
    elsewhere = {"targets": [{"arn": arn} for arn in [*foreign, FUNCTION]], "rule": "hourly"}

    assert changed("PutTargets", elsewhere, service="events").functions == ("orders",)
    assert reason(call("AddPermission", {"functionName": foreign[0]})) == "names nothing that is audited"


def test_regions_of_other_partitions_have_their_own_arns() -> None:
    change = changed("DeleteBucket", {"bucketName": "inbox"}, service="s3", awsRegion="us-gov-west-1")

    assert change.things == ("arn:aws-us-gov:s3:::inbox",)


@pytest.mark.parametrize("name", ["AddPermission", "AddPermission20150331", "AddPermission20150331v2"])
def test_the_date_in_an_event_name_does_not_matter(name: str) -> None:
    assert changed(name, {"functionName": "orders"}).functions == ("orders",)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("orders", "orders"),
        ("orders:live", "orders"),
        ("function:orders", "orders"),
        ("111122223333:function:orders", "orders"),
        ("111122223333:function:orders:7", "orders"),
        ("arn:aws:lambda:us-east-1:111122223333:function:orders", "orders"),
        ("order-function", "order-function"),
        ("order-function:live", "order-function"),
        ("arn:aws:lambda:us-east-1:111122223333:function:order-function:live", "order-function"),
    ],
)
def test_a_function_is_named_in_many_ways(text: str, name: str) -> None:
    assert changed("AddPermission20150331v2", {"functionName": text}).functions == (name,)


@pytest.mark.parametrize("text", ["my-layer", "arn:aws:lambda:us-east-1:111122223333:layer:my-layer:3"])
def test_a_layer_is_named_by_name_or_arn(text: str) -> None:
    assert changed("AddLayerVersionPermission20181031", {"layerName": text}).layers == ("my-layer",)


@pytest.mark.parametrize(
    ("name", "service", "parameters", "expected"),
    [
        ("PutRolePolicy", "iam", {"roleName": "orders"}, {"roles": ("orders",)}),
        ("DeletePolicyVersion", "iam", {"policyArn": "arn:x"}, {"policies": ("arn:x",)}),
        ("PutResourcePolicy", "lambda", {"resourceArn": f"{FUNCTION}:live"}, {"functions": ("orders",)}),
        ("TagResource20170331v2", "lambda", {"resource": FUNCTION}, {"functions": ("orders",)}),
    ],
)
def test_each_kind_of_thing_has_its_place(
    name: str, service: str, parameters: dict[str, str], expected: dict[str, tuple[str, ...]]
) -> None:
    assert named(changed(name, parameters, service=service)) == expected


def test_a_deleted_mapping_is_named_by_the_answer_only() -> None:
    change = changed("DeleteEventSourceMapping20150331", {"uUID": "u"}, responseElements={"functionArn": FUNCTION})

    assert named(change) == {"functions": ("orders",)}


@pytest.mark.parametrize("parameters", [None, {}, {"functionName": None}, {"functionName": ""}, [], "text"])
def test_a_record_that_does_not_say_what_was_touched_touches_everything(parameters: object) -> None:
    change = changed("AddPermission20150331v2", parameters)

    assert (change.everything, change.omitted, named(change)) == (True, True, {})


def test_parameters_that_were_omitted_for_their_size_touch_everything() -> None:
    event = call("PutRolePolicy", service="iam")
    del event["detail"]["requestParameters"]

    change = parse(event)

    assert isinstance(change, Change)
    assert (change.everything, change.omitted) == (True, True)


@pytest.mark.parametrize("value", ["***", "HIDDEN_DUE_TO_SECURITY_REASONS"])
def test_a_masked_name_names_nobody(value: str) -> None:
    change = changed("DeleteSecret", {"secretId": value}, service="secretsmanager")

    assert (change.everything, change.omitted, change.things) == (True, True, ())


def test_parameters_marked_as_omitted_are_omitted() -> None:
    parameters = {"requestParameters": {"omitted": True, "reason": "requestParameters too large"}}
    change = changed("PutRolePolicy", service="iam", **parameters)

    assert (change.everything, change.omitted) == (True, True)


def test_an_organization_changes_everything_and_omits_nothing() -> None:
    change = changed("AttachPolicy", {"policyId": "p-1"}, service="organizations")

    assert (change.everything, change.omitted) == (True, False)


@pytest.mark.parametrize("service", ["cloudtrail", "events"])
def test_what_may_blind_the_auditor_is_told(service: str) -> None:
    names = {"cloudtrail": "StopLogging", "events": "DisableRule"}

    assert changed(names[service], {"name": "x"}, service=service).watch
    assert not changed("AddPermission", {"functionName": "orders"}).watch


def test_a_mapping_that_lambda_switches_off_leads_to_its_function() -> None:
    members = {
        "eventType": "AwsServiceEvent",
        "managementEvent": False,
        "resources": [{"type": "AWS::Lambda::Function", "ARN": FUNCTION}],
        "serviceEventDetails": {"ESMDisableReason": "Lambda Function not found"},
    }

    assert changed("LambdaESMDisabled", **members).functions == ("orders",)


def test_a_service_event_that_names_nobody_is_about_everything_and_omits_nothing() -> None:
    change = changed("LambdaESMDisabled", eventType="AwsServiceEvent")

    assert (change.everything, change.omitted) == (True, False)


@pytest.mark.parametrize(("service", "name"), sorted(LATER))
def test_what_leads_to_no_function_waits_for_the_sweep(service: str, name: str) -> None:
    assert reason(call(name, {"userName": "ann"}, service=service)).endswith("the next sweep judges it")


def test_tagging_what_is_no_function_is_skipped() -> None:
    mapping = "arn:aws:lambda:us-east-1:111122223333:event-source-mapping:2b3f6c1e"

    assert reason(call("TagResource20170331v2", {"resource": mapping})) == "names nothing that is audited"


@pytest.mark.parametrize("event", [None, [], "text", {}, {"detail": None}, {"detail": {"eventName": 7}}])
def test_what_is_no_record_is_skipped(event: object) -> None:
    assert reason(event) == "no CloudTrail record"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"errorCode": "AccessDenied"}, "the call failed: AccessDenied"),
        ({"readOnly": True}, "a call that only reads"),
        ({"requestParameters": {"functionName": "orders", "dryRun": True}}, "a dry run"),
        ({"requestParameters": {"functionName": "orders", "dryRun": "true"}}, "a dry run"),
        ({"eventName": "PutRuntimeManagementConfig"}, "changes nothing that is audited"),
        ({"eventSource": "s3.amazonaws.com"}, "changes nothing that is audited"),
        ({"eventSource": None}, "changes nothing that is audited"),
    ],
)
def test_what_changed_nothing_is_skipped(members: dict[str, Any], expected: str) -> None:
    event = call("UpdateFunctionCode20150331v2", {"functionName": "orders"}, **members)

    assert parse(event) == Skipped(expected, "e-1", event["detail"]["eventName"])


def test_an_attempt_to_make_a_function_public_is_not_skipped() -> None:
    change = changed("AddPermission20150331v2", {"functionName": "orders"}, errorCode="PublicPolicyException")

    assert change.functions == ("orders",)


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        ({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}, "cloudformation.amazonaws.com"),
        ({"type": "Unknown"}, "Unknown"),
        ({"arn": 7}, "unknown"),
        (None, "unknown"),
    ],
)
def test_the_actor_is_whoever_is_named_best(identity: object, actor: str) -> None:
    assert changed("AddPermission", {"functionName": "orders"}, userIdentity=identity).actor == actor


@given(JSON)
def test_any_event_is_answered(event: object) -> None:
    assert isinstance(parse(event), Change | Skipped)


@given(st.sampled_from(sorted(ROWS)), JSON, JSON, JSON)
def test_any_record_of_a_known_event_is_answered(
    row: tuple[str, str], parameters: Any, answer: Any, other: Any
) -> None:
    event = call(row[1], parameters, service=row[0], responseElements=answer, errorCode=other, userIdentity=other)

    assert isinstance(parse(event), Change | Skipped)
