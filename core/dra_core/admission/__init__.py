"""What an admission webhook answers about the opaque parameters of claims, templates and classes."""

from dra_core.admission.respond import Answered, respond
from dra_core.admission.verdict import Verdict

__all__ = ["Answered", "Verdict", "respond"]
