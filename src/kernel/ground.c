/* Heights at every pixel: bilinear between the centres of cells, as geometry/resample.bilinear_at. */
#include "kernel.h"

#include <math.h>

typedef struct {
    const Ground *ground;
    const int32_t *base;
    float reference;
} Cells;

/* A coordinate of a cell by its floor; one that is not finite becomes far away. */
static inline float bounded(float x)
{
    return (x > -1e6f && x < 1e6f) ? x : -1e6f;
}

static inline int32_t floored(float x)
{
    int32_t whole = (int32_t)x;
    return whole - ((float)whole > x);
}

/* First of the two cells around a position along one axis, and the share of the second.
 * False beyond the outermost centres. */
static inline int between(int32_t base, float offset, long cells, long *first, float *share)
{
    int32_t whole = floored(offset);
    long cell = (long)base + whole;
    *share = offset - (float)whole;
    if (cell < 0 || cell > cells - 1 || (cell == cells - 1 && *share > 0.0f)) {
        return 0;
    }
    if (cell == cells - 1 && cells > 1) {
        cell -= 1;
        *share = 1.0f;
    }
    *first = cell;
    return 1;
}

static long clipped(long x, long size)
{
    return x < 0 ? 0 : (x >= size ? size - 1 : x);
}

/* Whether relief hides the place at offsets col, row (from the base, cells' centres). */
static int is_hidden(const Cells *cells, float col, float row)
{
    const Ground *g = cells->ground;
    float parts = (float)g->parts;
    long across = cells->base[0] * g->parts + floored((col + 0.5f) * parts);
    long down = cells->base[1] * g->parts + floored((row + 0.5f) * parts);
    across = clipped(across, g->cols * g->parts);
    down = clipped(down, g->rows * g->parts);
    return g->hidden[down * g->cols * g->parts + across];
}

static inline float height_at(const Cells *cells, float col, float row)
{
    const Ground *g = cells->ground;
    long left, top;
    float a, b;
    if (!between(cells->base[0], col, g->cols, &left, &a) ||
        !between(cells->base[1], row, g->rows, &top, &b)) {
        return NAN;
    }
    const float *upper = g->heights + top * g->cols + left;
    const float *lower = upper + (g->rows > 1 ? g->cols : 0);
    long right = g->cols > 1;
    float above = (upper[0] - cells->reference) + a * (upper[right] - upper[0]);
    float below = (lower[0] - cells->reference) + a * (lower[right] - lower[0]);
    float height = above + b * (below - above);
    return g->hidden != NULL && is_hidden(cells, col, row) ? NAN : height;
}

static void patch_line(const Cells *cells, const float *terms, int line, float *height)
{
    float v = (float)((2.0 * line - (PATCH - 1)) / (PATCH - 1));
    float at[2][3];
    for (int c = 0; c < 2; c++) {
        for (int j = 0; j < 3; j++) {
            const float *t = terms + c * 9 + j;
            at[c][j] = t[0] + v * (t[3] + v * t[6]);
        }
    }
    for (int i = 0; i < PATCH; i++) {
        float u = (float)((2.0 * i - (PATCH - 1)) / (PATCH - 1));
        float col = bounded(at[0][0] + u * (at[0][1] + u * at[0][2]));
        float row = bounded(at[1][0] + u * (at[1][1] + u * at[1][2]));
        height[i] = height_at(cells, col, row);
    }
}

static void range_of(const float *height, float *low, float *high)
{
    for (int i = 0; i < PATCH; i++) {
        if (height[i] < *low) {
            *low = height[i];
        }
        if (height[i] > *high) {
            *high = height[i];
        }
    }
}

void ground_heights(const Ground *ground, float *height, float *low, float *high)
{
    long width = ground->across * PATCH;
    for (long patch = 0; patch < ground->down * ground->across; patch++) {
        float *first = height + (patch / ground->across) * PATCH * width;
        first += (patch % ground->across) * PATCH;
        Cells cells = {ground, ground->base + 2 * patch, ground->reference[patch]};
        low[patch] = INFINITY;
        high[patch] = -INFINITY;
        for (int line = 0; line < PATCH; line++) {
            float *here = first + line * width;
            if (ground->kind[patch] == SMOOTH) {
                patch_line(&cells, ground->terms + patch * 18, line, here);
                range_of(here, low + patch, high + patch);
            } else {
                for (int i = 0; i < PATCH; i++) {
                    here[i] = NAN;
                }
            }
        }
    }
}
