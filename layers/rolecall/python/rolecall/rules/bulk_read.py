from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function
from rolecall.needs.excess import unneeded_of
from rolecall.needs.last_accessed import with_use
from rolecall.needs.purpose import Purpose, judged
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule


@rule(
    Severity.HIGH,
    silences=("leftover-config-grant", "leftover-poller-grant", "trigger-loop", "unneeded-grant", "wide-resource"),
)
def bulk_read(function: Function, account: Account) -> Yields:
    """The role may read all data or secrets of a kind, and the function needs none of them.

    One leak in the function's code, or in what it depends on, gives all of them away. Needed on fewer
    resources it is `wide-resource`.

    Bad:
        calls: []
        more policies:
          Read: [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]

    Bad:
        calls: []
        more policies:
          Read: [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}]

    Good:
        calls:
          - {service: secretsmanager, operation: GetSecretValue, parameters: {SecretId: orders}}
        more policies:
          Read: [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]

    Good:
        code: unread
        more policies:
          Read: [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]

    Misses: all data of a kind whose names share a prefix.
    """
    for comparison, excess, confirmed in judged(function, account, Purpose.BULK):
        rights = tuple(each.right for each in confirmed)
        patterns = tuple(dict.fromkeys(pattern for right in rights for pattern in right.unneeded))
        known = [each.arn for each in account.resources if any(matches(pattern, each.arn) for pattern in patterns)]
        made = reduced(comparison, excess)
        hit = Hit(
            excess.statement,
            f"{named([right.action for right in rights])} on {named(patterns)}: `{function.name}` needs none of it",
            fix=made.fix,
            actions=tuple(right.action for right in rights),
            resources=patterns,
            confidence=Confidence.HIGH if comparison.is_certain else Confidence.MEDIUM,
            evidence={"unneeded": unneeded_of(rights), "known": len(known), "diff": made.diff},
            witness=confirmed[0].witness,
        )
        yield with_use(hit, comparison, rights)
