import json

from rolecall.finding import Hit, Severity
from rolecall.iam.arn import Arn
from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Policy
from rolecall.iam.request import EVERY_KEY, Caller, Request
from rolecall.iam.settle import settle
from rolecall.model import Account, Function, Resource
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.grant import Grant, grant
from rolecall.needs.lack import witness
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule

USES = ("kms:Decrypt", "kms:GenerateDataKey")
DEAD = frozenset({"Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable"})
"""States of a key in which nothing can be decrypted: KMS Developer Guide, "Key states of AWS KMS keys"."""


@rule(Severity.HIGH, silences=("denied-call",))
def undecryptable_configuration(function: Function, account: Account) -> Yields:
    """The customer key of the environment or of the code cannot be used.

    The function does not start. Lambda makes a KMS grant for the role when the environment's key is set; it names the
    role's unique id, and is worth nothing for a role that was made again under the old name. For the code there is
    none: the key policy must let Lambda in. A key that is disabled or waits for its deletion decrypts for nobody.

    Bad:
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - {arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd", facts: [[state, PendingDeletion]]}

    Bad:
        unique_id: AROANEW
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - {arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd", facts: [[state, Enabled], [grant, AROAOLD]]}

    Good:
        unique_id: AROANEW
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - {arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd", facts: [[state, Enabled], [grant, AROANEW]]}

    Good:
        unique_id: AROANEW
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
            facts: [[state, Enabled], [grant, "arn:aws:sts::111122223333:assumed-role/orders/orders"]]

    Good:
        unique_id: AROANEW
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - {arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd", facts: [[manager, AWS], [state, Enabled]]}

    Good:
        settings: {key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}

    Bad:
        settings: {code_key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
            policy:
              - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*",
                 "Resource": "*"}

    Good:
        settings: {code_key: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"}
        resources:
          - arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
            policy:
              - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Resource": "*",
                 "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Condition": {"StringLike":
                 {"kms:EncryptionContext:aws:lambda:FunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:*"}}}

    Misses: in a template, state, policy and grants of a key that it does not make.
    """
    for setting, key in (("environment", function.settings.key), ("code", function.settings.code_key)):
        known = _known(key, account)
        if known is None or "AWS" in known.fact("manager"):
            continue
        dead = _dead(known)
        held = grant(function, account)
        if dead:
            yield _hit(function, setting, known, f"which {dead}", f"choose another key for the {setting}", None)
        elif setting == "environment" and held and not _has_grant(known, held) and not _may(held, known.arn):
            why = f"and neither a grant nor a policy lets `{held.role.name}` decrypt with it"
            fix = "configure another key and then this one again: that makes the grant anew"
            yield _hit(function, setting, known, why, fix, held)
        elif setting == "code" and known.policy and not _lets_lambda(known, known.policy):
            why = "and the key policy does not let Lambda use it"
            yield _hit(function, setting, known, why, _fix(known, account), None)


def _known(key: str | None, account: Account) -> Resource | None:
    """The key, or that for which an alias stands, as far as it was read."""
    known = account.resource(key) if key else None
    return account.resource(known.key) if known and known.key else known


def _dead(key: Resource) -> str | None:
    if not key.exists:
        return "does not exist"
    return next((f"is in state {state}" for state in key.fact("state") if state in DEAD), None)


def _lets_lambda(key: Resource, policy: Policy) -> bool:
    """Lambda Developer Guide, "Encrypting Lambda .zip deployment packages": it makes no grant and asks as a service."""
    caller = Caller("Service", "lambda.amazonaws.com")
    requests = (Request(caller, action, key.arn, unknown=EVERY_KEY) for action in USES)
    return all(settle(each, Policies(resource=policy)).allowed is not False for each in requests)


def _fix(key: Resource, account: Account) -> str:
    """The statement of AWS's page, for all functions of the account: one that names a function would wait for it."""
    functions = f"arn:{account.partition}:lambda:{account.region}:{account.id}:function:*"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": list(USES),
        "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:lambda:FunctionArn": functions}},
    }
    return f"add to the policy of the key `{key.arn.rpartition('/')[2]}`: {json.dumps(pasted(statement, account))}"


def _has_grant(key: Resource, held: Grant) -> bool:
    """Has the role a grant, or is it not known whether it has?

    A grant names the role by its ARN or a session of it; by its unique id where the role was deleted since (KMS API
    Reference, "ListGrants", GranteePrincipal).
    """
    is_unread = bool(key.gaps) or not key.fact("state") or held.role.unique_id is None
    return is_unread or any(_is(grantee, held) for grantee in key.fact("grant"))


def _is(grantee: str, held: Grant) -> bool:
    arn = Arn.parse(grantee)
    if arn is not None and arn.session:
        return arn.session[0] == held.role.name
    return grantee == held.role.arn or grantee.partition(":")[0] == held.role.unique_id


def _may(held: Grant, key: str) -> bool:
    """May it decrypt by a policy, as far as is known?"""
    return held.allows("kms:Decrypt", key).allowed is not False


def _hit(function: Function, setting: str, key: Resource, why: str, fix: str, held: Grant | None) -> Hit:
    need = Need("kms:Decrypt", key.arn, Certainty.MUST, Proof("config", f"{setting} key", "decrypts it"))
    return Hit(
        None,
        f"the {setting} of `{function.name}` is encrypted with `{key.arn.rpartition(':')[2]}`, {why}",
        fix=fix,
        subject=f"{setting} {key.arn}",
        actions=("kms:Decrypt",),
        resources=(key.arn,),
        evidence={
            "setting": f"{setting} key",
            "key": key.arn,
            "state": next(iter(key.fact("state")), None),
            "key policy": "read" if key.policy else "not read",
            "grants": list(key.fact("grant")),
        },
        witness=witness(need, held) if held else None,
        place=function.place_of(key.arn),
    )
