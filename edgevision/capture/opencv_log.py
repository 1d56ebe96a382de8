"""Keeps OpenCV and FFmpeg from writing to stderr beside our own log."""

import os
from functools import cache

import cv2

_SILENT = 0


@cache
def silence_opencv() -> None:
    """Turn off OpenCV's and FFmpeg's own messages, for this process; ours name the file or camera instead.

    Whoever sets OPENCV_LOG_LEVEL or OPENCV_FFMPEG_LOGLEVEL keeps what they set. libjpeg and libpng write a line of
    their own for some broken pictures, which nothing but redirecting stderr would stop.
    """
    # FFmpeg's AV_LOG_QUIET; OpenCV reads it when the first video or stream is opened.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    if "OPENCV_LOG_LEVEL" in os.environ:
        return
    # OpenCV 4 has it at the top, OpenCV 5 in a submodule that OpenCV 4 lacks.
    set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_log_level(_SILENT)
