"""`proxypal completion`: the script that makes a shell complete our commands and options."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Switch it on for good:
      bash   proxypal completion bash > ~/.local/share/bash-completion/completions/proxypal
      zsh    proxypal completion zsh > "${fpath[1]}/_proxypal"
      fish   proxypal completion fish > ~/.config/fish/completions/proxypal.fish
    """  # noqa: D301 - click keeps the lines after a backspace character as they are
    script_of = get_completion_class(shell)
    if script_of is None:
        raise click.BadParameter(f"no completion for {shell}")
    program = context.find_root().command
    click.echo(script_of(program, {}, "proxypal", "_PROXYPAL_COMPLETE").source())
