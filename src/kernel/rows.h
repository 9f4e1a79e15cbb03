/* The fused pass over one line of one patch, in plain C that vectorises, written once and compiled
 * for each processor (rows.c). Order of operations: see kernel.h. */
#ifndef SATDESK_ROWS_H
#define SATDESK_ROWS_H

#include "kernel.h"

#include <math.h>
#include <string.h>

/* Where the pixels of a line look into one image. */
typedef struct {
    int32_t at[PATCH];    /* index of the first of 4 x 4 taps in the padded window */
    float fx[PATCH], fy[PATCH]; /* from the second tap's centre, 0 to 1 */
    uint8_t state[PATCH];
    int clean;            /* every pixel is WHOLE */
} Places;

/* A line's values in one image, band by band. */
typedef struct {
    float band[MOST_BANDS + LANES][PATCH];
} Values;

/* Positions by the quadratics of a patch: first in v, then in u, then in height. */
INLINE void smooth_line(const Image *im, long patch, int line, int x0, int n,
                        const float *restrict height, float *restrict col, float *restrict row)
{
    const float *terms = im->terms + patch * 54;
    float v = ALONG[line], middle = im->middle[patch], inverse = im->inverse[patch];
    float r[2][3][3];
    for (int c = 0; c < 2; c++) {
        for (int k = 0; k < 3; k++) {
            for (int j = 0; j < 3; j++) {
                const float *t = terms + (c * 3 + k) * 9 + j;
                r[c][k][j] = t[0] + v * (t[3] + v * t[6]);
            }
        }
    }
    for (int i = 0; i < n; i++) {
        float u = ALONG[x0 + i], t = (height[i] - middle) * inverse;
        float a = r[0][0][0] + u * (r[0][0][1] + u * r[0][0][2]);
        float b = r[0][1][0] + u * (r[0][1][1] + u * r[0][1][2]);
        float c = r[0][2][0] + u * (r[0][2][1] + u * r[0][2][2]);
        col[i] = a + t * (b + t * c);
        a = r[1][0][0] + u * (r[1][0][1] + u * r[1][0][2]);
        b = r[1][1][0] + u * (r[1][1][1] + u * r[1][1][2]);
        c = r[1][2][0] + u * (r[1][2][1] + u * r[1][2][2]);
        row[i] = a + t * (b + t * c);
    }
}

/* Positions that are not finite, or far away, become such as lie outside every window. */
INLINE void bound(float *restrict position, int n)
{
    for (int i = 0; i < n; i++) {
        float p = position[i] > -1e6f ? position[i] : -1e6f;
        position[i] = p < 1e6f ? p : -1e6f;
    }
}

/* A bounded position as its floor and the rest. */
INLINE void split(const float *restrict position, int n, int32_t shift, int32_t *restrict whole,
                  float *restrict rest)
{
    for (int i = 0; i < n; i++) {
        float p = position[i], f = (float)(int32_t)p;
        f = f > p ? f - 1.0f : f;
        rest[i] = p - f;
        whole[i] = (int32_t)f + shift;
    }
}

/* What may be done at one pixel whose first tap is x, y in the padded window. */
INLINE uint8_t state_of(const Image *im, int32_t x, int32_t y, float fx, float fy)
{
    long col = x + 1 + (fx >= 0.5f), row = y + 1 + (fy >= 0.5f);
    if (col < PAD || row < PAD || col >= PAD + im->cols || row >= PAD + im->rows) {
        return UNUSABLE;
    }
    if (im->usable == NULL) {
        int inner = x >= PAD && y >= PAD && x + 3 < PAD + im->cols && y + 3 < PAD + im->rows;
        return inner ? WHOLE : BROKEN;
    }
    if (!im->usable[row * im->stride + col]) {
        return UNUSABLE;
    }
    return im->whole[y * im->stride + x] ? WHOLE : BROKEN;
}

/* BROKEN pixels keep their first tap, which state_of has found to lie in the padded window. */
INLINE void judge(const Image *im, int n, const int32_t *restrict x, const int32_t *restrict y,
                  Places *restrict to)
{
    int32_t left = INT32_MAX, right = INT32_MIN, top = INT32_MAX, bottom = INT32_MIN;
    for (int i = 0; i < n; i++) {
        left = x[i] < left ? x[i] : left;
        right = x[i] > right ? x[i] : right;
        top = y[i] < top ? y[i] : top;
        bottom = y[i] > bottom ? y[i] : bottom;
    }
    to->clean = im->usable == NULL && left >= PAD && top >= PAD && right + 3 < PAD + im->cols &&
                bottom + 3 < PAD + im->rows;
    int32_t stride = (int32_t)im->stride;
    if (to->clean) {
        for (int i = 0; i < n; i++) {
            to->at[i] = y[i] * stride + x[i];
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        to->state[i] = state_of(im, x[i], y[i], to->fx[i], to->fy[i]);
        to->at[i] = to->state[i] == UNUSABLE ? 0 : y[i] * stride + x[i];
    }
}

INLINE void place_line(const Image *im, const Output *out, long patch, int line, int x0, int n,
                       const float *height, Places *to)
{
    float col[PATCH], row[PATCH];
    int32_t x[PATCH], y[PATCH];
    if (im->kind[patch] == SMOOTH) {
        smooth_line(im, patch, line, x0, n, height, col, row);
    } else {
        long width = out->across * PATCH, plane = out->down * PATCH * width;
        long first = ((patch / out->across) * PATCH + line) * width;
        first += (patch % out->across) * PATCH + x0;
        memcpy(col, im->exact + first, (size_t)n * sizeof(float));
        memcpy(row, im->exact + plane + first, (size_t)n * sizeof(float));
    }
    bound(col, n);
    bound(row, n);
    split(col, n, im->base[2 * patch] + PAD - 1, x, to->fx);
    split(row, n, im->base[2 * patch + 1] + PAD - 1, y, to->fy);
    judge(im, n, x, y, to);
}

/* Keys' cubic, a = -0.5, of four taps at -1-t, -t, 1-t, 2-t; Horner's rule, tap by tap. */
INLINE void keys(float t, float w[4])
{
    w[0] = 0.0f + t * (-0.5f + t * (1.0f + t * -0.5f));
    w[1] = 1.0f + t * (0.0f + t * (-2.5f + t * 1.5f));
    w[2] = 0.0f + t * (0.5f + t * (2.0f + t * -1.5f));
    w[3] = 0.0f + t * (0.0f + t * (-0.5f + t * 0.5f));
}

/* One band at one pixel all of whose taps count. The order of the last sum differs between images
 * of one band and of several, as their vector forms do. */
INLINE float cubic_at(const float *first, long stride, long lanes, const float *wx, const float *wy)
{
    float m[4];
    for (int k = 0; k < 4; k++) {
        const float *s = first + k * lanes;
        float a = wy[0] * s[0] + wy[1] * s[stride * lanes];
        a = a + wy[2] * s[2 * stride * lanes];
        a = a + wy[3] * s[3 * stride * lanes];
        m[k] = wx[k] * a;
    }
    return lanes == 1 ? (m[0] + m[1]) + (m[2] + m[3]) : (m[0] + m[2]) + (m[1] + m[3]);
}

INLINE const float *band_of(const Image *im, long band)
{
    long group = band / im->lanes;
    return im->samples + group * im->lines * im->stride * im->lanes + band % im->lanes;
}

INLINE void gather_plain(const Image *im, const Places *p, int n, Values *to)
{
    for (int i = 0; i < n; i++) {
        float wx[4], wy[4];
        keys(p->fx[i], wx);
        keys(p->fy[i], wy);
        for (long band = 0; band < im->bands; band++) {
            const float *first = band_of(im, band) + p->at[i] * im->lanes;
            to->band[band][i] = cubic_at(first, im->stride, im->lanes, wx, wy);
        }
    }
}

INLINE int counts_at(const Image *im, long at)
{
    if (im->usable != NULL) {
        return im->usable[at];
    }
    long x = at % im->stride, y = at / im->stride;
    return x >= PAD && y >= PAD && x < PAD + im->cols && y < PAD + im->rows;
}

/* Whether every tap of a pixel counts, or has no weight. */
INLINE int taps_count(const Image *im, long at, const float *wx, const float *wy)
{
    for (int r = 0; r < 4; r++) {
        for (int c = 0; c < 4; c++) {
            if (wy[r] * wx[c] != 0.0f && !counts_at(im, at + r * im->stride + c)) {
                return 0;
            }
        }
    }
    return 1;
}

/* Bilinear weights of the four middle taps: those that do not count have none, and where that
 * changes anything the others are divided by their sum. */
INLINE float linear_weights(const Image *im, long at, float fx, float fy, float w[4])
{
    float x[2] = {1.0f - fx, fx}, y[2] = {1.0f - fy, fy}, sum = 0.0f;
    int whole = 1;
    for (int k = 0; k < 4; k++) {
        float weight = y[k / 2] * x[k % 2];
        int counts = counts_at(im, at + (1 + k / 2) * im->stride + 1 + k % 2);
        whole = whole && (counts || weight == 0.0f);
        w[k] = counts ? weight : 0.0f;
        sum = sum + w[k];
    }
    return whole ? 1.0f : sum;
}

/* The pixels that the fast form must not answer: geometry/resample says what holds for them. */
INLINE void mend(const Image *im, const Places *p, int n, Values *to)
{
    for (int i = 0; i < n; i++) {
        if (p->state[i] != BROKEN) {
            continue;
        }
        float wx[4], wy[4], w[4];
        keys(p->fx[i], wx);
        keys(p->fy[i], wy);
        int whole = taps_count(im, p->at[i], wx, wy);
        float sum = linear_weights(im, p->at[i], p->fx[i], p->fy[i], w);
        for (long band = 0; band < im->bands; band++) {
            const float *first = band_of(im, band) + p->at[i] * im->lanes;
            if (whole) {
                to->band[band][i] = cubic_at(first, im->stride, im->lanes, wx, wy);
                continue;
            }
            float total = 0.0f;
            for (int k = 0; k < 4; k++) {
                long tap = (1 + k / 2) * im->stride + 1 + k % 2;
                total = total + w[k] * first[tap * im->lanes];
            }
            to->band[band][i] = total / sum;
        }
    }
}

/* Weighted Brovey in place: radiometry/sharpen.weighted_brovey, in single precision. */
INLINE void sharpen_line(const Tone *tone, long bands, const float *pan, int n, Values *ms)
{
    float ratio[PATCH], sum[PATCH];
    memset(sum, 0, sizeof sum);
    for (long b = 0; b < bands; b++) {
        for (int i = 0; i < n; i++) {
            sum[i] = sum[i] + tone->weights[b] * ms->band[b][i];
        }
    }
    for (int i = 0; i < n; i++) {
        float detail = pan[i] - tone->offset;
        int dark = sum[i] < tone->floor;
        float above = dark ? detail - sum[i] : detail, below = dark ? tone->floor : sum[i];
        float q = above / below;
        q = dark ? 1.0f + q : q;
        ratio[i] = q > 0.0f ? q : 0.0f;
    }
    for (long b = 0; b < bands; b++) {
        for (int i = 0; i < n; i++) {
            float v = ms->band[b][i] * ratio[i];
            ms->band[b][i] = (v > 0.0f && v < INFINITY) ? v : 0.0f;
        }
    }
}

/* Whole numbers from 1 to 65535, halves to even; 0 where not usable. */
INLINE void whole_numbers(const float *value, float scale, const uint8_t *valid, int n, uint16_t *to)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it leaves no fraction */
    for (int i = 0; i < n; i++) {
        float q = value[i] * scale;
        q = q > 1.0f ? q : 1.0f;
        q = q < 65535.0f ? q : 65535.0f;
        q = (q + magic) - magic;
        to[i] = valid[i] ? (uint16_t)(int32_t)q : 0;
    }
}

typedef struct {
    float size[PATCH], change[PATCH], low[PATCH], high[PATCH];
} Changes;

INLINE void changes_of(const float *restrict value, const uint8_t *restrict valid,
                       Changes *restrict to)
{
    const float magic = 12582912.0f; /* as in whole_numbers */
    for (int i = 0; i < PATCH; i++) {
        float v = value[i], whole = v > 0.0f ? v : 0.0f;
        whole = whole < 65535.0f ? whole : 65535.0f;
        whole = (whole + magic) - magic;
        to->size[i] = valid[i] ? fabsf(v) : 0.0f;
        to->change[i] = valid[i] ? fabsf(v - whole) : 0.0f;
        to->low[i] = valid[i] ? v : INFINITY;
        to->high[i] = valid[i] ? v : -INFINITY;
    }
}

INLINE void add_changes(const Changes *restrict c, Changes *restrict to)
{
    for (int i = 0; i < PATCH; i++) {
        to->size[i] += c->size[i];
        to->change[i] += c->change[i];
        to->low[i] = c->low[i] < to->low[i] ? c->low[i] : to->low[i];
        to->high[i] = c->high[i] > to->high[i] ? c->high[i] : to->high[i];
    }
}

/* The upper half added to the lower one, again and again: a sum in an order that vectorises. */
INLINE void fold(Changes *c)
{
    for (int half = PATCH / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            c->size[i] += c->size[i + half];
            c->change[i] += c->change[i + half];
            c->low[i] = c->low[i + half] < c->low[i] ? c->low[i + half] : c->low[i];
            c->high[i] = c->high[i + half] > c->high[i] ? c->high[i + half] : c->high[i];
        }
    }
}

/* What storing changes: see Tone. The bands of a pixel are summed, then the pixels of a patch's
 * line, in single precision; lines in double. */
INLINE void account(const Values *from, long bands, const uint8_t *valid, int n, double *loss)
{
    Changes c, more;
    uint8_t counts[PATCH] = {0};
    memcpy(counts, valid, n > 0 ? (size_t)n : 0);
    changes_of(from->band[0], counts, &c);
    for (long b = 1; b < bands; b++) {
        changes_of(from->band[b], counts, &more);
        add_changes(&more, &c);
    }
    fold(&c);
    loss[0] += (double)c.size[0];
    loss[1] += (double)c.change[0];
    loss[2] = (double)c.low[0] < loss[2] ? (double)c.low[0] : loss[2];
    loss[3] = (double)c.high[0] > loss[3] ? (double)c.high[0] : loss[3];
}

INLINE void store_numbers(const Tone *tone, const Values *from, const uint8_t *valid, int n,
                          uint16_t *to)
{
    uint16_t numbers[MOST_BANDS][PATCH];
    for (long b = 0; b < tone->bands; b++) {
        whole_numbers(from->band[b], tone->scale, valid, n, numbers[b]);
    }
    if (tone->loss != NULL) {
        account(from, tone->bands, valid, n, tone->loss);
    }
    if (tone->bands == 4) {
        for (int i = 0; i < n; i++) {
            to[4 * i] = numbers[0][i];
            to[4 * i + 1] = numbers[1][i];
            to[4 * i + 2] = numbers[2][i];
            to[4 * i + 3] = numbers[3][i];
        }
        return;
    }
    for (long b = 0; b < tone->bands; b++) {
        for (int i = 0; i < n; i++) {
            to[i * tone->bands + b] = numbers[b][i];
        }
    }
}

INLINE void store_values(const Tone *tone, const Output *out, const Values *from,
                         const uint8_t *valid, int n, float *to)
{
    for (long b = 0; b < tone->bands; b++) {
        for (int i = 0; i < n; i++) {
            to[b * out->plane + i] = valid[i] ? from->band[b][i] : 0.0f;
        }
    }
}

INLINE long store_valid(const Places *pan, const Places *ms, int n, uint8_t *valid)
{
    long usable = 0;
    if ((pan == NULL || pan->clean) && (ms == NULL || ms->clean)) {
        memset(valid, 1, n > 0 ? (size_t)n : 0);
        return n;
    }
    for (int i = 0; i < n; i++) {
        uint8_t p = pan == NULL || pan->clean || pan->state[i] != UNUSABLE;
        uint8_t m = ms == NULL || ms->clean || ms->state[i] != UNUSABLE;
        valid[i] = p & m;
        usable += p & m;
    }
    return usable;
}

typedef void (*Gather)(const Image *, const Places *, int, Values *);

/* Asks for the samples that the next line will add: lines of a window lie pages apart, which no
 * processor foresees. Changes no value, and may ask for what lies behind the window. */
INLINE void ask_ahead(const Image *im, const Places *p)
{
#if defined(__GNUC__)
    uintptr_t next = (uintptr_t)(im->samples + p->at[0] * im->lanes);
    next += (uintptr_t)(4 * im->stride * im->lanes) * sizeof(float);
    for (int i = 0; i < PATCH + 32; i += 16) {
        __builtin_prefetch((const void *)(next + (uintptr_t)i * sizeof(float)), 0, 3);
    }
#else
    (void)im;
    (void)p;
#endif
}

/* Fill a line to whole vectors: what follows the last pixel looks at the first tap of the window. */
INLINE void fill_up(Places *p, int n)
{
    for (int i = n; i < ((n + 7) & ~7); i++) {
        p->at[i] = 0;
        p->fx[i] = p->fy[i] = 0.0f;
        p->state[i] = UNUSABLE;
    }
}

INLINE void values_of(const Image *im, Places *p, int n, Gather gather, Values *to)
{
    fill_up(p, n);
    ask_ahead(im, p);
    gather(im, p, n, to);
    if (!p->clean) {
        mend(im, p, n, to);
    }
}

INLINE int all_unusable(const Places *p, int n)
{
    int any = 0;
    if (p->clean) { /* states are not written then */
        return 0;
    }
    for (int i = 0; i < n; i++) {
        any |= p->state[i] != UNUSABLE;
    }
    return !any;
}

/* Where an image is not seen at all: what the steps that follow would come to. */
INLINE long store_nothing(const Tone *tone, const Output *out, int n, uint8_t *valid, long y, long x)
{
    size_t count = n > 0 ? (size_t)n : 0;
    memset(valid, 0, count);
    if (out->stored != NULL) {
        memset(out->stored + y * out->line + x * tone->bands, 0,
               count * (size_t)tone->bands * sizeof(uint16_t));
        return 0;
    }
    for (long b = 0; b < tone->bands; b++) {
        memset(out->values + b * out->plane + y * out->line + x, 0, count * sizeof(float));
    }
    return 0;
}

/* One line of one patch, n pixels from x0 on; y and x count in the output. */
INLINE long render_line(const Image *pan, const Image *ms, const Tone *tone, const float *height,
                        const Output *out, long patch, int line, int x0, int n, long y, long x,
                        Gather gather)
{
    Places p, m;
    Values detail, colour;
    uint8_t *valid = out->valid + y * out->valid_line + x;
    if ((pan != NULL && pan->kind[patch] == OUTSIDE) || (ms != NULL && ms->kind[patch] == OUTSIDE)) {
        return store_nothing(tone, out, n, valid, y, x);
    }
    if (pan != NULL) {
        place_line(pan, out, patch, line, x0, n, height, &p);
    }
    if (ms != NULL) {
        place_line(ms, out, patch, line, x0, n, height, &m);
    }
    if ((pan != NULL && all_unusable(&p, n)) || (ms != NULL && all_unusable(&m, n))) {
        return store_nothing(tone, out, n, valid, y, x);
    }
    if (pan != NULL) {
        values_of(pan, &p, n, gather, &detail);
    }
    if (ms != NULL) {
        values_of(ms, &m, n, gather, &colour);
    }
    long usable = store_valid(pan == NULL ? NULL : &p, ms == NULL ? NULL : &m, n, valid);
    if (pan != NULL && ms != NULL) {
        sharpen_line(tone, ms->bands, detail.band[0], n, &colour);
    }
    const Values *result = ms == NULL ? &detail : &colour;
    if (out->stored != NULL) {
        store_numbers(tone, result, valid, n, out->stored + y * out->line + x * tone->bands);
    } else {
        store_values(tone, out, result, valid, n, out->values + y * out->line + x);
    }
    return usable;
}

/* Line by line through all patches that lie beside each other, so that memory is walked forwards. */
INLINE long render_all(const Image *pan, const Image *ms, const Tone *tone, const float *height,
                       const Output *out, Gather gather)
{
    long usable = 0, width = out->across * PATCH, right = out->left + out->cols;
    for (long row = out->top; row < out->top + out->rows; row++) {
        for (long across = out->left / PATCH; across * PATCH < right; across++) {
            long begin = across * PATCH > out->left ? across * PATCH : out->left;
            long end = (across + 1) * PATCH < right ? (across + 1) * PATCH : right;
            usable += render_line(pan, ms, tone, height + row * width + begin, out,
                                  row / PATCH * out->across + across, (int)(row % PATCH),
                                  (int)(begin % PATCH), (int)(end - begin), row - out->top,
                                  begin - out->left, gather);
        }
    }
    return usable;
}

#endif
