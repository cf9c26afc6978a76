"""Players and their settings as other tools name them, and mappings where a list stands."""

from __future__ import annotations

import re

from nnc.diagnostics import Fix
from nnc.syntax import rules
from nnc.syntax.context import Found, rest_of_line
from nnc.syntax.reader import Reader

_ROLES = {
    "critic": "discriminator",
    "disc": "discriminator",
    "judge": "discriminator",
    "netd": "discriminator",
    "gen": "generator",
    "netg": "generator",
}
_LATENTS = frozenset({"latent_dim", "z_dim", "noise_dim", "nz", "latent_size", "latents"})
_WORD = r"[^\W\d]\w*"


def player_word(r: Reader, t: Found) -> bool:
    """`critic { }` and `latent_dim 100` in a gan."""
    if r.machine.place != "gan" or not t.is_word:
        return False
    word = str(t.value)
    here = r.span(t.start, t.end)
    message = f"`{word}` is not a word of this language"
    role = _ROLES.get(word.lower(), "")
    if role:
        fix = Fix(here, role)
        r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{role}`", fix=fix))
        r.treat("ROLE", ("", role, t.start, t.end, False))
        return True
    if word.lower() not in _LATENTS:
        return False
    line = re.split(r"[;{}]", rest_of_line(r, t.start))[0].rstrip()
    size = re.search(r"\d+", line)
    made = f"latent z: [{size[0] if size else 100}]"
    fix = Fix(r.span(t.start, t.start + len(line)), made)
    r.report(rules.FOREIGN_WORD.at(here, message, help=f"write `{made}`", fix=fix))
    r.skip(t)
    return True


def player_first(r: Reader, t: Found) -> bool:
    """`optimizer generator adam(lr=1e-4)`."""
    if r.brackets or t.fresh or r.machine.context() != "settings":
        return False
    before = re.fullmatch(
        rf"(optimizer|schedule|clip)\s+({_WORD})", r.text[r.begin : r.previous_end]
    )
    if before is None or t.plain not in ("word", "argument", "NUMBER"):
        return False
    named = rf"\b(?:generator|discriminator)\s+{before[2]}\b"
    if before[2] not in ("generator", "discriminator") and not re.search(named, r.text[: r.begin]):
        return False
    rest = re.split(r"[;{}]", rest_of_line(r, t.start))[0].rstrip()
    made = f"{before[1]} {rest} on {before[2]}"
    r.report(
        rules.UNEXPECTED.at(
            r.span(r.previous_start, r.previous_end),
            "whose setting it is stands behind `on`",
            help=f"write `{made}`",
            fix=Fix(r.span(r.begin, t.start + len(rest)), made),
        )
    )
    r.skip(t)
    return True


def mapping_value(r: Reader, t: Found) -> bool:
    """`class_weights={0: 1.0, 1: 2.0}`."""
    if t.key != "{" or not r.brackets:
        return False
    found = re.compile(r"\{([^{}\n#]*:[^{}\n#]*)\}").match(r.text, t.start, t.start + 400)
    if found is None:
        return False
    pairs = [item.partition(":") for item in found[1].split(",") if item.strip()]
    keys = [key.strip().strip("\"'") for key, _, _ in pairs]
    values = [value.strip() for _, _, value in pairs]
    made = f"[{', '.join(values)}]" if keys == [str(n) for n in range(len(keys))] else ""
    r.report(
        rules.FOREIGN_WORD.at(
            r.span(t.start, t.end),
            "values stand in a list, in their order",
            help=f"write `{made or '[' + ', '.join(values) + ']'}`",
            fix=Fix(r.span(t.start, found.end()), made) if made else None,
        )
    )
    r.leave_out()
    r.skipping = True
    r.forget_brackets()
    r.open("{", t.start, "void")
    return True
