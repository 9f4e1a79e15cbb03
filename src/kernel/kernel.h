/* The numbers that the fused pass works on, and its four steps.
 *
 * What is computed is defined in satdesk/products/fused.py and its parts; satdesk/geometry/onepass.py
 * computes the same with numpy, to the last bit: every operation here is a single IEEE 754 addition,
 * multiplication or division in the order that stands there. So nothing may be contracted into fused
 * multiply-adds (-ffp-contract=off), and the plain and the vector path give the same bytes.
 *
 * Everything is computed on patches of PATCH x PATCH pixels, counted from the output grid's first
 * pixel. The callers in module.c have checked all lengths; positions are checked here.
 */
#ifndef SATDESK_KERNEL_H
#define SATDESK_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define PATCH 128      /* pixels along the side of a patch */
#define PAD 3          /* unusable pixels laid around a window, so that every tap lies in memory */
#define LANES 4        /* bands that stand beside each other in a window of several bands */
#define MOST_BANDS 32

/* How the positions of a patch are known. */
enum { OUTSIDE = 0, SMOOTH = 1, EXACT = 2 };

/* What may be done with one pixel of the output. */
enum { UNUSABLE = 0, WHOLE = 1, BROKEN = 2 };

/* The terrain under some patches. */
typedef struct {
    const float *heights;   /* rows x cols, metres, NaN = unknown */
    long rows, cols;
    const uint8_t *hidden;  /* (rows * parts) x (cols * parts), 1 = not seen; or NULL */
    long parts;
    const int32_t *base;    /* patch x 2: col, row of a cell near the patch */
    const float *terms;     /* patch x 2 x 3 x 3: col, row by v and u, from the base */
    const float *reference; /* patch: a height that is taken off, metres */
    const uint8_t *kind;    /* patch: SMOOTH, or anything else for unknown */
    long down, across;      /* patches */
} Ground;

/* One image: a window of its samples, and where each patch looks into it. */
typedef struct {
    long bands, groups, lanes;
    long rows, cols;         /* of the window */
    long lines, stride;      /* of the window with its padding */
    const float *samples;    /* group x lines x stride x lanes; 0 where unusable */
    const uint8_t *usable;   /* lines x stride; NULL where all of the window is */
    const uint8_t *whole;    /* lines x stride: the 4 x 4 pixels from here on are usable; or NULL */
    const int32_t *base;     /* patch x 2: col, row in the window, padding not counted */
    const float *terms;      /* patch x 2 x 3 x 3 x 3: col, row by height, v and u, from the base */
    const float *middle;     /* patch: height in the middle, from the reference */
    const float *inverse;    /* patch: 1 / half of the range of heights */
    const uint8_t *kind;     /* patch */
    const float *exact;      /* 2 x (down * PATCH) x (across * PATCH) from the base; or NULL */
} Image;

/* Weighted Brovey's numbers, and what is to be stored. */
typedef struct {
    const float *weights;    /* one a band of MS */
    float offset, floor;
    float scale;             /* stored = rint(value * scale), when whole numbers are stored */
    long bands;              /* the first so many bands are stored */
    double *loss;            /* sum |v|, sum |v - stored|, lowest, highest of what is stored; or NULL */
} Tone;

/* A rectangle of the patches' pixels, and where its results go. */
typedef struct {
    long top, left, rows, cols; /* counted from the first pixel of the first patch */
    long down, across;          /* patches */
    uint16_t *stored;           /* row x col x band; or NULL */
    float *values;              /* band x row x col; or NULL */
    long plane, line;           /* elements from band to band (values), from row to row */
    uint8_t *valid;             /* row x col */
    long valid_line;
} Output;

/* ground.c: heights (down * PATCH) x (across * PATCH) less the reference; NaN = unknown.
 * low, high: patch; lowest and highest known height, +inf and -inf where none is. */
void ground_heights(const Ground *ground, float *height, float *low, float *high);

/* window.c: the samples of one image as floats, padded. Types: 'B', 'H', 'h', 'f'.
 * Each fills what it is given, of the sizes above. */
void window_samples(Image *image, const void *source, char type, const uint8_t *valid,
                    const float *slope, const float *intercept, float *samples);
void window_masks(Image *image, const uint8_t *valid, uint8_t *usable, uint8_t *whole);

/* rows.c: everything else. Either image may be NULL; returns the number of usable pixels. */
long render(const Image *pan, const Image *ms, const Tone *tone, const float *height,
            const Output *out, int vectors);
int has_vectors(void);

/* camera.c: RPC00B, ground to image; NUMBERS doubles as geometry/patches.py lists them. */
#define NUMBERS 96
void camera_project(const double *numbers, const double *lon, const double *lat,
                    const double *height, long n, double *col, double *row);

#endif
