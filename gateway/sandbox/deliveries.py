"""How the bank's files arrive: some a second time, some in another order than they were made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

from gateway.sandbox.habits import Habits
from gateway.sandbox.statements import AnswerFile, digest

_MESSAGE_ID = re.compile(rb"<MsgId>[^<]*</MsgId>")


def disturbed(files: Sequence[AnswerFile], habits: Habits, *, seed: int) -> list[AnswerFile]:
    """`files` as a bank of these habits delivers them; the same seed gives the same order and the same twins."""
    chance = Random(f"deliveries/{seed}")  # noqa: S311 - a repeatable game, no secret
    arriving = list(_with_twins(files, habits, chance))
    if habits.out_of_order:
        chance.shuffle(arriving)
    return arriving


def again(file: AnswerFile) -> AnswerFile:
    """The same file once more: the same bytes under another name."""
    return replace(file, name=file.name.replace(".xml", "_again.xml"))


def anew(file: AnswerFile) -> AnswerFile:
    """The same content in a new message: another MsgId in its header, and so other bytes."""
    message_id = f"A{digest(file.name)}"
    content = _MESSAGE_ID.sub(f"<MsgId>{message_id}</MsgId>".encode(), file.content, count=1)
    return replace(file, name=file.name.replace(".xml", "_anew.xml"), content=content)


def _with_twins(files: Iterable[AnswerFile], habits: Habits, chance: Random) -> Iterator[AnswerFile]:
    for file in files:
        yield file
        if chance.random() < habits.twice:
            yield again(file) if chance.random() < 0.5 else anew(file)
