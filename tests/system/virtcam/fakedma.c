/* /dev/dma_heap for machines without one: picamera2 takes all its buffers from there.
 *
 * Opening a heap opens /dev/null instead, and an allocation from it is an anonymous file (memfd), which can be mapped,
 * passed on and closed as a DMA buffer can. The calls that tell the kernel about CPU access have nothing to do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static const char HEAPS[] = "/dev/dma_heap/";

static const char *without_heaps(const char *path)
{
    return path && strncmp(path, HEAPS, sizeof HEAPS - 1) == 0 ? "/dev/null" : path;
}

#define FORWARD_OPEN(NAME)                                                          \
    int NAME(const char *path, int flags, ...)                                      \
    {                                                                               \
        static int (*real)(const char *, int, ...);                                 \
        if (!real)                                                                  \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #NAME);        \
        mode_t mode = 0;                                                            \
        if (flags & (O_CREAT | O_TMPFILE)) {                                        \
            va_list rest;                                                           \
            va_start(rest, flags);                                                  \
            mode = va_arg(rest, mode_t);                                            \
            va_end(rest);                                                           \
        }                                                                           \
        return real(without_heaps(path), flags, mode);                              \
    }

FORWARD_OPEN(open)
FORWARD_OPEN(open64)

static int allocate(struct dma_heap_allocation_data *allocation)
{
    int buffer = memfd_create("dma-buf", MFD_CLOEXEC);
    if (buffer < 0)
        return -1;
    if (ftruncate(buffer, (off_t)allocation->len)) {
        close(buffer);
        return -1;
    }
    allocation->fd = (unsigned int)buffer;
    return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
    static int (*real)(int, unsigned long, ...);
    if (!real)
        real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);

    /* Python hands the number over as a signed int: compare what is left of it. */
    unsigned int number = (unsigned int)request;
    if (number == (unsigned int)DMA_HEAP_IOCTL_ALLOC)
        return allocate(argument);
    int names_buffer = _IOC_TYPE(number) == DMA_BUF_BASE && _IOC_NR(number) == 1; /* DMA_BUF_SET_NAME has several sizes */
    if (number == (unsigned int)DMA_BUF_IOCTL_SYNC || names_buffer)
        return 0;
    return real(fd, request, argument);
}
