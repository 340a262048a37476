from collections import defaultdict

from rolecall.finding import Hit, Severity
from rolecall.fixes.functions import new_version
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule

SECONDS = len("2026-01-31T12:00:00")


@rule(Severity.MEDIUM)
def version_role_drift(account: Account) -> Yields:
    """A version or alias that is served runs under another role than `$LATEST`.

    A version keeps the role that it was published with: who narrows the role of the function has not
    narrowed that of the version that runs. Info while a change of `$LATEST` waits to be published.

    Bad:
        role: {unique_id: AROAEXAMPLE}
        functions:
          - {id: orders, name: orders, arn: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             role: "arn:aws:iam::111122223333:role/orders-old", qualifier: live, version: "7", triggers: []}

    Good:
        functions:
          - {id: orders, name: orders, arn: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             role: "arn:aws:iam::111122223333:role/orders", qualifier: live, version: "7", triggers: []}
    """
    by_id: dict[str, list[Function]] = defaultdict(list)
    for function in account.functions:
        by_id[function.id].append(function)
    for versions in by_id.values():
        latest = next((each for each in versions if each.qualifier is None), None)
        others = [each for each in versions if latest and each.role != latest.role]
        if latest is None:
            continue
        has_moved = any(each.qualifier and each.role == latest.role for each in versions)
        for each in others:
            is_waiting = not has_moved and _is_newer(latest, each)
            served = f"{each.qualifier}" + (f" (version {each.version})" if each.version else "")
            yield Hit(
                None,
                f"`{each.name}:{served}` runs as `{_name(each.role)}`, `$LATEST` as `{_name(latest.role)}`",
                fix=new_version(each, each.qualifier or "", each.version),
                subject=f"role of {each.qualifier} {each.version or ''}".strip(),
                severity=Severity.INFO if is_waiting else Severity.MEDIUM,
                evidence={
                    "qualifier": each.qualifier,
                    "version": each.version,
                    "role": each.role,
                    "latest": latest.role,
                    "updated": each.updated,
                },
                function=each.id,
                role=each.role,
                place=each.place,
            )


def _is_newer(latest: Function, other: Function) -> bool:
    """Was `$LATEST` changed after the version was made, as far as both times are known?"""
    return bool(latest.updated and other.updated and latest.updated[:SECONDS] > other.updated[:SECONDS])


def _name(role: str) -> str:
    return role.rpartition("/")[2]
