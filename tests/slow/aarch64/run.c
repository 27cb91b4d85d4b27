/* Runs one kernel on a copy of another process's memory: run MEMORY KERNEL PROGRAM CLOCK NUMBERS COUNT.

   MEMORY holds, as 64-bit integers, the number of ranges and of cells that hold addresses of kernels; then the address
   and size of each range; then the address of each cell and the number of its kernel; then the bytes of the ranges.
   The ranges are put where they were in that process, so that addresses in them stay right, and written back. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef void kernel(void *, void *, void *, int64_t);
extern kernel *const kernels[];

enum { TAKEN = 3, BROKEN = 4 };

static void whole(ssize_t (*move)(int, void *, size_t), int file, void *to, size_t size) {
    while (size > 0) {
        ssize_t moved = move(file, to, size);
        if (moved <= 0) _exit(BROKEN);
        to = (char *)to + moved;
        size -= (size_t)moved;
    }
}

static ssize_t put(int file, void *from, size_t size) { return write(file, from, size); }

static void *pointer(const char *text) { return (void *)strtoull(text, 0, 10); }

int main(int count, char **words) {
    if (count != 7) return BROKEN;
    int file = open(words[1], O_RDWR);
    int64_t head[2];
    whole(read, file, head, sizeof head);
    size_t ranges_size = (size_t)head[0] * 16, cells_size = (size_t)head[1] * 16;
    int64_t *ranges = malloc(ranges_size + 16), *cells = malloc(cells_size + 16);
    whole(read, file, ranges, ranges_size);
    whole(read, file, cells, cells_size);
    off_t bytes = lseek(file, 0, SEEK_CUR);
    for (int64_t k = 0; k < head[0]; k++) {
        void *at = (void *)ranges[2 * k];
        size_t size = (size_t)ranges[2 * k + 1];
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
        if (mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0) != at) return TAKEN;
        whole(read, file, at, size);
    }
    for (int64_t k = 0; k < head[1]; k++) *(kernel **)cells[2 * k] = kernels[cells[2 * k + 1]];
    kernels[atoi(words[2])](pointer(words[3]), pointer(words[4]), pointer(words[5]), atoll(words[6]));
    lseek(file, bytes, SEEK_SET);
    for (int64_t k = 0; k < head[0]; k++) whole(put, file, (void *)ranges[2 * k], (size_t)ranges[2 * k + 1]);
    return 0;
}
