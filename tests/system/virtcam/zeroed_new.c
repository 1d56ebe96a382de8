/* The virtual pipeline of libcamera 0.4.0 never fills in the status of a frame (0.5.0 does), so what it says is whatever
 * was in that memory before. Now and then that reads as "cancelled", the frame is dropped, and the camera seems to stall.
 *
 * This is C++'s `operator new`, giving out zeroed memory: 0 is FrameMetadata::FrameSuccess.
 */
#include <stdlib.h>

void *_Znwm(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        abort();
    return memory;
}
