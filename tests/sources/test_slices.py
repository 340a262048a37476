"""Slices: whole, small enough for a message, and nothing left out."""

from dataclasses import replace

from rolecall import engine
from rolecall.finding import Report
from rolecall.model import Account, Gap, Role
from rolecall.parts import joined, part
from rolecall.sources.slices import pack, slices, unpack
from tests.builders import ROLE, account, allow

ONE = account(allow("*"))


def many(number: int) -> Account:
    """So many functions with a role each, all of them administrators, and a gap each."""
    (function,), (role,) = ONE.functions, ONE.roles
    arns = [f"{function.arn}-{each:04}" for each in range(number)]
    roles = tuple(Role(f"{ROLE}-{each:04}", role.policies, role.trust) for each in range(number))
    copies = (replace(function, id=arn, arn=arn, role=each.arn) for arn, each in zip(arns, roles, strict=True))
    gaps = tuple(Gap("resource policy", "AccessDenied", "lambda:GetPolicy", arn) for arn in arns)
    return replace(ONE, functions=tuple(copies), roles=roles, gaps=(Gap("buckets", "AccessDenied"), *gaps))


def test_what_is_packed_is_unpacked() -> None:
    assert unpack(pack(many(3))) == many(3)


def test_every_function_is_in_one_slice_with_what_belongs_to_it() -> None:
    parts = [unpack(text) for _, text in slices(many(60), size=25) if text]
    first, *_ = parts

    assert [len(each.functions) for each in parts] == [25, 25, 10]
    assert {function.id for each in parts for function in each.functions} == {each.id for each in many(60).functions}
    assert {role.arn for role in first.roles} == {function.role for function in first.functions}
    assert {gap.subject for gap in first.gaps} == {None, *(function.id for function in first.functions)}


def test_a_slice_that_is_too_large_is_halved() -> None:
    largest = len(pack(part(many(8), {function.id for function in many(8).functions[:3]})))

    assert [len(ids) for ids, _ in slices(many(8), largest=largest)] == [2, 2, 2, 2]


def test_a_function_that_is_too_large_for_a_message_is_named_without_text() -> None:
    assert [(len(ids), text) for ids, text in slices(many(2), largest=10)] == [(1, None), (1, None)]


def test_slices_find_what_single_audits_find() -> None:
    singly = {
        finding for each in many(7).functions for finding in found(engine.audit(part(many(7), {each.id}), whole=False))
    }
    sliced = {
        finding for _, text in slices(many(7), size=3) if text for finding in found(engine.audit_each(unpack(text)))
    }

    assert sliced == singly


def found(report: Report) -> set[str]:
    return {finding.fingerprint for finding in report.findings}


def test_parts_are_joined() -> None:
    ids = [function.id for function in many(4).functions]

    assert joined(part(many(4), set(ids[:3])), part(many(4), set(ids[2:]))) == many(4)
