"""Writing on pictures, in thin strokes.

Not with cv2.putText: OpenCV 5 unpacks its fonts for the first letter, and keeps 9 MB for good.
"""

from functools import cache

import cv2
import numpy as np

from edgevision.capture.frame import BgrImage

_GLYPHS = dict(
    line.split(" ", 1)
    for line in """\
! 0003 0506
" 0002 2022
# 1016 3036 0242 0444
$ 413010010213334445361605 2026
% 4006 0010110100 3545463635
& 4612112031320405162644
' 0002
( 10010516
) 00111506
* 2125 0244 0442
+ 2125 0343
, 1507
- 0333
. 0506
/ 4006
0 102031352616050110
1 011016 0626
2 01103041420646
3 0110304142334445361605 1333
4 36300444
5 4000023243453616
6 413010010516364544331304
7 004016
8 103041423344453616050413020110 1333
9 051636454130100102133342
: 0203 0506
; 1213 1507
< 310335
= 0232 0434
> 013305
? 011030414223 2526
@ 3222132434 323444413010010516 1646
A 062046 1434
B 03003041423303 334445360603
C 4130100105163645
D 00204244260600
E 40000646 0333
F 400006 0333
G 41301001051636454323
H 0006 4046 0343
I 0020 1016 0626
J 3035261605
K 0006 4004 2246
L 000646
M 0600244046
N 06004640
O 103041453616050110
P 06003041423303
Q 103041453616050110 2446
R 06003041423303 2346
S 413010010213334445361605
T 0040 2026
U 000516364540
V 002640
W 0016233640
X 0046 4006
Y 002340 2326
Z 00400646
[ 10000616
\\ 0046
] 00101606
^ 022042
_ 0747
` 0011
a 12324346 441405163645
b 0006 0312324345361605
c 4332120305163645
d 4046 4332120305163645
e 04444332120305163645
f 30201116 0232
g 42473818 4332120305163645
h 0006 0312324346
i 0001 0206
j 1011 121708
k 0006 3205 1436
l 000516
m 0206 03122326 23324346
n 0206 0312324346
o 123243453616050312
p 0208 0312324345361605
q 4248 4332120305163645
r 0206 031232
s 43321203143445361605
t 10152636 0232
u 0205163645 4246
v 022642
w 0216233642
x 0246 4206
y 0226 4208
z 02420646
{ 20111203141526
| 0007
} 00111223141506
~ 04133443""".splitlines()
)
"""Of each printable letter of ASCII the strokes, through points of two digits: columns from 0, and rows from 0 at the
top of an `A` by 6 at its feet to 8 at those of a `p`."""

_FEET, _DEEPEST = 6, 8
_GAP = 2
"""Columns between letters."""

_SLENDER = 0.85
"""A column against a row."""

_BLANK = 2
"""Columns of what has no strokes."""

_SHIFT = 4
"""Bits of a fraction of a pixel."""


def text_size(text: str, height: int, pen: int) -> tuple[int, int]:
    """Width of `text` and depth below the feet of its letters, in pixels, where an `A` is `height` high."""
    row = height / _FEET
    columns = sum(_columns(letter) + _GAP for letter in text) - _GAP
    return round(max(columns, 0) * row * _SLENDER) + 2 * pen, round((_DEEPEST - _FEET) * row) + pen


def write(image: BgrImage, text: str, left: int, feet: int, height: int, ink: tuple[int, int, int], pen: int) -> None:
    """Write printable ASCII into `image` (height, width, 3), `pen` pixels thick; `left` and `feet` are pixels."""
    row, column, strokes = height / _FEET, 0, []
    for letter in text:
        for stroke in _strokes(letter):
            across = left + pen + (stroke[:, 0] + column) * row * _SLENDER
            down = feet - height + stroke[:, 1] * row
            strokes.append(np.rint(np.column_stack((across, down)) * (1 << _SHIFT)).astype(np.int32))
        column += _columns(letter) + _GAP
    cv2.polylines(image, strokes, False, ink, pen, cv2.LINE_AA, _SHIFT)


def _columns(letter: str) -> int:
    return max((int(stroke[:, 0].max()) for stroke in _strokes(letter)), default=_BLANK)


@cache
def _strokes(letter: str) -> tuple[np.ndarray, ...]:
    """(points, 2) each: column and row."""
    return tuple(np.array(list(stroke), float).reshape(-1, 2) for stroke in _GLYPHS.get(letter, "").split())
