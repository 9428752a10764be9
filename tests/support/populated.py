"""Generated configs with profiles of Identity Center in them, and checks of populating them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from support.config.texts import Botocore
from xswitch.core.awsconfig.document import parse_document
from xswitch.core.awsconfig.edit import apply_edits
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.awsconfig.verify import verify
from xswitch.core.model import ConfigPaths, PortalRole, SetProfile, SsoSession
from xswitch.core.sso.names import parse_template
from xswitch.core.sso.populate import MARK, PopulateOptions, PopulatePlan, plan_populate

PATHS = ConfigPaths("/home/ann/.aws/config", "/home/ann/.aws/credentials")
URL = "https://corp.awsapps.com/start"
OTHER_URL = "https://other.awsapps.com/start"
SESSION = SsoSession("corp", URL, "eu-west-1")
SECTION = f"[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
_TEMPLATES = (
    "{account_name}/{role_name}",
    "{account_name}",
    "{account_id}.{role_name}",
    "{role_name}",
    "{session}-{account_name}-{region}",
)


@dataclass(frozen=True)
class Populated:
    """A text after populating, and the plan."""

    text: str
    plan: PopulatePlan


def populate(
    text: str,
    roles: list[PortalRole],
    options: PopulateOptions,
    session: SsoSession = SESSION,
) -> Populated:
    view = read_view(PATHS, text, None)
    plan = plan_populate(view, text, session, roles, options)
    if not plan.edits:
        return Populated(text, plan)
    new = apply_edits(text, "config", plan.edits)
    verify(text, new, "config", plan.edits)
    return Populated(new, plan)


def portal_roles(chance: random.Random, count: int) -> list[PortalRole]:
    names = ("Prod", "Prod", "Dev (EU)", "Müller", "", "default", "aws[1]", "a#b; c")
    roles = ("Admin", "ReadOnly", "Power+User", "a=b", "Billing@x")
    found = {}
    for _ in range(count):
        number = chance.randrange(6)
        role = PortalRole(
            "corp", URL, f"{111111111111 + number}", names[number], chance.choice(roles)
        )
        found[role.account_id, role.role_name] = role
    return list(found.values())


def options(chance: random.Random) -> PopulateOptions:
    return PopulateOptions(
        template=parse_template(
            chance.choice(_TEMPLATES),
            chance.choice(("keep", "lower", "upper")),
            chance.choice(("-", "_", "")),
            chance.choice(((), ("^pr",), ("admin$",))),
        ),
        region=chance.choice((None, "us-east-1", "eu-central-1")),
        only=chance.choice(((), (), ("prod*",), ("111111111112", "*/Admin"))),
        left_out=chance.choice(((), (), ("readonly",), ("*@*",))),
    )


def edited_by_hand(text: str, chance: random.Random) -> tuple[str, set[str]]:
    """Change some populated profiles as a user might; return their names too."""
    edited = set()
    sections = [
        section
        for section in parse_document(text, "config").sections
        if section.kind == "profile" and any(row[0] == MARK for row in section.rows)
    ]
    for section in reversed(sections):
        if chance.random() > 0.3:
            continue
        edited.add(section.name)
        body = text[section.body : section.content_end]
        eol = "\r\n" if body.endswith("\r\n") else "\n"
        changed = chance.choice(
            (
                body + f"output = json{eol}",
                f"# mine{eol}" + body,
                eol + body,
                body.replace(" = ", "=", 1),
                body.replace(f"{eol}", f" # mine{eol}", 1),
                body.replace("sso_role_name = ", "sso_role_name = X", 1),
                f"region = ap-south-1{eol}" + body,
            )
        )
        text = text[: section.body] + changed + text[section.content_end :]
    return text, edited


def foreign(text: str) -> str:
    """The text without populated profiles."""
    out, end = [], 0
    for section in parse_document(text, "config").sections:
        if section.kind == "profile" and any(row[0] == MARK for row in section.rows):
            out.append(text[end : section.start])
            end = section.content_end
    return "".join([*out, text[end:]])


def check(text: str, chance: random.Random, botocore: Botocore | None = None) -> str:
    """Populate, repeat, edit, prune, and check each step; return what happened."""
    wanted, roles = options(chance), portal_roles(chance, chance.randrange(1, 12))
    first = populate(text, roles, wanted)
    assert not first.plan.removed
    # Nothing but an end of the file
    assert first.text.startswith(text)
    assert len(first.plan.added) == len({edit.name for edit in first.plan.edits})
    again = populate(first.text, roles, wanted)
    assert again.text == first.text
    assert not again.plan.edits
    assert set(again.plan.unchanged) == set(first.plan.added)
    if botocore is not None and (loaded := botocore.load(first.text)) is not None:
        for edit in first.plan.edits:
            assert isinstance(edit, SetProfile)
            assert loaded["profiles"][edit.name] == edit.properties
    # All roles are gone: everything that was added goes, and nothing else
    gone = [replace(role, is_gone=True) for role in roles]
    pruned = populate(first.text, gone, replace(wanted, prune=True))
    assert set(pruned.plan.removed) == set(first.plan.added)
    ended = text if not text or text.endswith("\n") else text + pruned.text[len(text) :]
    assert pruned.text == ended
    assert pruned.text[len(text) :].strip("\r\n") == ""
    # The portal of another session has nothing to do with them
    other = SsoSession("other", OTHER_URL, "us-east-1")
    assert not populate(first.text, [], replace(wanted, prune=True), other).plan.edits
    # A user edits some, the portal changes, the template too
    mixed, edited = edited_by_hand(first.text, chance)
    later = portal_roles(chance, chance.randrange(1, 12))
    changed = replace(options(chance), prune=True)
    last = populate(mixed, later, changed)
    assert not edited & ({*last.plan.removed, *last.plan.updated, *last.plan.added})
    for name in edited:
        assert section_texts(last.text)[name] == section_texts(mixed)[name]
    assert significant(foreign(last.text)) == significant(foreign(mixed))
    repeated = populate(last.text, later, changed)
    assert repeated.text == last.text
    return "populated" if first.plan.added else "nothing to add"


def significant(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n") if line.strip()]


def section_texts(text: str) -> dict[str, str]:
    return {
        section.name: text[section.start : section.content_end]
        for section in parse_document(text, "config").sections
        if section.kind == "profile"
    }
