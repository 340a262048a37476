"""The frozen AWS managed policies: `python tools/freeze_managed_policies.py` writes them anew from the installed moto.

moto's data file holds what `iam:ListPolicies` and `iam:GetPolicyVersion` answer in AWS. Kept are the documents of the
default versions, in `rolecall/iam/managed/data/policies.zip`: one entry for each policy, named by what stands after
`policy/` in its ARN. The same bytes each time.
"""

import json
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "layers" / "rolecall" / "python" / "rolecall" / "iam" / "managed" / "data" / "policies.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)


def freeze(path: Path) -> int:
    """Write the archive; the number of policies in it."""
    policies = {f"{each['Path'][1:]}{name}": each["Document"] for name, each in _read().items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.comment = f"moto {metadata.version('moto')} (Apache-2.0), {len(policies)} policies".encode()
        for name, document in sorted(policies.items()):
            archive.writestr(
                zipfile.ZipInfo(name, EPOCH), json.dumps(document, separators=(",", ":")), zipfile.ZIP_DEFLATED
            )
    return len(policies)


def _read() -> dict[str, dict[str, Any]]:
    policies: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return policies


if __name__ == "__main__":
    print(f"{freeze(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)} policies")
