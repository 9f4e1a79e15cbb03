/* Source samples as padded floats, calibrated, with the masks that the cubic kernel needs. */
#include "kernel.h"

#include <string.h>

/* One line of one band. A template over the type of the samples: a plain loop that vectorises. */
#define LINE_OF(type)                                                                              \
    static void line_of_##type(const void *from, const uint8_t *valid, long n, float slope,        \
                               float intercept, float *to, long step)                              \
    {                                                                                              \
        const type *x = from;                                                                      \
        if (valid == NULL) {                                                                       \
            for (long i = 0; i < n; i++) {                                                         \
                to[i * step] = (float)x[i] * slope + intercept;                                    \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (long i = 0; i < n; i++) {                                                             \
            to[i * step] = valid[i] ? (float)x[i] * slope + intercept : 0.0f;                      \
        }                                                                                          \
    }

LINE_OF(uint8_t)
LINE_OF(uint16_t)
LINE_OF(int16_t)
LINE_OF(float)

typedef void (*LineOf)(const void *, const uint8_t *, long, float, float, float *, long);

static LineOf reader_of(char type, long *size)
{
    switch (type) {
    case 'B':
        *size = 1;
        return line_of_uint8_t;
    case 'H':
        *size = 2;
        return line_of_uint16_t;
    case 'h':
        *size = 2;
        return line_of_int16_t;
    default:
        *size = 4;
        return line_of_float;
    }
}

/* Zeros around the window and in the lanes that no band fills. */
static void clear_border(const Image *image, float *samples)
{
    long line = image->stride * image->lanes;
    int padded_lanes = image->lanes > 1 && image->bands % image->lanes != 0;
    for (long group = 0; group < image->groups; group++) {
        float *plane = samples + group * image->lines * line;
        if (padded_lanes && group == image->groups - 1) {
            memset(plane, 0, (size_t)(image->lines * line) * sizeof(float));
            continue;
        }
        memset(plane, 0, (size_t)(PAD * line) * sizeof(float));
        memset(plane + (PAD + image->rows) * line, 0, (size_t)(PAD * line) * sizeof(float));
        for (long y = PAD; y < PAD + image->rows; y++) {
            float *here = plane + y * line;
            memset(here, 0, (size_t)(PAD * image->lanes) * sizeof(float));
            memset(here + (PAD + image->cols) * image->lanes, 0,
                   (size_t)((image->stride - PAD - image->cols) * image->lanes) * sizeof(float));
        }
    }
}

void window_samples(Image *image, const void *source, char type, const uint8_t *valid,
                    const float *slope, const float *intercept, float *samples)
{
    long size;
    LineOf line_of = reader_of(type, &size);
    const char *from = source;
    clear_border(image, samples);
    for (long y = 0; y < image->rows; y++) {
        const uint8_t *usable = valid == NULL ? NULL : valid + y * image->cols;
        for (long band = 0; band < image->bands; band++) {
            long group = band / image->lanes;
            float *to = samples + group * image->lines * image->stride * image->lanes;
            to += ((y + PAD) * image->stride + PAD) * image->lanes + band % image->lanes;
            const char *line = from + (band * image->rows + y) * image->cols * size;
            line_of(line, usable, image->cols, slope[band], intercept[band], to, image->lanes);
        }
    }
    image->samples = samples;
}

/* whole[y][x] = all of usable[y .. y+3][x .. x+3]; the last three lines and columns are 0. */
static void boxes(const Image *image, const uint8_t *usable, uint8_t *whole)
{
    long stride = image->stride;
    memset(whole, 0, (size_t)(image->lines * stride));
    for (long y = 0; y + 3 < image->lines; y++) {
        const uint8_t *a = usable + y * stride;
        uint8_t *to = whole + y * stride;
        for (long x = 0; x < stride; x++) {
            to[x] = a[x] & a[x + stride] & a[x + 2 * stride] & a[x + 3 * stride];
        }
        for (long x = 0; x + 3 < stride; x++) {
            to[x] = to[x] & to[x + 1] & to[x + 2] & to[x + 3];
        }
        to[stride - 3] = to[stride - 2] = to[stride - 1] = 0;
    }
}

void window_masks(Image *image, const uint8_t *valid, uint8_t *usable, uint8_t *whole)
{
    memset(usable, 0, (size_t)(image->lines * image->stride));
    for (long y = 0; y < image->rows; y++) {
        uint8_t *to = usable + (y + PAD) * image->stride + PAD;
        for (long x = 0; x < image->cols; x++) {
            to[x] = valid == NULL || valid[y * image->cols + x];
        }
    }
    boxes(image, usable, whole);
    image->usable = usable;
    image->whole = whole;
}
