"""S3's transfer methods: what they take by position, and which operations they make.

Source: boto3, "S3", customisation reference; S3 User Guide, "Multipart upload API and permissions" (the parts of an
upload need s3:PutObject as the whole does). A large one that fails is given up with AbortMultipartUpload.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transfer:
    """`takes` are the arguments by position, of which the operations get those in `PARAMETERS`; `perhaps` depend."""

    takes: tuple[str, ...]
    operations: tuple[str, ...]
    perhaps: tuple[str, ...] = ()
    reads_source: bool = False


PARAMETERS = frozenset({"Bucket", "Key", "CopySource"})
UP = ("PutObject",)
DOWN = ("GetObject", "HeadObject")
COPY = ("CopyObject",)
GIVE_UP = ("AbortMultipartUpload",)

CLIENT = {
    "upload_file": Transfer(("Filename", "Bucket", "Key"), UP, GIVE_UP),
    "upload_fileobj": Transfer(("Fileobj", "Bucket", "Key"), UP, GIVE_UP),
    "download_file": Transfer(("Bucket", "Key", "Filename"), DOWN),
    "download_fileobj": Transfer(("Bucket", "Key", "Fileobj"), DOWN),
    "copy": Transfer(("CopySource", "Bucket", "Key"), COPY, GIVE_UP, reads_source=True),
    "generate_presigned_post": Transfer(("Bucket", "Key"), UP),
}
BUCKET = {
    "upload_file": Transfer(("Filename", "Key"), UP, GIVE_UP),
    "upload_fileobj": Transfer(("Fileobj", "Key"), UP, GIVE_UP),
    "download_file": Transfer(("Key", "Filename"), DOWN),
    "download_fileobj": Transfer(("Key", "Fileobj"), DOWN),
    "copy": Transfer(("CopySource", "Key"), COPY, GIVE_UP, reads_source=True),
}
OBJECT = {
    "upload_file": Transfer(("Filename",), UP, GIVE_UP),
    "upload_fileobj": Transfer(("Fileobj",), UP, GIVE_UP),
    "download_file": Transfer(("Filename",), DOWN),
    "download_fileobj": Transfer(("Fileobj",), DOWN),
    "copy": Transfer(("CopySource",), COPY, GIVE_UP, reads_source=True),
}
