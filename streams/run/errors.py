"""What ends the job before it is asked to."""


class JobFailedError(Exception):
    """A part of the job ended by itself. The view has been told which, and why."""
