"""Objectives as OpenSLO files, and the shipped defaults."""

from streams.objectives.load import load_objectives
from streams.objectives.problem import InvalidObjectivesError, Problem

__all__ = ["InvalidObjectivesError", "Problem", "load_objectives"]
