/* Heights at every pixel: bilinear between the centres of cells, as geometry/resample.bilinear_at. */
#ifndef SATDESK_GROUND_H
#define SATDESK_GROUND_H

#include "kernel.h"

#include <math.h>
#include <string.h>

typedef struct {
    const Ground *ground;
    const int32_t *base;
    float reference;
} Cells;

/* One coordinate of a line's pixels: from the base, cells' centres whole. */
INLINE void places(const float *terms, float v, float *restrict place)
{
    float a = terms[0] + v * (terms[3] + v * terms[6]);
    float b = terms[1] + v * (terms[4] + v * terms[7]);
    float c = terms[2] + v * (terms[5] + v * terms[8]);
    for (int i = 0; i < PATCH; i++) {
        float x = a + ALONG[i] * (b + ALONG[i] * c);
        x = x > -1e6f ? x : -1e6f; /* what is not finite becomes far away */
        place[i] = x < 1e6f ? x : -1e6f;
    }
}

/* First of the two cells around each place along one axis, and the share of the second; returns
 * how many places lie beyond the outermost centres. There known becomes 0 and the cell the first. */
INLINE int between(const float *restrict place, int32_t base, int32_t size, int32_t *restrict cell,
                   float *restrict share, int32_t *restrict known)
{
    int beyond = 0;
    int32_t last = size - 1, several = size > 1;
    for (int i = 0; i < PATCH; i++) {
        float whole = (float)(int32_t)place[i];
        whole = whole > place[i] ? whole - 1.0f : whole;
        float rest = place[i] - whole;
        int32_t at = (int32_t)whole + base;
        int32_t inside = (at >= 0) & ((at < last) | ((at == last) & (rest == 0.0f)));
        int32_t end = (at == last) & several;
        cell[i] = inside ? at - end : 0;
        share[i] = end ? 1.0f : rest;
        known[i] &= inside;
        beyond += 1 - inside;
    }
    return beyond;
}

INLINE long clipped(long x, long size)
{
    return x < 0 ? 0 : (x >= size ? size - 1 : x);
}

INLINE long part_of(int32_t base, float place, long parts)
{
    float x = (place + 0.5f) * (float)parts;
    int32_t whole = (int32_t)x;
    return (long)base * parts + whole - ((float)whole > x);
}

/* Takes away the heights of places that relief hides. */
INLINE void hide(const Cells *cells, const float *col, const float *row, float *height)
{
    const Ground *g = cells->ground;
    long rows = g->rows * g->parts, cols = g->cols * g->parts;
    for (int i = 0; i < PATCH; i++) {
        long across = clipped(part_of(cells->base[0], col[i], g->parts), cols);
        long down = clipped(part_of(cells->base[1], row[i], g->parts), rows);
        if (g->hidden[down * cols + across]) {
            height[i] = NAN;
        }
    }
}

/* A cell and the one to its right, or itself twice where there is but one column. */
INLINE void pair(float *to, const float *at, int32_t right)
{
    if (right) {
        memcpy(to, at, 2 * sizeof *to);
    } else {
        to[0] = to[1] = at[0];
    }
}

INLINE void patch_line(const Cells *cells, const float *terms, float v, float *restrict height)
{
    const Ground *g = cells->ground;
    const float *h = g->heights;
    float col[PATCH], row[PATCH], a[PATCH], b[PATCH], reference = cells->reference;
    float above[2 * PATCH], below[2 * PATCH];
    int32_t left[PATCH], top[PATCH], known[PATCH];
    int32_t cols = (int32_t)g->cols, right = cols > 1, down = g->rows > 1 ? cols : 0;
    places(terms, v, col);
    places(terms + 9, v, row);
    for (int i = 0; i < PATCH; i++) {
        known[i] = 1;
    }
    int beyond = between(col, cells->base[0], cols, left, a, known);
    beyond += between(row, cells->base[1], (int32_t)g->rows, top, b, known);
    for (int i = 0; i < PATCH; i++) { /* neighbours in one load: see pair */
        const float *at = h + (top[i] * cols + left[i]);
        pair(above + 2 * i, at, right);
        pair(below + 2 * i, at + down, right);
    }
    for (int i = 0; i < PATCH; i++) {
        float p = above[2 * i], q = above[2 * i + 1], r = below[2 * i], s = below[2 * i + 1];
        float upper = (p - reference) + a[i] * (q - p);
        float lower = (r - reference) + a[i] * (s - r);
        height[i] = upper + b[i] * (lower - upper);
    }
    for (int i = 0; beyond && i < PATCH; i++) {
        height[i] = known[i] ? height[i] : NAN;
    }
    if (g->hidden != NULL) {
        hide(cells, col, row, height);
    }
}

INLINE void range_of(const float *restrict height, float *restrict low, float *restrict high)
{
    for (int i = 0; i < PATCH; i++) {
        low[i] = height[i] < low[i] ? height[i] : low[i];
        high[i] = height[i] > high[i] ? height[i] : high[i];
    }
}

INLINE void patch_heights(const Cells *cells, const float *terms, long width, float *height,
                          float *low, float *high)
{
    float lowest[PATCH], highest[PATCH];
    for (int i = 0; i < PATCH; i++) {
        lowest[i] = INFINITY;
        highest[i] = -INFINITY;
    }
    for (int line = 0; line < PATCH; line++) {
        patch_line(cells, terms, ALONG[line], height + line * width);
        range_of(height + line * width, lowest, highest);
    }
    for (int i = 0; i < PATCH; i++) {
        *low = lowest[i] < *low ? lowest[i] : *low;
        *high = highest[i] > *high ? highest[i] : *high;
    }
}

INLINE void unknown(float *height, long width)
{
    for (int line = 0; line < PATCH; line++) {
        for (int i = 0; i < PATCH; i++) {
            height[line * width + i] = NAN;
        }
    }
}

INLINE void all_heights(const Ground *ground, float *height, float *low, float *high)
{
    long width = ground->across * PATCH;
    for (long patch = 0; patch < ground->down * ground->across; patch++) {
        float *first = height + (patch / ground->across) * PATCH * width;
        first += (patch % ground->across) * PATCH;
        Cells cells = {ground, ground->base + 2 * patch, ground->reference[patch]};
        low[patch] = INFINITY;
        high[patch] = -INFINITY;
        if (ground->kind[patch] == SMOOTH) {
            patch_heights(&cells, ground->terms + patch * 18, width, first, low + patch,
                          high + patch);
        } else {
            unknown(first, width);
        }
    }
}

#endif
