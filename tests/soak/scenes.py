"""What the cameras of the trials see: people who come and go all the time."""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2

from edgevision.capture.frame import BgrImage
from tests.moving_pictures import Walker, background, frames, somebody, walk, write_clip

FPS = 5.0
_PLACES = (100.0, 240.0, 400.0, 540.0)
_ACTS = 100


def write_scenes(folder: Path) -> None:
    """Writes `clip.avi`, a folder `pictures` of the same kind, and `empty.jpg`, where nobody is."""
    chance = random.Random(1)
    write_clip(folder / "clip.avi", _acts(chance, _ACTS, (3, 6)), FPS)
    pictures = folder / "pictures"
    pictures.mkdir()
    for number, picture in enumerate(_acts(chance, 20, (1, 1))):
        cv2.imwrite(str(pictures / f"{number:02d}.jpg"), picture)
    cv2.imwrite(str(folder / "empty.jpg"), background())


def _acts(chance: random.Random, acts: int, length: tuple[int, int]) -> Iterator[BgrImage]:
    """None to three people at some places for some frames, then others elsewhere."""
    people = [somebody(150), somebody(190)]
    for _ in range(acts):
        places = chance.sample(_PLACES, chance.choice((0, 1, 1, 2, 3)))
        walkers = [Walker(chance.choice(people), walk(0, 9, [(x, chance.choice((200, 300, 355)))] * 2)) for x in places]
        (picture,) = frames(walkers, 1 / FPS, FPS)
        yield from [picture] * chance.randint(*length)
