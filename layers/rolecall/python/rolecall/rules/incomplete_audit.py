from collections import defaultdict

from rolecall.finding import Hit, Severity
from rolecall.model import MISSING_ROLE, ORGANIZATION, UNJUDGED, Account, Gap
from rolecall.rules import Yields, named, rule

LIMIT = "nothing to do: a known limit, stated so that silence is not taken for a pass"


@rule(Severity.MEDIUM)
def incomplete_audit(account: Account) -> Yields:
    """Something could not be read or decided, so nothing was said of it.

    Silence is never a pass. There is one finding per cause, with what it touches in the evidence: medium
    where it can be mended (a denied call, an unreadable document), info where it is a known limit.
    That an organization's policies were not read, or that calls in the code were not resolved, is said once,
    in the head of the report; that a role does not exist is for `missing-role` to tell.

    Bad:
        gaps:
          - {what: resource policy, why: AccessDeniedException, call: "lambda:GetPolicy"}

    Bad:
        resources:
          - arn: "arn:aws:sqs:us-east-1:111122223333:orders"
            gaps: [{what: queue, why: AccessDenied, call: "sqs:GetQueueAttributes"}]

    Good:
        gaps:
          - {what: organization policies, why: AccessDeniedException, mendable: false}
    """
    refused = _refused(account)
    causes: dict[tuple[str, str, bool], list[Gap]] = defaultdict(list)
    for gap in account.all_gaps():
        if gap.what not in (ORGANIZATION, MISSING_ROLE, UNJUDGED):
            causes[(gap.call or gap.what, gap.why, gap.mendable)].append(gap)
    # A role that is in no template stands where its function names it.
    places = {each.role: each.place for each in account.functions} | {each.id: each.place for each in account.functions}
    places |= {role.arn: role.place for role in account.roles if role.place}
    for (cause, why, mendable), gaps in causes.items():
        subjects = sorted({gap.subject for gap in gaps if gap.subject})
        parts = ", ".join(sorted({gap.what for gap in gaps}))
        of = sorted({arn for gap in gaps for arn in refused.get(gap, ())})
        yield Hit(
            None,
            f"{parts} of {named(of)}: {why}" if of else f"{parts}: {why}",
            fix=_fix(cause) if mendable else LIMIT,
            subject=f"{cause}: {why}",
            actions=(cause,) if _is_call(cause) else (),
            severity=Severity.MEDIUM if mendable else Severity.INFO,
            evidence={"functions": subjects, "what": parts, "call": cause, **({"resources": of} if of else {})},
            function=subjects[0] if len(subjects) == 1 and ":role/" not in subjects[0] else None,
            role=subjects[0] if len(subjects) == 1 and ":role/" in subjects[0] else None,
            place=next((place for gap in gaps if (place := gap.place or places.get(gap.subject or ""))), None),
        )


def _refused(account: Account) -> dict[Gap, list[str]]:
    """Gap -> the resources and roles (ARNs) of which AWS did not tell."""
    found: dict[Gap, list[str]] = defaultdict(list)
    for resource in account.resources:
        for gap in resource.gaps:
            found[gap].append(resource.arn)
    for role in account.roles:
        for gap in role.gaps:
            if gap.call and _is_call(gap.call):
                found[gap].append(role.arn)
    return found


def _fix(cause: str) -> str:
    return f"let `{cause}` succeed, then audit again" if _is_call(cause) else "mend that, then audit again"


def _is_call(cause: str) -> bool:
    """Is it an IAM action: `lambda:GetPolicy`, not a file or a rule?"""
    return " " not in cause and "/" not in cause and cause.count(":") == 1
