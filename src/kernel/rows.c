/* The fused pass for this processor: rows.h compiled plainly, and with AVX2 where that exists. */
#include "rows.h"

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define HAVE_AVX2 1
#include <immintrin.h>
#define VECTOR __attribute__((target("avx2")))
#endif

static long render_plain(const Image *pan, const Image *ms, const Tone *tone, const float *height,
                         const Output *out)
{
    return render_all(pan, ms, tone, height, out, gather_plain);
}

#ifdef HAVE_AVX2

/* Weights of four taps at two positions: those of the first in the low half. */
VECTOR static inline __m256 keys_pair(const float *low, const float *high)
{
    const __m256 c0 = _mm256_setr_ps(0, 1, 0, 0, 0, 1, 0, 0);
    const __m256 c1 = _mm256_setr_ps(-0.5f, 0, 0.5f, 0, -0.5f, 0, 0.5f, 0);
    const __m256 c2 = _mm256_setr_ps(1, -2.5f, 2, -0.5f, 1, -2.5f, 2, -0.5f);
    const __m256 c3 = _mm256_setr_ps(-0.5f, 1.5f, -1.5f, 0.5f, -0.5f, 1.5f, -1.5f, 0.5f);
    __m256 t = _mm256_set_m128(_mm_broadcast_ss(high), _mm_broadcast_ss(low));
    __m256 w = _mm256_add_ps(c2, _mm256_mul_ps(t, c3));
    w = _mm256_add_ps(c1, _mm256_mul_ps(t, w));
    return _mm256_add_ps(c0, _mm256_mul_ps(t, w));
}

VECTOR static inline __m256 taps_pair(const float *low, const float *high)
{
    return _mm256_set_m128(_mm_loadu_ps(high), _mm_loadu_ps(low));
}

/* Four weighted columns at each of two positions of an image of one band. */
VECTOR static inline __m256 columns_pair(const Image *im, const Places *p, int i)
{
    const float *a = im->samples + p->at[i], *b = im->samples + p->at[i + 1];
    long s = im->stride;
    __m256 wx = keys_pair(p->fx + i, p->fx + i + 1), wy = keys_pair(p->fy + i, p->fy + i + 1);
    __m256 sum = _mm256_add_ps(
        _mm256_mul_ps(_mm256_permute_ps(wy, 0x00), taps_pair(a, b)),
        _mm256_mul_ps(_mm256_permute_ps(wy, 0x55), taps_pair(a + s, b + s)));
    sum = _mm256_add_ps(
        sum, _mm256_mul_ps(_mm256_permute_ps(wy, 0xaa), taps_pair(a + 2 * s, b + 2 * s)));
    sum = _mm256_add_ps(
        sum, _mm256_mul_ps(_mm256_permute_ps(wy, 0xff), taps_pair(a + 3 * s, b + 3 * s)));
    return _mm256_mul_ps(wx, sum);
}

VECTOR static inline void gather_single(const Image *im, const Places *p, int n, float *to)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (int i = 0; i < n; i += 8) {
        __m256 a = _mm256_hadd_ps(columns_pair(im, p, i), columns_pair(im, p, i + 2));
        __m256 b = _mm256_hadd_ps(columns_pair(im, p, i + 4), columns_pair(im, p, i + 6));
        _mm256_storeu_ps(to + i, _mm256_permutevar8x32_ps(_mm256_hadd_ps(a, b), order));
    }
}

/* Four bands at one position: two taps beside each other are one load. */
VECTOR static inline __m128 bands_at(const float *first, long stride, const float *fx,
                                     const float *fy)
{
    __m256 w = keys_pair(fx, fy);
    __m128 wy = _mm256_extractf128_ps(w, 1);
    __m256 left = _mm256_permutevar8x32_ps(w, _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1));
    __m256 right = _mm256_permutevar8x32_ps(w, _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3));
    float down[4];
    _mm_storeu_ps(down, wy);
    __m256 a, b;
    {
        __m256 k = _mm256_broadcast_ss(down);
        a = _mm256_mul_ps(k, _mm256_loadu_ps(first));
        b = _mm256_mul_ps(k, _mm256_loadu_ps(first + 8));
    }
    for (int r = 1; r < 4; r++) {
        const float *line = first + r * stride * LANES;
        __m256 k = _mm256_broadcast_ss(down + r);
        a = _mm256_add_ps(a, _mm256_mul_ps(k, _mm256_loadu_ps(line)));
        b = _mm256_add_ps(b, _mm256_mul_ps(k, _mm256_loadu_ps(line + 8)));
    }
    __m256 both = _mm256_add_ps(_mm256_mul_ps(left, a), _mm256_mul_ps(right, b));
    return _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
}

VECTOR static inline void gather_group(const Image *im, const Places *p, int n, long group,
                                       Values *to)
{
    const float *samples = im->samples + group * im->lines * im->stride * LANES;
    for (int i = 0; i < n; i += 4) {
        __m128 v[4];
        for (int k = 0; k < 4; k++) {
            const float *first = samples + (long)p->at[i + k] * LANES;
            v[k] = bands_at(first, im->stride, p->fx + i + k, p->fy + i + k);
        }
        _MM_TRANSPOSE4_PS(v[0], v[1], v[2], v[3]);
        for (int k = 0; k < 4; k++) {
            _mm_storeu_ps(to->band[group * LANES + k] + i, v[k]);
        }
    }
}

VECTOR static inline void gather_vectors(const Image *im, const Places *p, int n, Values *to)
{
    if (im->lanes == 1) {
        gather_single(im, p, n, to->band[0]);
        return;
    }
    for (long group = 0; group < im->groups; group++) {
        gather_group(im, p, n, group, to);
    }
}

VECTOR static long render_vectors(const Image *pan, const Image *ms, const Tone *tone,
                                  const float *height, const Output *out)
{
    return render_all(pan, ms, tone, height, out, gather_vectors);
}

int has_vectors(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}

#else

static long render_vectors(const Image *pan, const Image *ms, const Tone *tone,
                           const float *height, const Output *out)
{
    return render_plain(pan, ms, tone, height, out);
}

int has_vectors(void)
{
    return 0;
}

#endif

long render(const Image *pan, const Image *ms, const Tone *tone, const float *height,
            const Output *out, int vectors)
{
    return vectors ? render_vectors(pan, ms, tone, height, out)
                   : render_plain(pan, ms, tone, height, out);
}
