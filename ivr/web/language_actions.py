"""What a member makes of the language that was heard in a message: take it over, or leave the task as it is."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response

from ivr.callbacks import spoken_language
from ivr.web.actions import act_on_task, uncovered
from ivr.web.message_facts import desk

__all__ = ["desk"]


@desk.post("/tasks/<int:task_id>/language")
def take_language(task_id: int) -> Response:
    """Take the language over."""
    done = gettext("The task has the language that is spoken in the message.")
    return act_on_task(task_id, uncovered(spoken_language.take_over), done=done)


@desk.post("/tasks/<int:task_id>/language/keep")
def leave_language(task_id: int) -> Response:
    """Leave the task as it is."""
    done = gettext("The language of the task stays.")
    return act_on_task(task_id, uncovered(spoken_language.leave), done=done)
