/* The fused pass on any processor. */
#include "ground.h"
#include "rows.h"
#include "window.h"

float ALONG[PATCH];

static int supported(void)
{
    return 1;
}

static long rendered(const Image *pan, const Image *ms, const Tone *tone, const float *height,
                     const Output *out)
{
    return render_all(pan, ms, tone, height, out, gather_plain);
}

static void found_heights(const Ground *ground, float *height, float *low, float *high)
{
    all_heights(ground, height, low, high);
}

static void prepared(Source *source)
{
    prepare_window(source);
}

const Engine PLAIN = {"c", supported, found_heights, prepared, rendered};
