from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.excess import unneeded_of
from rolecall.needs.last_accessed import with_use
from rolecall.needs.purpose import Purpose, judged, setting_of
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule


@rule(Severity.LOW, silences=("trigger-loop", "unneeded-grant", "wide-resource"))
def leftover_config_grant(function: Function, account: Account) -> Yields:
    """The role has the rights of a setting that the function does not have.

    A VPC, tracing, a file system, a customer key or a dead-letter queue was taken away, its rights
    stayed. Rights on keys are none of these where the code calls a service whose data may have a key.

    Bad:
        calls: []
        configuration: {subnets: []}
        more policies:
          JoinNetwork:
            - {"Effect": "Allow", "Action": ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
               "ec2:DescribeNetworkInterfaces"], "Resource": "*"}

    Bad:
        calls: []
        configuration: {tracing: false}

    Bad:
        calls: []
        more policies:
          SendFailures: [{"Effect": "Allow", "Action": "sqs:SendMessage",
                          "Resource": "arn:aws:sqs:us-east-1:111122223333:orders-dead"}]

    Good:
        calls: []
        configuration:
          targets: [{"on": dead-letter, arn: "arn:aws:sqs:us-east-1:111122223333:orders-dead"}]
        more policies:
          SendFailures: [{"Effect": "Allow", "Action": "sqs:SendMessage",
                          "Resource": "arn:aws:sqs:us-east-1:111122223333:orders-dead"}]

    Good:
        calls:
          - {service: s3, operation: ListObjectsV2, parameters: {Bucket: inbox}}
        more policies:
          UseKeys: [{"Effect": "Allow", "Action": "kms:Decrypt",
                     "Resource": "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}]

    Misses: a right to send to a queue, topic or function whose name does not tell that it was a
    destination: `unneeded-grant` has it.
    """
    for comparison, excess, confirmed in judged(function, account, Purpose.CONFIG):
        rights = tuple(each.right for each in confirmed)
        settings = sorted({setting for right in rights if (setting := setting_of(right))})
        made = reduced(comparison, excess)
        are = "is" if len(rights) == 1 else "are"
        hit = Hit(
            excess.statement,
            f"{named([right.action for right in rights])} {are} for {', '.join(settings)}: `{function.name}` has none",
            fix=made.fix,
            actions=tuple(right.action for right in rights),
            resources=tuple(dict.fromkeys(pattern for right in rights for pattern in right.unneeded)),
            confidence=Confidence.HIGH if comparison.is_certain else Confidence.MEDIUM,
            evidence={"settings": settings, "unneeded": unneeded_of(rights), "diff": made.diff},
            witness=confirmed[0].witness,
        )
        yield with_use(hit, comparison, rights)
