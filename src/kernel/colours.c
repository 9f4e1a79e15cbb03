/* satdesk._colours: a picture on another grid, as satdesk/geometry/warping.py defines it, and at half
 * its resolution, as satdesk/files/reduction.py does, to the last bit. Lengths and types are checked at the border; the work runs without the interpreter's lock. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>

#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define HAVE_AVX2 1
#define VECTOR __attribute__((target("avx2")))
#include <immintrin.h>
#endif
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

enum { PLANES = 4, TAPS = 4, PHASE_BITS = 8, PHASES = 1 << PHASE_BITS, WEIGHT_BITS = 11 };

/* Added to positions so that truncation is floor; 65,536 pixels are the most. */
#define AHEAD ((double)(1 << 24))
#define STRETCH 256 /* pixels whose positions are computed at a time */

typedef struct {
    const uint8_t *from; /* (from_rows, from_cols, 4) */
    long from_rows, from_cols;
    const double *curves; /* (2, rows, 3): col and row in `from` as quadratics in the pixel's column */
    const int16_t *table; /* (256, 4) */
    uint8_t *to;          /* (rows, cols, 4) */
    long rows, cols;
    int opaque; /* every opacity of `from` is 255 */
} Warp;

/* The nearest 1/256 pixel, halves up, counted from the centre of the first pixel. */
INLINE void places(const double *curve, long first, long n, int32_t *restrict to)
{
    const double a = curve[0], b = curve[1], c = curve[2];
    for (long i = 0; i < n; i++) {
        double x = (double)(first + i);
        double at = a + x * (b + x * c);
        to[i] = (int32_t)((at * PHASES + 0.5) + AHEAD) - (int32_t)AHEAD;
    }
}

INLINE uint8_t byte_of(int32_t sum)
{
    int32_t value = (sum + (1 << (2 * WEIGHT_BITS - 1))) >> (2 * WEIGHT_BITS);
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Keys' cubic of three colours; the sixteen pixels around are there and opaque. */
INLINE void cubic(const uint8_t *corner, long line, const int16_t *across, const int16_t *down,
                  uint8_t *to)
{
    int32_t sum[PLANES] = {0, 0, 0, 0};
    for (int r = 0; r < TAPS; r++, corner += line) {
        uint8_t near[TAPS * PLANES];
        memcpy(near, corner, sizeof near);
        for (int p = 0; p < PLANES; p++) {
            int32_t row = across[0] * near[p] + across[1] * near[PLANES + p] +
                          across[2] * near[2 * PLANES + p] + across[3] * near[3 * PLANES + p];
            sum[p] += down[r] * row;
        }
    }
    for (int p = 0; p < PLANES; p++) {
        to[p] = byte_of(sum[p]);
    }
}

#ifdef HAVE_AVX2
/* As cubic, whole numbers alike: the planes of two neighbours side by side, two products at a time. */
VECTOR static inline void cubic_avx2(const uint8_t *corner, long line, const int16_t *across,
                                     const int16_t *down, uint8_t *to)
{
    const __m128i beside = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    int32_t pair[2];
    memcpy(pair, across, sizeof pair);
    const __m256i weights = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_set1_epi32(pair[0])), _mm_set1_epi32(pair[1]), 1);
    __m256i sum = _mm256_setzero_si256();
    for (int r = 0; r < TAPS; r++, corner += line) {
        const __m128i near = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)corner), beside);
        const __m256i row = _mm256_madd_epi16(_mm256_cvtepu8_epi16(near), weights);
        sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(row, _mm256_set1_epi32(down[r])));
    }
    __m128i total = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    total = _mm_add_epi32(total, _mm_set1_epi32(1 << (2 * WEIGHT_BITS - 1)));
    total = _mm_srai_epi32(total, 2 * WEIGHT_BITS);
    const __m128i shorts = _mm_packs_epi32(total, total);
    const int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(shorts, shorts));
    memcpy(to, &pixel, sizeof pixel);
}
#endif

/* Whether the sixteen pixels around are opaque. */
INLINE int all_opaque(const uint8_t *corner, long line)
{
    uint8_t least = 255;
    for (int r = 0; r < TAPS; r++) {
        for (int k = 0; k < TAPS; k++) {
            least &= corner[r * line + k * PLANES + PLANES - 1];
        }
    }
    return least == 255;
}

/* Bilinear, colours weighted by opacity; what lies outside is transparent. */
static void linear(const Warp *job, long row, long col, int32_t down, int32_t across, uint8_t *to)
{
    const int32_t weight[4] = {(PHASES - down) * (PHASES - across), (PHASES - down) * across,
                               down * (PHASES - across), down * across};
    uint64_t opacity = 0, sum[PLANES - 1] = {0, 0, 0};
    for (int k = 0; k < 4; k++) {
        long y = row + k / 2, x = col + k % 2;
        if (y < 0 || x < 0 || y >= job->from_rows || x >= job->from_cols) {
            continue;
        }
        const uint8_t *pixel = job->from + (y * job->from_cols + x) * PLANES;
        uint64_t part = (uint64_t)weight[k] * pixel[PLANES - 1];
        opacity += part;
        for (int p = 0; p < PLANES - 1; p++) {
            sum[p] += part * pixel[p];
        }
    }
    to[PLANES - 1] = (uint8_t)((opacity + (1 << (2 * PHASE_BITS - 1))) >> (2 * PHASE_BITS));
    for (int p = 0; p < PLANES - 1; p++) {
        to[p] = (uint8_t)(to[PLANES - 1] ? (2 * sum[p] + opacity) / (2 * opacity) : 0);
    }
}

/* A line of pixels by one way of taking the cubic. */
#define LINES(name, attribute, cubic)                                                              \
    attribute static void stretch_##name(const Warp *job, const int32_t *down,                     \
                                         const int32_t *across, long n, uint8_t *to)               \
    {                                                                                              \
        const long line = job->from_cols * PLANES;                                                 \
        for (long i = 0; i < n; i++, to += PLANES) {                                               \
            long row = down[i] >> PHASE_BITS, col = across[i] >> PHASE_BITS;                       \
            int32_t dy = down[i] & (PHASES - 1), dx = across[i] & (PHASES - 1);                    \
            const uint8_t *corner = job->from + (row - 1) * line + (col - 1) * PLANES;             \
            if (row >= 1 && col >= 1 && row + 2 < job->from_rows && col + 2 < job->from_cols &&    \
                (job->opaque || all_opaque(corner, line))) {                                       \
                cubic(corner, line, job->table + dx * TAPS, job->table + dy * TAPS, to);           \
            } else {                                                                               \
                linear(job, row, col, dy, dx, to);                                                 \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    attribute static void warp_##name(const Warp *job)                                             \
    {                                                                                              \
        int32_t down[STRETCH], across[STRETCH];                                                    \
        for (long y = 0; y < job->rows; y++) {                                                     \
            for (long x = 0; x < job->cols; x += STRETCH) {                                        \
                long n = job->cols - x < STRETCH ? job->cols - x : STRETCH;                        \
                places(job->curves + 3 * y, x, n, across);                                         \
                places(job->curves + 3 * (job->rows + y), x, n, down);                             \
                stretch_##name(job, down, across, n, job->to + (y * job->cols + x) * PLANES);      \
            }                                                                                      \
        }                                                                                          \
    }

#define EVERYWHERE
LINES(plain, EVERYWHERE, cubic)
#ifdef HAVE_AVX2
LINES(avx2, VECTOR, cubic_avx2)
#endif

static void warp_best(const Warp *job, int vector)
{
#ifdef HAVE_AVX2
    if (vector && __builtin_cpu_supports("avx2")) {
        warp_avx2(job);
        return;
    }
#endif
    (void)vector;
    warp_plain(job);
}

/* Every position is a number and within reach of AHEAD. */
static int placed(const double *curves, long rows, long cols)
{
    const double most = 65536.0, last = (double)(cols - 1);
    for (long i = 0; i < 2 * rows; i++) {
        const double *c = curves + 3 * i;
        double bend = c[2] < 0 ? -c[2] : c[2], slope = c[1] < 0 ? -c[1] : c[1];
        double start = c[0] < 0 ? -c[0] : c[0];
        if (!(start + last * (slope + last * bend) < most)) {
            return 0;
        }
    }
    return 1;
}

static int fits(const Py_buffer view[4], Warp *job)
{
    const Py_buffer *from = &view[0], *curves = &view[1], *table = &view[2], *to = &view[3];
    if (from->ndim != 3 || from->itemsize != 1 || from->shape[2] != PLANES || to->ndim != 3 ||
        to->itemsize != 1 || to->shape[2] != PLANES || curves->ndim != 3 || curves->itemsize != 8 ||
        curves->shape[0] != 2 || curves->shape[1] != to->shape[0] || curves->shape[2] != 3 ||
        table->ndim != 2 || table->itemsize != 2 || table->shape[0] != PHASES ||
        table->shape[1] != TAPS || from->shape[0] < 1 || from->shape[1] < 1 || to->shape[0] < 1 ||
        to->shape[1] < 1 || from->shape[0] > 65535 || from->shape[1] > 65535 ||
        to->shape[1] > 65535) {
        return 0;
    }
    job->from = from->buf;
    job->from_rows = from->shape[0];
    job->from_cols = from->shape[1];
    job->curves = curves->buf;
    job->table = table->buf;
    job->to = to->buf;
    job->rows = to->shape[0];
    job->cols = to->shape[1];
    return placed(job->curves, job->rows, job->cols);
}

/* warp(from, curves, table, to, opaque, vector): bytes, doubles, shorts, bytes, all dense. */
static PyObject *warp(PyObject *self, PyObject *arguments)
{
    (void)self;
    PyObject *given[4];
    Py_buffer view[4];
    Warp job;
    int vector, held = 0, fit = 0;
    if (!PyArg_ParseTuple(arguments, "OOOOpp", &given[0], &given[1], &given[2], &given[3],
                          &job.opaque, &vector)) {
        return NULL;
    }
    for (; held < 4; held++) {
        int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (held == 3 ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(given[held], &view[held], flags) != 0) {
            break;
        }
    }
    if (held == 4) {
        fit = fits(view, &job);
        if (fit) {
            Py_BEGIN_ALLOW_THREADS
            warp_best(&job, vector);
            Py_END_ALLOW_THREADS
        } else {
            PyErr_SetString(PyExc_ValueError, "the arrays do not fit their description");
        }
    }
    for (int i = 0; i < held; i++) {
        PyBuffer_Release(&view[i]);
    }
    return fit ? Py_NewRef(Py_None) : NULL;
}

/* Two rows of pixels to one of half as many, as satdesk/files/reduction.py's halved_colours. */
static void halved_row(const uint8_t *upper, const uint8_t *lower, long n, uint8_t *to)
{
    for (long x = 0; x < n; x++, upper += 2 * PLANES, lower += 2 * PLANES, to += PLANES) {
        const uint8_t *pixel[4] = {upper, upper + PLANES, lower, lower + PLANES};
        uint32_t total = 0;
        for (int k = 0; k < 4; k++) {
            total += pixel[k][PLANES - 1];
        }
        to[PLANES - 1] = (uint8_t)((total + 2) >> 2);
        for (int p = 0; p < PLANES - 1; p++) {
            uint32_t sum = 0;
            for (int k = 0; k < 4; k++) {
                sum += (uint32_t)pixel[k][PLANES - 1] * pixel[k][p];
            }
            to[p] = (uint8_t)(to[PLANES - 1] ? (2 * sum + total) / (2 * total) : 0);
        }
    }
}

/* halve(from, to): bytes (2 y, 2 x, 4) to bytes (y, x, 4), both dense. */
static PyObject *halve(PyObject *self, PyObject *arguments)
{
    (void)self;
    PyObject *given[2];
    Py_buffer from, to;
    if (!PyArg_ParseTuple(arguments, "OO", &given[0], &given[1]) ||
        PyObject_GetBuffer(given[0], &from, PyBUF_C_CONTIGUOUS) != 0) {
        return NULL;
    }
    if (PyObject_GetBuffer(given[1], &to, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) != 0) {
        PyBuffer_Release(&from);
        return NULL;
    }
    int fit = from.ndim == 3 && to.ndim == 3 && from.itemsize == 1 && to.itemsize == 1 &&
              from.shape[2] == PLANES && to.shape[2] == PLANES &&
              from.shape[0] == 2 * to.shape[0] && from.shape[1] == 2 * to.shape[1];
    if (fit) {
        const long rows = to.shape[0], line = from.shape[1] * PLANES, half = line / 2;
        const uint8_t *upper = from.buf;
        uint8_t *out = to.buf;
        Py_BEGIN_ALLOW_THREADS
        for (long y = 0; y < rows; y++) {
            halved_row(upper + 2 * y * line, upper + (2 * y + 1) * line, half / PLANES,
                       out + y * half);
        }
        Py_END_ALLOW_THREADS
    } else {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit their description");
    }
    PyBuffer_Release(&from);
    PyBuffer_Release(&to);
    return fit ? Py_NewRef(Py_None) : NULL;
}

static PyMethodDef methods[] = {
    {"warp", warp, METH_VARARGS, NULL},
    {"halve", halve, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_colours", NULL, 0, methods,
                                        NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__colours(void)
{
    return PyModule_Create(&definition);
}
