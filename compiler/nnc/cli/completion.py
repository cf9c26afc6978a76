"""`nnc completion SHELL`: the script that makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from nnc.cli.console import Console
from nnc.cli.verb import verb

POWERSHELL = r"""Register-ArgumentCompleter -Native -CommandName nnc -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | ForEach-Object { $_.ToString() })
    $env:COMP_WORDS = $words -join ' '
    $env:COMP_CWORD = if ($word) { $words.Count - 1 } else { $words.Count }
    $env:_NNC_COMPLETE = 'bash_complete'
    nnc | ForEach-Object {
        $kind, $value = $_ -split ',', 2
        if ($kind -eq 'plain' -and $value) {
            New-Object System.Management.Automation.CompletionResult $value
        }
    }
    Remove-Item Env:COMP_WORDS, Env:COMP_CWORD, Env:_NNC_COMPLETE
}
"""


@verb("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish", "powershell"]))
@click.pass_context
def command(ctx: click.Context, console: Console, shell: str) -> None:
    """Print a script that makes SHELL complete verbs, options and files.

    \b
    bash        eval "$(nnc completion bash)"     in ~/.bashrc
    zsh         eval "$(nnc completion zsh)"      in ~/.zshrc
    fish        nnc completion fish > ~/.config/fish/completions/nnc.fish
    powershell  nnc completion powershell | Out-String | Invoke-Expression
    """  # noqa: D301  (click reads the backspace: these lines are not wrapped)
    if shell == "powershell":
        console.result(POWERSHELL)
        return
    kind = get_completion_class(shell)
    assert kind is not None, "click completes these shells"
    console.result(kind(ctx.find_root().command, {}, "nnc", "_NNC_COMPLETE").source())
