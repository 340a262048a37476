"""KMS keys and aliases."""

from collections.abc import Collection

from rolecall.iam.arn import Arn
from rolecall.model import Gap, Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Policy and facts of a key: `state`, `manager` (`AWS` or `CUSTOMER`), `grant` for each grantee that may decrypt.

    Three calls, and one for each further 100 grants; one call for a key that AWS manages, whose policy allows its
    service all that it needs, and for another account's, whose policy only that account reads.
    """
    calls, arn = reading.calls, str(reading.arn)
    answer = reading.part("key", lambda: calls.ask("kms", "describe_key", KeyId=arn))
    metadata = (answer or {}).get("KeyMetadata", {})
    facts = [(name, metadata[part]) for name, part in (("manager", "KeyManager"), ("state", "KeyState")) if answer]
    if ("manager", "AWS") in facts:
        return reading.resource(facts=tuple(facts))
    if reading.foreign and not reading.gaps:
        reading.gaps.append(Gap("key policy", "another account's: only that account reads it", mendable=False))
    policy = reading.part("key policy", lambda: calls.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default"))
    grantees = reading.part("key grants", lambda: _grantees(reading)) or ()
    facts += [("grant", grantee) for grantee in grantees]
    return reading.resource(policy=(policy or {}).get("Policy"), facts=tuple(sorted(facts)))


def read_alias(reading: Reading) -> Resource:
    """The key that an alias stands for, as its `key`: one call."""
    calls, arn = reading.calls, str(reading.arn)
    answer = reading.part("key", lambda: calls.ask("kms", "describe_key", KeyId=arn))
    metadata = (answer or {}).get("KeyMetadata", {})
    return reading.resource(key=metadata.get("Arn") if metadata.get("KeyManager") == "CUSTOMER" else None)


def _grantees(reading: Reading) -> list[str]:
    """Who may decrypt by a grant: of the roles that matter, or anybody where no roles are named."""
    calls, arn = reading.calls, str(reading.arn)
    grants = calls.pages("kms", "list_grants", "Grants", KeyId=arn, PaginationConfig={"PageSize": 100})
    decrypting = {grant.get("GranteePrincipal", "") for grant in grants if "Decrypt" in grant.get("Operations", ())}
    return sorted(each for each in decrypting - {""} if not reading.roles or _is_one_of(each, reading.roles))


def _is_one_of(grantee: str, roles: Collection[str]) -> bool:
    """Is it one of these roles (ARNs, unique ids), or a session of one?"""
    arn = Arn.parse(grantee)
    session = arn.session if arn else None
    if session is None:
        return grantee.partition(":")[0] in roles or grantee in roles
    return session[0] in {role.rpartition("/")[2] for role in roles}
