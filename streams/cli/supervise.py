"""`slo-streams supervise`: what keeps a service running in a container."""

from typing import Annotated

import typer

from streams.child.supervise import supervise as keep_running


def supervise(
    command: Annotated[list[str], typer.Argument(help="A command of slo-streams, and its options.")],
) -> None:
    """Run a command, and start it again where that helps: after exit codes 69, 70 and 75, or a crash.

    For containers: an orchestrator waits up to minutes before it restarts one that ended often, whatever the reason.
    Here it is a second, twice as long each time up to 30 s; after 75 always 30 s, for another has its place. All other
    exit codes need a person: they end this, too, with the same code. SIGTERM and Ctrl-C are passed on.

    \b
    Examples:
      slo-streams supervise worker
      slo-streams supervise -- worker --log-level WARNING

    \b
    Exit codes:
      0   the command ended with it, or was stopped when asked
      2   no command was given, or it cannot use an option or a setting
      65  as the command: an operator has to look
      78  as the command: topics, rights or stored state need an operator
    """
    raise typer.Exit(keep_running(command, lambda line: typer.echo(line, err=True)))
