"""Undo and redo: every step of a draft kept."""

from dataclasses import dataclass, replace

from planner.draft import Draft

MOST_STEPS = 200
NOTHING = Draft()


@dataclass(frozen=True, slots=True)
class History:
    """What a draft was, is, and was before it was undone; the latest steps are the last of each."""

    now: Draft = NOTHING
    past: tuple[Draft, ...] = ()
    future: tuple[Draft, ...] = ()

    def then(self, draft: Draft) -> "History":
        """Return the history with one more step; what was undone can't be redone after it."""
        if draft == self.now:
            return self
        return History(draft, (*self.past, self.now)[-MOST_STEPS:])

    def undo(self) -> "History":
        """Return the history one step back; unchanged where there is none."""
        if not self.past:
            return self
        return replace(self, now=self.past[-1], past=self.past[:-1], future=(*self.future, self.now))

    def redo(self) -> "History":
        """Return the history one step on; unchanged where there is none."""
        if not self.future:
            return self
        return replace(self, now=self.future[-1], past=(*self.past, self.now), future=self.future[:-1])
