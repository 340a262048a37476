"""Whole processes on templates: `rolecall audit` beside cfn-lint on the same files, interleaved, from a cold start.

.venv/bin/python -m benchmarks.templates [ROUNDS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TYPICAL = ROOT / "tests" / "sources" / "template" / "templates" / "policy_templates.yaml"
FUNCTION = """
  Function{n}:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      InlineCode: "def handler(event, context): return 1"
      Policies:
        - S3ReadPolicy: {{BucketName: inbox}}
        - Statement: [{{Effect: Allow, Action: s3:PutObject, Resource: 'arn:aws:s3:::outbox/*'}}]
      Events:
        Get: {{Type: Api, Properties: {{Path: /{n}, Method: get}}}}
        Queue: {{Type: SQS, Properties: {{Queue: 'arn:aws:sqs:us-east-1:123456789012:q{n}'}}}}
"""


def seconds(*command: str) -> float:
    """How long a process takes, whatever its status."""
    began = time.perf_counter()
    subprocess.run([str(BIN / command[0]), *command[1:]], capture_output=True, check=False)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print medians and ratios."""
    pairs = [
        (seconds("rolecall", "audit", "--template", str(TYPICAL)), seconds("cfn-lint", str(TYPICAL)))
        for _ in range(rounds)
    ]
    ours, peer = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"two functions: rolecall {ours:.2f} s, cfn-lint {peer:.2f} s, ratio {ours / peer:.2f}")
    print(f"rolecall --help {1000 * statistics.median(seconds('rolecall', '--help') for _ in range(rounds)):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "template.yaml"
        functions = "".join(FUNCTION.format(n=number) for number in range(200))
        large.write_text(f"Transform: AWS::Serverless-2016-10-31\nResources:{functions}")
        print(f"200 functions: rolecall {seconds('rolecall', 'audit', '--template', str(large)):.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
