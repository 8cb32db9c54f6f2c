"""The group of all commands: loads the module of a command when it is named, and lists commands by section."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from ivr.cli import errors


class HotlineCommand(click.Command):
    """A command that sets the format of the logs up before it runs."""

    #: Whether it needs the settings. One that does not runs where they are missing or wrong.
    needs_settings = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; refuse a value that is given twice, and text that no database or page can hold."""
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        asks_for_help = any(param.is_eager for param in order)
        for param, times in Counter(order).items():
            if times > 1 and _has_one_value(param) and not asks_for_help:
                raise click.UsageError(f"{param.opts[0]} is given more than once: which of them counts?", ctx)
        rest = super().parse_args(ctx, args)
        for param in self.get_params(ctx):
            if param.name is not None and not _is_text(ctx.params.get(param.name)):
                raise click.BadParameter("it has bytes that are no text in UTF-8", ctx, param)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; only the command line itself (not a test) passes a function that sets the logs up."""
        set_up_logs: Callable[[str], None] | None = ctx.obj
        if set_up_logs is not None and self.needs_settings:
            from ivr.config.settings import settings

            set_up_logs(settings().log_format)
        return super().invoke(ctx)


def _has_one_value(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not (param.multiple or param.is_flag or param.count)


def _is_text(value: Any) -> bool:
    """Whether all text in a value can be encoded. The name of a file (`Path`) may be any bytes."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    return not isinstance(value, Iterable) or isinstance(value, bytes) or all(map(_is_text, value))


class WithoutSettings(HotlineCommand):
    """A command that runs without a configuration."""

    needs_settings = False


class HotlineGroup(click.Group):
    """A group whose commands are :class:`HotlineCommand`."""

    command_class = HotlineCommand
    group_class = type


class Hotline(HotlineGroup):
    """The root group. `sections` maps a heading to the names of its commands and their modules in `ivr.cli`."""

    def __init__(self, *arguments: Any, sections: Mapping[str, Mapping[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sections = sections
        self._modules = {name: module for commands in sections.values() for name, module in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names in the order of their sections."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; imports its module."""
        if cmd_name not in self._modules:
            return None
        module = importlib.import_module(f"ivr.cli.{self._modules[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; an unknown name is answered with the nearest ones."""
        if args[0] not in self._modules and not args[0].startswith("-"):
            raise click.NoSuchCommand(args[0], possibilities=self._modules, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section."""
        width = max(map(len, self._modules))
        for heading, names in self._sections.items():
            with formatter.section(heading):
                commands = [(name, self.get_command(ctx, name)) for name in names]
                room = formatter.width - width - 6
                formatter.write_dl(
                    [(name.ljust(width), command.get_short_help_str(room)) for name, command in commands if command]
                )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the named command; a fault of the input or of the surroundings becomes one message."""
        with errors.explained():
            return super().invoke(ctx)
