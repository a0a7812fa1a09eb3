"""The app as `faust -A streams.app worker` finds it; `slo-streams worker` runs the same."""

from streams.objectives import read_objectives
from streams.settings import load_settings
from streams.worker import EvaluatorApp

settings = load_settings()
app = EvaluatorApp(settings, read_objectives(settings.objectives).judged)
