"""Rows: each event that asks for an audit, and what it names. Data only.

A row is a tuple of (kind, where). The kinds `functions`, `roles`, `policies` and `layers` take the whole text at a
path of the record; `targets` are functions whose ARN stands anywhere in such a text; `things` are ARNs, written as a
template with paths in it. A path begins at `requestParameters`, unless it begins with another member of the record;
lists are gone through, `**` is all text below, case does not matter (CloudTrail writes `uUID`, `streamARN`,
`CloudFunction`). After `=` stands what an absent value means. An ARN where a template expects a name stands for itself.

Sources: AWS Lambda Developer Guide, "Logging Lambda API calls using CloudTrail"; IAM User Guide, "Logging IAM and AWS
STS API calls with AWS CloudTrail"; published records; else the members that the service's API model has.
"""

from collections.abc import Iterator, Mapping

Row = tuple[tuple[str, str], ...]

AT = "{region}:{account}"
ANSWER = "responseElements"

FUNCTION = ("functions", "functionName")
MADE = ("functions", f"{ANSWER}.functionArn")
LAYER = ("layers", "layerName")
ROLE = ("roles", "roleName")
POLICY = ("policies", "policyArn")
POLLED = ("things", f"arn:{{partition}}:sqs:{AT}:{{{ANSWER}.eventSourceArn}}")
BUCKET = ("things", "arn:{partition}:s3:::{bucketName}")
TOPIC = ("things", f"arn:{{partition}}:sns:{AT}:{{topicArn}}")
SUBSCRIPTION = ("things", f"arn:{{partition}}:sns:{AT}:{{subscriptionArn}}")
QUEUE = ("things", f"arn:{{partition}}:sqs:{AT}:{{queueUrl}}")
BUS = ("things", f"arn:{{partition}}:events:{AT}:event-bus/{{eventBusName=default}}")
RULE = ("things", f"arn:{{partition}}:events:{AT}:rule/{{eventBusName=default}}/{{name}}")
RULE_OF_TARGETS = ("things", f"arn:{{partition}}:events:{AT}:rule/{{eventBusName=default}}/{{rule}}")
SCHEDULE = ("things", f"arn:{{partition}}:scheduler:{AT}:schedule/{{groupName=default}}/{{name}}")
PIPE = ("things", f"arn:{{partition}}:pipes:{AT}:pipe/{{name}}")
PIPE_ENDS = (("targets", "target"), ("targets", "enrichment"))
BALANCED = f"arn:{{partition}}:elasticloadbalancing:{AT}:"
TARGET_GROUP = ("things", f"{BALANCED}{{targetGroupArn}}")
# A listener leads to functions through the groups that it forwards to.
LISTENER = ("things", f"{BALANCED}{{listenerArn}}")
LISTENER_RULE = ("things", f"{BALANCED}{{ruleArn}}")
BY_DEFAULT = (
    ("things", f"{BALANCED}{{defaultActions.targetGroupArn}}"),
    ("things", f"{BALANCED}{{defaultActions.forwardConfig.targetGroups.targetGroupArn}}"),
)
BY_RULE = (
    ("things", f"{BALANCED}{{actions.targetGroupArn}}"),
    ("things", f"{BALANCED}{{actions.forwardConfig.targetGroups.targetGroupArn}}"),
)
EXECUTED = f"arn:{{partition}}:execute-api:{AT}:"
REST_API = ("things", f"{EXECUTED}{{restApiId}}")
API = ("things", f"{EXECUTED}{{apiId}}")
INTEGRATED = ("targets", "requestParameters.**")
POOL = ("things", f"arn:{{partition}}:cognito-idp:{AT}:userpool/{{userPoolId}}")
CONFIG_RULE = ("things", f"arn:{{partition}}:config:{AT}:config-rule/{{configRuleName}}")
IOT_RULE = ("things", f"arn:{{partition}}:iot:{AT}:rule/{{ruleName}}")
RECEIPT = f"arn:{{partition}}:ses:{AT}:receipt-rule-set/{{ruleSetName}}:receipt-rule/"
LOG_GROUP = ("things", f"arn:{{partition}}:logs:{AT}:log-group:{{logGroupName}}")
# A subscription of the whole account is a trigger of this source.
ALL_LOGS = ("things", f"arn:{{partition}}:logs:{AT}:log-group:*")
SECRET = ("things", f"arn:{{partition}}:secretsmanager:{AT}:secret:{{secretId}}")
ALARM = ("things", f"arn:{{partition}}:cloudwatch:{AT}:alarm:{{alarmName}}")
ALARM_ACTIONS = (("targets", "alarmActions"), ("targets", "okActions"), ("targets", "insufficientDataActions"))
# A grant that is retired by its token names its key here only.
KEY = (
    ("things", f"arn:{{partition}}:kms:{AT}:key/{{keyId}}"),
    ("things", f"arn:{{partition}}:kms:{AT}:key/{{resources.ARN}}"),
)
TABLE_NAMED = ("things", f"arn:{{partition}}:dynamodb:{AT}:table/{{tableName}}")
TABLE_ARN = ("things", f"arn:{{partition}}:dynamodb:{AT}:table/{{resourceArn}}")
STREAM = (
    ("things", f"arn:{{partition}}:kinesis:{AT}:stream/{{streamName}}"),
    ("things", f"arn:{{partition}}:kinesis:{AT}:stream/{{streamARN}}"),
)
STREAM_ARN = ("things", f"arn:{{partition}}:kinesis:{AT}:stream/{{resourceARN}}")
CLUSTER = ("things", f"arn:{{partition}}:kafka:{AT}:cluster/{{clusterArn}}")
BROKER = ("things", f"arn:{{partition}}:mq:{AT}:broker:{{brokerId}}")
TRAIL = ("things", f"arn:{{partition}}:cloudtrail:{AT}:trail/{{name}}")
TRAIL_NAMED = ("things", f"arn:{{partition}}:cloudtrail:{AT}:trail/{{trailName}}")

TABLE: Mapping[str, Mapping[str, Row]] = {
    "lambda": {
        """AddPermission RemovePermission DeleteFunction UpdateFunctionCode UpdateFunctionConfiguration
        CreateAlias UpdateAlias DeleteAlias CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig
        PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig
        PutFunctionCodeSigningConfig DeleteFunctionCodeSigningConfig PutFunctionRecursionConfig
        PutFunctionConcurrency DeleteFunctionConcurrency PutProvisionedConcurrencyConfig
        DeleteProvisionedConcurrencyConfig EnableReplication DisableReplication""": (FUNCTION,),
        "CreateFunction PublishVersion": (MADE, FUNCTION),
        # Of a mapping that changes its function, only its source leads to the one that it had.
        "CreateEventSourceMapping UpdateEventSourceMapping": (MADE, FUNCTION, POLLED),
        "DeleteEventSourceMapping": (MADE, POLLED),
        """PutResourcePolicy DeleteResourcePolicy PutPublicAccessBlockConfig
        DisablePublicAccessBlockConfig""": (("functions", "resourceArn"),),
        "TagResource UntagResource": (("functions", "resource"),),
        "AddLayerVersionPermission RemoveLayerVersionPermission DeleteLayerVersion": (LAYER,),
        "LambdaESMDisabled": (("functions", "resources.ARN"), ("targets", "serviceEventDetails.**")),
    },
    "iam": {
        """CreateRole DeleteRole UpdateAssumeRolePolicy PutRolePolicy DeleteRolePolicy AttachRolePolicy
        DetachRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole""": (ROLE,),
        "CreatePolicyVersion SetDefaultPolicyVersion DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy": (POLICY,),
    },
    "s3": {
        "PutBucketNotification": (BUCKET, ("targets", "NotificationConfiguration.**")),
        "DeleteBucket PutBucketPolicy DeleteBucketPolicy": (BUCKET,),
    },
    "events": {
        "PutTargets": (RULE_OF_TARGETS, ("targets", "targets.arn")),
        "RemoveTargets": (RULE_OF_TARGETS,),
        "PutRule DeleteRule EnableRule DisableRule": (RULE,),
        "PutPermission RemovePermission": (BUS,),
        "DeleteEventBus": (("things", f"arn:{{partition}}:events:{AT}:event-bus/{{name}}"),),
    },
    "scheduler": {
        "CreateSchedule UpdateSchedule": (SCHEDULE, ("targets", "target.arn"), ("targets", "target.input")),
        "DeleteSchedule": (SCHEDULE,),
    },
    "pipes": {
        "CreatePipe UpdatePipe": (PIPE, *PIPE_ENDS),
        "DeletePipe StartPipe StopPipe": (PIPE,),
    },
    "sns": {
        "Subscribe": (TOPIC, ("targets", "endpoint")),
        "Unsubscribe SetSubscriptionAttributes": (SUBSCRIPTION,),
        "DeleteTopic SetTopicAttributes AddPermission RemovePermission": (TOPIC,),
    },
    "sqs": {
        "SetQueueAttributes DeleteQueue AddPermission RemovePermission": (QUEUE,),
        "CreateQueue": (("things", f"arn:{{partition}}:sqs:{AT}:{{queueName}}"),),
    },
    "elasticloadbalancing": {
        "RegisterTargets DeregisterTargets": (TARGET_GROUP, ("targets", "targets.id")),
        "DeleteTargetGroup ModifyTargetGroup": (TARGET_GROUP,),
        "CreateTargetGroup": (("things", f"{BALANCED}{{{ANSWER}.targetGroups.targetGroupArn}}"),),
        "CreateListener": (*BY_DEFAULT, ("things", f"{BALANCED}{{loadBalancerArn}}")),
        "ModifyListener": (*BY_DEFAULT, LISTENER),
        "DeleteListener": (LISTENER,),
        "CreateRule": (*BY_RULE, LISTENER),
        "ModifyRule": (*BY_RULE, LISTENER_RULE),
        "DeleteRule": (LISTENER_RULE,),
    },
    # REST APIs (`restApiId`) and HTTP and WebSocket APIs (`apiId`) share some names.
    "apigateway": {
        """UpdateIntegration DeleteIntegration CreateAuthorizer UpdateAuthorizer DeleteAuthorizer
        CreateDeployment""": (REST_API, API, INTEGRATED),
        "PutIntegration PutRestApi UpdateRestApi DeleteRestApi": (REST_API, INTEGRATED),
        "CreateIntegration ReimportApi DeleteApi": (API, INTEGRATED),
        "ImportRestApi": (("things", f"{EXECUTED}{{{ANSWER}.id}}"), INTEGRATED),
        "CreateApi ImportApi": (("things", f"{EXECUTED}{{{ANSWER}.apiId}}"), INTEGRATED),
    },
    "cognito-idp": {
        "UpdateUserPool": (POOL, ("targets", "lambdaConfig.**")),
        "DeleteUserPool": (POOL,),
        "CreateUserPool": (
            ("things", f"arn:{{partition}}:cognito-idp:{AT}:userpool/{{{ANSWER}.userPool.id}}"),
            ("targets", "lambdaConfig.**"),
        ),
    },
    "config": {
        "PutConfigRule": (
            ("things", f"arn:{{partition}}:config:{AT}:config-rule/{{configRule.configRuleName}}"),
            ("things", f"arn:{{partition}}:config:{AT}:config-rule/{{configRule.configRuleArn}}"),
            ("targets", "configRule.source.sourceIdentifier"),
        ),
        "DeleteConfigRule": (CONFIG_RULE,),
    },
    "iot": {
        "CreateTopicRule ReplaceTopicRule": (IOT_RULE, ("targets", "topicRulePayload.**")),
        "DeleteTopicRule EnableTopicRule DisableTopicRule": (IOT_RULE,),
    },
    "ses": {
        "CreateReceiptRule UpdateReceiptRule": (("things", f"{RECEIPT}{{rule.name}}"), ("targets", "rule.**")),
        "DeleteReceiptRule": (("things", f"{RECEIPT}{{ruleName}}"),),
    },
    "logs": {
        "PutSubscriptionFilter": (LOG_GROUP, ("targets", "destinationArn")),
        "DeleteSubscriptionFilter DeleteLogGroup": (LOG_GROUP,),
        "PutAccountPolicy": (ALL_LOGS, ("targets", "policyDocument")),
        "DeleteAccountPolicy": (ALL_LOGS,),
    },
    "secretsmanager": {
        "RotateSecret": (SECRET, ("targets", "rotationLambdaARN")),
        "CancelRotateSecret DeleteSecret PutResourcePolicy DeleteResourcePolicy": (SECRET,),
    },
    "monitoring": {
        "PutMetricAlarm PutCompositeAlarm": (ALARM, *ALARM_ACTIONS),
        "DeleteAlarms": (("things", f"arn:{{partition}}:cloudwatch:{AT}:alarm:{{alarmNames}}"),),
    },
    "kms": {"PutKeyPolicy CreateGrant RevokeGrant RetireGrant DisableKey ScheduleKeyDeletion": KEY},
    "dynamodb": {
        "UpdateTable DeleteTable": (TABLE_NAMED,),
        "PutResourcePolicy DeleteResourcePolicy": (TABLE_ARN,),
    },
    "kinesis": {
        "DeleteStream StartStreamEncryption StopStreamEncryption": STREAM,
        "PutResourcePolicy DeleteResourcePolicy": (STREAM_ARN,),
    },
    "kafka": {"PutClusterPolicy DeleteClusterPolicy DeleteCluster": (CLUSTER,)},
    "mq": {"UpdateBroker DeleteBroker": (BROKER,)},
    # What an organization allows holds for all of the account.
    "organizations": {
        "AttachPolicy DetachPolicy UpdatePolicy DeletePolicy EnablePolicyType DisablePolicyType MoveAccount": (),
    },
    "cloudtrail": {"StopLogging DeleteTrail UpdateTrail": (TRAIL,), "PutEventSelectors": (TRAIL_NAMED,)},
}

SOURCES: Mapping[str, str] = {"amazonmq": "mq"}
"""First part of eventSource -> its service above, where they differ (Amazon MQ Developer Guide, "Logging Amazon MQ API
calls")."""

WATCHED = frozenset(
    {("cloudtrail", name) for name in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")}
    | {
        ("events", name)
        for name in ("DisableRule", "DeleteRule", "RemoveTargets", "PutRule", "EnableRule", "PutTargets")
    }
)
"""Events after which the auditor may hear less, or more, than before."""


def _flat(table: Mapping[str, Mapping[str, Row]]) -> Iterator[tuple[tuple[str, str], Row]]:
    for service, rows in table.items():
        for names, row in rows.items():
            yield from (((service, name), row) for name in names.split())


ROWS: Mapping[tuple[str, str], Row] = dict(_flat(TABLE))
"""Service and event name without its date -> what it names."""

_LATER: Mapping[str, tuple[str, str]] = {
    "who may invoke functions, not a function": (
        "iam",
        """PutUserPolicy DeleteUserPolicy AttachUserPolicy DetachUserPolicy PutUserPermissionsBoundary
        DeleteUserPermissionsBoundary AddUserToGroup RemoveUserFromGroup PutGroupPolicy DeleteGroupPolicy
        AttachGroupPolicy DetachGroupPolicy DeleteGroup CreateUser DeleteUser UpdateUser TagUser UntagUser
        CreateOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint AddClientIDToOpenIDConnectProvider
        DeleteOpenIDConnectProvider CreateSAMLProvider UpdateSAMLProvider DeleteSAMLProvider""",
    ),
    "a policy that is attached to nothing yet": ("iam", "CreatePolicy"),
    "a layer's version that no function uses yet": ("lambda", "PublishLayerVersion"),
    "a signing configuration, which functions take up by PutFunctionCodeSigningConfig": (
        "lambda",
        "CreateCodeSigningConfig UpdateCodeSigningConfig DeleteCodeSigningConfig",
    ),
}
LATER: Mapping[tuple[str, str], str] = {
    (service, name): what for what, (service, names) in _LATER.items() for name in names.split()
}
"""Events that lead to no function of their own, and what they change instead: the next sweep judges it."""
