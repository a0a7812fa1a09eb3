"""Objectives as OpenSLO files, and the shipped defaults."""

from streams.objectives.defect import Defect, InvalidObjectivesError
from streams.objectives.load import load_objectives

__all__ = ["Defect", "InvalidObjectivesError", "load_objectives"]
