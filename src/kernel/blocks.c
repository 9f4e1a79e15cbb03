/* satdesk._blocks: half the resolution of a block, as satdesk/files/reduction.py defines it, and its
 * differences, as satdesk/files/predictor.py does, to the last bit. Lengths and types are checked at
 * the border; the work runs without the interpreter's lock. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define HAVE_AVX2 1
#define VECTOR __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))
#elif defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* What is left out of means: nothing; a number, in each plane for itself; pixels without opacity. */
enum { ALL = 0, NODATA = 1, ALPHA = 2 };

typedef struct {
    const void *from;
    void *to;
    long rows, cols, planes; /* of `from`: (y, x, plane) */
    long line;               /* samples from one of its rows to the next */
    int mode;
    double nodata;
    int32_t *sums;   /* two rows added up: cols times planes */
    int32_t *counts; /* as sums */
} Job;

/* The whole number nearest to sum / count, halves up; count is 0 to 4, and 0 gives 0. In single
 * precision this is exact: 2 * sum + count is below 2^20, and the quotient is at least 1/8 off the next
 * whole number. Signed, since vectors convert only signed numbers. */
INLINE int32_t mean(int32_t sum, int32_t count)
{
    return (int32_t)((float)(2 * sum + count) / (float)(count ? 2 * count : 1));
}

/* Of two rows: whether something is left out of means. A template over the type. */
#define INTEGERS(type)                                                                             \
    INLINE int misses_##type(const Job *job, const type *upper, const type *lower, long n)         \
    {                                                                                              \
        const type nodata = (type)job->nodata;                                                     \
        type found = 0;                                                                            \
        if (job->mode == NODATA) {                                                                 \
            for (long i = 0; i < n; i++) {                                                         \
                found |= (type)((upper[i] == nodata) | (lower[i] == nodata));                      \
            }                                                                                      \
        } else if (job->mode == ALPHA) {                                                           \
            for (long i = job->planes - 1; i < n; i += job->planes) {                              \
                found |= (type)((upper[i] == 0) | (lower[i] == 0));                                \
            }                                                                                      \
        }                                                                                          \
        return found != 0;                                                                         \
    }                                                                                              \
                                                                                                   \
    INLINE void plain_##type(const type *upper, const type *lower, long pairs, long planes,        \
                             type *to)                                                             \
    {                                                                                              \
        for (long x = 0; x < pairs; x++) {                                                         \
            for (long p = 0; p < planes; p++) {                                                    \
                long a = 2 * x * planes + p, b = a + planes;                                       \
                uint32_t sum = (uint32_t)upper[a] + upper[b] + lower[a] + lower[b];                \
                to[x * planes + p] = (type)((sum + 2) >> 2);                                       \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* Rows added up sample by sample first: that vectorises, whatever the planes. */              \
    INLINE void add_##type(const Job *job, const type *restrict upper, const type *restrict lower, \
                           long n)                                                                 \
    {                                                                                              \
        const int32_t nodata = (int32_t)job->nodata;                                               \
        int32_t *restrict sums = job->sums, *restrict counts = job->counts;                        \
        for (long i = 0; i < n; i++) {                                                             \
            int32_t a = upper[i], b = lower[i], u = a != nodata, v = b != nodata;                  \
            sums[i] = (u ? a : 0) + (v ? b : 0);                                                   \
            counts[i] = u + v;                                                                     \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    INLINE void sparse_##type(const Job *job, long planes, type *restrict to)                      \
    {                                                                                              \
        const int32_t nodata = (int32_t)job->nodata;                                               \
        const int32_t *restrict sums = job->sums, *restrict counts = job->counts;                  \
        for (long x = 0; x < job->cols / 2; x++) {                                                 \
            for (long p = 0; p < planes; p++) {                                                    \
                long a = 2 * x * planes + p, b = a + planes;                                       \
                int32_t count = counts[a] + counts[b], whole = mean(sums[a] + sums[b], count);     \
                to[x * planes + p] = (type)(count ? whole : nodata);                               \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* One square of pixels with what is opaque of it; missing neighbours repeat others. */        \
    INLINE void square_##type(const Job *job, const type *upper, const type *lower, long right,    \
                              int tall, type *to)                                                  \
    {                                                                                              \
        const long planes = job->planes, last = planes - 1;                                        \
        const type *pixel[4] = {upper, upper + right, lower, lower + right};                       \
        const int there[4] = {1, right != 0, tall, tall && right != 0};                            \
        int32_t weight[4], count = 0;                                                              \
        for (long p = 0; p < planes; p++) {                                                        \
            int32_t sum = 0;                                                                       \
            if (p == 0 || job->mode == NODATA) {                                                   \
                count = 0;                                                                         \
                for (int k = 0; k < 4; k++) {                                                      \
                    weight[k] = there[k] && (job->mode == ALPHA ? pixel[k][last] != 0              \
                                             : job->mode == ALL || pixel[k][p] != job->nodata);    \
                    count += weight[k];                                                            \
                }                                                                                  \
            }                                                                                      \
            for (int k = 0; k < 4; k++) {                                                          \
                sum += weight[k] ? pixel[k][p] : 0;                                                \
            }                                                                                      \
            to[p] = (type)(count ? mean(sum, count)                                                \
                                 : (job->mode == NODATA ? (int32_t)job->nodata : 0));              \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    INLINE void row_##type(const Job *job, const type *upper, const type *lower, int tall,         \
                           type *to)                                                               \
    {                                                                                              \
        const long planes = job->planes, pairs = job->cols / 2;                                    \
        int plain = tall && !misses_##type(job, upper, lower, 2 * pairs * planes);                 \
        if (plain && planes == 4) {                                                                \
            plain_##type(upper, lower, pairs, 4, to);                                              \
        } else if (plain && planes == 3) {                                                         \
            plain_##type(upper, lower, pairs, 3, to);                                              \
        } else if (plain && planes == 1) {                                                         \
            plain_##type(upper, lower, pairs, 1, to);                                              \
        } else if (plain) {                                                                        \
            plain_##type(upper, lower, pairs, planes, to);                                         \
        } else if (tall && job->mode == NODATA) {                                                  \
            add_##type(job, upper, lower, 2 * pairs * planes);                                     \
            if (planes == 4) {                                                                     \
                sparse_##type(job, 4, to);                                                         \
            } else {                                                                               \
                sparse_##type(job, planes, to);                                                    \
            }                                                                                      \
        } else {                                                                                   \
            for (long x = 0; x < pairs; x++) {                                                     \
                square_##type(job, upper + 2 * x * planes, lower + 2 * x * planes, planes, tall,   \
                              to + x * planes);                                                    \
            }                                                                                      \
        }                                                                                          \
        if (job->cols % 2) {                                                                       \
            square_##type(job, upper + 2 * pairs * planes, lower + 2 * pairs * planes, 0, tall,    \
                          to + pairs * planes);                                                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    INLINE void all_##type(const Job *job)                                                         \
    {                                                                                              \
        const long line = job->line, half = (job->cols + 1) / 2 * job->planes;                     \
        for (long y = 0; y < job->rows; y += 2) {                                                  \
            const type *upper = (const type *)job->from + y * line;                                \
            int tall = y + 1 < job->rows;                                                          \
            row_##type(job, upper, tall ? upper + line : upper, tall,                              \
                       (type *)job->to + y / 2 * half);                                            \
        }                                                                                          \
    }

INTEGERS(uint8_t)
INTEGERS(uint16_t)

/* Floats in double precision: upper pair, lower pair, their sum. */
static void all_float(const Job *job)
{
    const long planes = job->planes, line = job->line, half = (job->cols + 1) / 2 * planes;
    for (long y = 0; y < job->rows; y += 2) {
        const float *upper = (const float *)job->from + y * line;
        for (long i = 0; i < half; i++) {
            long at = i / planes * 2 * planes + i % planes;
            long reach[4] = {0, planes, line, line + planes};
            int wide = i / planes * 2 + 1 < job->cols, tall = y + 1 < job->rows;
            int there[4] = {1, wide, tall, wide && tall};
            double part[4] = {0, 0, 0, 0};
            int count = 0;
            for (int k = 0; k < 4; k++) {
                if (!there[k]) {
                    continue;
                }
                double value = upper[at + reach[k]];
                int none = job->nodata != job->nodata ? value != value : value == job->nodata;
                if (job->mode == ALL || !none) {
                    part[k] = value;
                    count++;
                }
            }
            double sum = (part[0] + part[1]) + (part[2] + part[3]);
            ((float *)job->to)[y / 2 * half + i] = (float)(count ? sum / count : job->nodata);
        }
    }
}

#ifdef HAVE_AVX2
VECTOR static void all_bytes_avx2(const Job *job) { all_uint8_t(job); }
VECTOR static void all_shorts_avx2(const Job *job) { all_uint16_t(job); }
#endif
static void all_bytes(const Job *job) { all_uint8_t(job); }
static void all_shorts(const Job *job) { all_uint16_t(job); }

typedef void (*Halve)(const Job *);

static Halve halver(char type, int vector)
{
#ifdef HAVE_AVX2
    if (vector && __builtin_cpu_supports("avx2") && type != 'f') {
        return type == 'B' ? all_bytes_avx2 : all_shorts_avx2;
    }
#endif
    (void)vector;
    return type == 'B' ? all_bytes : type == 'H' ? all_shorts : all_float;
}

static int run(Job *job, char type, int vector)
{
    size_t n = (size_t)((job->cols + 1) * job->planes);
    job->sums = malloc(n * sizeof *job->sums);
    job->counts = malloc(n * sizeof *job->counts);
    int whole = job->sums != NULL && job->counts != NULL;
    if (whole) {
        halver(type, vector)(job);
    }
    free(job->sums);
    free(job->counts);
    return whole;
}

/* A buffer (y, x, plane) whose rows may lie apart; the samples of a row are dense. */
static int rows_of(const Py_buffer *view, Py_ssize_t item, Job *job)
{
    if (view->ndim != 3 || view->itemsize != item || view->strides[2] != item ||
        view->strides[1] != item * view->shape[2] || view->strides[0] % item ||
        view->strides[0] < item * view->shape[1] * view->shape[2]) {
        return 0;
    }
    job->from = view->buf;
    job->rows = view->shape[0];
    job->cols = view->shape[1];
    job->planes = view->shape[2];
    job->line = view->strides[0] / item;
    return job->rows > 0 && job->cols > 0 && job->planes > 0 && job->rows < 65536 &&
           job->cols < 65536 && job->planes < 65536;
}

static int fits(Job *job, const Py_buffer *from, const Py_buffer *to, char type)
{
    Py_ssize_t item = type == 'B' ? 1 : type == 'H' ? 2 : type == 'f' ? 4 : 0;
    if (!item || !rows_of(from, item, job)) {
        return 0;
    }
    Py_ssize_t half = ((job->rows + 1) / 2) * ((job->cols + 1) / 2);
    return to->len == item * half * job->planes &&
           (job->mode == ALL || job->mode == NODATA || (job->mode == ALPHA && type != 'f'));
}

/* Two buffers: what is read, rows perhaps apart, and what is filled, dense. */
static int taken(PyObject *given[2], Py_buffer *from, Py_buffer *to)
{
    if (PyObject_GetBuffer(given[0], from, PyBUF_STRIDES) != 0) {
        return 0;
    }
    if (PyObject_GetBuffer(given[1], to, PyBUF_WRITABLE) != 0) {
        PyBuffer_Release(from);
        return 0;
    }
    return 1;
}

static PyObject *ended(Py_buffer *from, Py_buffer *to, int fit, int done)
{
    PyBuffer_Release(from);
    PyBuffer_Release(to);
    if (!fit) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit their description");
        return NULL;
    }
    return done ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

/* halve(from, to, type, mode, nodata, vector): (y, x, plane), rows of `from` perhaps apart. */
static PyObject *halve(PyObject *self, PyObject *arguments)
{
    (void)self;
    PyObject *given[2];
    Py_buffer from, to;
    Job job;
    int type, vector;
    if (!PyArg_ParseTuple(arguments, "OOCidp", &given[0], &given[1], &type, &job.mode, &job.nodata,
                          &vector) ||
        !taken(given, &from, &to)) {
        return NULL;
    }
    int fit = fits(&job, &from, &to, (char)type), done = 0;
    if (fit) {
        job.to = to.buf;
        Py_BEGIN_ALLOW_THREADS
        done = run(&job, (char)type, vector);
        Py_END_ALLOW_THREADS
    }
    return ended(&from, &to, fit, done);
}

/* Each sample less the one of the pixel before it, modulo 2^bits; what fills a row up repeats its
 * last pixel, so that its differences are 0. A template over the type. */
#define DIFFERENCES(type)                                                                          \
    INLINE void row_differences_##type(const type *restrict from, long n, long planes, long end,   \
                                       type *restrict to)                                          \
    {                                                                                              \
        for (long i = 0; i < planes; i++) {                                                        \
            to[i] = from[i];                                                                       \
        }                                                                                          \
        for (long i = planes; i < n; i++) {                                                        \
            to[i] = (type)(from[i] - from[i - planes]);                                            \
        }                                                                                          \
        memset(to + n, 0, (size_t)(end - n) * sizeof(type));                                       \
    }                                                                                              \
                                                                                                   \
    INLINE void differences_##type(const Job *job, long size)                                      \
    {                                                                                              \
        const long end = size * job->planes;                                                       \
        type *to = job->to;                                                                        \
        for (long y = 0; y < size; y++, to += end) {                                               \
            if (y < job->rows) {                                                                   \
                row_differences_##type((const type *)job->from + y * job->line,                    \
                                       job->cols * job->planes, job->planes, end, to);             \
            } else {                                                                               \
                memcpy(to, to - end, (size_t)end * sizeof(type));                                  \
            }                                                                                      \
        }                                                                                          \
    }

DIFFERENCES(uint8_t)
DIFFERENCES(uint16_t)
DIFFERENCES(uint32_t)

INLINE void all_differences(const Job *job, long size, Py_ssize_t item)
{
    if (item == 1) {
        differences_uint8_t(job, size);
    } else if (item == 2) {
        differences_uint16_t(job, size);
    } else {
        differences_uint32_t(job, size);
    }
}

#ifdef HAVE_AVX2
VECTOR static void differences_avx2(const Job *job, long size, Py_ssize_t item)
{
    all_differences(job, size, item);
}
#endif

static void differences(const Job *job, long size, Py_ssize_t item)
{
#ifdef HAVE_AVX2
    if (__builtin_cpu_supports("avx2")) {
        differences_avx2(job, size, item);
        return;
    }
#endif
    all_differences(job, size, item);
}

/* predict(from, to, size): (y, x, plane) of 1, 2 or 4 bytes, rows of `from` perhaps apart. */
static PyObject *predict(PyObject *self, PyObject *arguments)
{
    (void)self;
    PyObject *given[2];
    Py_buffer from, to;
    Job job;
    long size;
    if (!PyArg_ParseTuple(arguments, "OOl", &given[0], &given[1], &size) ||
        !taken(given, &from, &to)) {
        return NULL;
    }
    Py_ssize_t item = from.itemsize;
    int fit = (item == 1 || item == 2 || item == 4) && rows_of(&from, item, &job) &&
              size < 65536 && job.rows <= size && job.cols <= size &&
              to.len == item * size * size * job.planes;
    if (fit) {
        job.to = to.buf;
        Py_BEGIN_ALLOW_THREADS
        differences(&job, size, item);
        Py_END_ALLOW_THREADS
    }
    return ended(&from, &to, fit, 1);
}

static PyMethodDef methods[] = {
    {"halve", halve, METH_VARARGS, NULL},
    {"predict", predict, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_blocks", NULL, 0, methods,
                                        NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__blocks(void)
{
    return PyModule_Create(&definition);
}
