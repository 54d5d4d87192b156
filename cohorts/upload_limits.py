"""How much a request may bring in files, whoever sends it: what is beyond that is read and dropped, and the rest of the form stays."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from .file_types import LARGEST_SIZE, MEGABYTE

LARGEST_FILE = LARGEST_SIZE * MEGABYTE
#: Of one request, in all its files.
LARGEST_REQUEST = 4 * LARGEST_FILE


class LimitedUploads(FileUploadHandler):
    """Drops a file once it is too large, before it fills the disk, and notes the name of its field: see `dropped_uploads`.

    Django calls it before the handlers that keep what is uploaded. Each form judges by its own limits after that.
    """

    def __init__(self, request=None):
        super().__init__(request)
        self.total = 0

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.length = 0

    def receive_data_chunk(self, raw_data, start):
        self.length += len(raw_data)
        self.total += len(raw_data)
        if self.length > LARGEST_FILE or self.total > LARGEST_REQUEST:
            request: Any = self.request
            request._dropped_uploads = dropped_uploads(request) | {self.field_name}
            raise SkipFile
        return raw_data

    def file_complete(self, file_size):
        return None


def dropped_uploads(request) -> frozenset[str]:
    """Names of the fields of `request` whose file was too large for any form here; ask after reading `request.FILES`."""
    return getattr(request, "_dropped_uploads", frozenset())
