"""`help`."""

from __future__ import annotations

from ..errors import UnknownCommand
from ..registry import all_commands, command
from ..report import Report
from ..session import Session


@command("help")
def help_(session: Session, name: str | None = None) -> Report:
    """display shell command information

    `help` lists the commands, `help NAME` tells how to call one.
    """
    commands = all_commands()
    data = [{"name": each.name, "usage": each.usage, "summary": each.summary} for each in commands.values()]
    if name is None:
        top = [each for each in commands.values() if " " not in each.name]
        return Report("\n".join(f"{n:2}  {each.name}: {each.summary}" for n, each in enumerate(top, 1)), data)
    texts = [each.help for each in commands.values() if each.name.split(" ")[0] == name]
    if not texts:
        raise UnknownCommand(name)
    chosen = [each for each in data if each["name"].split(" ")[0] == name]
    return Report("\n\n".join(texts), chosen)
