"""TABLE  account of a layer -> who publishes it: layers of AWS and of known vendors, by region where accounts differ.

Accounts, regions and layers are facts that their publishers document; `source` names where. An id of a known account
says who made a layer, not that it is harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

ANYWHERE = "*"
AWS = "AWS"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes layers, and what they are.

    Parameters
    ----------
    name : `AWS`, or a vendor
    layers : what they are for, as users know it
    source : the page or file that tells the accounts
    accounts : region (`*` for every other one) -> accounts, with spaces between where a region has several
    """

    name: str
    layers: str
    source: str
    accounts: Mapping[str, str] = field(default_factory=dict)


PUBLISHERS = (
    Publisher(
        AWS,
        "AppConfig agent",
        "AWS AppConfig User Guide, Available versions of the AWS AppConfig Agent Lambda extension",
        {
            "af-south-1": "574348263942",
            "ap-east-1": "630222743974",
            "ap-northeast-1": "980059726660",
            "ap-northeast-2": "826293736237",
            "ap-northeast-3": "706869817123",
            "ap-south-1": "554480029851",
            "ap-south-2": "489524808438",
            "ap-southeast-1": "421114256042",
            "ap-southeast-2": "080788657173",
            "ap-southeast-3": "418787028745",
            "ap-southeast-4": "307021474294",
            "ca-central-1": "039592058896",
            "cn-north-1": "615057806174",
            "cn-northwest-1": "615084187847",
            "eu-central-1": "066940009817",
            "eu-central-2": "758369105281",
            "eu-north-1": "646970417810",
            "eu-south-1": "203683718741",
            "eu-south-2": "586093569114",
            "eu-west-1": "434848589818",
            "eu-west-2": "282860088358",
            "eu-west-3": "493207061005",
            "me-central-1": "662846165436",
            "me-south-1": "559955524753",
            "sa-east-1": "000010852771",
            "us-east-1": "027255383542",
            "us-east-2": "728743619870",
            "us-gov-east-1": "946561847325",
            "us-gov-west-1": "946746059096",
            "us-west-1": "958113053741",
            "us-west-2": "359756378197",
        },
    ),
    Publisher(
        AWS,
        "Parameters and Secrets extension",
        "AWS Systems Manager User Guide, Using Parameter Store parameters in AWS Lambda functions",
        {
            "af-south-1": "317013901791",
            "ap-east-1": "768336418462",
            "ap-northeast-1": "133490724326",
            "ap-northeast-2": "738900069198",
            "ap-northeast-3": "576959938190",
            "ap-south-1": "176022468876",
            "ap-south-2": "070087711984",
            "ap-southeast-1": "044395824272",
            "ap-southeast-2": "665172237481",
            "ap-southeast-3": "490737872127",
            "ca-central-1": "200266452380",
            "cn-north-1": "287114880934",
            "cn-northwest-1": "287310001119",
            "eu-central-1": "187925254637",
            "eu-central-2": "772501565639",
            "eu-north-1": "427196147048",
            "eu-south-1": "325218067255",
            "eu-south-2": "524103009944",
            "eu-west-1": "015030872274",
            "eu-west-2": "133256977650",
            "eu-west-3": "780235371811",
            "me-central-1": "858974508948",
            "me-south-1": "832021897121",
            "sa-east-1": "933737806257",
            "us-east-1": "177933569100",
            "us-east-2": "590474943231",
            "us-gov-east-1": "129776340158",
            "us-gov-west-1": "127562683043",
            "us-west-1": "997803712105",
            "us-west-2": "345057560386",
        },
    ),
    Publisher(
        AWS,
        "Lambda Insights",
        "Amazon CloudWatch User Guide, Available versions of the Lambda Insights extension",
        {
            ANYWHERE: "580247275435",
            "af-south-1": "012438385374",
            "ap-east-1": "519774774795",
            "ap-east-2": "145023102084",
            "ap-northeast-3": "194566237122",
            "ap-south-2": "891564319516",
            "ap-southeast-3": "439286490199",
            "ap-southeast-4": "158895979263 605207715842",
            "ap-southeast-5": "590183865173",
            "ap-southeast-6": "727646510379",
            "ap-southeast-7": "761018874580",
            "ca-west-1": "761377655185 946466191631",
            "cn-north-1": "488211338238",
            "cn-northwest-1": "488211338238",
            "eu-central-2": "033019950311",
            "eu-south-1": "339249233099",
            "eu-south-2": "352183217350",
            "il-central-1": "066549572091 459530977127",
            "me-central-1": "732604637566",
            "me-south-1": "285320876703",
            "mx-central-1": "879381266642",
            "us-gov-east-1": "122132214140 198461476570",
            "us-gov-west-1": "198461476570 751350123760",
        },
    ),
    Publisher(
        AWS,
        "Distro for OpenTelemetry",
        "aws-otel.github.io, Getting started with AWS Distro for OpenTelemetry Lambda",
        {
            ANYWHERE: "615299751070",
            "af-south-1": "904233096616",
            "ap-east-1": "888577020596",
            "ap-south-2": "796973505492",
            "ap-southeast-3": "039612877180",
            "ap-southeast-4": "713881805771",
            "ap-southeast-5": "152034782359",
            "ap-southeast-7": "980416031188",
            "ca-west-1": "595944127152",
            "cn-north-1": "440179912924",
            "cn-northwest-1": "440180067931",
            "eu-central-2": "156041407956",
            "eu-south-1": "257394471194",
            "eu-south-2": "490004653786",
            "il-central-1": "746669239226",
            "me-central-1": "739275441131",
            "me-south-1": "980921751758",
            "mx-central-1": "610118373846",
            "us-gov-east-1": "399711857375",
            "us-gov-west-1": "399727141365",
        },
    ),
    Publisher(
        AWS,
        "Distro for OpenTelemetry with its own collector",
        "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda Support For Python",
        {ANYWHERE: "901920570463"},
    ),
    Publisher(
        AWS,
        "Powertools for AWS Lambda (Python)",
        "Powertools for AWS Lambda (Python), Lambda layers",
        {
            ANYWHERE: "017000801446",
            "cn-north-1": "498634801083",
            "us-gov-east-1": "165087284144",
            "us-gov-west-1": "165093116878",
        },
    ),
    Publisher(
        AWS,
        "Powertools for AWS Lambda (TypeScript)",
        "Powertools for AWS Lambda (TypeScript), Lambda layers",
        {ANYWHERE: "094274105915"},
    ),
    Publisher(AWS, "SDK for pandas", "AWS SDK for pandas, AWS Lambda managed layers", {ANYWHERE: "336392948345"}),
    Publisher(AWS, "Lambda Web Adapter", "github.com/aws/aws-lambda-web-adapter, README", {ANYWHERE: "753240598075"}),
    Publisher(
        "Datadog",
        "monitoring",
        "Datadog documentation, Install Serverless Monitoring for AWS Lambda",
        {ANYWHERE: "464622532012", "us-gov-east-1": "002406178527", "us-gov-west-1": "002406178527"},
    ),
    Publisher(
        "Dynatrace", "monitoring", "Dynatrace documentation, Set up OneAgent on AWS Lambda", {ANYWHERE: "725887861453"}
    ),
    Publisher(
        "Elastic", "monitoring", "Elastic documentation, Elastic APM AWS Lambda extension", {ANYWHERE: "267093732750"}
    ),
    Publisher(
        "Instana",
        "monitoring",
        "github.com/instana/python-sensor, releases",
        {ANYWHERE: "410797082306", "cn-north-1": "107998019096", "cn-northwest-1": "107998019096"},
    ),
    Publisher("Lumigo", "monitoring", "github.com/lumigo-io/python_tracer, layers", {ANYWHERE: "114300393969"}),
    Publisher(
        "New Relic", "monitoring", "layers.newrelic-external.com, New Relic's layers", {ANYWHERE: "451483290750"}
    ),
    Publisher(
        "OpenTelemetry",
        "instrumentation and collector",
        "github.com/open-telemetry/opentelemetry-lambda, README",
        {ANYWHERE: "184161586896"},
    ),
    Publisher(
        "Sentry",
        "monitoring",
        "github.com/getsentry/sentry-release-registry, aws-lambda-layers",
        {ANYWHERE: "943013980633"},
    ),
)


@cache
def _by_account() -> Mapping[str, Publisher]:
    return {
        account: publisher
        for publisher in PUBLISHERS
        for accounts in publisher.accounts.values()
        for account in accounts.split()
    }


def publisher(account: str) -> Publisher | None:
    """Who publishes layers in the account, wherever.

    >>> publisher("017000801446").layers
    'Powertools for AWS Lambda (Python)'
    """
    return _by_account().get(account)
