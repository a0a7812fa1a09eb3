"""Objectives as OpenSLO files, and the shipped ones."""

from streams.documents.remark import Remark
from streams.objectives.bind import Objectives
from streams.objectives.load import InvalidObjectivesError, Source, load_objectives, read_objectives
from streams.objectives.service_level import ServiceLevel

__all__ = [
    "InvalidObjectivesError",
    "Objectives",
    "Remark",
    "ServiceLevel",
    "Source",
    "load_objectives",
    "read_objectives",
]
