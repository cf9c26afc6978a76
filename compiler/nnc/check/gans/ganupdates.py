"""Which of a gan's players learn how, which of their weights stay, and where they start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nnc.check.training.settings import Found
from nnc.check.training.train import read_init
from nnc.check.training.training_rules import (
    ALL_FROZEN,
    BAD_SETTING,
    DOUBLED_SETTING,
    SELECTS_NOTHING,
)
from nnc.check.training.updates import SELECTING, Chosen, Updates, read_updates
from nnc.check.world import World
from nnc.diagnostics import Fix, Label, nearest
from nnc.ir.gan import Gan, GanPlayer
from nnc.ir.graph import Network
from nnc.ir.updates import Init
from nnc.record import Record, replace
from nnc.source import Span
from nnc.syntax import ast

ROLES = {
    **dict.fromkeys(("g", "netg", "gen", "maker", "decoder"), "generator"),
    **dict.fromkeys(("d", "netd", "disc", "dis", "critic", "judge"), "discriminator"),
}
"""What other tools call players."""
Networks = Mapping[str, Network | None]


class Play(Record):
    """What a train block says of each player, in the gan's order."""

    updates: tuple[Updates, ...]
    inits: tuple[Init | None, ...]


def read_play(
    world: World, gan: Gan, networks: Networks, found: Found, chosen: Chosen, root: str
) -> Play | None:
    """The updates and starts of all players, None after a message."""
    before = world.sink.errors
    found = dict(found)
    for word in (*SELECTING, "init"):
        on = "" if word == "init" else "on"
        chosen[word] = [s for s in chosen[word] if known_players(world, gan, s.selectors, on)]
    freeze = found.get("freeze")
    if freeze is not None and freeze.values and not _known_all(world, gan, freeze):
        del found["freeze"]
    whole = _apart(gan, found.get("freeze"))
    _idle(world, gan, whole, chosen)
    updates = []
    for player in gan.players:
        own, inner = _of(world, player, found, chosen)
        made = read_updates(world, own, inner, networks[player.network], whole.get(player.name, ""))
        if made is not None:
            updates.append(made)
    inits = _inits(world, gan, found, chosen["init"], root)
    if len(updates) < len(gan.players) or world.sink.errors > before:
        return None
    if freeze is not None and all(not each.groups for each in updates):
        world.sink.add(
            ALL_FROZEN.at(
                freeze.span,
                "every player is frozen: nothing is left to learn",
                help="leave the player out that is to learn",
            )
        )
        return None
    return Play(tuple(updates), inits)


def known_players(
    world: World, gan: Gan, selectors: Iterable[ast.Expr], setting: str = "on"
) -> bool:
    """Whether all selections begin with a player or a role; else a message.

    `setting`: the word before them, "" of settings that are of whole players alone.
    """
    known = dict.fromkeys(w for p in gan.players for w in (p.role, p.name))
    for e in selectors:
        if isinstance(e, ast.Ref) and e.names[0].text in known:
            continue
        listed = ", ".join(f"`{word}`" for word in known)
        head = e.names[0].span if isinstance(e, ast.Ref) else e.span
        guess = nearest(head.text, tuple(known)) or _meant(gan, head.text)
        if isinstance(e, ast.Ref) and len(e.names) > 1 and e.names[1].text in known:
            head, guess = e.names[0].span.to(e.names[1].span), e.names[1].text
        world.sink.add(
            BAD_SETTING.at(
                e.span,
                "a selection in a gan begins with a player" if setting else "this is no player",
                help=f"did you mean `{guess}`?"
                if guess
                else f"there are {listed}"
                if not setting
                else f"write `{setting} {next(iter(known))}.{e.span.text}`; there are {listed}",
                fix=Fix(head, guess) if guess else None,
            )
        )
        return False
    return True


def _meant(gan: Gan, word: str) -> str:
    """The player that a word of other tools means, "" of others."""
    role = ROLES.get(word.lower(), "")
    own = [player.name for player in gan.players if player.role == role]
    return own[0] if len(own) == 1 else role


def _known_all(world: World, gan: Gan, freeze: ast.Setting) -> bool:
    return known_players(world, gan, freeze.values, "freeze")


def _apart(gan: Gan, freeze: ast.Setting | None) -> dict[str, str]:
    """The players that `freeze` keeps as a whole, and by which word."""
    words = [
        e.names[0].text
        for e in (freeze.values if freeze is not None else ())
        if isinstance(e, ast.Ref) and len(e.names) == 1
    ]
    return {
        player.name: next(w for w in words if w in (player.name, player.role))
        for player in gan.players
        if {player.name, player.role} & {*words}
    }


def _idle(world: World, gan: Gan, whole: Mapping[str, str], chosen: Chosen) -> None:
    """Lines for players of whom all weights stay."""
    stay = {*whole} | {p.role for p in gan.players}
    stay -= {p.role for p in gan.players if p.name not in whole}
    for word in SELECTING:
        for setting in chosen[word]:
            heads = [e.names[0].text for e in setting.selectors if isinstance(e, ast.Ref)]
            if {*heads} <= stay:
                listed = ", ".join(e.span.text for e in setting.selectors)
                world.sink.add(
                    SELECTS_NOTHING.at(
                        setting.span,
                        f"the weights on `{listed}` are frozen",
                        help="remove the line",
                    )
                )


def _inits(
    world: World, gan: Gan, found: Found, chosen: list[ast.Setting], root: str
) -> tuple[Init | None, ...]:
    """Where each player starts; a line of its own wins over that of its role, and over that of all.

    `init "RUN"` is of all players.
    """
    every = read_init(world, found.get("init"), root)
    starts: dict[str, Init | None] = {}
    first: dict[str, Span] = {}
    for setting in chosen:
        start = read_init(world, setting, root)
        for e in setting.selectors:
            assert isinstance(e, ast.Ref)
            if len(e.names) > 1:
                world.sink.add(
                    BAD_SETTING.at(
                        e.span,
                        "a player starts as a whole from a run or a file",
                        help=f"write `on {e.names[0].text}`: layers that do not fit start anew",
                        fix=Fix(e.span, e.names[0].text),
                    )
                )
            elif e.text in starts:
                others = (Label(first[e.text], "the first"),)
                message = f"`{e.text}` is selected twice"
                world.sink.add(DOUBLED_SETTING.at(e.span, message, others=others))
            else:
                starts[e.text], first[e.text] = start, e.span
    return tuple(starts.get(p.name, starts.get(p.role, every)) for p in gan.players)


def _of(world: World, player: GanPlayer, found: Found, chosen: Chosen) -> tuple[Found, Chosen]:
    """The settings as the player's network sees them: its own lines win over those of its role."""
    own: Found = {word: found[word] for word in SELECTING if word in found}
    inner: Chosen = {word: [] for word in SELECTING}
    freeze = found.get("freeze")
    if freeze is not None:
        parts = _inside(player, freeze.values)
        if parts or not freeze.values:
            own["freeze"] = replace(freeze, values=parts)
    for word in SELECTING:
        whole: dict[str, tuple[ast.Setting, Span]] = {}
        for setting in chosen[word]:
            for e in setting.selectors:
                head = _head(player, e)
                if not head or not isinstance(e, ast.Ref) or len(e.names) > 1:
                    continue
                if head in whole:
                    others = (Label(whole[head][1], "the first"),)
                    message = f"`{head}` is selected twice"
                    world.sink.add(DOUBLED_SETTING.at(e.span, message, others=others))
                else:
                    whole[head] = setting, e.span
            parts = _inside(player, setting.selectors)
            if parts:
                inner[word].append(replace(setting, selectors=parts))
        for head in (player.name, player.role):
            if head in whole:
                own[word] = replace(whole[head][0], selectors=())
                break
    return own, inner


def _head(player: GanPlayer, e: ast.Expr) -> str:
    """The word that a selection begins with, where it is of this player; else ""."""
    head = e.names[0].text if isinstance(e, ast.Ref) else ""
    return head if head in (player.name, player.role) else ""


def _inside(player: GanPlayer, selectors: Iterable[ast.Expr]) -> tuple[ast.Expr, ...]:
    """The selections of weights inside of a player, without its name."""
    return tuple(
        replace(e, names=e.names[1:])
        for e in selectors
        if isinstance(e, ast.Ref) and len(e.names) > 1 and _head(player, e)
    )
