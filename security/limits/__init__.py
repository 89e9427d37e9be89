"""What a document and its variables may be, decided before any work is done for them."""

from security.limits.bounds import USUAL, DocumentLimits
from security.limits.document import CyclicFragments, check_document
from security.limits.text import check_text
from security.limits.variables import check_variables

__all__ = ["USUAL", "CyclicFragments", "DocumentLimits", "check_document", "check_text", "check_variables"]
