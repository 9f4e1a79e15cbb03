/* The fused pass with AVX-512: as rows_avx2.c, four pixels or four taps of four bands at once. */
#if defined(__GNUC__) && defined(__x86_64__)
#pragma GCC target("avx2,avx512f,avx512vl,avx512dq,avx512bw,prefer-vector-width=512")
#include <immintrin.h>

#include "ground.h"
#include "rows.h"
#include "window.h"

typedef struct {
    float x[PATCH][4], y[PATCH][4];
} Weights;

/* Weights of four taps at each position of a line. */
static inline void keys_line(const float *t, int n, float (*to)[4])
{
    const __m512 c0 = _mm512_broadcast_f32x4(_mm_setr_ps(0, 1, 0, 0));
    const __m512 c1 = _mm512_broadcast_f32x4(_mm_setr_ps(-0.5f, 0, 0.5f, 0));
    const __m512 c2 = _mm512_broadcast_f32x4(_mm_setr_ps(1, -2.5f, 2, -0.5f));
    const __m512 c3 = _mm512_broadcast_f32x4(_mm_setr_ps(-0.5f, 1.5f, -1.5f, 0.5f));
    const __m512i four = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    for (int i = 0; i < n; i += 4) {
        __m512 at = _mm512_permutexvar_ps(four, _mm512_castps128_ps512(_mm_loadu_ps(t + i)));
        __m512 w = _mm512_add_ps(c2, _mm512_mul_ps(at, c3));
        w = _mm512_add_ps(c1, _mm512_mul_ps(at, w));
        _mm512_storeu_ps(to[i], _mm512_add_ps(c0, _mm512_mul_ps(at, w)));
    }
}

static inline __m512 taps_of_four(const float *samples, const int32_t *at, long line)
{
    __m256 low = _mm256_set_m128(_mm_loadu_ps(samples + at[1] + line),
                                 _mm_loadu_ps(samples + at[0] + line));
    __m256 high = _mm256_set_m128(_mm_loadu_ps(samples + at[3] + line),
                                  _mm_loadu_ps(samples + at[2] + line));
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

/* Four weighted columns at each of four positions of an image of one band. */
static inline __m512 columns_of_four(const Image *im, const Places *p, const Weights *w, int i)
{
    const int32_t *at = p->at + i;
    long s = im->stride;
    __m512 y = _mm512_loadu_ps(w->y[i]);
    __m512 sum = _mm512_add_ps(
        _mm512_mul_ps(_mm512_permute_ps(y, 0x00), taps_of_four(im->samples, at, 0)),
        _mm512_mul_ps(_mm512_permute_ps(y, 0x55), taps_of_four(im->samples, at, s)));
    sum = _mm512_add_ps(
        sum, _mm512_mul_ps(_mm512_permute_ps(y, 0xaa), taps_of_four(im->samples, at, 2 * s)));
    sum = _mm512_add_ps(
        sum, _mm512_mul_ps(_mm512_permute_ps(y, 0xff), taps_of_four(im->samples, at, 3 * s)));
    return _mm512_mul_ps(_mm512_loadu_ps(w->x[i]), sum);
}

static inline __m256 halves_added(__m512 v)
{
    return _mm256_hadd_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
}

static inline void gather_single(const Image *im, const Places *p, const Weights *w, int n,
                                 float *to)
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (int i = 0; i < n; i += 8) {
        __m256 a = halves_added(columns_of_four(im, p, w, i));
        __m256 b = halves_added(columns_of_four(im, p, w, i + 4));
        _mm256_storeu_ps(to + i, _mm256_permutevar8x32_ps(_mm256_hadd_ps(a, b), order));
    }
}

/* Four bands at one position: four taps beside each other are one load. */
static inline __m128 bands_at(const float *first, long stride, const float *x, const float *y)
{
    const __m512i four = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    __m512 across = _mm512_permutexvar_ps(four, _mm512_castps128_ps512(_mm_loadu_ps(x)));
    __m512 sum = _mm512_mul_ps(_mm512_set1_ps(y[0]), _mm512_loadu_ps(first));
    for (int r = 1; r < 4; r++) {
        __m512 line = _mm512_loadu_ps(first + r * stride * LANES);
        sum = _mm512_add_ps(sum, _mm512_mul_ps(_mm512_set1_ps(y[r]), line));
    }
    sum = _mm512_mul_ps(across, sum);
    __m256 both = _mm256_add_ps(_mm512_castps512_ps256(sum), _mm512_extractf32x8_ps(sum, 1));
    return _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
}

static inline void gather_group(const Image *im, const Places *p, const Weights *w, int n,
                                long group, Values *to)
{
    const float *samples = im->samples + group * im->lines * im->stride * LANES;
    for (int i = 0; i < n; i += 4) {
        __m128 v[4];
        for (int k = 0; k < 4; k++) {
            const float *first = samples + (long)p->at[i + k] * LANES;
            v[k] = bands_at(first, im->stride, w->x[i + k], w->y[i + k]);
        }
        _MM_TRANSPOSE4_PS(v[0], v[1], v[2], v[3]);
        for (int k = 0; k < 4; k++) {
            _mm_storeu_ps(to->band[group * LANES + k] + i, v[k]);
        }
    }
}

static inline void gather_vectors(const Image *im, const Places *p, int n, Values *to)
{
    Weights w;
    keys_line(p->fx, n, w.x);
    keys_line(p->fy, n, w.y);
    if (im->lanes == 1) {
        gather_single(im, p, &w, n, to->band[0]);
        return;
    }
    for (long group = 0; group < im->groups; group++) {
        gather_group(im, p, &w, n, group, to);
    }
}

static int supported(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

static long rendered(const Image *pan, const Image *ms, const Tone *tone, const float *height,
                     const Output *out)
{
    return render_all(pan, ms, tone, height, out, gather_vectors);
}

static void found_heights(const Ground *ground, float *height, float *low, float *high)
{
    all_heights(ground, height, low, high);
}

static void prepared(Source *source)
{
    prepare_window(source);
}

const Engine AVX512 = {"avx512", supported, found_heights, prepared, rendered};

#else

#include "kernel.h"

static int supported(void)
{
    return 0;
}

const Engine AVX512 = {"avx512", supported, NULL, NULL, NULL};

#endif
