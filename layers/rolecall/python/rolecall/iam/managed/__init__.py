"""AWS managed policies: their documents, frozen, so that a template can be judged offline."""

import zipfile
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

DATA = Path(__file__).parent / "data" / "policies.zip"
OWNER = ":iam::aws:policy/"


def document(arn: str) -> str | None:
    """The policy document as JSON text, or None where AWS has no such policy.

    In another partition the ARNs in the document are those of that partition.

    >>> document("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")[:40]
    '{"Statement":[{"Action":["logs:CreateLog'
    >>> document("arn:aws:iam::aws:policy/Nothing") is None
    True
    """
    head, owner, name = arn.partition(OWNER)
    if not owner or name not in _archive().namelist():
        return None
    text = _archive().read(name).decode()
    return text.replace('"arn:aws:', f'"{head}:')


def names() -> Iterator[str]:
    """Every policy, with its path: `service-role/AWSLambdaBasicExecutionRole`."""
    return iter(_archive().namelist())


def arn_of(name: str, *, partition: str = "aws") -> str | None:
    """The ARN of a policy that is named without its path, as SAM allows; None where AWS has no such policy.

    >>> arn_of("AWSLambdaBasicExecutionRole")
    'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'
    """
    whole = _by_name().get(name.rpartition("/")[2])
    return f"arn:{partition}{OWNER}{whole}" if whole else None


@cache
def _by_name() -> dict[str, str]:
    return {name.rpartition("/")[2]: name for name in names()}


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(BytesIO(DATA.read_bytes()))
