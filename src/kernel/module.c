/* satdesk._kernel: the border between Python and the fused pass. Every length, type and stride is
 * checked here; the work itself runs without the interpreter's lock. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define MOST_VIEWS 32
#define MOST_PIXELS (1L << 28)

/* All buffers of one call, so that one place gives them back. */
typedef struct {
    Py_buffer view[MOST_VIEWS];
    int count;
    void *memory[8];
    int allocations;
} Held;

static void give_back(Held *held)
{
    for (int i = 0; i < held->count; i++) {
        PyBuffer_Release(&held->view[i]);
    }
    for (int i = 0; i < held->allocations; i++) {
        free(held->memory[i]);
    }
}

static void *allocated(Held *held, size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (memory != NULL) {
        held->memory[held->allocations++] = memory;
    }
    return memory;
}

/* The type of a buffer's elements as one letter; '?' counts as 'B'. */
static char type_of(const Py_buffer *view)
{
    const char *format = view->format == NULL ? "B" : view->format;
    if (format[0] == '<' || format[0] == '=' || format[0] == '@') {
        format++;
    }
    return format[0] == '?' ? 'B' : format[0];
}

/* A C-contiguous buffer of one of some types with ndim dimensions, or NULL with an exception set. */
static Py_buffer *held_view(Held *held, PyObject *object, const char *what, const char *types,
                            int ndim, int flags)
{
    if (held->count >= MOST_VIEWS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return NULL;
    }
    Py_buffer *view = &held->view[held->count];
    if (PyObject_GetBuffer(object, view, flags | PyBUF_FORMAT) != 0) {
        return NULL;
    }
    held->count++;
    if (view->ndim != ndim || strchr(types, type_of(view)) == NULL) {
        PyErr_Format(PyExc_ValueError, "%s must have %d dimensions of type %s; found %d of %s",
                     what, ndim, types, view->ndim, view->format);
        return NULL;
    }
    return view;
}

static Py_buffer *array(Held *held, PyObject *object, const char *what, const char *types, int ndim)
{
    return held_view(held, object, what, types, ndim, PyBUF_C_CONTIGUOUS);
}

/* A flat view of a known number of elements, whatever its dimensions. */
static void *counted(Held *held, PyObject *object, const char *what, char type, Py_ssize_t n,
                     int writable)
{
    Py_buffer *view = &held->view[held->count];
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (held->count >= MOST_VIEWS || PyObject_GetBuffer(object, view, flags) != 0) {
        return NULL;
    }
    held->count++;
    if (type_of(view) != type || view->len != n * view->itemsize) {
        PyErr_Format(PyExc_ValueError, "%s must have %zd elements of type %c", what, n, type);
        return NULL;
    }
    return view->buf;
}

static int is_none(PyObject *object)
{
    return object == Py_None;
}

static int refused(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return 0;
}

static int patches_fit(long down, long across)
{
    return (down > 0 && across > 0 && down < 4096 && across < 4096 &&
            down * across <= MOST_PIXELS / (PATCH * PATCH)) ||
           refused("the number of patches");
}

static int kinds_known(const uint8_t *kind, long n)
{
    for (long i = 0; i < n; i++) {
        if (kind[i] > EXACT) {
            return refused("the kind of a patch");
        }
    }
    return 1;
}

/* Whole numbers that stay in 31 bits when positions within a million of them are added. */
static int bases_fit(const int32_t *base, long n)
{
    for (long i = 0; i < n; i++) {
        if (base[i] > (1 << 29) || base[i] < -(1 << 29)) {
            return refused("the base of a patch");
        }
    }
    return 1;
}

/* heights(heights, hidden, parts, base, terms, reference, kind, down, across, out, low, high) */
static PyObject *kernel_heights(PyObject *self, PyObject *args)
{
    PyObject *given[9];
    Ground g = {0};
    Held held = {.count = 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "OOlOOOOllOOO", &given[0], &given[1], &g.parts, &given[2], &given[3],
                          &given[4], &given[5], &g.down, &g.across, &given[6], &given[7],
                          &given[8])) {
        return NULL;
    }
    PyObject *answer = NULL;
    Py_buffer *heights = array(&held, given[0], "heights", "f", 2);
    if (heights == NULL || !patches_fit(g.down, g.across)) {
        goto end;
    }
    long n = g.down * g.across, pixels = n * PATCH * PATCH;
    g.heights = heights->buf;
    g.rows = heights->shape[0];
    g.cols = heights->shape[1];
    if (g.rows < 1 || g.cols < 1 || g.rows > (1 << 24) || g.cols > (1 << 24) || g.parts < 1 ||
        g.parts > 64) {
        refused("the size of the terrain");
        goto end;
    }
    if (!is_none(given[1]) && (g.hidden = counted(&held, given[1], "hidden", 'B',
                                                  g.rows * g.cols * g.parts * g.parts, 0)) == NULL) {
        goto end;
    }
    float *out, *low, *high;
    if ((g.base = counted(&held, given[2], "base", 'i', 2 * n, 0)) == NULL ||
        (g.terms = counted(&held, given[3], "terms", 'f', 18 * n, 0)) == NULL ||
        (g.reference = counted(&held, given[4], "reference", 'f', n, 0)) == NULL ||
        (g.kind = counted(&held, given[5], "kind", 'B', n, 0)) == NULL ||
        (out = counted(&held, given[6], "out", 'f', pixels, 1)) == NULL ||
        (low = counted(&held, given[7], "low", 'f', n, 1)) == NULL ||
        (high = counted(&held, given[8], "high", 'f', n, 1)) == NULL ||
        !bases_fit(g.base, 2 * n)) {
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    ground_heights(&g, out, low, high);
    Py_END_ALLOW_THREADS
    answer = Py_NewRef(Py_None);
end:
    give_back(&held);
    return answer;
}

/* project(numbers, lon, lat, height, col, row) */
static PyObject *kernel_project(PyObject *self, PyObject *args)
{
    PyObject *given[6];
    Held held = {.count = 0};
    PyObject *answer = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOOOOO", &given[0], &given[1], &given[2], &given[3], &given[4],
                          &given[5])) {
        return NULL;
    }
    Py_buffer *lon = array(&held, given[1], "lon", "d", 1);
    if (lon == NULL) {
        goto end;
    }
    Py_ssize_t n = lon->shape[0];
    double *numbers, *lat, *height, *col, *row;
    if ((numbers = counted(&held, given[0], "numbers", 'd', NUMBERS, 0)) == NULL ||
        (lat = counted(&held, given[2], "lat", 'd', n, 0)) == NULL ||
        (height = counted(&held, given[3], "height", 'd', n, 0)) == NULL ||
        (col = counted(&held, given[4], "col", 'd', n, 1)) == NULL ||
        (row = counted(&held, given[5], "row", 'd', n, 1)) == NULL) {
        goto end;
    }
    Py_BEGIN_ALLOW_THREADS
    camera_project(numbers, lon->buf, lat, height, n, col, row);
    Py_END_ALLOW_THREADS
    answer = Py_NewRef(Py_None);
end:
    give_back(&held);
    return answer;
}

/* What of an image is not yet in the struct while its arrays are being checked. */
typedef struct {
    Image image;
    const void *source;
    char type;
    const uint8_t *valid;
    const float *slope, *intercept;
    float *samples;
    uint8_t *usable, *whole;
} Source;

static int sized(Held *held, Source *from, Py_buffer *values)
{
    Image *im = &from->image;
    im->bands = values->shape[0];
    im->rows = values->shape[1];
    im->cols = values->shape[2];
    if (im->bands < 1 || im->bands > MOST_BANDS || im->rows < 1 || im->cols < 1 ||
        im->rows > (1 << 24) || im->cols > (1 << 24) || im->rows * im->cols > MOST_PIXELS / 2) {
        return refused("the size of a window");
    }
    im->lanes = im->bands == 1 ? 1 : LANES;
    im->groups = (im->bands + im->lanes - 1) / im->lanes;
    im->lines = im->rows + 2 * PAD;
    im->stride = im->cols + 2 * PAD;
    from->source = values->buf;
    from->type = type_of(values);
    size_t pixels = (size_t)(im->lines * im->stride);
    size_t floats = pixels * (size_t)(im->groups * im->lanes);
    from->samples = allocated(held, floats * sizeof(float));
    if (from->valid != NULL) {
        from->usable = allocated(held, pixels);
        from->whole = allocated(held, pixels);
    }
    if (from->samples == NULL || (from->valid != NULL && (!from->usable || !from->whole))) {
        PyErr_NoMemory();
        return 0;
    }
    return 1;
}

/* (values, valid, slope, intercept, base, terms, middle, inverse, kind, exact) */
static int read_image(Held *held, PyObject *tuple, long n, Source *from)
{
    PyObject *given[10];
    Image *im = &from->image;
    if (!PyArg_ParseTuple(tuple, "OOOOOOOOOO", &given[0], &given[1], &given[2], &given[3], &given[4],
                          &given[5], &given[6], &given[7], &given[8], &given[9])) {
        return 0;
    }
    Py_buffer *values = array(held, given[0], "values", "BHhf", 3);
    if (values == NULL) {
        return 0;
    }
    Py_ssize_t pixels = values->shape[1] * values->shape[2], bands = values->shape[0];
    if (!is_none(given[1]) &&
        (from->valid = counted(held, given[1], "valid", 'B', pixels, 0)) == NULL) {
        return 0;
    }
    if (!is_none(given[9]) && (im->exact = counted(held, given[9], "exact", 'f',
                                                   2 * n * PATCH * PATCH, 0)) == NULL) {
        return 0;
    }
    return (from->slope = counted(held, given[2], "slope", 'f', bands, 0)) != NULL &&
           (from->intercept = counted(held, given[3], "intercept", 'f', bands, 0)) != NULL &&
           (im->base = counted(held, given[4], "base", 'i', 2 * n, 0)) != NULL &&
           (im->terms = counted(held, given[5], "terms", 'f', 54 * n, 0)) != NULL &&
           (im->middle = counted(held, given[6], "middle", 'f', n, 0)) != NULL &&
           (im->inverse = counted(held, given[7], "inverse", 'f', n, 0)) != NULL &&
           (im->kind = counted(held, given[8], "kind", 'B', n, 0)) != NULL &&
           kinds_known(im->kind, n) && bases_fit(im->base, 2 * n) && sized(held, from, values);
}

static int exact_is_there(const Image *im, long n)
{
    for (long i = 0; i < n && im->exact == NULL; i++) {
        if (im->kind[i] == EXACT) {
            return refused("exact positions are wanting");
        }
    }
    return 1;
}

static void prepare(Source *from)
{
    window_samples(&from->image, from->source, from->type, from->valid, from->slope,
                   from->intercept, from->samples);
    if (from->valid != NULL) {
        window_masks(&from->image, from->valid, from->usable, from->whole);
    }
}

/* Where the results go: uint16 (y, x, band) or float32 (band, y, x), whole lines within a larger
 * array; valid (y, x). */
static int read_output(Held *held, PyObject *results, PyObject *valid, Output *out, long *bands)
{
    Py_buffer *r = held_view(held, results, "out", "Hf", 3, PyBUF_STRIDES | PyBUF_WRITABLE);
    Py_buffer *v = r == NULL ? NULL
                             : held_view(held, valid, "valid", "B", 2,
                                         PyBUF_STRIDES | PyBUF_WRITABLE);
    if (v == NULL) {
        return 0;
    }
    int numbers = type_of(r) == 'H';
    out->rows = r->shape[numbers ? 0 : 1];
    out->cols = r->shape[numbers ? 1 : 2];
    *bands = r->shape[numbers ? 2 : 0];
    out->stored = numbers ? r->buf : NULL;
    out->values = numbers ? NULL : r->buf;
    out->line = r->strides[numbers ? 0 : 1] / r->itemsize;
    out->plane = numbers ? 0 : r->strides[0] / r->itemsize;
    out->valid = v->buf;
    out->valid_line = v->strides[0];
    int dense = r->strides[2] == r->itemsize && v->strides[1] == 1 &&
                (!numbers || r->strides[1] == *bands * r->itemsize);
    if (!dense || v->shape[0] != out->rows || v->shape[1] != out->cols || *bands < 1 ||
        *bands > MOST_BANDS || out->rows < 1 || out->cols < 1) {
        return refused("out and valid must be of one shape, their lines dense");
    }
    return 1;
}

/* (weights, offset, floor, scale, loss) */
static int read_tone(Held *held, PyObject *tuple, long bands, Tone *tone)
{
    PyObject *weights, *loss;
    if (!PyArg_ParseTuple(tuple, "OfffO", &weights, &tone->offset, &tone->floor, &tone->scale,
                          &loss)) {
        return 0;
    }
    if (!is_none(weights) &&
        (tone->weights = counted(held, weights, "weights", 'f', bands, 0)) == NULL) {
        return 0;
    }
    return is_none(loss) || (tone->loss = counted(held, loss, "loss", 'd', 4, 1)) != NULL;
}

/* Whether images, tone and output go together. */
static int agrees(const Image *pan, const Image *ms, const Tone *tone, const Output *out)
{
    long bands = ms != NULL ? ms->bands : (pan != NULL ? pan->bands : 0);
    if (bands < tone->bands || (pan != NULL && pan->bands != 1)) {
        return refused("the number of bands");
    }
    if (pan != NULL && ms != NULL && tone->weights == NULL) {
        return refused("sharpening needs weights");
    }
    long down = out->down * PATCH, across = out->across * PATCH;
    if (out->top < 0 || out->left < 0 || out->top > down - out->rows ||
        out->left > across - out->cols) {
        return refused("the output lies outside its patches");
    }
    return 1;
}

/* render(out, valid, top, left, down, across, heights, pan, ms, tone, vectors) -> usable pixels */
static PyObject *kernel_render(PyObject *self, PyObject *args)
{
    PyObject *results, *valid, *heights, *pan, *ms, *numbers;
    Output out = {0};
    Tone tone = {0};
    Source fine = {0}, coarse = {0};
    Held held = {.count = 0};
    PyObject *answer = NULL;
    int vectors;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOllllOOOOi", &results, &valid, &out.top, &out.left, &out.down,
                          &out.across, &heights, &pan, &ms, &numbers, &vectors)) {
        return NULL;
    }
    if (!patches_fit(out.down, out.across) ||
        !read_output(&held, results, valid, &out, &tone.bands)) {
        goto end;
    }
    long n = out.down * out.across;
    const float *height = counted(&held, heights, "heights", 'f', n * PATCH * PATCH, 0);
    if (height == NULL || (!is_none(pan) && !read_image(&held, pan, n, &fine)) ||
        (!is_none(ms) && !read_image(&held, ms, n, &coarse))) {
        goto end;
    }
    const Image *p = is_none(pan) ? NULL : &fine.image, *m = is_none(ms) ? NULL : &coarse.image;
    if (!read_tone(&held, numbers, m != NULL ? m->bands : 1, &tone) || !agrees(p, m, &tone, &out) ||
        (p != NULL && !exact_is_there(p, n)) || (m != NULL && !exact_is_there(m, n))) {
        goto end;
    }
    long usable;
    Py_BEGIN_ALLOW_THREADS
    if (p != NULL) {
        prepare(&fine);
    }
    if (m != NULL) {
        prepare(&coarse);
    }
    usable = render(p, m, &tone, height, &out, vectors && has_vectors());
    Py_END_ALLOW_THREADS
    answer = PyLong_FromLong(usable);
end:
    give_back(&held);
    return answer;
}

static PyObject *kernel_vectors(PyObject *self, PyObject *none)
{
    (void)self;
    (void)none;
    return PyBool_FromLong(has_vectors());
}

static PyMethodDef methods[] = {
    {"heights", kernel_heights, METH_VARARGS, "Heights at every pixel of some patches."},
    {"project", kernel_project, METH_VARARGS, "RPC00B, ground to image."},
    {"render", kernel_render, METH_VARARGS, "The fused pass over a rectangle of pixels."},
    {"vectors", kernel_vectors, METH_NOARGS, "Whether this processor has the vector form."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_kernel", "The fused pass of satdesk in C.", 0, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModule_Create(&definition);
}
