"""Changes: which events ask for an audit, and what they name."""

from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.changes import ROWS, Change, Skipped, parse
from tests.builders import FUNCTION

READS = ("Get", "List", "Simulate", "Generate", "Invoke")

# Operations that write, and that no audit of today depends on.
IGNORED = {
    "lambda": {
        "what a function may cost, not what it may do": """
            PutFunctionConcurrency DeleteFunctionConcurrency PutProvisionedConcurrencyConfig
            DeleteProvisionedConcurrencyConfig PutFunctionScalingConfig CreateCapacityProvider UpdateCapacityProvider
            DeleteCapacityProvider PutRuntimeManagementConfig""",
        "a signing configuration: functions take it up by PutFunctionCodeSigningConfig": """
            CreateCodeSigningConfig UpdateCodeSigningConfig DeleteCodeSigningConfig""",
        "a layer's version: functions take it up by UpdateFunctionConfiguration": "PublishLayerVersion",
        "data events: what durable functions do while they run": """
            CheckpointDurableExecution SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat
            SendDurableExecutionCallbackSuccess StopDurableExecution""",
    },
    "iam": {
        "users, groups and their policies": """
            CreateUser UpdateUser DeleteUser TagUser UntagUser PutUserPolicy DeleteUserPolicy AttachUserPolicy
            DetachUserPolicy PutUserPermissionsBoundary DeleteUserPermissionsBoundary CreateGroup UpdateGroup
            DeleteGroup AddUserToGroup RemoveUserFromGroup PutGroupPolicy DeleteGroupPolicy AttachGroupPolicy
            DetachGroupPolicy""",
        "keys, passwords, certificates and MFA": """
            CreateAccessKey UpdateAccessKey DeleteAccessKey CreateLoginProfile UpdateLoginProfile DeleteLoginProfile
            ChangePassword UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy UploadSSHPublicKey UpdateSSHPublicKey
            DeleteSSHPublicKey UploadSigningCertificate UpdateSigningCertificate DeleteSigningCertificate
            UploadServerCertificate UpdateServerCertificate DeleteServerCertificate TagServerCertificate
            UntagServerCertificate CreateServiceSpecificCredential UpdateServiceSpecificCredential
            ResetServiceSpecificCredential DeleteServiceSpecificCredential CreateVirtualMFADevice DeleteVirtualMFADevice
            EnableMFADevice DeactivateMFADevice ResyncMFADevice TagMFADevice UntagMFADevice""",
        "identity providers": """
            CreateOpenIDConnectProvider DeleteOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint
            AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider
            UntagOpenIDConnectProvider CreateSAMLProvider UpdateSAMLProvider DeleteSAMLProvider TagSAMLProvider
            UntagSAMLProvider""",
        "instance profiles: roles of EC2": """
            CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile
            TagInstanceProfile UntagInstanceProfile""",
        "a policy that is attached to nothing yet, or no longer, and its tags": """
            CreatePolicy DeletePolicy TagPolicy UntagPolicy""",
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
# Documented since 2026 ("Logging Lambda API calls using CloudTrail"), and in no model of botocore yet.
AHEAD = {("lambda", "PutPublicAccessBlockConfig"), ("lambda", "DisablePublicAccessBlockConfig")}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["functionName", "dryRun"]), inner),
)


def call(name: str, parameters: Any = None, *, service: str = "lambda", **members: Any) -> dict[str, Any]:
    """An event of EventBridge with the record of one call."""
    record = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventID": "e-1",
        "eventTime": "2026-11-24T10:00:00Z",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann"},
        "requestParameters": parameters,
    }
    return {"detail-type": "AWS API Call via CloudTrail", "detail": record | members}


def changed(name: str, parameters: Any = None, **more: Any) -> Change:
    change = parse(call(name, parameters, **more))
    assert isinstance(change, Change), change
    return change


def reason(event: object) -> str:
    skipped = parse(event)
    assert isinstance(skipped, Skipped), skipped
    return skipped.reason


def named(change: Change) -> dict[str, tuple[str, ...]]:
    kinds = ("functions", "roles", "policies", "layers")
    return {kind: getattr(change, kind) for kind in kinds if getattr(change, kind)}


def writing(service: str) -> set[tuple[str, str]]:
    model = botocore.session.get_session().get_service_model(service)
    return {(service, name) for name in model.operation_names if not name.startswith(READS)}


def ignored(service: str) -> set[tuple[str, str]]:
    return {(service, name) for names in IGNORED[service].values() for name in names.split()}


@pytest.mark.parametrize("service", ["iam", "lambda"])
def test_every_operation_that_writes_is_a_row_or_is_ignored_for_a_reason(service: str) -> None:
    assert writing(service) - ignored(service) - set(ROWS) == set()


def test_every_row_is_an_operation_of_aws() -> None:
    assert set(ROWS) - writing("iam") - writing("lambda") == AHEAD


@pytest.mark.parametrize("service", ["iam", "lambda"])
def test_what_is_ignored_is_an_operation_of_aws_and_no_row(service: str) -> None:
    assert ignored(service) - writing(service) == set()
    assert ignored(service) & set(ROWS) == set()


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
        ("arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:orders:$LATEST", "orders"),
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

    assert (change.everything, named(change)) == (True, {})


def test_parameters_that_were_omitted_for_their_size_touch_everything() -> None:
    event = call("PutRolePolicy", service="iam")
    del event["detail"]["requestParameters"]

    change = parse(event)

    assert isinstance(change, Change)
    assert change.everything


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
        ({"eventName": "PublishLayerVersion20181031"}, "changes nothing that is audited"),
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
