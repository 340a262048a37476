"""Where the code of a function is deployed from: the ARN of an object, or of a repository of images.

What a version or a digest pins is left out: whoever writes there changes nothing of the next deployment.
"""

import re

REGISTRY = re.compile(
    r"^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([\w-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)/([^:@]+)(?::[^@]+)?$"
)
"""URI of an image without a digest: account, region, repository (Amazon ECR User Guide, "Private registries")."""


def object_arn(bucket: object, key: object, *, version: object = None, partition: str = "aws") -> str | None:
    """The object that a bucket and a key name.

    >>> object_arn("builds", "orders.zip")
    'arn:aws:s3:::builds/orders.zip'
    >>> object_arn("builds", "orders.zip", version="3sL4kqtJlcpXroDTDmJ")
    """
    named = isinstance(bucket, str) and isinstance(key, str)
    return f"arn:{partition}:s3:::{bucket}/{key}" if named and version is None else None


def repository_arn(image: object, *, partition: str = "aws") -> str | None:
    """The repository of an image that is named by its tag.

    >>> repository_arn("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/orders:live")
    'arn:aws:ecr:eu-west-1:111122223333:repository/shop/orders'
    """
    found = REGISTRY.match(image) if isinstance(image, str) else None
    return f"arn:{partition}:ecr:{found[2]}:{found[1]}:repository/{found[3]}" if found else None
