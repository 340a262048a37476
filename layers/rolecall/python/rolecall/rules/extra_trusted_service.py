from rolecall.callers.trust import assumes, held_back, is_lambda, without, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import new_trust
from rolecall.iam.policy import Principal
from rolecall.model import Account, Function
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule

RUNS_CODE = frozenset(
    {
        "batch",
        "bedrock-agentcore",
        "cloudformation",
        "codebuild",
        "codedeploy",
        "codepipeline",
        "datapipeline",
        "ec2",
        "ecs",
        "ecs-tasks",
        "eks",
        "elasticbeanstalk",
        "elasticmapreduce",
        "emr-serverless",
        "glue",
        "greengrass",
        "imagebuilder",
        "pods.eks",
        "sagemaker",
        "ssm",
        "states",
        "tasks.apprunner",
    }
)
"""Services that run what their users give them, as the role: whoever may use them has its rights.

Each is the first part of a principal of the service roles that the service's own guide describes.
"""


@rule(Severity.MEDIUM)
def extra_trusted_service(function: Function, account: Account) -> Yields:
    """The execution role trusts other services too.

    Whoever may pass the role to that service gets the function's rights by another way than the function. High where
    the service runs code or commands that its users give to it.

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
             "Action": "sts:AssumeRole"}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
             "Action": "sts:AssumeRole"}
    """
    role = account.role_of(function)
    if role is None or role.trust is None or role.unread("trust policy"):
        return
    for statement in role.trust.allows:
        if not assumes(statement):
            continue
        others = [
            each
            for each in statement.principals
            if each.type == "Service" and not is_lambda(each.value) and not held_back(role, statement, each, account)
        ]
        if not others:
            continue
        names = ", ".join(f"`{each.value}`" for each in others)
        yield Hit(
            statement,
            f"`{role.name}`, the execution role of `{function.name}`, can be assumed by {names} as well",
            fix=new_trust(role, pasted(without(role.trust, _is_other), account, role.arn)),
            principal=others[0].value,
            severity=Severity.HIGH if any(_name(each) in RUNS_CODE for each in others) else Severity.MEDIUM,
            evidence={"services": [each.value for each in others]},
            witness=witness(role, statement, others[0], account),
        )


def _is_other(principal: Principal) -> bool:
    return principal.type == "Service" and not is_lambda(principal.value)


def _name(principal: Principal) -> str:
    """`ec2` of `ec2.amazonaws.com`, `ec2.amazonaws.com.cn` and `ec2.eu-west-1.amazonaws.com`."""
    name = principal.value.partition(".amazonaws.com")[0]
    head, _, tail = name.rpartition(".")
    return head if tail.count("-") >= 2 and head else name
