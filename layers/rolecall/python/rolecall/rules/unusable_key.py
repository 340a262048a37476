import json

from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import Lack, lacks
from rolecall.rules import Yields, rule

VIA = "kms:ViaService"
KEEPS_OUT = "does not let the account's policies decide"


@rule(Severity.HIGH, silences=("denied-call",))
def unusable_key(function: Function, account: Account) -> Yields:
    """A source, destination or other resource is encrypted with a customer key that the role cannot use.

    The right on the queue or secret is not enough: the service decrypts with the rights of who asks. Both policies
    count: the key policy may name the role, or leave it to the account, whose policies decide then.

    Bad:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}

    Bad:
        more policies:
          Key:
            - {"Effect": "Allow", "Action": "kms:Decrypt",
               "Resource": "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
          - arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
            policy:
              - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/keeper"},
                 "Action": "kms:*", "Resource": "*"}

    Good:
        more policies:
          Key:
            - {"Effect": "Allow", "Action": "kms:Decrypt",
               "Resource": "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
               "Condition": {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}}
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}

    Good:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders"}

    Misses: keys of single S3 objects and of SecureString parameters.
    """
    for each in lacks(function, account, _is_of_key, by=lambda need: (need.resource, need.context)):
        why, service = each.need.proof.why, dict(each.need.context)[VIA]
        verdict = _verdict(each, account)
        yield each.hit(
            f"`{each.role}` may not {each.quoted} with `{_short(each.need.resource)}`: {why}",
            subject=f"{each.need.resource} {service}",
            fix=_fix(each) if verdict == KEEPS_OUT else None,
            key=each.need.resource,
            key_policy=verdict,
        )


def _is_of_key(need: Need) -> bool:
    return need.action.startswith("kms:") and VIA in dict(need.context)


def _short(key: str) -> str:
    return key.rpartition(":")[2]


def _verdict(lack: Lack, account: Account) -> str:
    known = account.resource(lack.need.resource)
    if known is None or known.policy is None or known.gaps:
        return "not read; it may let the role in"
    return "does not let the role in" if _is_left_to_role(lack) else KEEPS_OUT


def _is_left_to_role(lack: Lack) -> bool:
    """Would a statement on the role help: does the key policy leave it to the account?"""
    return lack.with_statements().meets(lack.need).allowed is not False


def _fix(lack: Lack) -> str:
    """No statement of the role helps: the key policy must let it in."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": lack.held.role.arn},
        "Action": list(lack.actions),
        "Resource": "*",
        "Condition": {"StringEquals": dict(lack.need.context)},
    }
    return f"add to the key policy of `{_short(lack.need.resource)}`: {json.dumps(statement)}"
