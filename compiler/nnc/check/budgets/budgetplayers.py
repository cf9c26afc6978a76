"""A budget of a gan: bounds that begin with a player."""

from __future__ import annotations

from collections.abc import Iterator

from nnc.check.budgets.budget_rules import BAD_BUDGET
from nnc.check.budgets.figures import FIGURES
from nnc.check.gans.players import player_name
from nnc.check.world import World
from nnc.diagnostics import Fix, nearest
from nnc.record import replace
from nnc.source import Span
from nnc.syntax import ast


def by_player(world: World, budget: ast.Budget, gan: ast.Gan) -> Iterator[tuple[str, ast.Budget]]:
    """The budget of each player, by the name of its network; bounds of nobody are reported.

    `batch` and free sizes are of all players.
    """
    players = [item for item in gan.items if isinstance(item, ast.Player)]
    heads = tuple(dict.fromkeys(w for p in players for w in (p.role.text, player_name(p))))
    own: dict[str, list[ast.Setting]] = {head: [] for head in heads}
    shared: list[ast.Setting | ast.Let] = []
    for setting in budget.settings.settings:
        names = setting.name.names if isinstance(setting, ast.Setting) else ()
        if not isinstance(setting, ast.Setting) or not _bounds(setting):
            shared.append(setting)
        elif len(names) > 1 and names[0].text in own:
            own[names[0].text].append(replace(setting, name=replace(setting.name, names=names[1:])))
        else:
            _of_nobody(world, setting, heads)
    for player in players:
        name = player_name(player)
        bounds = [s for head in dict.fromkeys((player.role.text, name)) for s in own[head]]
        if bounds:
            settings = replace(budget.settings, settings=(*bounds, *shared))
            yield f"{gan.name.text}.{name}", replace(budget, settings=settings)


def _bounds(setting: ast.Setting) -> bool:
    """Whether a setting bounds a figure, and is no size."""
    return bool(setting.op) or setting.name.names[-1].text in FIGURES


def _of_nobody(world: World, setting: ast.Setting, heads: tuple[str, ...]) -> None:
    """A bound that does not say whose it is."""
    if not heads:
        return  # the gan has no players, which is said of it
    names = setting.name.names
    text = setting.span.text
    if len(names) == 1:
        start = Span(setting.span.source, setting.name.span.start, setting.name.span.start)
        world.sink.add(
            BAD_BUDGET.at(
                setting.name.span,
                "a budget of a gan says whose figure it bounds",
                help=" or ".join(f"`{head}.{text}`" for head in heads[:2]),
                fix=Fix(start, f"{heads[0]}."),
            )
        )
        return
    guess = nearest(names[0].text, heads)
    world.sink.add(
        BAD_BUDGET.at(
            names[0].span,
            f"no player is called `{names[0].text}`",
            help=f"did you mean `{guess}`?"
            if guess
            else "there are " + ", ".join(f"`{head}`" for head in heads),
            fix=Fix(names[0].span, guess) if guess else None,
        )
    )
