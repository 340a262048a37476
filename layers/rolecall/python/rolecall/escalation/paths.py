"""TABLE of escalation paths: the actions that one needs together, and what one has then.

Ids of the form `service-000` and their required actions are those of the pathfinding.cloud data set (Datadog,
Apache-2.0, see NOTICE); ids without a number are of Rolecall, from the Lambda API reference and the Service
Authorization Reference. What of the data set is not here, and why: docs/escalation.md.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from rolecall.iam import catalog
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Gap


class Kind(Enum):
    """Whose rights a path gives, which is which rule tells it."""

    SELF = "self-escalation"
    PASS = "role-passing"
    TAKE = "workload-takeover"
    REWRITE = "self-rewrite"
    CHAIN = "role-chaining"


class On(Enum):
    """What an action of a path is done on."""

    OWN = "its own role"
    POLICY = "a policy of its own role"
    ROLE = "the role that it becomes"
    ROLE_POLICY = "a policy of the role that it becomes"
    USER = "a user whose keys it makes"
    FUNCTION = "the function that it takes over"
    THING = "anything"


@dataclass(frozen=True, slots=True)
class Path:
    """One way to more rights.

    Parameters
    ----------
    actions : all that are required, with what they are done on; the first is the one that findings stand on
    service : of a passed role: the service that runs as it, which the role must trust and the caller may pass it to
    gains : what one has then, to be read after "by … it"
    """

    id: str
    kind: Kind
    actions: tuple[tuple[str, On], ...]
    gains: str
    service: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The required actions."""
        return tuple(action for action, _ in self.actions)


def _self(id: str, *actions: tuple[str, On], gains: str) -> Path:
    return Path(id, Kind.SELF, actions, gains)


def _pass(id: str, service: str, *actions: str, runs: str) -> Path:
    required = (("iam:PassRole", On.ROLE), *((action, On.THING) for action in actions))
    return Path(id, Kind.PASS, required, f"runs {runs} as the passed role", service)


def _take(id: str, *actions: str, gains: str) -> Path:
    on = On.FUNCTION if actions[0].startswith("lambda:") else On.THING
    return Path(id, Kind.TAKE, tuple((action, on) for action in actions), gains)


def _rewrite(id: str, *actions: str, gains: str) -> Path:
    return Path(id, Kind.REWRITE, tuple((action, On.FUNCTION) for action in actions), gains)


ECS, EC2 = "ecs-tasks.amazonaws.com", "ec2.amazonaws.com"
GLUE, SAGEMAKER = "glue.amazonaws.com", "sagemaker.amazonaws.com"
BUILD, STACKS = "codebuild.amazonaws.com", "cloudformation.amazonaws.com"
AGENTS, POOLS = "bedrock-agentcore.amazonaws.com", "cognito-identity.amazonaws.com"

_SELF = (
    _self("iam-001", ("iam:CreatePolicyVersion", On.POLICY), gains="rewrites a policy of its own"),
    _self("policy-rollback", ("iam:SetDefaultPolicyVersion", On.POLICY), gains="brings an older version back"),
    _self("iam-005", ("iam:PutRolePolicy", On.OWN), gains="writes a policy for itself"),
    _self("iam-009", ("iam:AttachRolePolicy", On.OWN), gains="attaches any policy to itself"),
    _self("boundary-removal", ("iam:DeleteRolePermissionsBoundary", On.OWN), gains="takes its boundary off"),
    _self("boundary-swap", ("iam:PutRolePermissionsBoundary", On.OWN), gains="swaps its boundary for a wider one"),
    _self(
        "iam-012-own",
        ("iam:UpdateAssumeRolePolicy", On.OWN),
        ("sts:AssumeRole", On.OWN),
        gains="lets anybody assume it, in sessions without end",
    ),
    _self("iam-012", ("iam:UpdateAssumeRolePolicy", On.ROLE), gains="lets itself assume another role"),
    _self(
        "iam-014",
        ("iam:AttachRolePolicy", On.ROLE),
        ("sts:AssumeRole", On.ROLE),
        gains="attaches any policy to a role that it assumes",
    ),
    _self(
        "iam-016",
        ("iam:CreatePolicyVersion", On.ROLE_POLICY),
        ("sts:AssumeRole", On.ROLE),
        gains="rewrites a policy of a role that it assumes",
    ),
    _self(
        "iam-017",
        ("iam:PutRolePolicy", On.ROLE),
        ("sts:AssumeRole", On.ROLE),
        gains="writes a policy for a role that it assumes",
    ),
    _self(
        "iam-019",
        ("iam:AttachRolePolicy", On.ROLE),
        ("iam:UpdateAssumeRolePolicy", On.ROLE),
        gains="attaches any policy to a role and lets itself assume it",
    ),
    _self(
        "iam-020",
        ("iam:CreatePolicyVersion", On.ROLE_POLICY),
        ("iam:UpdateAssumeRolePolicy", On.ROLE),
        gains="rewrites a policy of a role and lets itself assume it",
    ),
    _self(
        "iam-021",
        ("iam:PutRolePolicy", On.ROLE),
        ("iam:UpdateAssumeRolePolicy", On.ROLE),
        gains="writes a policy for a role and lets itself assume it",
    ),
    _self("iam-002", ("iam:CreateAccessKey", On.USER), gains="makes keys of a user"),
    _self("iam-004", ("iam:CreateLoginProfile", On.USER), gains="sets the password of a user"),
    _self("iam-006", ("iam:UpdateLoginProfile", On.USER), gains="changes the password of a user"),
)

_PASS = (
    _pass("apprunner-001", "tasks.apprunner.amazonaws.com", "apprunner:CreateService", runs="a service"),
    _pass("batch-001", ECS, "batch:RegisterJobDefinition", "batch:SubmitJob", runs="a job"),
    _pass(
        "bedrock-001",
        AGENTS,
        "bedrock-agentcore:CreateCodeInterpreter",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
        runs="a code interpreter",
    ),
    _pass(
        "bedrock-003",
        AGENTS,
        "bedrock-agentcore:CreateAgentRuntime",
        "bedrock-agentcore:CreateAgentRuntimeEndpoint",
        "bedrock-agentcore:CreateWorkloadIdentity",
        "bedrock-agentcore:InvokeAgentRuntimeCommand",
        runs="an agent",
    ),
    _pass(
        "bedrock-006",
        AGENTS,
        "bedrock-agentcore:CreateBrowser",
        "bedrock-agentcore:StartBrowserSession",
        "bedrock-agentcore:ConnectBrowserAutomationStream",
        runs="a browser",
    ),
    _pass("braket-001", "braket.amazonaws.com", "braket:CreateJob", runs="a job"),
    _pass("cloudformation-001", STACKS, "cloudformation:CreateStack", runs="a stack"),
    _pass("stack-update", STACKS, "cloudformation:UpdateStack", runs="a stack"),
    _pass(
        "cloudformation-003",
        STACKS,
        "cloudformation:CreateStackSet",
        "cloudformation:CreateStackInstances",
        runs="a stack set",
    ),
    _pass("cloudformation-004", STACKS, "cloudformation:UpdateStackSet", runs="a stack set"),
    _pass("codebuild-001", BUILD, "codebuild:CreateProject", "codebuild:StartBuild", runs="a build"),
    _pass("codebuild-004", BUILD, "codebuild:CreateProject", "codebuild:StartBuildBatch", runs="a build"),
    _pass("project-role-swap", BUILD, "codebuild:UpdateProject", "codebuild:StartBuild", runs="a build"),
    _pass("cognitoidentity-001", POOLS, "cognito-identity:SetIdentityPoolRoles", runs="the sessions of a pool"),
    _pass(
        "datapipeline-001",
        "datapipeline.amazonaws.com",
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
        "datapipeline:ActivatePipeline",
        runs="a pipeline",
    ),
    _pass("ec2-001", EC2, "ec2:RunInstances", runs="an instance"),
    _pass("ec2-004", EC2, "ec2:RequestSpotInstances", runs="an instance"),
    _pass("profile-association", EC2, "ec2:AssociateIamInstanceProfile", runs="an instance"),
    _pass("profile-swap", EC2, "ec2:ReplaceIamInstanceProfileAssociation", runs="an instance"),
    _pass("ecs-003", ECS, "ecs:RegisterTaskDefinition", "ecs:CreateService", runs="a service"),
    _pass("ecs-004", ECS, "ecs:RegisterTaskDefinition", "ecs:RunTask", runs="a task"),
    _pass("ecs-005", ECS, "ecs:RegisterTaskDefinition", "ecs:StartTask", runs="a task"),
    _pass("service-update", ECS, "ecs:RegisterTaskDefinition", "ecs:UpdateService", runs="a service"),
    _pass("ecs-008", ECS, "ecs:RunTask", runs="a task with another role and command"),
    _pass("ecs-009", ECS, "ecs:StartTask", runs="a task with another role and command"),
    _pass("emr-001", EC2, "elasticmapreduce:RunJobFlow", runs="a cluster"),
    _pass(
        "emrserverless-001",
        "emr-serverless.amazonaws.com",
        "emr-serverless:CreateApplication",
        "emr-serverless:StartJobRun",
        runs="a job",
    ),
    _pass("gamelift-001", "gamelift.amazonaws.com", "gamelift:CreateBuild", "gamelift:CreateFleet", runs="a fleet"),
    _pass("glue-001", GLUE, "glue:CreateDevEndpoint", runs="an endpoint"),
    _pass("glue-003", GLUE, "glue:CreateJob", "glue:StartJobRun", runs="a job"),
    _pass("glue-004", GLUE, "glue:CreateJob", "glue:CreateTrigger", runs="a job"),
    _pass("glue-005", GLUE, "glue:UpdateJob", "glue:StartJobRun", runs="a job"),
    _pass("glue-006", GLUE, "glue:UpdateJob", "glue:CreateTrigger", runs="a job"),
    _pass("glue-007", GLUE, "glue:CreateSession", "glue:RunStatement", runs="a session"),
    _pass(
        "imagebuilder-001",
        EC2,
        "imagebuilder:CreateComponent",
        "imagebuilder:CreateImageRecipe",
        "imagebuilder:CreateInfrastructureConfiguration",
        "imagebuilder:CreateImage",
        runs="a build",
    ),
    _pass(
        "kinesisanalytics-001",
        "kinesisanalytics.amazonaws.com",
        "kinesisanalytics:CreateApplication",
        "kinesisanalytics:StartApplication",
        runs="an application",
    ),
    _pass("lambda-001", "lambda.amazonaws.com", "lambda:CreateFunction", "lambda:InvokeFunction", runs="a function"),
    _pass(
        "lambda-002",
        "lambda.amazonaws.com",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
        runs="a function",
    ),
    _pass("lambda-006", "lambda.amazonaws.com", "lambda:CreateFunction", "lambda:AddPermission", runs="a function"),
    _pass("role-swap", "lambda.amazonaws.com", "lambda:UpdateFunctionConfiguration", runs="an existing function"),
    _pass("omics-001", "omics.amazonaws.com", "omics:CreateWorkflow", "omics:StartRun", runs="a workflow"),
    _pass("sagemaker-001", SAGEMAKER, "sagemaker:CreateNotebookInstance", runs="a notebook"),
    _pass("sagemaker-002", SAGEMAKER, "sagemaker:CreateTrainingJob", runs="a job"),
    _pass("sagemaker-003", SAGEMAKER, "sagemaker:CreateProcessingJob", runs="a job"),
    _pass("schedule", "scheduler.amazonaws.com", "scheduler:CreateSchedule", runs="any API call"),
    _pass("schedule-update", "scheduler.amazonaws.com", "scheduler:UpdateSchedule", runs="any API call"),
    _pass("automation", "ssm.amazonaws.com", "ssm:StartAutomationExecution", runs="any API call"),
    _pass(
        "state-machine",
        "states.amazonaws.com",
        "states:CreateStateMachine",
        "states:StartExecution",
        runs="any API call",
    ),
)

_TAKE = (
    _take("lambda-003", "lambda:UpdateFunctionCode", gains="runs its own code there"),
    _take("lambda-004", "lambda:UpdateFunctionCode", "lambda:InvokeFunction", gains="runs its own code there at once"),
    _take("lambda-005", "lambda:UpdateFunctionCode", "lambda:AddPermission", gains="runs its own code there at once"),
    _take("layer", "lambda:UpdateFunctionConfiguration", gains="adds a layer, an exec wrapper or another handler"),
    _take("resource-policy", "lambda:PutResourcePolicy", gains="lets anybody invoke it"),
    _take("permission", "lambda:AddPermission", gains="lets anybody invoke it"),
    _take("url", "lambda:CreateFunctionUrlConfig", "lambda:AddPermission", gains="puts it on the internet"),
    _take("mapping", "lambda:CreateEventSourceMapping", gains="feeds it events of its own"),
    _take("alias-rollback", "lambda:UpdateAlias", gains="serves an older version with the role of that"),
    _take("apprunner-002", "apprunner:UpdateService", gains="runs a command in a service"),
    _take("batch-002", "batch:SubmitJob", gains="runs a command in a job of a stronger role"),
    _take(
        "bedrock-002",
        "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter",
        gains="runs code in an interpreter",
    ),
    _take("bedrock-004", "bedrock-agentcore:InvokeAgentRuntimeCommand", gains="runs a command beside an agent"),
    _take(
        "bedrock-007",
        "bedrock-agentcore:StartBrowserSession",
        "bedrock-agentcore:ConnectBrowserAutomationStream",
        gains="reads the credentials of a browser",
    ),
    _take("cloudformation-002", "cloudformation:UpdateStack", gains="changes a stack with the rights of its role"),
    _take(
        "cloudformation-005",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        gains="changes a stack with the rights of its role",
    ),
    _take("codebuild-002", "codebuild:StartBuild", gains="builds with commands of its own"),
    _take("codebuild-003", "codebuild:StartBuildBatch", gains="builds with commands of its own"),
    _take("codedeploy-001", "codedeploy:CreateDeployment", gains="deploys to instances"),
    _take(
        "ec2-002",
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
        "ec2:StartInstances",
        gains="runs a script when an instance starts",
    ),
    _take("ec2-003", "ec2-instance-connect:SendSSHPublicKey", gains="logs in to an instance"),
    _take(
        "ec2-005",
        "ec2:CreateLaunchTemplateVersion",
        "ec2:ModifyLaunchTemplate",
        gains="runs a script in what starts from a template",
    ),
    _take("ecs-006", "ecs:ExecuteCommand", gains="runs a command in a task"),
    _take("glue-002", "glue:UpdateDevEndpoint", gains="logs in to an endpoint"),
    _take("glue-job", "glue:UpdateJob", gains="runs a script of its own in a job"),
    _take("sagemaker-004", "sagemaker:CreatePresignedNotebookInstanceUrl", gains="opens a notebook"),
    _take(
        "sagemaker-005",
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance",
        "sagemaker:StartNotebookInstance",
        gains="runs a script when a notebook starts",
    ),
    _take("ssm-001", "ssm:StartSession", gains="logs in to an instance"),
    _take("ssm-002", "ssm:SendCommand", gains="runs a command on an instance"),
    _take("state-machine-update", "states:UpdateStateMachine", gains="changes what a state machine calls as its role"),
)

_REWRITE = (
    _rewrite("own-code", "lambda:UpdateFunctionCode", gains="replaces its own code"),
    _rewrite(
        "own-configuration", "lambda:UpdateFunctionConfiguration", gains="changes its layers, handler and wrapper"
    ),
    _rewrite("own-permission", "lambda:AddPermission", gains="lets anybody invoke itself"),
    _rewrite("own-policy", "lambda:PutResourcePolicy", gains="lets anybody invoke itself"),
    _rewrite("own-url", "lambda:CreateFunctionUrlConfig", gains="puts itself on the internet"),
    _rewrite("own-alias", "lambda:UpdateAlias", gains="serves another version of itself"),
    _rewrite("own-version", "lambda:PublishVersion", gains="publishes what it made of itself"),
    _rewrite("own-destination", "lambda:PutFunctionEventInvokeConfig", gains="sends its results elsewhere"),
    _rewrite("own-concurrency", "lambda:PutFunctionConcurrency", gains="turns itself off"),
    _rewrite("own-signing", "lambda:DeleteFunctionCodeSigningConfig", gains="lets unsigned code in"),
)

_CHAIN = (Path("sts-001", Kind.CHAIN, (("sts:AssumeRole", On.ROLE),), "has the rights of the role that it assumes"),)

PATHS: tuple[Path, ...] = (*_SELF, *_PASS, *_TAKE, *_REWRITE, *_CHAIN)

ACTIONS = frozenset(action.lower() for path in PATHS for action in path.names)
"""Every action of the table, in lower case."""


@cache
def of_kind(kind: Kind) -> tuple[Path, ...]:
    """The paths that a rule tells, in order."""
    return tuple(path for path in PATHS if path.kind is kind)


@cache
def unjudged(paths: tuple[Path, ...]) -> tuple[Gap, ...]:
    """Those that cannot be judged because the catalog lacks an action: to be said, never passed over."""
    lacking = ((path, name) for path in paths for name in path.names if catalog.action(name) is None)
    return tuple(
        Gap(
            f"rule {path.kind.value}",
            f"path `{path.id}` is not judged: the catalog lacks `{name}`",
            "escalation paths",
            mendable=False,
        )
        for path, name in lacking
    )


def possible(statements: tuple[Statement, ...]) -> frozenset[str]:
    """Actions of the table (lower case) that Allow statements name, whatever else they ask: mostly none."""
    found: frozenset[str] = frozenset()
    for statement in statements:
        if statement.not_actions:
            left_out = frozenset[str]().union(*map(_named, statement.not_actions))
            found |= ACTIONS - left_out
        else:
            found = found.union(*map(_named, statement.actions))
    return found


@lru_cache(maxsize=16_384)
def _named(entry: str) -> frozenset[str]:
    """What an entry of Action names of the table.

    >>> sorted(_named("iam:Put*RolePolicy")), sorted(_named("s3:GetObject"))
    (['iam:putrolepolicy'], [])
    """
    lowered = entry.lower()
    if not is_wild(lowered):
        return frozenset({lowered}) & ACTIONS
    return frozenset(action for action in ACTIONS if matches(lowered, action))
