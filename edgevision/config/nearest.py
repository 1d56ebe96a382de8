"""The word that was probably meant."""

from collections.abc import Iterable

_LONGEST_WORD = 64  # beyond it there is nothing to guess, and guessing takes time that grows with the square


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the known word nearest to this one, or nothing when none is near."""
    if len(word) > _LONGEST_WORD:
        return ""
    from difflib import get_close_matches  # only for who made a mistake

    matches = get_close_matches(word.lower(), known, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""
