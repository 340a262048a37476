"""Packages: which of those that are no code of the user's can call AWS.

Sources: each project's documentation and dependencies on PyPI.
"""

import re
import sys
from collections.abc import Iterator, Mapping

SDK = frozenset({"boto3", "botocore", "aioboto3", "aiobotocore", "s3transfer"})

STANDARD = frozenset(sys.stdlib_module_names) | {"builtins", "__future__"}

_HARMLESS = """
Crypto Cryptodome MySQLdb OpenSSL PIL PyPDF2 aiodns aiofiles aiohttp aioredis aiosignal airflow_client alembic
altair annotated_types anthropic anyio apispec apscheduler arrow asgiref asn1crypto async_timeout asyncpg attr
attrs aws_cdk aws_embedded_metrics aws_encryption_sdk aws_lambda_context aws_lambda_event_handler
aws_lambda_powertools aws_lambda_typing aws_requests_auth aws_requests_auth_types aws_secretsmanager_caching
aws_xray_sdk babel backoff backports bcrypt beautifulsoup4 bleach blinker bs4 cachetools cattr cattrs certifi cffi
cfnresponse chardet charset_normalizer chevron click colorama construct crhelper croniter cryptography csvkit cv2
cycler dacite dataclasses_json datadog datadog_lambda dateparser dateutil ddtrace decouple deepdiff defusedxml
deprecated dns docutils docx dotenv ecdsa elastic_transport elasticsearch email_validator environs execnet faker
falcon fastapi fastjsonschema feedparser filelock flask flask_cors flask_restful fontTools fpdf freezegun
frozenlist geojson geopy github gitlab google googleapiclient graphene graphql greenlet grpc gunicorn h11 h2
hashids holidays hpack html5lib httpcore httplib2 httpx httpx_auth humanize hyperframe idna imageio
importlib_metadata importlib_resources inflection influxdb_client iso8601 isodate itsdangerous jinja2 jmespath
joblib jose json5 jsonpatch jsonpath_ng jsonpickle jsonpointer jsonschema jsonschema_specifications jwcrypto jwt
kafka kiwisolver lambda_decorators ldap3 loguru lxml magic mako mangum markdown markupsafe marshmallow matplotlib
mock more_itertools moto msal msgpack multidict multipart mypy_extensions mysql nacl neo4j networkx newrelic nltk
numpy oauth2client oauthlib openai opencensus openpyxl opensearchpy opentelemetry ordered_set orjson packaging
pandas paramiko parse passlib pathspec pdfminer peewee pendulum phonenumbers pika pkg_resources playwright plotly
polars prettytable prometheus_client prompt_toolkit propcache psutil psycopg psycopg2 pyasn1 pyasn1_modules
pycparser pycurl pydantic pydantic_core pydantic_settings pyexcel pygments pyjwt pymongo pymssql pymysql pynacl
pyodbc pyparsing pypdf pyproj pyrsistent pysftp pytest pythonjsonlogger pytz pywintypes pyzipper qrcode rapidfuzz
ratelimit redis referencing regex reportlab requests requests_auth_aws_sigv4 requests_aws4auth requests_oauthlib
requests_toolbelt responses retry retrying rich rpds rsa ruamel scipy selenium sendgrid sentry_sdk serverless_wsgi
setuptools shapely shortuuid simplejson six sklearn slack slack_bolt slack_sdk slugify snappy sniffio snowflake
sortedcontainers soupsieve splunklib sqlalchemy sqlmodel sqlparse sseclient starlette stripe structlog sympy
tabulate telegram tenacity tensorflow text_unidecode thefuzz thrift tiktoken tldextract toml tomli tomlkit toolz
torch tornado tqdm transitions trio twilio typeguard typer typing_extensions typing_inspect tzdata tzlocal
ua_parser ujson unidecode uritemplate urllib3 user_agents uvicorn validators vcr voluptuous w3lib wcwidth webob
websocket websockets werkzeug wrapt xlrd xlsxwriter xmlschema xmltodict yaml yarl zeep zipp zstandard
"""
HARMLESS = frozenset(_HARMLESS.split())
"""Importing these, and using them, calls no AWS API, or only what `libraries` has a row for."""

USES_AWS = {
    "s3fs": ("s3",),
    "smart_open": ("s3",),
    "awswrangler": ("s3", "athena", "glue"),
    "pynamodb": ("dynamodb",),
    "pyathena": ("athena", "s3"),
    "redshift_connector": ("redshift",),
    "dynamodb_encryption_sdk": ("dynamodb", "kms"),
    "dynamodb_json": (),
    "sagemaker": ("sagemaker", "s3"),
    "chalice": (),
    "watchtower": ("logs",),
    "cloudpathlib": ("s3",),
    "django_storages": ("s3",),
    "storages": ("s3",),
    "langchain_aws": ("bedrock-runtime",),
    "warrant": ("cognito-idp",),
    "pycognito": ("cognito-idp",),
    "kinesis": ("kinesis",),
    "s3path": ("s3",),
    "flywheel": ("dynamodb",),
    "dyntastic": ("dynamodb",),
    "beaker": (),
    "celery": ("sqs",),
    "kombu": ("sqs",),
    "credstash": ("dynamodb", "kms"),
    "ssm_cache": ("ssm", "secretsmanager"),
    "ssm_parameter_store": ("ssm",),
    "deltalake": ("s3", "dynamodb"),
    "duckdb": ("s3",),
    "fsspec": ("s3",),
    "pyiceberg": ("s3", "glue", "dynamodb"),
    "aws_msk_iam_sasl_signer": ("kafka-cluster",),
    "aws_advanced_python_wrapper": ("rds-db", "secretsmanager"),
    "aurora_dsql_psycopg2": ("dsql",),
    "aurora_dsql_psycopg": ("dsql",),
    "aurora_dsql_asyncpg": ("dsql",),
    "strands": ("bedrock-runtime",),
}
"""Packages that call AWS in ways that are not modelled, with the services that they are for; empty: none at all."""

IMPORTED_AS = {
    "pyyaml": "yaml", "pillow": "PIL", "python-dateutil": "dateutil", "beautifulsoup4": "bs4", "pyjwt": "jwt",
    "scikit-learn": "sklearn", "opencv-python": "cv2", "python-dotenv": "dotenv", "pycryptodome": "Crypto",
}  # fmt: skip


def distribution_names(files: Mapping[str, str]) -> Iterator[str]:
    """The top-level modules that pip put there, by the `*.dist-info` and `*.egg-info` folders beside them.

    >>> sorted(distribution_names({"PyYAML-6.0.dist-info/METADATA": "", "a-1.dist-info/RECORD": "b/__init__.py,,"}))
    ['a', 'b', 'yaml']
    """
    for path in files:
        folder = next((each for each in path.split("/") if each.endswith((".dist-info", ".egg-info"))), None)
        if folder is None:
            continue
        name = re.split(r"-\d", folder.rpartition(".")[0])[0].lower().replace("_", "-")
        yield IMPORTED_AS.get(name, name.replace("-", "_"))
        if path.endswith("/top_level.txt"):
            yield from files[path].split()
        if path.endswith("/RECORD"):
            yield from (
                line.partition(",")[0].partition("/")[0].removesuffix(".py") for line in files[path].splitlines()
            )
