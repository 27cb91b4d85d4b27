/* Runs the threads of a graphics card one after the other: each has a stack of its own, and goes on where it waited.

   The text behind this file is a kernel's PTX as C (translation.py), which ends in `start_kernel`. Addresses of a
   card are addresses here. Every number that is read or written is looked up: it has to lie in memory that was asked
   for, and no two threads may touch it, one of them writing, unless they have met in between. */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

enum { WARP = 32, STACK = 1 << 18, MOST_ROUNDS = 1 << 24 };
/* Cycles until something that was read can be used (pace.py says whose they are), until an atom's answer is there, and
   from the last thread at a barrier to the first one behind it. A processor has so many parts that issue one
   instruction a cycle, and so many sectors in its first cache. */
enum { SHARED = 33, NEAR = 41, FAR = 262, ATOM = 700, BARRIER = 25, SCHEDULERS = 4, SECTOR = 32, SECTORS = 1 << 12, LINES = 256, FETCH = 50 };
enum state { READY, AT_BARRIER, AT_WARP, ENDED };

/* When a number was touched: by which thread (-1: none), how often its block had met by then, and how often it had
   said on the counter of the grid that it is there. */
struct touch { int32_t thread; uint32_t in_block, in_grid; };
/* The last writer and reader, the last reader that is another thread, and the last one of another block. */
struct shadow { struct touch written, read, read_before, read_outside; };
struct region { uint64_t begin, end; struct shadow *shadows; };
/* `took`: instructions of PTX; `issued`: of machine code, since its block met; `time`: the cycle in which it is;
   `latency`: of what it read last; `began`: the cycle in which its block met, `met`: its number on the grid's counter. */
struct thread {
    ucontext_t context; char *stack; enum state state; int number, lane, block, line;
    uint64_t took, issued, began, time, now, last, latency, met; uint32_t code_line, code_lines[LINES];
};
struct lanes { uint32_t a[WARP][4], b[WARP][2]; };

static struct thread *me, *threads;
static ucontext_t scheduler;
static struct region *regions;
static struct lanes *warps;
static char *shared, *failure;
static uint64_t *sectors, *arrived; /* which sector lies where in each block's first cache; when blocks arrived, in order */
static uint32_t *met_in_block, *met_in_grid, *seen_in_grid; /* seen by a block: how often each block was there */
static int region_count, nctaid, ntid, failed, *lags;
static uint64_t first_address, first_number, random_state, shared_room;

static void start_kernel(uint64_t address, uint64_t number);

static void fail(const char *what, uint64_t at, int line, int other)
{
    char also[60] = "";
    if (other >= 0)
        snprintf(also, sizeof also, ", and thread %d of block %d", other % ntid, other / ntid);
    if (!failed)
        snprintf(failure, 300, "%s: address %llx, line %d of the PTX, thread %d of block %d%s", what,
                 (unsigned long long)at, line, me->number % ntid, me->block, also);
    failed = 1;
    swapcontext(&me->context, &scheduler);
}

/* Between two jumps the order of instructions is ptxas's to choose: each is issued when its place has come and what it
   needs is there. What is behind a jump or a write waits until all before it were issued. */
#define ISSUE(count, line) fetch(line), me->took++, me->time += (count), me->issued += (count), me->now = me->time;
#define AFTER(ready) if ((ready) > me->now) me->now = (ready);
#define DONE if (me->now > me->last) me->last = me->now;
#define SETTLE if (me->last > me->time) me->time = me->last;

/* Code comes in lines of eight instructions. */
static void fetch(uint32_t line)
{
    if (line == me->code_line)
        return;
    me->code_line = line;
    if (me->code_lines[line % LINES] != line)
        me->code_lines[line % LINES] = line, me->time += FETCH;
}

static void wait_as(enum state state, int line)
{
    me->state = state;
    me->line = line;
    swapcontext(&me->context, &scheduler);
}

/* -- what is read and written ------------------------------------------------------------------------------------ */

/* Whether nothing orders what was done then before what is done now. */
static int meets(const struct touch *before)
{
    if (before->thread < 0 || before->thread == me->number)
        return 0;
    int block = before->thread / ntid;
    return block == me->block ? before->in_block == met_in_block[block]
                              : before->in_grid >= seen_in_grid[me->block * nctaid + block];
}

static struct region *region_of(uint64_t at, int size)
{
    static int last;
    for (int k = 0; k < region_count; k++) {
        struct region *found = &regions[(last + k) % region_count];
        if (at >= found->begin && at + size <= found->end) {
            last = (last + k) % region_count;
            return found;
        }
    }
    return NULL;
}

static void touch(uint64_t at, int size, int writes, int line)
{
    struct touch now = {me->number, met_in_block[me->block], met_in_grid[me->block]};
    uint64_t stack = (uint64_t)me->stack, *sector = &sectors[me->block * SECTORS + at / SECTOR % SECTORS];
    me->latency = NEAR;
    if (at >= stack && at + size <= stack + STACK)
        return;
    if (at >= (uint64_t)shared && at < (uint64_t)shared + shared_room * nctaid)
        me->latency = SHARED;
    else if (*sector != at / SECTOR) {
        me->latency = FAR;
        if (!writes)
            *sector = at / SECTOR;
    }
    struct region *region = region_of(at, size);
    if (!region || at % size) {
        fail(region ? "not aligned" : writes ? "written outside of memory" : "read outside of memory", at, line, -1);
        return;
    }
    for (uint64_t word = (at - region->begin) / 4; word * 4 < at + size - region->begin; word++) {
        struct shadow *shadow = &region->shadows[word];
        if (meets(&shadow->written))
            fail(writes ? "written by two threads" : "read while another thread writes", at, line,
                 shadow->written.thread);
        if (!writes) {
            if (shadow->read.thread != me->number)
                shadow->read_before = shadow->read;
            if (shadow->read.thread >= 0 && shadow->read.thread / ntid != me->block)
                shadow->read_outside = shadow->read;
            shadow->read = now;
            continue;
        }
        const struct touch *readers[] = {&shadow->read, &shadow->read_before, &shadow->read_outside};
        for (int k = 0; k < 3; k++)
            if (meets(readers[k]))
                fail("written while another thread reads", at, line, readers[k]->thread);
        shadow->written = now;
    }
}

/* Several numbers at once begin at a multiple of what they are together. */
static uint64_t aligned(uint64_t at, int size, int line)
{
    if (at % size)
        fail("not aligned", at, line, -1);
    return at;
}

#define LOAD(TYPE, at, line) (touch((at), sizeof(TYPE), 0, line), *(TYPE *)(at))
#define STORE(TYPE, at, value, line) (touch((at), sizeof(TYPE), 1, line), *(TYPE *)(at) = (TYPE)(value))

/* A counter on which blocks meet: what was written before is seen by those who look later. */
static uint64_t atom_add(uint64_t at, uint64_t more, int line)
{
    uint64_t before = *(uint64_t *)at;
    if (!region_of(at, 8))
        fail("counted outside of memory", at, line, -1);
    *(uint64_t *)at = before + more;
    met_in_grid[me->block]++;
    me->latency = ATOM;
    me->met = before;
    uint64_t *last = &arrived[before % (2 * nctaid)];
    *last = me->now;
    if (before % nctaid && last[-1] > *last)
        *last = last[-1];
    return before;
}

static uint64_t load_acquired(uint64_t at, int line)
{
    if (!region_of(at, 8))
        fail("looked outside of memory", at, line, -1);
    uint64_t begun = me->now, all = (me->met / nctaid + 1) * nctaid;
    wait_as(READY, line); /* others go on meanwhile */
    uint64_t last = *(uint64_t *)at < all ? 0 : arrived[(all - 1) % (2 * nctaid)] + ATOM;
    me->time = me->now = me->last = last > begun ? last : begun;
    me->latency = FAR;
    memset(&sectors[me->block * SECTORS], 0, SECTORS * sizeof *sectors);
    for (int block = 0; block < nctaid; block++)
        seen_in_grid[me->block * nctaid + block] = met_in_grid[block];
    return *(uint64_t *)at;
}

/* -- arithmetic that C leaves open --------------------------------------------------------------------------------- */

static float float_of(uint32_t bits) { float x; memcpy(&x, &bits, 4); return x; }
static double double_of(uint64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static uint32_t bits32(float x) { uint32_t bits; memcpy(&bits, &x, 4); return bits; }
static uint64_t bits64(double x) { uint64_t bits; memcpy(&bits, &x, 8); return bits; }

static int64_t whole(double x, double least, double most, int64_t low, int64_t high, int64_t none)
{
    return isnan(x) ? none : x <= least ? low : x >= most ? high : (int64_t)x;
}
static int64_t to_s64(double x) { return whole(x, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX, INT64_MIN); }
static int64_t to_s32(double x) { return whole(x, -0x1p31, 0x1p31 - 1, INT32_MIN, INT32_MAX, 0); }

static uint64_t shift_left(uint64_t a, uint32_t by, int width) { return by >= (uint32_t)width ? 0 : a << by; }
static uint64_t shift_right(uint64_t a, uint32_t by, int width) { return by >= (uint32_t)width ? 0 : a >> by; }
static int64_t shift_signed(int64_t a, uint32_t by, int width)
{
    return a >> (by >= (uint32_t)width ? (uint32_t)width - 1 : by);
}
static uint64_t divide(uint64_t a, uint64_t b) { return b ? a / b : UINT64_MAX; }
static uint64_t remainder_of(uint64_t a, uint64_t b) { return b ? a % b : a; }
static int64_t divide_signed(int64_t a, int64_t b) { return b == 0 ? -1 : b == -1 ? -(uint64_t)a : a / b; }
static int64_t remainder_signed(int64_t a, int64_t b) { return b == 0 ? a : b == -1 ? 0 : a % b; }

/* To 10 bits behind the point, ties away from 0. */
static uint32_t tf32(float x)
{
    uint32_t bits = bits32(x);
    return isfinite(x) ? (bits + 0x1000) & 0xffffe000u : bits;
}

/* One instruction of the tensor cores, m16n8k8: all threads of a warp bring their share of A and B. */
static void multiply_tile(float *d, const uint32_t *a, const uint32_t *b, const float *c, int line)
{
    struct lanes *warp = &warps[me->number / WARP];
    int row = me->lane / 4, column = me->lane % 4 * 2;
    memcpy(warp->a[me->lane], a, sizeof warp->a[0]);
    memcpy(warp->b[me->lane], b, sizeof warp->b[0]);
    wait_as(AT_WARP, line);
    for (int at = 0; at < 4; at++) {
        float sum = c[at];
        for (int k = 0; k < 8; k++) {
            uint32_t left = warp->a[row * 4 + k % 4][at / 2 + k / 4 * 2];
            uint32_t right = warp->b[(column + at % 2) * 4 + k % 4][k / 4];
            sum = fmaf(float_of(left), float_of(right), sum);
        }
        d[at] = sum;
    }
    wait_as(AT_WARP, line); /* before somebody brings what is next */
}

/* -- threads that take turns --------------------------------------------------------------------------------------- */

static void live(void)
{
    start_kernel(first_address, first_number);
    me->state = ENDED;
    swapcontext(&me->context, &scheduler);
}

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((random_state >> 33) % below);
}

/* The cycle in which all threads of a block are at a barrier: the last one is, and all have been issued. */
static uint64_t time_of(int first)
{
    uint64_t time = 0, issued[SCHEDULERS] = {0}, before = threads[first].began;
    for (int warp = 0; warp < ntid / WARP; warp++) {
        uint64_t most = 0;
        for (int k = first + warp * WARP; k < first + (warp + 1) * WARP; k++) {
            most = threads[k].issued > most ? threads[k].issued : most;
            time = threads[k].time > time ? threads[k].time : time;
        }
        issued[warp % SCHEDULERS] += most;
    }
    for (int k = 0; k < SCHEDULERS; k++)
        time = before + issued[k] > time ? before + issued[k] : time;
    return time;
}

/* Lets those go on who all wait in the same way; returns whether there were any. */
static int release(int first, int count, enum state state)
{
    int waiting = 0, ended = 0, line = 0;
    for (int k = first; k < first + count; k++) {
        waiting += threads[k].state == state;
        ended += threads[k].state == ENDED;
    }
    if (!waiting || waiting + ended < count)
        return 0;
    for (int k = first; k < first + count; k++) {
        if (threads[k].state != state)
            continue;
        if (line && threads[k].line != line && !failed) {
            snprintf(failure, 300, "threads wait in lines %d and %d of the PTX", line, threads[k].line);
            failed = 1;
        }
        line = threads[k].line;
        threads[k].state = READY;
    }
    return 1;
}

static int take_turns(int count, int *order)
{
    int live_on = 0;
    for (int k = count - 1; k > 0; k--) {
        int other = draw(k + 1), kept = order[k];
        order[k] = order[other];
        order[other] = kept;
    }
    for (int block = 0; block < nctaid; block++)
        lags[block] = draw(4) == 0; /* or no block would ever be a step behind */
    for (int k = 0; k < count && !failed; k++) {
        me = &threads[order[k]];
        if (me->state == READY) {
            live_on = 1;
            if (!lags[me->block])
                swapcontext(&scheduler, &me->context);
        }
    }
    for (int block = 0; block < nctaid; block++)
        if (release(block * ntid, ntid, AT_BARRIER)) {
            uint64_t time = time_of(block * ntid) + BARRIER;
            for (int k = block * ntid; k < (block + 1) * ntid; k++)
                threads[k].time = threads[k].last = threads[k].began = time, threads[k].issued = 0;
            met_in_block[block]++;
            live_on = 1;
        }
    for (int first = 0; first < count; first += WARP)
        live_on |= release(first, WARP, AT_WARP);
    return live_on;
}

/* Launches the kernel. `given` are first and last address of each region of memory; 0: it ended as it should, and
   `said` is empty; `counted` is how many instructions all threads took, and the one that took most, and the cycles
   until the end. */
int launch(int blocks, int each, int shared_bytes, uint64_t address, uint64_t number, const uint64_t *given, int count,
           uint64_t seed, char *said, uint64_t *counted)
{
    int all = blocks * each, rounds = 0, ended = 0;
    said[0] = 0;
    if (each % WARP) {
        snprintf(said, 300, "blocks of %d threads are not warps of %d", each, WARP);
        return 1;
    }
    uint64_t room = shared_room = (shared_bytes + 15) / 16 * 16;
    int *order = malloc(all * sizeof *order);
    nctaid = blocks, ntid = each, failed = 0, failure = said, random_state = seed;
    first_address = address, first_number = number;
    threads = calloc(all, sizeof *threads);
    warps = calloc(all / WARP, sizeof *warps);
    met_in_block = calloc(blocks, sizeof *met_in_block), met_in_grid = calloc(blocks, sizeof *met_in_grid);
    seen_in_grid = calloc(blocks * blocks, sizeof *seen_in_grid), lags = calloc(blocks, sizeof *lags);
    sectors = calloc(blocks * SECTORS, sizeof *sectors), arrived = calloc(2 * blocks, sizeof *arrived);
    shared = aligned_alloc(16, room * blocks + 16);
    memset(shared, 0xff, room * blocks); /* NaN: nothing may be read before it is written */
    region_count = count + (room > 0 ? blocks : 0);
    regions = calloc(region_count + 1, sizeof *regions);
    for (int k = 0; k < region_count; k++) {
        regions[k].begin = k < count ? given[2 * k] : (uint64_t)shared + room * (k - count);
        regions[k].end = k < count ? given[2 * k + 1] : regions[k].begin + shared_bytes;
        size_t words = (regions[k].end - regions[k].begin + 3) / 4;
        regions[k].shadows = malloc((words + 1) * sizeof(struct shadow));
        memset(regions[k].shadows, 0xff, (words + 1) * sizeof(struct shadow));
    }
    for (int k = 0; k < all; k++) {
        struct thread *one = &threads[k];
        order[k] = one->number = k, one->lane = k % each % WARP, one->block = k / each;
        one->stack = malloc(STACK);
        getcontext(&one->context);
        one->context.uc_stack.ss_sp = one->stack, one->context.uc_stack.ss_size = STACK;
        makecontext(&one->context, live, 0);
    }
    while (!failed && ended < all) {
        int live_on = take_turns(all, order);
        ended = 0;
        for (int k = 0; k < all; k++)
            ended += threads[k].state == ENDED;
        if (!failed && ended < all && (!live_on || ++rounds > MOST_ROUNDS)) {
            snprintf(said, 300, "threads wait for each other: thread 0 in line %d of the PTX", threads[0].line);
            failed = 1;
        }
    }
    counted[0] = counted[1] = counted[2] = 0;
    for (int block = 0; block < blocks; block++) {
        uint64_t time = time_of(block * ntid);
        counted[2] = time > counted[2] ? time : counted[2];
    }
    for (int k = 0; k < all; k++) {
        counted[0] += threads[k].took;
        counted[1] = threads[k].took > counted[1] ? threads[k].took : counted[1];
        free(threads[k].stack);
    }
    for (int k = 0; k < region_count; k++)
        free(regions[k].shadows);
    free(threads), free(warps), free(met_in_block), free(met_in_grid), free(seen_in_grid), free(lags), free(sectors), free(arrived), free(shared), free(regions), free(order);
    return failed;
}
