"""Deployment of the app into a sandbox account: the native `sam deploy` of the built, unchanged template."""

import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox.account import Account
from sandbox.stack import NAME, Stack

ROOT = Path(__file__).parent.parent
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"


class DeployError(Exception):
    """sam refused; the message holds the end of what it said."""


# In the sandbox nothing has to settle: each event is audited at once.
PARAMETERS = {"Pause": "0"}


def deploy(account: Account, *, name: str = NAME) -> Stack:
    """Deploy what `sam build` left, with `PARAMETERS` and the defaults of all others.

    Raises
    ------
    DeployError : there is no build, or sam or CloudFormation failed
    """
    if not BUILT.exists():
        raise DeployError("nothing is built: run `make build`")
    sam = Path(sys.executable).parent / "sam"
    command = [
        str(sam),
        "deploy",
        "--template-file",
        str(BUILT),
        "--stack-name",
        name,
        "--resolve-s3",
        "--no-progressbar",
        "--parameter-overrides",
        *(f"{key}={value}" for key, value in PARAMETERS.items()),
    ]
    command += ["--no-confirm-changeset", "--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]
    # sam leaves folders where temporary files go.
    with tempfile.TemporaryDirectory(prefix="rolecall-deploy-") as scratch:
        own = {"__SAM_CLI_APP_DIR": str(ROOT / ".build" / "sam"), "TMPDIR": scratch}
        environment = account.process_environment() | own
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        said = (ended.stdout + ended.stderr).strip().splitlines()[-25:]
        raise DeployError("sam deploy failed:\n" + "\n".join(said))
    return Stack(account, name)
