"""Which painter draws which object that captions name. The painters themselves are in crafts and buildings."""

from collections.abc import Callable

from photo_assets.demo.buildings import draw_cottage, draw_lighthouse, draw_tent, draw_umbrella, draw_windmill
from photo_assets.demo.canvas import Brush
from photo_assets.demo.crafts import draw_balloon, draw_boat, draw_car, draw_kite
from photo_assets.demo.tones import Tones

ObjectPainter = Callable[[Brush, Tones], None]

OBJECT_PAINTERS: dict[str, ObjectPainter] = {
    "boat": draw_boat,
    "balloon": draw_balloon,
    "cottage": draw_cottage,
    "car": draw_car,
    "tent": draw_tent,
    "kite": draw_kite,
    "umbrella": draw_umbrella,
    "windmill": draw_windmill,
    "lighthouse": draw_lighthouse,
}
