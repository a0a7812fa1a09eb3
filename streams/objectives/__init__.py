"""Objectives as OpenSLO files, and the shipped defaults."""
